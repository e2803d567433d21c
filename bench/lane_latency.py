"""From the last evidence at a lane's sockets to OPEN at the broker, beside one bare fsync + publish in the same run.

In: a mosquitto on the machine; BENCH_VEHICLES (default 100), BENCH_DIR (default: the temporary folder). Out: a report.
The lane is the real one: LLRP client, MQTT, core, journal with fsync. The last evidence is the read that makes the tag
credible; the vehicle stands on L1 already. Both series are taken in turn, so that a busy machine hits both alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiomqtt

from bench.report import Report, Row, percentile
from lane_controller.contracts.v1 import (
    HEARTBEAT_KEY,
    TagEntryV1,
    TagListChangeV1,
    TagListHeartbeatV1,
    TariffV1,
    checksum_text,
    entry_digest,
)
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.stream.connect import open_stream
from simulators.field_io import Arm, Broker, SimulatedPlc
from simulators.llrp_reader.reader import SimulatedReader

ROOT = "etc/v1/CM/CM-01"
HOW = "A simulated vehicle on L1, its third tag read over TCP; OPEN as another MQTT client receives it from mosquitto."
NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
RECORD = b"x" * 2_048
"""About what one authorisation adds to the journal's WAL, in whole pages."""


def main() -> None:
    """Measure and print the report."""
    vehicles = int(os.environ.get("BENCH_VEHICLES", "100"))
    with tempfile.TemporaryDirectory(prefix="lane-latency-", dir=os.environ.get("BENCH_DIR")) as folder:
        lane_ms, bare_ms = asyncio.run(_measure(Path(folder), vehicles))
    what, name = "last evidence at the socket to OPEN at the broker, fsync included", "bare fsync + publish"
    rows = [
        Row(f"{what}, p{at}", percentile(lane_ms, at), "ms", len(lane_ms), percentile(bare_ms, at), name, hold)
        for at, hold in ((50, ""), (99, "at most 25 ms, and 2 × the baseline"), (100, ""))
    ]
    Report("Lane: evidence to OPEN", rows, how=HOW).print()


async def _measure(folder: Path, vehicles: int) -> tuple[list[float], list[float]]:
    async with _mosquitto(folder) as port, SimulatedReader() as reader:
        plc = SimulatedPlc("CM", "CM-01", Broker("127.0.0.1", port), arm=Arm(50.0, 50.0))
        config = await _prepare(folder, port, reader.port, vehicles)
        driving = asyncio.create_task(plc.run())
        try:
            async with _lane(config):
                return await _series(folder, port, plc, reader, vehicles)
        finally:
            driving.cancel()
            await asyncio.gather(driving, return_exceptions=True)


@contextlib.asynccontextmanager
async def _lane(config: Path) -> AsyncIterator[None]:
    """The lane controller, a process of its own as in a plaza."""
    lane = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lane_controller.app.main", "run", "--config", str(config), "--log-level", "WARNING"
    )
    try:
        yield
    finally:
        lane.terminate()
        await lane.wait()


async def _series(
    folder: Path, port: int, plc: SimulatedPlc, reader: SimulatedReader, vehicles: int
) -> tuple[list[float], list[float]]:
    lane_ms: list[float] = []
    bare_ms: list[float] = []
    async with _client(port) as watcher, _client(port) as publisher:
        await watcher.subscribe(f"{ROOT}/barrier/cmd", qos=1)
        await watcher.subscribe("bench/bare", qos=1)
        arrivals: asyncio.Queue[tuple[str, float, bytes]] = asyncio.Queue()
        watching = asyncio.create_task(_watch(watcher, arrivals))
        await _until(lambda: plc.plc.pc_alive and reader.reading)
        await asyncio.sleep(1.0)
        for number in range(vehicles):
            lane_ms.append(await _vehicle(plc, reader, arrivals, _epc(number)))
            bare_ms.append(await asyncio.to_thread(_fsync, folder) + await _publish(publisher, arrivals))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return lane_ms, bare_ms


