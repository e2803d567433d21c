"""The port every stream adapter implements: ordered append by key, consume in a group, commit, compacted topics.

In: topic, key, value. Out: records with an offset that rises within a partition; a record is handed out again until its
group commits past it. An append that returned is durable; one that raised may or may not be: the caller sends again.
Nothing here may ever drop a record silently.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class StreamError(Exception):
    """The stream cannot do what was asked now; the text names the topic, what was seen and what to do. Try again."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read back. `value` is None for a tombstone of a compacted topic."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes | None
    appended_utc_ms: int


class Producer(Protocol):
    """Appends records; order is kept per key."""

    async def append(self, topic: str, records: Sequence[tuple[str, bytes | None]]) -> None:
        """Append all (key, value) in order and return when they are durable. StreamError: unknown, send again."""

    async def close(self) -> None:
        """Release everything; nothing that `append` returned for is lost."""


class Consumer(Protocol):
    """Reads topics as a member of a group, or alone from the beginning when made without a group."""

    async def poll(self, timeout_s: float, limit: int = 500) -> Sequence[Record]:
        """Up to `limit` next records; an empty sequence after `timeout_s` without any."""

    async def commit(self, through: Sequence[Record]) -> None:
        """Everything up to and including these records is done: after a restart the group goes on behind them.

        StreamError: it may not be remembered (broker away, or another member took over); do not repeat the commit but
        poll on, the records come again, here or there.
        """

    async def caught_up(self) -> bool:
        """True when nothing that was appended before this call is still unread.

        For a member of a group: in the share of the topics it holds; False while it holds none.
        """

    async def close(self) -> None:
        """Leave the group; uncommitted records go to the next member."""


class Stream(Protocol):
    """A way to reach the topics: one per process, made from a DSN by `connect.open_stream`."""

    async def ensure_topics(self, topics: Mapping[str, bool]) -> None:
        """Create the topics that are missing; the value says whether the topic is compacted."""

    async def producer(self, client: str) -> Producer:
        """A producer known as `client` in logs of the broker; it connects on its first append."""

    async def consumer(self, topics: Sequence[str], group: str | None) -> Consumer:
        """A consumer; without a group it reads everything from the beginning and never commits.

        It connects on its first poll. A topic that does not exist is a StreamError of that poll.
        """

    async def close(self) -> None:
        """Close every producer and consumer made here."""


def records_of(consumer: Consumer, timeout_s: float = 1.0) -> AsyncIterator[Sequence[Record]]:
    """Endless batches of `consumer`, without the empty ones."""

    async def batches() -> AsyncIterator[Sequence[Record]]:
        while True:
            batch = await consumer.poll(timeout_s)
            if batch:
                yield batch

    return batches()
