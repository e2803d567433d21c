"""A stream whose topics and groups carry a prefix: several plazas, or tests, on one broker without meeting.

In: a stream and a prefix. Out: the same port, with the plain names. Must never let a name through without the prefix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lane_controller.stream.port import Consumer, Producer, Record, Stream


class PrefixedProducer:
    """Appends to the topic with the prefix."""

    def __init__(self, inner: Producer, prefix: str) -> None:
        self._inner = inner
        self._prefix = prefix

    async def append(self, topic: str, records: Sequence[tuple[str, bytes | None]]) -> None:
        """See the port."""
        await self._inner.append(self._prefix + topic, records)

    async def close(self) -> None:
        """See the port."""
        await self._inner.close()


class PrefixedConsumer:
    """Hands out records under their plain topic."""

    def __init__(self, inner: Consumer, prefix: str) -> None:
        self._inner = inner
        self._prefix = prefix

    async def poll(self, timeout_s: float, limit: int = 500) -> Sequence[Record]:
        """See the port."""
        batch = await self._inner.poll(timeout_s, limit)
        return [replace(record, topic=record.topic.removeprefix(self._prefix)) for record in batch]

    async def commit(self, through: Sequence[Record]) -> None:
        """See the port."""
        await self._inner.commit([replace(record, topic=self._prefix + record.topic) for record in through])

    async def caught_up(self) -> bool:
        """See the port."""
        return await self._inner.caught_up()

    async def close(self) -> None:
        """See the port."""
        await self._inner.close()


class PrefixedStream:
    """Wraps what the inner stream makes."""

    def __init__(self, inner: Stream, prefix: str) -> None:
        self._inner = inner
        self._prefix = prefix

    async def ensure_topics(self, topics: Mapping[str, bool]) -> None:
        """See the port."""
        await self._inner.ensure_topics({self._prefix + name: compacted for name, compacted in topics.items()})

    async def producer(self, client: str) -> Producer:
        """See the port."""
        return PrefixedProducer(await self._inner.producer(client), self._prefix)

    async def consumer(self, topics: Sequence[str], group: str | None) -> Consumer:
        """See the port."""
        inner = await self._inner.consumer(
            [self._prefix + topic for topic in topics], None if group is None else self._prefix + group
        )
        return PrefixedConsumer(inner, self._prefix)

    async def close(self) -> None:
        """See the port."""
        await self._inner.close()
