"""Seals of a lane against what is stored: good, early, lying, and signed by somebody else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backoffice.ingest.decode import decode_passage
from backoffice.ingest.seals import SealIngest
from backoffice.ingest.store import PassageStore
from backoffice.rating.charge import Contract
from backoffice.rating.tariff import Tariff, Tariffs
from backoffice.storage.alarms import Alarms
from backoffice.storage.database import Database
from lane_controller.contracts.v1 import PassageV1, SealV1
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Record, Stream
from tests.integration.backoffice.passages import FARES, chain

pytestmark = pytest.mark.integration

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
EMPTY_HEAD = "0" * 64


def seal(passages: Sequence[PassageV1], key: Ed25519PrivateKey = KEY, **changes: Any) -> SealV1:
    fields: dict[str, Any] = {
        "plaza": "CM", "lane": "CM-01", "epoch": 1, "first_seq": passages[0].seq, "last_seq": passages[-1].seq,
        "count": len(passages), "sum_vnd": sum(p.fare_vnd for p in passages), "head_hash": passages[-1].record_hash,
        "sealed_at_utc": datetime(2026, 6, 15, 4, 0, 0, 123456, tzinfo=UTC),
        "public_key": key.public_key().public_bytes_raw().hex(), "signature": "0" * 128,
    }  # fmt: skip
    unsigned = SealV1.model_validate(fields | changes)
    return unsigned.model_copy(update={"signature": key.sign(unsigned.signed_bytes()).hex()})


@pytest.fixture
async def stream(stream_dsn: str) -> AsyncIterator[Stream]:
    stream = open_stream(stream_dsn)
    await stream.ensure_topics({topic: topic in COMPACTED_TOPICS for topic in Topic})
    yield stream
    await stream.close()


def store(database: Database, passages: Sequence[PassageV1]) -> None:
    keeper = PassageStore(database, lambda plaza: Contract(plaza, ("VETC",)), lambda: time.time_ns() // 1000)
    keeper.tariffs = Tariffs([Tariff("CM", 1, 0, FARES)])
    records = [Record(Topic.PASSAGES, 0, p.seq, p.lane, p.encode(), 0) for p in passages]
    report = keeper.write([(record, decode_passage(record)) for record in records])
    assert report.rejections == []


async def verdicts(
    stream: Stream, database: Database, seals: Sequence[SealV1 | bytes], count: int
) -> list[tuple[Any, ...]]:
    """What a SealIngest makes of these seals."""
    producer = await stream.producer("lane")
    values = [one if isinstance(one, bytes) else one.encode() for one in seals]
    await producer.append(Topic.SEALS, [("CM-01", value) for value in values])
    alarms = Alarms()
    consumer = await stream.consumer([Topic.SEALS], "backoffice")
    task = asyncio.create_task(SealIngest(consumer, database, alarms, {}).run())
    sql = "SELECT first_seq, last_seq, verdict, detail != '' FROM seals FINAL ORDER BY first_seq, last_seq, verdict"
    found: list[tuple[Any, ...]] = []
    try:
        async with asyncio.timeout(60):
            while len(found) < count or any(row[2] == "waiting" for row in found):
                assert not task.done(), task.exception()
                await asyncio.sleep(0.05)
                found = await asyncio.to_thread(database.rows, sql)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await consumer.close()
    bad = {(row[0], row[2]) for row in found if row[2] != "good"}
    assert len([alarm for alarm in alarms.view() if alarm.code == "SEAL"]) >= len({first for first, _ in bad})
    return found


async def test_a_true_seal_is_good_and_a_false_one_is_named(stream: Stream, database: Database) -> None:
    passages = chain(20)
    store(database, passages)
    true = seal(passages[:5])
    nothing = seal(passages[:1], first_seq=6, last_seq=5, count=0, sum_vnd=0, head_hash=passages[4].record_hash)
    lying = seal(passages[6:9], sum_vnd=1)
    forked = seal(passages[9:12], head_hash="ab" * 32)
    short = seal(passages[12:15], count=2)
    unsigned = seal(passages[15:17]).model_copy(update={"sum_vnd": 7})
    foreign = seal(passages[17:20], OTHER)
    found = await verdicts(stream, database, [true, nothing, b"{}", lying, forked, short, unsigned, foreign], 7)
    assert [(first, verdict) for first, _, verdict, _ in found] == [
        (1, "good"), (6, "good"), (7, "mismatch"), (10, "mismatch"), (13, "mismatch"), (16, "bad signature"),
        (18, "unknown key"),
    ]  # fmt: skip
    assert database.rows("SELECT topic, message_key FROM rejected_messages FINAL") == [(Topic.SEALS, "CM-01")]


async def test_a_seal_that_comes_first_waits_for_its_passages(stream: Stream, database: Database) -> None:
    passages = chain(10)
    store(database, passages[:4])
    waiting = asyncio.create_task(verdicts(stream, database, [seal(passages)], 1))
    while not await asyncio.to_thread(database.rows, "SELECT 1 FROM seals WHERE verdict = 'waiting'"):
        assert not waiting.done()
        await asyncio.sleep(0.05)
    await asyncio.to_thread(store, database, passages[4:])
    assert await waiting == [(1, 10, "good", 0)]
