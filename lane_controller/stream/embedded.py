"""The stream in one SQLite file, shared by all processes of one machine: `make run` and small plazas.

In: a path. Out: the port's producers and consumers. Each topic has one partition; a group's member holds a topic by
itself. File work runs in threads, never on the event loop. A returned append is on disk, but for topics whose record is
replaced by the next within a second (`PASSING`): a power cut may take the last ones.
"""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from lane_controller.contracts.values import Topic
from lane_controller.stream.group_commit import GroupCommit
from lane_controller.stream.lease import Leases
from lane_controller.stream.port import Consumer, Producer, Record, StreamError
from lane_controller.stream.sqlite_log import Keeping, LogFile

POLL_S: Final = 0.02
"""How often a waiting consumer looks whether the file changed: the delay of a record is at most this and one read."""
LEASE_S: Final = 0.1
"""How often a member that holds not every topic tries to take over."""

PASSING: Final = (Topic.LANE_STATUS.value,)
"""Ten of these a second and lane: an fsync each is one that a decision can stand behind on the same disk."""

T = TypeVar("T")


class EmbeddedProducer:
    """Appends through the process's one writer thread."""

    def __init__(self, writer: GroupCommit) -> None:
        self._writer = writer

    async def append(self, topic: str, records: Sequence[tuple[str, bytes | None]]) -> None:
        """See the port."""
        batch = tuple(records)
        if batch:
            lasting = not topic.endswith(PASSING)  # a topic may have a prefix
            await self._writer.do(lambda file: file.append(topic, batch, time.time_ns() // 1_000_000), lasting=lasting)

    async def close(self) -> None:
        """See the port."""


class EmbeddedConsumer:
    """Reads with a connection and a thread of its own."""

    def __init__(
        self,
        open_file: Callable[[], LogFile],
        writer: GroupCommit,
        topics: Sequence[str],
        leases: Leases | None,
        group: str,
    ) -> None:
        self._open_file = open_file
        self._writer = writer
        self._topics = tuple(topics)
        self._leases = leases
        self._group = group
        self._next: dict[str, int] = {}
        self._thread = ThreadPoolExecutor(1, "stream-reader")
        self._file: LogFile | None = None
        self._closing = threading.Event()

    async def poll(self, timeout_s: float, limit: int = 500) -> Sequence[Record]:
        """See the port."""
        stop = threading.Event()
        try:
            batch = await self._in_thread(lambda: self._wait(timeout_s, limit, stop))
        finally:
            stop.set()  # a cancelled poll gives its thread back; what it read is read again
        for record in batch:
            self._next[record.topic] = record.offset + 1
        if batch:  # the next poll begins with another topic, so that a busy one starves none
            self._topics = (*self._topics[1:], self._topics[0])
        return batch

    async def commit(self, through: Sequence[Record]) -> None:
        """See the port."""
        if self._leases is None:
            raise StreamError("a consumer without a group has nowhere to commit: open it with a group")
        reached: dict[str, int] = {}
        for record in through:
            reached[record.topic] = max(reached.get(record.topic, 0), record.offset + 1)
        if reached:
            await self._writer.do(lambda file: file.commit(self._group, reached))

    async def caught_up(self) -> bool:
        """See the port."""
        return await self._in_thread(self._nothing_unread)

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._closing.is_set()

    async def close(self) -> None:
        """See the port."""
        if self._closing.is_set():
            return
        self._closing.set()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._release)
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._closing.is_set():
            raise StreamError("the consumer is closed: open another")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _wait(self, timeout_s: float, limit: int, stop: threading.Event) -> list[Record]:
        """Records of the topics that are held, as soon as there are some."""
        until = time.monotonic() + timeout_s
        file = self._opened()
        while True:
            version = file.version()
            held = self._hold(file)
            batch = self._read(file, held, limit)
            if batch or stop.is_set() or self._closing.is_set() or time.monotonic() >= until:
                return batch
            again = until if len(held) == len(self._topics) else min(until, time.monotonic() + LEASE_S)
            while file.version() == version and not stop.is_set() and not self._closing.is_set():
                left = again - time.monotonic()
                if left <= 0:
                    break
                stop.wait(min(POLL_S, left))

    def _hold(self, file: LogFile) -> list[str]:
        """The topics this consumer may read now; a topic that is new to it goes on where the group stands."""
        held = [topic for topic in self._topics if self._leases is None or self._leases.take(topic)]
        for topic in held:
            if topic not in self._next:
                self._next[topic] = 0 if self._leases is None else file.committed(self._group, topic)
        return held

    def _read(self, file: LogFile, held: Sequence[str], limit: int) -> list[Record]:
        batch: list[Record] = []
        for topic in held:
            if len(batch) < limit:
                batch += file.read(topic, self._next[topic], limit - len(batch))
        return batch

    def _nothing_unread(self) -> bool:
        file = self._opened()
        held = self._hold(file)
        return bool(held) and not self._read(file, held, 1)

    def _opened(self) -> LogFile:
        if self._file is None:
            self._file = self._open_file()
        return self._file

    def _release(self) -> None:
        if self._leases is not None:
            self._leases.release()
        if self._file is not None:
            self._file.close()


class EmbeddedStream:
    """The port over one file; any number of processes may have it open at once."""

    def __init__(self, path: Path, keeping: Keeping | None = None) -> None:
        self._path = path
        self._open_file = functools.partial(LogFile, path, keeping or Keeping())
        self._writer: GroupCommit | None = None
        self._consumers: list[EmbeddedConsumer] = []

    async def ensure_topics(self, topics: Mapping[str, bool]) -> None:
        """See the port."""
        wanted = dict(topics)
        await self._writing().do(lambda file: file.ensure_topics(wanted))

    async def producer(self, client: str) -> Producer:
        """See the port."""
        return EmbeddedProducer(self._writing())

    async def consumer(self, topics: Sequence[str], group: str | None) -> Consumer:
        """See the port."""
        leases = None if group is None else Leases(self._path.with_name(self._path.name + ".leases"), group)
        consumer = EmbeddedConsumer(self._open_file, self._writing(), topics, leases, group or "")
        self._consumers = [other for other in self._consumers if not other.closed]
        self._consumers.append(consumer)
        return consumer

    async def close(self) -> None:
        """See the port."""
        for consumer in self._consumers:
            await consumer.close()
        if self._writer is not None:
            await self._writer.close()
            self._writer = None

    def _writing(self) -> GroupCommit:
        if self._writer is None:
            self._writer = GroupCommit(self._open_file)
        return self._writer