async def _vehicle(
    plc: SimulatedPlc, reader: SimulatedReader, arrivals: asyncio.Queue[tuple[str, float, bytes]], epc: str
) -> float:
    """One car: on L1, plate known to be absent, then its tag. Milliseconds from the third read to OPEN."""
    plc.set_sensor("l1", True)
    await asyncio.sleep(0.45)  # past evidence_wait: from here the tag alone is missing
    for _ in range(2):
        reader.observe(epc, rssi_dbm=-64.0)
        await asyncio.sleep(0.02)
    reader.observe(epc, rssi_dbm=-64.0)
    sent = time.perf_counter()
    topic, at, payload = await arrivals.get()
    if not topic.endswith("barrier/cmd") or json.loads(payload)["action"] != "open":
        raise RuntimeError(f"expected an open, got {payload!r} on {topic}")
    await _until(lambda: plc.barrier_position >= 1.0)
    for name, on in (("lc1", True), ("l2", True), ("l1", False), ("lc1", False), ("l3", True), ("l2", False)):
        plc.set_sensor(name, on)
        await asyncio.sleep(0.18)
    plc.set_sensor("l3", False)
    await arrivals.get()  # the close
    await _until(lambda: plc.barrier_position <= 0.0)
    await asyncio.sleep(0.1)
    return (at - sent) * 1000


def _fsync(folder: Path) -> float:
    """One append and fsync, milliseconds."""
    with (folder / "bare.log").open("ab") as file:
        began = time.perf_counter()
        file.write(RECORD)
        file.flush()
        os.fsync(file.fileno())
        return (time.perf_counter() - began) * 1000


async def _publish(publisher: aiomqtt.Client, arrivals: asyncio.Queue[tuple[str, float, bytes]]) -> float:
    began = time.perf_counter()
    await publisher.publish("bench/bare", RECORD[:200], qos=1)
    _, at, _ = await arrivals.get()
    return (at - began) * 1000


async def _watch(watcher: aiomqtt.Client, arrivals: asyncio.Queue[tuple[str, float, bytes]]) -> None:
    async for message in watcher.messages:
        payload = message.payload if isinstance(message.payload, bytes) else b""
        arrivals.put_nowait((message.topic.value, time.perf_counter(), payload))


async def _prepare(folder: Path, port: int, reader_port: int, vehicles: int) -> Path:
    """Tag list, tariff and the lane's configuration."""
    dsn = f"sqlite://{folder}/stream.sqlite3"
    stream = open_stream(dsn)
    await stream.ensure_topics({topic.value: topic in COMPACTED_TOPICS for topic in Topic})
    now = datetime.now(UTC)
    rows: list[tuple[str, bytes | None]] = []
    xor = 0
    for number in range(vehicles):
        entry = TagEntryV1(
            epc=_epc(number), account=f"a{number}", provider="VETC", plate=f"20A{number:05d}", vehicle_class=1,
            available_vnd=10**9,
        )  # fmt: skip
        change = TagListChangeV1(version=number + 1, epc=entry.epc, entry=entry, changed_at_utc=now)
        rows.append((entry.epc, change.encode()))
        xor ^= entry_digest(entry)
    heartbeat = TagListHeartbeatV1(version=vehicles, entries=vehicles, checksum=checksum_text(xor), sent_at_utc=now)
    fares = dict.fromkeys(range(1, 6), 35_000)
    tariff = TariffV1(plaza="CM", version=1, valid_from_utc=datetime(2026, 1, 1, tzinfo=UTC), fares_vnd=fares, name="b")
    producer = await stream.producer("bench")
    await producer.append(Topic.TARIFF, [("CM/1", tariff.encode())])
    await producer.append(Topic.TAG_LIST, [*rows, (HEARTBEAT_KEY, heartbeat.encode())])
    await stream.close()
    config = folder / "lane.toml"
    config.write_text(
        f'plaza = "CM"\ndata_dir = "{folder}"\nstream = "{dsn}"\n[mqtt]\nhost = "127.0.0.1"\nport = {port}\n'
        f'[[lane]]\nid = "CM-01"\nreader = {{host = "127.0.0.1", port = {reader_port}}}\n'
    )
    return config


def _epc(number: int) -> str:
    return f"{0x3034257BF7194E4000000000 + number:024X}"


def _client(port: int) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, socket_options=[NO_DELAY])


@contextlib.asynccontextmanager
async def _mosquitto(folder: Path) -> AsyncIterator[int]:
    """A mosquitto of our own on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
    broker = await asyncio.create_subprocess_exec(
        "mosquitto", "-c", str(folder / "mosquitto.conf"), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _until(lambda: _listens(port))
        yield port
    finally:
        broker.terminate()
        await broker.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _until(condition: Any) -> None:
    until = time.monotonic() + 60
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("the lane does not get on")
        await asyncio.sleep(0.005)


if __name__ == "__main__":
    main()
