"""Accidents of a real Apache Kafka: killed under load, away for a while, never there; and a foreign client."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Producer, Record, StreamError
from tests.contract.stream.conftest import read_all, read_to_end
from tests.parts.kafka import KafkaBroker
from tests.parts.kcat import read_topic
from tests.parts.process import free_port

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

PASSAGES = "toll.passages.v1"


class Lane:
    """Appends numbers in order, each until it is acknowledged, as the outbox does."""

    def __init__(self, producer: Producer, key: str) -> None:
        self._producer = producer
        self._key = key
        self.acknowledged: list[int] = []
        self.errors: list[str] = []

    async def run(self, stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            batch = [(self._key, b"%d" % n) for n in range(number, number + 5)]
            try:
                await self._producer.append(PASSAGES, batch)
            except StreamError as error:
                self.errors.append(str(error))
                await asyncio.sleep(0.05)
            else:
                self.acknowledged += range(number, number + 5)
                number += 5


async def acknowledged_by_all(lanes: list[Lane], more: int) -> None:
    """Wait until every lane has that many more acknowledgements."""
    targets = [len(lane.acknowledged) + more for lane in lanes]
    async with asyncio.timeout(180):
        for lane, target in zip(lanes, targets, strict=True):
            while len(lane.acknowledged) < target:  # noqa: ASYNC110 - the lane under test has no event for it
                await asyncio.sleep(0.05)


async def test_a_broker_killed_under_load_keeps_all_it_acknowledged(own_kafka_broker: KafkaBroker) -> None:
    stream = open_stream(own_kafka_broker.dsn("k."))
    await stream.ensure_topics({PASSAGES: False})
    lanes = [Lane(await stream.producer(f"lane {n}"), f"CM-0{n}") for n in range(1, 4)]
    reader = await stream.consumer([PASSAGES], "ingest")
    stop = asyncio.Event()
    tasks = [asyncio.create_task(lane.run(stop)) for lane in lanes]
    seen: list[Record] = []
    for _ in range(2):
        await acknowledged_by_all(lanes, 100)
        seen += await read_all(reader, bool)
        own_kafka_broker.kill9()
        await asyncio.sleep(0.3)
        own_kafka_broker.restart()
    await acknowledged_by_all(lanes, 100)
    stop.set()
    await asyncio.gather(*tasks)
    seen += await read_to_end(reader)
    full = await read_to_end(await stream.consumer([PASSAGES], None))
    await stream.close()
    for lane, key in zip(lanes, ("CM-01", "CM-02", "CM-03"), strict=True):
        for found in (full, seen):
            numbers = [int(record.value or b"") for record in found if record.key == key]
            assert set(lane.acknowledged) <= set(numbers)
            first_seen = list(dict.fromkeys(numbers))
            assert first_seen == sorted(first_seen)


async def test_a_broker_that_is_away_is_named_and_waited_for(
    own_kafka_broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lane_controller.stream.kafka.APPEND_TIMEOUT_S", 2.0)
    monkeypatch.setattr("lane_controller.stream.kafka.ANSWER_TIMEOUT_S", 2.0)
    stream = open_stream(own_kafka_broker.dsn("k."))
    await stream.ensure_topics({PASSAGES: False})
    producer = await stream.producer("lane")
    reader = await stream.consumer([PASSAGES], "ingest")
    await producer.append(PASSAGES, [("CM-01", b"1")])
    await reader.commit(await read_all(reader, bool))
    own_kafka_broker.kill9()
    with pytest.raises(StreamError, match=own_kafka_broker.address):
        await producer.append(PASSAGES, [("CM-01", b"2")])
    with pytest.raises(StreamError, match=own_kafka_broker.address):
        await reader.caught_up()
    assert await reader.poll(0.1) == []
    own_kafka_broker.restart()
    async with asyncio.timeout(180):
        while True:
            try:
                await producer.append(PASSAGES, [("CM-01", b"2"), ("CM-01", b"3")])
                break
            except StreamError:
                await asyncio.sleep(0.2)
    found = await read_all(reader, lambda records: any(record.value == b"3" for record in records))
    assert list(dict.fromkeys(record.value for record in found)) == [b"2", b"3"]
    await stream.close()


@pytest.fixture
def nowhere() -> str:
    """A DSN of a broker that is not there."""
    return f"kafka://127.0.0.1:{free_port()}"


async def test_no_broker_at_all_is_an_error_with_remedy(nowhere: str, caplog: pytest.LogCaptureFixture) -> None:
    stream = open_stream(nowhere)
    producer, reader = await stream.producer("lane"), await stream.consumer([PASSAGES], None)
    address = nowhere.removeprefix("kafka://")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            with pytest.raises(StreamError, match=f"{address}.*check that the broker runs"):
                await stream.ensure_topics({PASSAGES: False})
            with pytest.raises(StreamError, match=f"{address}.*check that the broker runs"):
                await producer.append(PASSAGES, [("CM-01", b"1")])
            with pytest.raises(StreamError, match=f"{address}.*check that the broker runs"):
                await reader.poll(0.1)
    texts = [record.getMessage() for record in caplog.records if not record.name.startswith("aiokafka")]
    assert texts
    assert len(texts) == len(set(texts))  # the same line again and again would hide everything else
    assert not logging.getLogger("aiokafka").propagate  # pytest looks into every logger; a program's handlers do not
    await stream.close()


async def test_a_closed_stream_does_not_wait_for_a_broker_that_is_gone(own_kafka_broker: KafkaBroker) -> None:
    stream = open_stream(own_kafka_broker.dsn("k."))
    await stream.ensure_topics({PASSAGES: False})
    producer = await stream.producer("lane")
    reader = await stream.consumer([PASSAGES], "ingest")
    await producer.append(PASSAGES, [("CM-01", b"1")])
    await read_all(reader, bool)
    own_kafka_broker.kill9()
    pending = asyncio.create_task(producer.append(PASSAGES, [("CM-01", b"2")]))
    await asyncio.sleep(0.2)
    async with asyncio.timeout(30):
        await stream.close()
        with pytest.raises(StreamError):
            await pending


async def test_kcat_reads_what_we_append(kafka_broker: KafkaBroker, stream_prefix: str) -> None:
    stream = open_stream(kafka_broker.dsn(stream_prefix))
    await stream.ensure_topics({PASSAGES: False, "toll.tag-list.v1": True})
    producer = await stream.producer("lane")
    await producer.append(PASSAGES, [("CM-01", '{"plate":"20A-123.45","nơi":"Chợ Mới"}'.encode()), ("CM-02", b"2")])
    await producer.append("toll.tag-list.v1", [("E1", b"x"), ("E1", None)])
    passages = read_topic(kafka_broker.address, f"{stream_prefix}{PASSAGES}")
    assert {(record.key, record.value) for record in passages} == {
        ("CM-01", '{"plate":"20A-123.45","nơi":"Chợ Mới"}'),
        ("CM-02", "2"),
    }
    tags = read_topic(kafka_broker.address, f"{stream_prefix}toll.tag-list.v1")
    assert [(record.partition, record.key, record.value) for record in tags] == [(0, "E1", "x"), (0, "E1", None)]
    await stream.close()


async def test_a_record_too_large_is_an_error_and_the_next_one_goes(
    kafka_broker: KafkaBroker, stream_prefix: str
) -> None:
    stream = open_stream(kafka_broker.dsn(stream_prefix))
    await stream.ensure_topics({PASSAGES: False})
    producer = await stream.producer("lane")
    with pytest.raises(StreamError, match="smaller records"):
        await producer.append(PASSAGES, [("CM-01", bytes(9 << 20))])
    await producer.append(PASSAGES, [("CM-01", b"small")])
    found = await read_to_end(await stream.consumer([PASSAGES], None))
    assert [record.value for record in found] == [b"small"]
    await stream.close()


async def test_a_refused_topic_name_is_an_error(kafka_broker: KafkaBroker, stream_prefix: str) -> None:
    stream = open_stream(kafka_broker.dsn(stream_prefix))
    with pytest.raises(StreamError, match="bad name"):
        await stream.ensure_topics({"bad name": False})
    await stream.close()
