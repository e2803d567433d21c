"""What every stream adapter promises, run on both: the SQLite file and a real Apache Kafka."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest

from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Record, Stream, StreamError
from tests.contract.stream.conftest import lines, program, read_all, read_to_end

PASSAGES = "toll.passages.v1"
TAG_LIST = "toll.tag-list.v1"
LANES = [f"CM-0{number}" for number in range(1, 9)]


def by_key(records: Sequence[Record]) -> dict[str, list[bytes | None]]:
    found: dict[str, list[bytes | None]] = defaultdict(list)
    for record in records:
        found[record.key].append(record.value)
    return found


def numbered(count: int) -> list[tuple[str, bytes | None]]:
    return [(LANES[n % len(LANES)], b"%d" % n) for n in range(count)]


async def test_records_of_a_key_come_in_order(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    producer = await stream.producer("test")
    for first in range(0, 400, 40):
        await producer.append(PASSAGES, numbered(400)[first : first + 40])
    found = await read_to_end(await stream.consumer([PASSAGES], None))
    assert by_key(found) == by_key([_as_record(pair) for pair in numbered(400)])
    for records in _by_partition(found).values():
        offsets = [record.offset for record in records]
        assert offsets == sorted(set(offsets))


async def test_what_was_not_committed_comes_again(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    await (await stream.producer("test")).append(PASSAGES, numbered(20))
    first = await stream.consumer([PASSAGES], "ingest")
    seen = await read_all(first, lambda found: len(found) == 20)
    await first.close()
    second = await stream.consumer([PASSAGES], "ingest")
    again = await read_all(second, lambda found: len(found) == 20)
    assert by_key(again) == by_key(seen)


async def test_a_group_goes_on_behind_its_commit(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    producer = await stream.producer("test")
    await producer.append(PASSAGES, [("CM-01", b"%d" % n) for n in range(10)])
    first = await stream.consumer([PASSAGES], "ingest")
    seen = await read_all(first, lambda found: len(found) == 10)
    await first.commit(seen[:4])
    await first.close()
    second = await stream.consumer([PASSAGES], "ingest")
    rest = await read_all(second, lambda found: len(found) == 6)
    assert [record.value for record in rest] == [b"%d" % n for n in range(4, 10)]
    await second.commit(rest)
    await second.close()
    await producer.append(PASSAGES, [("CM-01", b"new")])
    third = await stream.consumer([PASSAGES], "ingest")
    assert [record.value for record in await read_all(third, bool)] == [b"new"]


async def test_groups_do_not_see_each_others_commits(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    await (await stream.producer("test")).append(PASSAGES, numbered(8))
    one = await stream.consumer([PASSAGES], "ingest")
    await one.commit(await read_all(one, lambda found: len(found) == 8))
    other = await stream.consumer([PASSAGES], "monitor")
    assert len(await read_all(other, lambda found: len(found) == 8)) == 8


async def test_commits_never_go_backwards_within_a_batch(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    await (await stream.producer("test")).append(PASSAGES, [("CM-01", b"%d" % n) for n in range(5)])
    member = await stream.consumer([PASSAGES], "ingest")
    seen = await read_all(member, lambda found: len(found) == 5)
    await member.commit(list(reversed(seen)))
    await member.commit([])
    await member.close()
    later = await stream.consumer([PASSAGES], "ingest")
    await (await stream.producer("test")).append(PASSAGES, [("CM-01", b"next")])
    assert [record.value for record in await read_all(later, bool)] == [b"next"]


async def test_two_members_share_and_one_takes_over(stream: Stream, dsn: str) -> None:
    await stream.ensure_topics({PASSAGES: False})
    producer = await stream.producer("test")
    one = await stream.consumer([PASSAGES], "ingest")
    elsewhere = open_stream(dsn)
    two = await elsewhere.consumer([PASSAGES], "ingest")
    await asyncio.gather(one.poll(3.0), two.poll(3.0))  # both have joined
    await producer.append(PASSAGES, numbered(80))
    seen: list[Record] = []
    async with asyncio.timeout(60):
        while len({record.value for record in seen}) < 80:
            for batch in await asyncio.gather(one.poll(0.5), two.poll(0.5)):
                seen += batch
    for records in by_key(seen).values():  # a re-deal of the group may repeat, never disorder
        numbers = [int(value or b"") for value in dict.fromkeys(records)]
        assert numbers == sorted(numbers)
    await elsewhere.close()
    again = await read_all(one, lambda found: len({record.value for record in found + seen}) == 80)
    await producer.append(PASSAGES, [(lane, b"after") for lane in LANES])
    after = await read_all(one, lambda found: {r.key for r in found + again if r.value == b"after"} == set(LANES))
    assert {record.key for record in after + again if record.value == b"after"} == set(LANES)


async def test_a_member_that_is_killed_is_replaced(stream: Stream, dsn: str) -> None:
    await stream.ensure_topics({PASSAGES: False})
    await (await stream.producer("test")).append(PASSAGES, numbered(40))
    async with program("member", dsn, PASSAGES, "ingest") as member:
        assert member.stdout is not None
        for _ in range(40):
            assert await asyncio.wait_for(member.stdout.readline(), 60)
        member.kill()
        await member.wait()
    successor = await stream.consumer([PASSAGES], "ingest")
    assert len(await read_all(successor, lambda found: len(found) == 40)) == 40


async def test_compaction_keeps_the_newest_of_each_key(stream: Stream) -> None:
    await stream.ensure_topics({TAG_LIST: True})
    producer = await stream.producer("test")
    epcs = [f"3034{number:04X}" for number in range(50)]
    for version in range(20):
        await producer.append(TAG_LIST, [(epc, b"v%d" % version) for epc in epcs])
    await producer.append(TAG_LIST, [(epc, None) for epc in epcs[:10]])
    expected = dict.fromkeys(epcs[10:], b"v19")
    fewest = 20 * 50
    async with asyncio.timeout(100):
        while fewest > 3 * 50:
            await producer.append(TAG_LIST, [("roll", b"x")])  # Kafka compacts a segment once a newer one is begun
            reader = await stream.consumer([TAG_LIST], None)
            found = await read_to_end(reader)
            await reader.close()
            fewest = len(found)
            table = {record.key: record.value for record in found}
            table.pop("roll", None)
            assert {key: value for key, value in table.items() if value is not None} == expected
            await asyncio.sleep(0.2)


async def test_a_reader_in_the_middle_of_compaction_ends_with_the_newest(stream: Stream) -> None:
    await stream.ensure_topics({TAG_LIST: True})
    producer = await stream.producer("test")
    await producer.append(TAG_LIST, [(f"E{n}", b"old") for n in range(200)])
    reader = await stream.consumer([TAG_LIST], None)
    table = {record.key: record.value for record in await reader.poll(10.0, limit=50)}
    for version in range(5):
        await producer.append(TAG_LIST, [(f"E{n}", b"new%d" % version) for n in range(200)])
        await asyncio.sleep(0.5)
    table |= {record.key: record.value for record in await read_to_end(reader)}
    assert table == {f"E{n}": b"new4" for n in range(200)}


async def test_caught_up_tells_the_truth(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False, TAG_LIST: True})
    producer = await stream.producer("test")
    reader = await stream.consumer([PASSAGES, TAG_LIST], None)
    assert await reader.caught_up()  # nothing was ever appended
    await producer.append(PASSAGES, numbered(30))
    assert not await reader.caught_up()
    assert len(await read_to_end(reader)) == 30
    await producer.append(TAG_LIST, [("E1", None)])
    assert not await reader.caught_up()
    assert [(r.topic, r.key, r.value) for r in await read_to_end(reader)] == [(TAG_LIST, "E1", None)]


async def test_a_reader_without_group_always_begins_at_the_beginning(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    await (await stream.producer("test")).append(PASSAGES, numbered(12))
    for _ in range(2):
        reader = await stream.consumer([PASSAGES], None)
        found = await read_to_end(reader)
        assert len(found) == 12
        with pytest.raises(StreamError, match="group"):
            await reader.commit(found)
        await reader.close()


async def test_a_waiting_reader_is_woken_by_an_append(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    reader = await stream.consumer([PASSAGES], None)
    assert await reader.poll(0.05) == []
    waiting = asyncio.create_task(reader.poll(60.0))
    await asyncio.sleep(0.1)
    await (await stream.producer("test")).append(PASSAGES, [("CM-01", b"wake")])
    assert [record.value for record in await asyncio.wait_for(waiting, 30)] == [b"wake"]


async def test_a_cancelled_poll_loses_nothing(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    producer = await stream.producer("test")
    reader = await stream.consumer([PASSAGES], None)
    found: list[Record] = []
    for n in range(30):
        await producer.append(PASSAGES, [("CM-01", b"%d" % n)])
        polling = asyncio.create_task(reader.poll(1.0))
        await asyncio.sleep(0.001 * (n % 7))
        polling.cancel()
        try:
            found += await polling
        except asyncio.CancelledError:
            continue
    found += await read_to_end(reader)
    assert [record.value for record in found] == [b"%d" % n for n in range(30)]


async def test_a_big_batch_and_big_records(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    producer = await stream.producer("test")
    await producer.append(PASSAGES, numbered(10_000))
    await producer.append(PASSAGES, [("CM-01", b"\xff" * 2_000_000), ("CM-01", b"")])
    reader = await stream.consumer([PASSAGES], None)
    sizes = [len(batch) for batch in [await reader.poll(5.0, limit=7)]]
    assert sizes[0] <= 7
    found = await read_to_end(reader)
    assert len(found) + sizes[0] == 10_002
    assert [len(record.value or b"") for record in found if record.key == "CM-01"][-2:] == [2_000_000, 0]


async def test_keys_values_and_times_survive(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    awkward = ["Chợ Mới", "a b\n", "'; DROP TABLE record", "🚗", "%s"]
    await (await stream.producer("test")).append(PASSAGES, [(key, bytes(range(256))) for key in awkward])
    found = await read_to_end(await stream.consumer([PASSAGES], None))
    assert sorted(record.key for record in found) == sorted(awkward)
    assert {record.value for record in found} == {bytes(range(256))}
    assert all(abs(record.appended_utc_ms - found[0].appended_utc_ms) < 60_000 for record in found)
    assert {record.topic for record in found} == {PASSAGES}


async def test_an_empty_append_is_nothing(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    await (await stream.producer("test")).append(PASSAGES, [])
    assert await (await stream.consumer([PASSAGES], None)).caught_up()


async def test_topics_may_be_ensured_again_but_not_as_another_kind(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False, TAG_LIST: True})
    await stream.ensure_topics({PASSAGES: False, TAG_LIST: True})
    with pytest.raises(StreamError, match=PASSAGES):
        await stream.ensure_topics({PASSAGES: True})


async def test_a_missing_topic_is_named_with_the_remedy(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    with pytest.raises(StreamError, match=r"toll\.none\.v1.*ensure_topics"):
        await (await stream.producer("test")).append("toll.none.v1", [("k", b"v")])
    for group in (None, "ingest"):
        with pytest.raises(StreamError, match=r"toll\.none\.v1.*ensure_topics"):
            await (await stream.consumer(["toll.none.v1"], group)).poll(0.1)


async def test_one_bad_append_does_not_spoil_its_neighbours(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    producer, other = await stream.producer("good"), await stream.producer("bad")
    results = await asyncio.gather(
        *(producer.append(PASSAGES, [("CM-01", b"%d" % n)]) for n in range(20)),
        other.append("toll.none.v1", [("k", b"v")]),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [type(None)] * 20 + [StreamError]
    assert len(await read_to_end(await stream.consumer([PASSAGES], None))) == 20


async def test_producers_of_several_processes(stream: Stream, dsn: str) -> None:
    await stream.ensure_topics({PASSAGES: False})

    async def run(key: str) -> list[str]:
        async with program("writer", dsn, PASSAGES, key, "200", "5") as process:
            return await lines(process)

    acknowledged = await asyncio.gather(*(run(key) for key in LANES[:4]))
    assert all(printed == [str(n) for n in range(200)] for printed in acknowledged)
    found = by_key(await read_to_end(await stream.consumer([PASSAGES], None)))
    assert found == {key: [b"%d" % n for n in range(200)] for key in LANES[:4]}


@pytest.mark.parametrize("after", [1, 30])
async def test_a_producer_killed_in_the_middle_loses_nothing_acknowledged(stream: Stream, dsn: str, after: int) -> None:
    await stream.ensure_topics({PASSAGES: False})
    async with program("writer", dsn, PASSAGES, "CM-01", "1000000", "3") as process:
        assert process.stdout is not None
        head = [(await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip() for _ in range(after)]
        process.kill()
        acknowledged = head + await lines(process)
    found = by_key(await read_to_end(await stream.consumer([PASSAGES], None)))["CM-01"]
    numbers = [int(value or b"") for value in found]
    assert numbers[: len(acknowledged)] == [int(text) for text in acknowledged]
    assert numbers == list(range(len(numbers)))  # and no hole in what was not acknowledged


async def test_a_closed_stream_can_be_opened_again(stream: Stream, dsn: str) -> None:
    await stream.ensure_topics({PASSAGES: False})
    await (await stream.producer("test")).append(PASSAGES, numbered(5))
    await stream.close()
    again = open_stream(dsn)
    assert len(await read_to_end(await again.consumer([PASSAGES], None))) == 5
    await again.close()


async def test_a_closed_consumer_says_so_and_others_go_on(stream: Stream) -> None:
    await stream.ensure_topics({PASSAGES: False})
    closed = await stream.consumer([PASSAGES], "ingest")
    await closed.poll(0.1)
    await closed.close()
    await closed.close()
    with pytest.raises(StreamError, match="closed"):
        await closed.poll(0.1)
    producer = await stream.producer("test")
    await producer.append(PASSAGES, [("CM-01", b"1")])
    assert len(await read_all(await stream.consumer([PASSAGES], "ingest"), bool)) == 1


def _as_record(pair: tuple[str, bytes | None]) -> Record:
    return Record(PASSAGES, 0, 0, pair[0], pair[1], 0)


def _by_partition(records: Sequence[Record]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        found[record.partition].append(record)
    return found
