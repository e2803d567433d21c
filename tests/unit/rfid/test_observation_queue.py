"""A slow consumer loses the oldest tags, never the news."""

import asyncio

from rfid.llrp.queue import ObservationQueue
from rfid.observation import Loss, ReaderLost, TagObservation

LOST = ReaderLost("r", 0, Loss.CLOSED, "")


def tag(number: int) -> TagObservation:
    return TagObservation("", 0, None, 1, None, 1, None, None, number, "r")


async def test_oldest_tag_makes_room_and_news_stays() -> None:
    queue = ObservationQueue(tags_max=2)
    kept = [queue.put(observation) for observation in (tag(1), LOST, tag(2), tag(3), LOST, tag(4))]
    assert kept == [True, True, True, False, True, False]
    assert [await queue.get() for _ in range(len(queue))] == [LOST, tag(3), LOST, tag(4)]


async def test_get_waits_for_put() -> None:
    queue = ObservationQueue(tags_max=2)
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.put(LOST)
    assert await waiting == LOST
