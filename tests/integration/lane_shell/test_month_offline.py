"""Thirty days without the stream at 20,000 passages a day, and the catch-up: nothing lost, in order, memory bounded.

5,000 passages in CI, 600,000 with `--long`, at the embedded stream and at a real Kafka. The lane decides on while the
backlog is sent. Rates, sizes and memory are printed, not asserted, but for bounds that do not depend on the machine.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.outbox.chain import GENESIS
from lane_controller.outbox.journal import Batch, Entry, Input, Journal, JournalReader
from lane_controller.outbox.relay import Relay
from lane_controller.outbox.writer import JournalWriter
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Stream
from tests.parts.kafka import KafkaBroker

pytestmark = [pytest.mark.integration, pytest.mark.proof]

LANE = "CM-01"
AT = "2026-06-15T05:00:00.000000+00:00"
MEMORY_MIB = 64
"""What sending a backlog may add to the process, whatever its length."""
DECISIONS = 20
EXPLANATION = {
    "rules": ["R1", "R3"], "candidates": [{"epc": "3034257BF7194E4000000001", "score": 3.25, "reads": 7}] * 2,
    "would_change": ["fewer than three reads", "a plate that differs"], "entry_version": 7,
    "times": {f"stage_{n}": {"mono_us": 10**12 + n, "utc_us": 1_781_500_000_000_000 + n} for n in range(10)},
    "trace": [{"sensor": sensor, "on": True, "mono_us": 10**12} for sensor in ("L1", "LC1", "L2", "L3") * 2],
}  # fmt: skip
"""About as long as that of a real passage: two kilobytes."""


def authorised(seq: int) -> Entry:
    passage_id = f"{LANE}-e1-{seq:06d}"
    return Entry(AT, "Authorised", {"type": "Authorised", "passage_id": passage_id, "why": EXPLANATION}, passage_id)


def crossing(seq: int) -> Entry:
    passage_id = f"{LANE}-e1-{seq:06d}"
    body = {"type": "PassageClosed", "passage": {"passage_id": passage_id, "seq": seq, "why": EXPLANATION}}
    message = {
        "plaza": "CM", "lane": LANE, "epoch": 1, "seq": seq, "passage_id": passage_id, "outcome": "charged",
        "fare_vnd": 35_000, "epc": f"{seq:024X}", "plate": "20A12345", "flags": ["NO_PLATE"], "passed_at_utc": AT,
        "explanation": EXPLANATION,
    }  # fmt: skip
    return Entry(AT, "PassageClosed", body, passage_id, message)


def batches(count: int) -> Iterator[Batch]:
    """The passages of the time without a stream, many to a commit only to write them sooner."""
    step = 500
    for first in range(1, count + 1, step):
        seqs = range(first, min(first + step, count + 1))
        inputs = [Input(AT, seq, b"x" * 500) for seq in seqs]
        yield Batch(inputs, [entry for seq in seqs for entry in (authorised(seq), crossing(seq))])


@dataclass
class Told:
    """What is printed of one catch-up."""

    passages: int
    wrote_s: float
    file_mib: float
    sent_s: float
    more_mib: float

    def line(self, where: str) -> str:
        return (
            f"{where}: {self.passages:,} passages offline, journal {self.file_mib:,.0f} MiB"
            f" ({self.file_mib * 1024 / self.passages:.1f} KiB each with one input), sent in {self.sent_s:.1f} s"
            f" = {self.passages / self.sent_s:,.0f}/s, memory +{self.more_mib:.0f} MiB"
        )


@pytest.fixture(params=["embedded", "kafka"])
async def stream(request: pytest.FixtureRequest, tmp_path: Path, stream_prefix: str) -> AsyncIterator[Stream]:
    """Each adapter with its real part."""
    if request.param == "embedded":
        made = open_stream(f"sqlite://{tmp_path}/stream.sqlite3")
    else:
        broker: KafkaBroker = request.getfixturevalue("kafka_broker")
        made = open_stream(f"kafka://{broker.address}?prefix={stream_prefix}")
    await made.ensure_topics({topic.value: topic in COMPACTED_TOPICS for topic in Topic})
    yield made
    await made.close()


async def decide(writer: JournalWriter, first: int, gap_s: float) -> list[float]:
    """The lane goes on: passages behind the backlog, each durable; how long each commit took, in milliseconds."""
    took_ms = []
    for seq in range(first, first + DECISIONS):
        began = time.perf_counter()
        await writer.commit([authorised(seq), crossing(seq)])
        took_ms.append((time.perf_counter() - began) * 1000)
        await asyncio.sleep(gap_s)
    return took_ms


async def check_published(stream: Stream, count: int) -> None:
    """Every passage, in order and chained, with nothing between; one that was sent again is the same."""
    consumer = await stream.consumer([Topic.PASSAGES.value], None)
    seq, head = 0, GENESIS
    while not (seq == count and await consumer.caught_up()):
        for record in await consumer.poll(5.0, 2_000):
            message: dict[str, Any] = json.loads(record.value or b"")
            if message["seq"] <= seq:
                continue
            assert (message["seq"], message["previous_hash"]) == (seq + 1, head)
            seq, head = message["seq"], message["record_hash"]
    await consumer.close()


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fill(path: Path, count: int) -> float:
    """Write the backlog; seconds."""
    journal = Journal(path, "CM", LANE, 1)
    began = time.perf_counter()
    for number, batch in enumerate(batches(count)):
        journal.commit(batch)
        if number % 20 == 0:
            journal.checkpoint()
    journal.close()
    return time.perf_counter() - began


@pytest.mark.timeout(1800)
async def test_a_month_without_the_stream_is_caught_up(
    stream: Stream, tmp_path: Path, long_run: bool, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    count = 600_000 if long_run else 5_000
    path = tmp_path / f"{LANE}-e1.journal.sqlite3"
    wrote_s = await asyncio.to_thread(fill, path, count)
    size_mib = path.stat().st_size / 2**20
    writer, reader = JournalWriter(Journal(path, "CM", LANE, 1)), JournalReader(path)
    relay = Relay(LANE, stream, writer, reader)
    alone = await decide(writer, count + 1, 0.0)
    before_mib, began = peak_mib(), time.perf_counter()
    deciding = asyncio.create_task(decide(writer, count + DECISIONS + 1, 0.01))
    await relay.run(until_sent=True)
    told = Told(count, wrote_s, size_mib, time.perf_counter() - began, peak_mib() - before_mib)
    beside = await deciding
    await relay.run(until_sent=True)
    assert relay.waiting(count + 2 * DECISIONS) == 0
    assert told.more_mib < MEMORY_MIB
    reader.close()
    await writer.close()
    await check_published(stream, count + 2 * DECISIONS)
    with capsys.disabled():
        waits = f"commit beside it {median(beside):.1f} ms, alone {median(alone):.1f} ms (median of {DECISIONS})"
        sys.stdout.write(f"\n{told.line(request.node.callspec.params['stream'])}, {waits}\n")


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def test_a_backlog_is_read_through_the_index(tmp_path: Path) -> None:
    """However long it is: no query of the relay looks at what was sent long ago."""
    path = tmp_path / f"{LANE}-e1.journal.sqlite3"
    fill(path, 100)
    reader = JournalReader(path)
    asked: list[str] = []
    reader._db.set_trace_callback(asked.append)
    reader.passages(after=50, limit=10)
    reader.seals(after=0, limit=10)
    reader._db.set_trace_callback(None)
    assert len(asked) == 2
    for query in asked:
        plan = [row[3] for row in reader._db.execute(f"explain query plan {query}")]
        assert plan, query
        assert all(step.startswith("SEARCH") for step in plan), (query, plan)
    reader.close()
