"""The task that keeps the lanes' lists fresh: changes, heartbeats, tariffs.

In: a store, a stream. Out: records on toll.tag-list.v1 and toll.tariff.v1. After any failure everything is learnt anew
from the database; what was written and perhaps not appended is appended again, which a lane takes as known.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from backoffice.lists.publisher import TagListStore
from backoffice.lists.tariffs import TariffStore
from backoffice.storage.database import Worker
from lane_controller.contracts.v1 import HEARTBEAT_KEY, TagListChangeV1, TagListHeartbeatV1, checksum_text
from lane_controller.contracts.values import Topic
from lane_controller.stream.port import Producer, Stream

LOOK_S: Final = 0.3
"""How often changes are looked for: well below the 2 s within which every lane must know."""
HEARTBEAT_S: Final = 3.0


class ListTask:
    """Runs until cancelled or until something fails; the supervisor starts it again."""

    def __init__(
        self, stream: Stream, tags: TagListStore, tariffs: TariffStore, heartbeat_s: float = HEARTBEAT_S,
        look_s: float = LOOK_S,
    ) -> None:  # fmt: skip
        self._stream = stream
        self._tags = tags
        self._tariffs = tariffs
        self._heartbeat_s = heartbeat_s
        self._look_s = look_s
        self._worker = Worker("lists")
        self._poke = asyncio.Event()

    def poke(self) -> None:
        """Something changed: look now."""
        self._poke.set()

    async def run(self) -> None:
        """Publish for ever."""
        producer = await self._stream.producer("backoffice-lists")
        try:
            await self._worker.do(self._tags.load)
            await self._begin(producer)
            await self._go_on(producer)
        finally:
            await producer.close()
            self._worker.close()
            self._worker = Worker("lists")

    async def _begin(self, producer: Producer) -> None:
        """Bring the stream up to what is on disk."""
        if await self._stream_is_empty():
            await self._append_all(producer, self._tags.whole_list)
        await self._append_all(producer, self._tags.not_appended)
        await self._append_tariffs(producer, await self._worker.do(self._tariffs.all))

    async def _stream_is_empty(self) -> bool:
        consumer = await self._stream.consumer([Topic.TAG_LIST], None)
        try:
            return not await consumer.poll(0.2, 1) and await consumer.caught_up()
        finally:
            await consumer.close()

    async def _go_on(self, producer: Producer) -> None:
        beat_at = time.monotonic()
        while True:
            await self._append_all(producer, lambda: self._tags.next_changes(time.time_ns() // 1000))
            await self._append_tariffs(producer, await self._worker.do(self._tariffs.fresh))
            if time.monotonic() >= beat_at:
                await self._beat(producer)
                beat_at = time.monotonic() + self._heartbeat_s
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._look_s):
                await self._poke.wait()
        except TimeoutError:
            return
        self._poke.clear()

    async def _append_all(self, producer: Producer, source: Callable[[], Iterator[Sequence[TagListChangeV1]]]) -> None:
        parts = await self._worker.do(lambda: iter(source()))
        while changes := await self._worker.do(lambda: next(parts, None)):
            await producer.append(Topic.TAG_LIST, [(change.epc, change.encode()) for change in changes])
            await self._worker.do(self._tags.mark_appended, changes[-1].version)

    async def _append_tariffs(self, producer: Producer, tariffs: Sequence[tuple[str, bytes]]) -> None:
        if tariffs:
            await producer.append(Topic.TARIFF, tariffs)

    async def _beat(self, producer: Producer) -> None:
        state = self._tags.state
        beat = TagListHeartbeatV1(
            version=state.version, entries=state.entries, checksum=checksum_text(state.checksum),
            sent_at_utc=datetime.now(UTC),
        )  # fmt: skip
        await producer.append(Topic.TAG_LIST, [(HEARTBEAT_KEY, beat.encode())])
