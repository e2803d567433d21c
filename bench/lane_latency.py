"""From the last evidence at a lane's socket to OPEN at the broker, beside one bare fsync + publish in the same run.

In: a mosquitto on the machine; BENCH_VEHICLES (default 100 for each of the two series), BENCH_SERIES (`quiet,busy`),
BENCH_DIR (default: the temporary folder). Out: a report. The lanes are real: LLRP client, MQTT, core, journal with
fsync. The last evidence is the read that makes the tag credible; it counts from the write to the reader's socket.
After each car one bare append + fsync + publish is measured, so that a busy machine hits both alike. Both end when the
same other client has the message from mosquitto.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.broker_clients import BARE_TOPIC
from bench.lane_rig import Post, epc_of, lanes, mosquitto, process, surroundings
from bench.report import Report, Row, percentile

HOW: Final = (
    "A simulated vehicle on L1, its third tag read over TCP; OPEN as another MQTT process receives it from mosquitto."
    " Quiet: one lane. Busy: four lanes with cars in one process, cameras, plate recogniser, all on this machine."
)
SERIES: Final = {"quiet": (1, False), "busy": (4, True)}
"""Lanes, and whether they have cameras."""
STARTS: Final = (("without the ANPR model", False, "at most 2 s"), ("with it", True, "at most 5 s"))
START_ROUNDS: Final = 5
HOLD: Final = "at most 25 ms, and 2 × the baseline"


@dataclass
class Samples:
    """Milliseconds of one series."""

    lane: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)


def main() -> None:
    """Measure and print the report."""
    vehicles = int(os.environ.get("BENCH_VEHICLES", "100"))
    wanted = os.environ.get("BENCH_SERIES", ",".join(SERIES)).split(",")
    rows: list[Row] = []
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="lane-latency-", dir=os.environ.get("BENCH_DIR")) as folder:
            samples = asyncio.run(_measure(Path(folder), vehicles, *SERIES[name]))
        rows += _rows(name, samples)
    for name, cameras, hold in STARTS:
        with tempfile.TemporaryDirectory(prefix="lane-start-", dir=os.environ.get("BENCH_DIR")) as folder:
            seconds = asyncio.run(_starts(Path(folder), cameras))
        rows.append(Row(f"cold start to OPEN for a car that waits, {name}, median", percentile(seconds, 50), "s",
                        len(seconds), hold=hold))  # fmt: skip
    Report("Lane: evidence to OPEN", rows, how=HOW).print()


def _rows(name: str, samples: Samples) -> list[Row]:
    what, lane, bare = f"{name}: last evidence at the socket to OPEN at the broker", samples.lane, samples.bare
    return [
        Row(f"{what}, p{at}", percentile(lane, at), "ms", len(lane), percentile(bare, at), "bare fsync + publish", hold)
        for at, hold in ((50, ""), (99, HOLD), (100, ""))
    ]


async def _measure(folder: Path, vehicles: int, count: int, cameras: bool) -> Samples:
    samples = Samples()
    async with (
        mosquitto(folder) as port,
        Clients(port, folder) as clients,
        lanes(folder, port, count, vehicles, cameras) as posts,
        asyncio.TaskGroup() as group,
    ):
        for place, post in enumerate(posts):
            group.create_task(_cars(post, place * 0.15, range(place, vehicles, count), clients, samples))
    return samples


async def _cars(post: Post, after_s: float, numbers: Iterable[int], clients: Clients, samples: Samples) -> None:
    """One lane's cars; a bare pass after each."""
    await asyncio.sleep(after_s)
    for number in numbers:
        sent_s = await post.stop_at_loop(epc_of(number))
        samples.lane.append((await clients.opened_s(post.lane) - sent_s) * 1000)
        await post.drive_on()
        samples.bare.append(await clients.bare_ms())


async def _starts(folder: Path, cameras: bool) -> list[float]:
    """Seconds from the start of the lane's process to OPEN for a car that stands on L1 already; each on a new lane."""
    seconds = []
    for number in range(START_ROUNDS):
        own = folder / str(number)
        own.mkdir()
        async with (
            mosquitto(own) as port,
            Clients(port, own) as clients,
            surroundings(own, port, 1, START_ROUNDS, cameras) as (posts, config),
        ):
            began_s = time.perf_counter()
            async with process(config):
                hearing = asyncio.create_task(posts[0].wait_at_loop(epc_of(number)))
                seconds.append(await clients.opened_s(posts[0].lane) - began_s)
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)
    return seconds


class Clients:
    """The watching and the bare client."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port, self._folder = port, folder
        self._opens: dict[str, asyncio.Queue[float]] = {}
        self._bare: asyncio.Queue[float] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Clients:
        topics = ("etc/v1/+/+/barrier/cmd", BARE_TOPIC)
        watcher = await self._stack.enter_async_context(_client("watch", str(self._port), *topics))
        self._bare_client = await self._stack.enter_async_context(
            _client("bare", str(self._port), str(self._folder / "bare.log"))
        )
        ready = await _line(watcher)
        if ready != "ready":
            raise RuntimeError(f"the watching client says {ready!r}")
        self._watching = asyncio.create_task(self._watch(watcher))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._stack.aclose()

    async def opened_s(self, lane: str) -> float:
        """When the lane's next open command arrived."""
        return await asyncio.wait_for(self._queue(lane).get(), 60)

    async def bare_ms(self) -> float:
        """One append + fsync + publish."""
        async with self._one_at_a_time:
            stdin = self._bare_client.stdin
            assert stdin is not None  # noqa: S101 - made with a pipe
            stdin.write(b"\n")
            began_s = float(await _line(self._bare_client))
            return (await asyncio.wait_for(self._bare.get(), 60) - began_s) * 1000

    async def _watch(self, watcher: asyncio.subprocess.Process) -> None:
        while True:
            at, topic, payload = (await _line(watcher)).split(" ", 2)
            if topic == BARE_TOPIC:
                self._bare.put_nowait(float(at))
            elif json.loads(payload)["action"] == "open":
                self._queue(topic.split("/")[3]).put_nowait(float(at))

    def _queue(self, lane: str) -> asyncio.Queue[float]:
        return self._opens.setdefault(lane, asyncio.Queue())


@contextlib.asynccontextmanager
async def _client(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.broker_clients", *arguments, stdin=pipe, stdout=pipe
    )
    try:
        yield client
    finally:
        client.terminate()
        await client.wait()


async def _line(client: asyncio.subprocess.Process) -> str:
    assert client.stdout is not None  # noqa: S101 - made with a pipe
    line = await client.stdout.readline()
    if not line:
        raise RuntimeError("a client of the benchmark ended")
    return line.decode().strip()


if __name__ == "__main__":
    main()
