"""The stream at Apache Kafka, by aiokafka.

In: a KafkaLink. Out: the port's producers (idempotent, acks=all) and consumers (groups with manual commit, or a full
read without a group). Clients connect on first use, so that a lane starts without its broker. An append returns only
when every in-sync replica has the records; "not acknowledged" means unknown, never "not written".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, UnknownTopicOrPartitionError

from lane_controller.stream import kafka_topics
from lane_controller.stream.kafka_clients import OnFirstUse, abandon, seen, stop
from lane_controller.stream.kafka_link import KafkaLink
from lane_controller.stream.port import Consumer, Producer, Record, StreamError

APPEND_TIMEOUT_S: Final = 20.0
"""Longer than the restart of a broker; after it the caller is told and sends again."""
ANSWER_TIMEOUT_S: Final = 15.0
SESSION_TIMEOUT_MS: Final = 6_000
"""A member that died without a word is replaced after this; 6 s is the least a broker allows by default."""
BATCH_BYTES: Final = 256 << 10
FETCH_BYTES: Final = 4 << 20


class KafkaProducer:
    """One idempotent producer; replaced by a new one when an append failed, so that nothing old comes later."""

    def __init__(self, link: KafkaLink, client: str) -> None:
        self._link = link
        self._client = client
        self._inner = OnFirstUse(self._start)

    async def append(self, topic: str, records: Sequence[tuple[str, bytes | None]]) -> None:
        """See the port."""
        inner = await self._inner.get()
        sent: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_S):
                for key, value in records:
                    sent.append(await inner.send(topic, value, key.encode()))
                await asyncio.gather(*sent)
        except (KafkaError, TimeoutError) as error:
            if self._inner.give_up(inner):
                await abandon(inner, error)
            raise self._link.error(f"append to {topic}", error) from error
        finally:
            for future in sent:  # of a failed or cancelled append
                future.add_done_callback(seen)

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._inner.closed

    async def close(self) -> None:
        """See the port."""
        await self._inner.close()

    async def _start(self) -> AIOKafkaProducer:
        inner = AIOKafkaProducer(
            client_id=self._client,
            enable_idempotence=True,
            acks="all",
            compression_type="lz4",
            max_batch_size=BATCH_BYTES,
            max_request_size=kafka_topics.MAX_RECORD_BYTES,
            **self._link.arguments(),
        )
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await inner.start()
        except (KafkaError, TimeoutError) as error:
            await abandon(inner, error)
            raise self._link.error("connect", error) from error
        return inner


class KafkaConsumer:
    """A member of a group or, without one, a reader of everything."""

    def __init__(self, link: KafkaLink, topics: Sequence[str], group: str | None) -> None:
        self._link = link
        self._topics = tuple(topics)
        self._group = group
        self._inner = OnFirstUse(self._start)

    async def poll(self, timeout_s: float, limit: int = 500) -> Sequence[Record]:
        """See the port."""
        inner = await self._inner.get()
        try:
            found = await inner.getmany(timeout_ms=int(timeout_s * 1000), max_records=limit)
        except KafkaError as error:
            raise self._link.error(f"read {', '.join(self._topics)}", error) from error
        return [_record(record) for records in found.values() for record in records]

    async def commit(self, through: Sequence[Record]) -> None:
        """See the port."""
        if self._group is None:
            raise StreamError("a consumer without a group has nowhere to commit: open it with a group")
        reached: dict[TopicPartition, int] = {}
        for record in through:
            place = TopicPartition(record.topic, record.partition)
            reached[place] = max(reached.get(place, 0), record.offset + 1)
        if not reached:
            return
        inner = await self._inner.get()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await inner.commit(reached)
        except (KafkaError, TimeoutError) as error:
            raise self._link.error(f"commit for group {self._group}", error) from error

    async def caught_up(self) -> bool:
        """See the port."""
        inner = await self._inner.get()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                places = inner.assignment()
                ends = await inner.end_offsets(places) if places else {}
                return bool(ends) and all([await inner.position(place) >= end for place, end in ends.items()])
        except IllegalStateError:  # the group was dealt anew meanwhile
            return False
        except (KafkaError, TimeoutError) as error:
            raise self._link.error(f"ask for the end of {', '.join(self._topics)}", error) from error

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._inner.closed

    async def close(self) -> None:
        """See the port."""
        await self._inner.close()

    async def _start(self) -> AIOKafkaConsumer:
        inner = AIOKafkaConsumer(
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=SESSION_TIMEOUT_MS // 3,
            max_partition_fetch_bytes=FETCH_BYTES,
            **self._link.arguments(),
        )
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await inner.start()
                await self._choose(inner)
        except (KafkaError, TimeoutError) as error:
            await stop(inner)
            raise self._link.error(f"read {', '.join(self._topics)}", error) from error
        return inner

    async def _choose(self, inner: AIOKafkaConsumer) -> None:
        """Join the group or take every partition; a topic that is missing is an error, not an endless wait."""
        missing = set(self._topics) - await inner.topics()
        if missing:
            raise UnknownTopicOrPartitionError(f"no topic {', '.join(sorted(missing))}")
        inner.subscribe(self._topics)
        # Without a group every partition comes with the next metadata, and aiokafka offers nothing to wait on.
        while self._group is None and {place.topic for place in inner.assignment()} != set(self._topics):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


K = TypeVar("K", KafkaProducer, KafkaConsumer)


class KafkaStream:
    """The port over one cluster."""

    def __init__(self, link: KafkaLink) -> None:
        self._link = link
        self._made: list[KafkaProducer | KafkaConsumer] = []

    async def ensure_topics(self, topics: Mapping[str, bool]) -> None:
        """See the port."""
        await kafka_topics.ensure_topics(self._link, topics)

    async def producer(self, client: str) -> Producer:
        """See the port."""
        return self._keep(KafkaProducer(self._link, client))

    async def consumer(self, topics: Sequence[str], group: str | None) -> Consumer:
        """See the port."""
        return self._keep(KafkaConsumer(self._link, topics, group))

    async def close(self) -> None:
        """See the port."""
        await asyncio.gather(*(made.close() for made in self._made))
        self._made.clear()

    def _keep(self, made: K) -> K:
        """Remember it for `close`; those that were closed meanwhile are forgotten."""
        self._made = [other for other in self._made if not other.closed]
        self._made.append(made)
        return made


def _record(record: ConsumerRecord) -> Record:
    # Other programs may write keys that are no text or none at all: such a record is still handed out.
    key = (record.key or b"").decode("utf-8", "replace")
    return Record(record.topic, record.partition, record.offset, key, record.value, record.timestamp)
