"""The surroundings of the lanes that `bench.lane_latency` measures: broker, readers, PLCs, cameras, list, tariff.

In: a folder and how many lanes. Out: one lane controller process with these lanes, and cars to send through them. The
parts are the real ones, or speak the real wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

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
from simulators.camera.pictures import render_vehicle
from simulators.camera.server import SimulatedCamera
from simulators.field_io import Arm, Broker, SimulatedPlc
from simulators.llrp_reader.reader import SimulatedReader

TRAVEL_MS: Final = 50.0
RULES: Final = "debounce_loop_off_ms = 40, debounce_curtain_off_ms = 20, clear_ms = 100"
"""Shorter than in a plaza, so that cars follow quickly; none of them lies between the last evidence and OPEN."""
MOVES: Final = (
    ("lc1", True, 1.3), ("l1", False, 0.06), ("lc1", False, 0.06), ("l2", True, 0.06), ("l3", True, 0.06),
    ("l2", False, 0.06), ("l3", False, 0.0),
)  # fmt: skip
"""A car drives through: sensor, level, seconds until the next. From a stand it needs more than a second to L2."""


@dataclass
class Post:
    """What stands at one lane."""

    lane: str
    plc: SimulatedPlc
    reader: SimulatedReader
    camera: SimulatedCamera | None

    def served(self) -> bool:
        """Whether the lane has found both."""
        return self.plc.plc.pc_alive and self.reader.reading

    async def stop_at_loop(self, epc: str) -> float:
        """A car on L1 until its tag is credible; when the last read went to the socket."""
        self.plc.set_sensor("l1", True)
        # Past evidence_wait where there is a camera: from here the tag alone is missing.
        await asyncio.sleep(0.1 if self.camera is None else 0.45)
        for _ in range(3):
            await asyncio.sleep(0.02)
            self.reader.observe(epc, rssi_dbm=-64.0)
        return self.reader.written_s

    async def wait_at_loop(self, epc: str) -> None:
        """A car on L1 whose tag is heard until cancelled."""
        self.plc.set_sensor("l1", True)
        while True:
            self.reader.observe(epc, rssi_dbm=-64.0)
            await asyncio.sleep(0.05)

    async def drive_on(self) -> None:
        """Through the open arm, until it is closed again."""
        await until(lambda: self.plc.barrier_position >= 1.0, "the arm open")
        for name, on, wait_s in MOVES:
            self.plc.set_sensor(name, on)
            await asyncio.sleep(wait_s)
        await until(lambda: self.plc.barrier_position <= 0.0, "the arm closed")


@contextlib.asynccontextmanager
async def lanes(folder: Path, port: int, count: int, cars: int, cameras: bool) -> AsyncIterator[list[Post]]:
    """`count` lanes in one process, serving; `cars` tags are on the list."""
    async with surroundings(folder, port, count, cars, cameras) as (posts, config), process(config):
        for post in posts:
            await until(post.served, f"{post.lane} at its PLC and reader")
        await asyncio.sleep(3.0 if cameras else 1.0)  # the recogniser loads its model
        yield posts


@contextlib.asynccontextmanager
async def surroundings(
    folder: Path, port: int, count: int, cars: int, cameras: bool
) -> AsyncIterator[tuple[list[Post], Path]]:
    """Everything but the lanes' process, and its configuration."""
    async with contextlib.AsyncExitStack() as stack:
        posts = [await _post(stack, port, number, cameras) for number in range(1, count + 1)]
        yield posts, await _configure(folder, port, posts, cars)


async def _post(stack: contextlib.AsyncExitStack, port: int, number: int, with_camera: bool) -> Post:
    lane = f"CM-{number:02d}"
    reader = await stack.enter_async_context(SimulatedReader())
    plc = SimulatedPlc("CM", lane, Broker("127.0.0.1", port), arm=Arm(TRAVEL_MS, TRAVEL_MS))
    running = asyncio.create_task(plc.run())
    stack.push_async_callback(_end, running)
    camera = None
    if with_camera:
        camera = SimulatedCamera()
        await camera.start()
        stack.push_async_callback(camera.close)
        camera.show(render_vehicle(plate_of(number - 1), seed=number))
    return Post(lane, plc, reader, camera)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def process(config: Path) -> AsyncIterator[None]:
    """The lane controller, a process of its own as in a plaza."""
    command = (sys.executable, "-m", "lane_controller.app.main", "run", "--config", str(config))
    lane = await asyncio.create_subprocess_exec(*command, "--log-level", "ERROR")
    try:
        yield
    finally:
        lane.terminate()
        await lane.wait()


def epc_of(number: int) -> str:
    """The tag of car `number`."""
    return f"{0x3034257BF7194E4000000000 + number:024X}"


def plate_of(lane: int) -> str:
    """What the camera of a lane (from 0) shows: car n comes to lane n modulo the number of lanes."""
    return f"20A{12_345 + 1_111 * lane:05d}"


async def _configure(folder: Path, port: int, posts: list[Post], cars: int) -> Path:
    """Tag list, tariff and the lanes' configuration."""
    dsn = f"sqlite://{folder}/stream.sqlite3"
    stream = open_stream(dsn)
    await stream.ensure_topics({topic.value: topic in COMPACTED_TOPICS for topic in Topic})
    fares = dict.fromkeys(range(1, 6), 35_000)
    tariff = TariffV1(plaza="CM", version=1, valid_from_utc=datetime(2026, 1, 1, tzinfo=UTC), fares_vnd=fares, name="b")
    producer = await stream.producer("bench")
    await producer.append(Topic.TARIFF, [("CM/1", tariff.encode())])
    await producer.append(Topic.TAG_LIST, _tag_list(cars, len(posts)))
    await stream.close()
    config = folder / "lane.toml"
    head = f'plaza = "CM"\ndata_dir = "{folder}"\nstream = "{dsn}"\n[mqtt]\nhost = "127.0.0.1"\nport = {port}\n'
    config.write_text(head + "".join(_table(post) for post in posts))
    return config


def _table(post: Post) -> str:
    camera = "" if post.camera is None else f'camera = "{post.camera.url}"\n'
    return (
        f'[[lane]]\nid = "{post.lane}"\nreader = {{host = "127.0.0.1", port = {post.reader.port}}}\n'
        f"rules = {{{RULES}}}\n{camera}"
    )


def _tag_list(cars: int, lanes_count: int) -> list[tuple[str, bytes | None]]:
    now = datetime.now(UTC)
    rows: list[tuple[str, bytes | None]] = []
    xor = 0
    for number in range(cars):
        entry = TagEntryV1(
            epc=epc_of(number), account=f"a{number}", provider="VETC", plate=plate_of(number % lanes_count),
            vehicle_class=1, available_vnd=10**9,
        )  # fmt: skip
        rows.append(
            (entry.epc, TagListChangeV1(version=number + 1, epc=entry.epc, entry=entry, changed_at_utc=now).encode())
        )
        xor ^= entry_digest(entry)
    heartbeat = TagListHeartbeatV1(version=cars, entries=cars, checksum=checksum_text(xor), sent_at_utc=now)
    return [*rows, (HEARTBEAT_KEY, heartbeat.encode())]


@contextlib.asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[int]:
    """A mosquitto of our own on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
    broker = await asyncio.create_subprocess_exec(
        "mosquitto", "-c", str(folder / "mosquitto.conf"), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until(lambda: _listens(port), "the broker")
        yield port
    finally:
        broker.terminate()
        await broker.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for it; TimeoutError names it."""
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"the lane does not get on: {what}")
        await asyncio.sleep(0.005)
