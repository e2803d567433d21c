"""Passages from Apache Kafka until they can be queried in ClickHouse: how many per second, and how late at most.

In: Java and the broker's jars (deploy/test-parts.sh); BENCH_PASSAGES (default 100,000), BENCH_DIR. Out: one report.
Broker, embedded database and `backoffice serve` are processes of their own on this machine; this process appends and
asks the database. Baseline: the same passages, made ready beforehand, straight into an empty table of the same shape.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from backoffice.ingest import rows
from backoffice.ingest.passages import BATCH_MAX
from backoffice.storage.database import Database
from backoffice.storage.dsn import parse
from bench.report import Report, Row, percentile
from lane_controller.contracts import hashes
from lane_controller.contracts.v1 import PassageV1
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Producer
from tests.parts.kafka import KafkaBroker
from tests.parts.process import PartProcess, free_port

ROOT: Final = Path(__file__).parents[1]
LANES: Final = tuple(f"CM-{number:02d}" for number in range(1, 9))
START: Final = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)
FARES_VND: Final = (35_000, 50_000, 75_000, 120_000, 180_000)
STEADY_PER_S: Final = 500
"""Moderate load: 20 times the design's busiest plaza (20,000 a day in its busiest hours, 8 lanes)."""
STEADY_S: Final = 30
EVERY_S: Final = 0.02
APPEND: Final = 1_000
HOW: Final = (
    "Passages of about 2 kB, spelled as lanes publish them, 8 lanes, 4 partitions; rated, booked, stored with fsync. "
    "Rate: the topic is full before the back office starts; counted from its first visible batch to the last. Delay: "
    "from the call that appends a passage to the first SELECT that finds it (asked every 20 ms)."
)


@dataclass(frozen=True, slots=True)
class Made:
    """One passage and its bytes on the topic."""

    passage: PassageV1
    message: bytes


class LaneLog:
    """The passages of one lane, one after the other, chained by hash."""

    def __init__(self, lane: str) -> None:
        self.lane = lane
        self.seq = 0
        self._previous = "0" * 64

    def next(self) -> Made:
        """One more passage, of the size that real ones have."""
        self.seq += 1
        detected = START + timedelta(milliseconds=700 * self.seq)
        vehicle_class = self.seq % 5 + 1
        fields: dict[str, Any] = {
            "plaza": "CM", "lane": self.lane, "epoch": 1, "seq": self.seq,
            "passage_id": f"{self.lane}-e1-{self.seq:06d}", "outcome": "charged",
            "fare_vnd": FARES_VND[vehicle_class - 1], "epc": f"3034257BF7194E40{self.seq % 50_000:08X}",
            "account": f"TK{self.seq % 50_000:06d}", "provider": ("VETC", "VDTC")[self.seq % 2],
            "plate": f"20A{self.seq % 100_000:05d}", "plate_confidence": 0.98,
            "registered_plate": f"20A{self.seq % 100_000:05d}", "class_charged": vehicle_class,
            "class_registered": vehicle_class, "tariff_version": 1, "list_version": 1, "detected_at_utc": detected,
            "decided_at_utc": detected + timedelta(milliseconds=310),
            "passed_at_utc": detected + timedelta(seconds=3), "time_to_open_ms": 12,
            "explanation": _explanation(self.seq), "record_hash": "0" * 64, "previous_hash": self._previous,
        }  # fmt: skip
        passage = PassageV1.model_validate(fields)
        message = passage.model_dump(mode="json", exclude_none=True)
        message["record_hash"] = self._previous = hashes.passage_hash(message)
        spelled = hashes.canonical_json(message)
        return Made(passage.model_copy(update={"record_hash": self._previous}), spelled)


def _explanation(seq: int) -> dict[str, Any]:
    moments = (
        "credible",
        "decided",
        "first_read",
        "l1_on",
        "l2_on",
        "l3_on",
        "open_commanded",
        "open_confirmed",
        "plate",
    )
    at_us = 4_738_000_000 + 700_000 * seq
    sensors = ("L1", "LC1", "LC1", "L1", "L2", "LC2", "L3")
    epc, utc_us = f"3034257BF7194E40{seq:08X}", 1_795_402_000_000_000 + at_us
    return {
        "candidates": [{"credible": True, "epc": epc, "median_rssi_dbm": -49, "reads": 48, "score": 5040}],
        "entry_version": seq,
        "rules": ["R1", "R4"],
        "would_change": ["no tag: hold, NO_TAG", "balance below the fare: hold, LOW_BALANCE"],
        "times": {name: {"mono_us": at_us + n, "utc_us": utc_us + n} for n, name in enumerate(moments)},
        "trace": [{"mono_us": at_us + n, "on": n < 2, "sensor": sensor} for n, sensor in enumerate(sensors)],
    }


class Plant:
    """Broker, database and back office on free ports in one folder."""

    def __init__(self, folder: Path) -> None:
        self.kafka = KafkaBroker(folder / "kafka")
        port = free_port()
        self.address = parse(f"clickhouse://default@127.0.0.1:{port}/bench")
        self.config = folder / "backoffice.toml"
        self.config.write_text(
            f'database = "clickhouse://default@127.0.0.1:{port}/bench"\nstream = "{self.kafka.dsn("bench.")}"\n'
            f'data_dir = "{folder}/backoffice"\n[http]\nlisten = "127.0.0.1:{free_port()}"\n',
            encoding="utf-8",
        )
        listen = ["--listen", f"127.0.0.1:{port}"]
        self.database = _program(["database", "--data", str(folder / "clickhouse"), *listen], folder / "database.log")
        self.backoffice = _program(["serve", "--config", str(self.config)], folder / "backoffice.log")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Broker and database run, the tariff is published; the back office is started by the measurement."""
        with ExitStack() as stack:
            stack.enter_context(self.kafka)
            stack.callback(self.database.stop)
            _start(self.database)
            tariff = str(ROOT / "deploy/demo/tariff.toml")
            publish = [*_backoffice(), "tariff", "publish", tariff, "--config", str(self.config)]
            subprocess.run(publish, check=True, capture_output=True, cwd=ROOT)
            stack.callback(self.backoffice.stop)
            yield

    def cpu_s(self) -> float:
        """Processor time so far of all processes of the plant."""
        return sum(_cpu_s(one.pid) for one in (self.kafka, self.database, self.backoffice) if one.running())

    def serve(self) -> None:
        """Start the back office and wait until it says that it is ready."""
        _start(self.backoffice)


def main() -> None:
    """Measure and print the report."""
    count = int(os.environ.get("BENCH_PASSAGES", "100000"))
    with tempfile.TemporaryDirectory(prefix="ingest-", dir=os.environ.get("BENCH_DIR")) as folder:
        plant = Plant(Path(folder))
        with plant.running():
            figures = asyncio.run(_measure(plant, count))
    per_s, cpu_us, bare_per_s, delays_ms = figures
    hold = "at least 10,000/s; goal 40,000/s"
    late = "p99 at most 2,000 ms; goal 1,000 ms"
    name = "bare insert of passages, no stream, no rating, no ledger"
    Report(
        "Ingest: Kafka to ClickHouse, queryable",
        [
            Row("passages ingested", per_s, "passages/s", count, bare_per_s, name, hold),
            Row("processor time of back office, database and broker per passage", cpu_us, "µs", count,
                hold="200 µs are 10,000/s on 2 cores"),
            *(
                Row(f"visible after the append, {STEADY_PER_S}/s, p{percent}", percentile(delays_ms, percent), "ms",
                    len(delays_ms), hold=late if percent == 99 else "")
                for percent in (50, 99, 100)
            ),
        ],
        how=HOW,
    ).print()  # fmt: skip


async def _measure(plant: Plant, count: int) -> tuple[float, float, float, list[float]]:
    stream = open_stream(plant.kafka.dsn("bench."))
    await stream.ensure_topics({topic: topic in COMPACTED_TOPICS for topic in Topic})
    producer = await stream.producer("bench")
    lanes = [LaneLog(lane) for lane in LANES]
    bare: list[PassageV1] = []
    appended = 0
    while appended < count:
        for lane in lanes:
            batch = [lane.next() for _ in range(min(APPEND, count - appended))]
            if batch:
                await producer.append(Topic.PASSAGES, [(lane.lane, made.message) for made in batch])
            bare += [made.passage for made in batch[: max(BATCH_MAX - len(bare), 0)]]
            appended += len(batch)
    bare_per_s = await asyncio.to_thread(_bare_insert, plant, bare)
    await asyncio.to_thread(plant.serve)
    before_s = plant.cpu_s()
    per_s = await asyncio.to_thread(_rate, plant, count)
    cpu_us = (plant.cpu_s() - before_s) / count * 1e6
    delays_ms = await _delays(plant, producer, lanes)
    await stream.close()
    return per_s, cpu_us, bare_per_s, delays_ms


def _bare_insert(plant: Plant, passages: Sequence[PassageV1]) -> float:
    """Rows per second of inserts as large as one batch of ingest, the best of three."""
    database = Database(plant.address)
    columns = rows.passage_columns(list(passages), time.time_ns() // 1000)
    best = 0.0
    for number in range(3):
        database.command(f"CREATE TABLE bare{number} AS passages")
        began = time.monotonic()
        database.insert(f"bare{number}", columns)
        best = max(best, len(passages) / (time.monotonic() - began))
    database.close()
    return best


def _rate(plant: Plant, count: int) -> float:
    """Passages per second from the first visible batch to the last."""
    database = Database(plant.address)
    first = first_at = seen = 0.0
    while seen < count:
        seen = database.rows("SELECT count() FROM passages")[0][0]
        now = time.monotonic()
        if seen and not first:
            first, first_at = seen, now
        time.sleep(EVERY_S)
    database.close()
    if first >= count:
        raise SystemExit(f"all {count} passages came in one batch: ask for more with BENCH_PASSAGES")
    return (count - first) / (now - first_at)


async def _delays(plant: Plant, producer: Producer, lanes: Sequence[LaneLog]) -> list[float]:
    """Milliseconds from append to visible, of every passage of STEADY_S seconds at STEADY_PER_S."""
    sent: dict[tuple[str, int], float] = {}
    before = {lane.lane: lane.seq for lane in lanes}
    looking = asyncio.create_task(asyncio.to_thread(_watch, plant, before, STEADY_PER_S * STEADY_S))
    began = time.monotonic()
    appends: set[asyncio.Task[None]] = set()
    for step in range(int(STEADY_S / EVERY_S)):
        await asyncio.sleep(max(0.0, began + step * EVERY_S - time.monotonic()))
        lane = lanes[step % len(lanes)]
        batch = [lane.next() for _ in range(int(STEADY_PER_S * EVERY_S))]
        now = time.monotonic()
        sent.update({(lane.lane, made.passage.seq): now for made in batch})
        records = [(lane.lane, made.message) for made in batch]
        appends.add(asyncio.create_task(producer.append(Topic.PASSAGES, records)))
    await asyncio.gather(*appends)
    seen = await looking
    return [(seen[key] - at) * 1000 for key, at in sent.items()]


def _watch(plant: Plant, before: dict[str, int], wanted: int) -> dict[tuple[str, int], float]:
    """When each passage was first found, by (lane, seq)."""
    database = Database(plant.address)
    found: dict[tuple[str, int], float] = {}
    newest = dict(before)
    until = time.monotonic() + STEADY_S + 120
    while len(found) < wanted:
        if time.monotonic() > until:
            raise SystemExit(f"only {len(found)} of {wanted} passages became visible")
        for lane, seq in database.rows("SELECT lane, max(seq) FROM passages GROUP BY lane"):
            now = time.monotonic()
            found.update({(lane, number): now for number in range(newest[lane] + 1, seq + 1)})
            newest[lane] = max(newest[lane], seq)
        time.sleep(EVERY_S)
    database.close()
    return found


def _cpu_s(pid: int) -> float:
    """User and system time of a process with all its threads (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _backoffice() -> list[str]:
    return [sys.executable, "-c", "from backoffice.app.main import main; main()"]


def _program(arguments: list[str], log: Path) -> PartProcess:
    return PartProcess("backoffice " + arguments[0], [*_backoffice(), *arguments], log)


def _start(process: PartProcess) -> None:
    process.start(lambda: process.log.exists() and "ready:" in process.log.read_text(errors="replace"))


if __name__ == "__main__":
    main()
