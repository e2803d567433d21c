"""Several lanes in one real process, with cars that drive whatever the lanes do, and what a judge has to know.

In: a folder, a broker, how many lanes. Out: PLCs and readers on the real wire, a configuration, the passages and seals
as the stream gave them, and for each lane the cars in the order in which they crossed.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from lane_controller.contracts.v1 import LaneStatusV1, PassageV1, SealV1
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Consumer
from simulators.field_io import Arm, Broker, SimulatedPlc
from simulators.llrp_reader.reader import SimulatedReader
from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import BackOffice, epc, tag
from tests.parts.mosquitto import MosquittoServer

READ_EVERY_S = 0.1
MOVES = (
    ("lc1", True, 1.0), ("l1", False, 0.1), ("lc1", False, 0.2), ("l2", True, 0.0), ("lc2", True, 0.25),
    ("l3", True, 0.2), ("l2", False, 0.0), ("lc2", False, 0.25), ("l3", False, 0.0),
)  # fmt: skip
"""A car drives through: sensor, level, seconds until the next. From a stand it needs more than a second to L2."""


class LaneProcess:
    """`lane-controller run` as a process that is killed and started again."""

    def __init__(self, config: Path, log: Path) -> None:
        self._config, self._log = config, log
        self._process: asyncio.subprocess.Process | None = None
        self.kills = 0

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "lane_controller.app.main", "run", "--config", str(self._config),
                stdout=log, stderr=log,
            )  # fmt: skip

    async def kill(self) -> None:
        assert self._process is not None
        assert self._process.returncode is None, self._log.read_text()[-4000:]
        self._process.kill()
        await self._process.wait()
        self.kills += 1

    async def start_if_dead(self) -> None:
        if self._process is None or self._process.returncode is not None:
            await self.start()

    async def stop(self) -> int:
        """A clean stop; the exit status."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()


@dataclass
class Post:
    """One lane's field devices, and the cars that crossed there."""

    lane: str
    plc: SimulatedPlc
    reader: SimulatedReader
    crossed: list[int] = field(default_factory=list)
    waiting_for: str = ""


@dataclass
class Site:
    """Everything but the process of the lanes."""

    config: Path
    data: Path
    posts: list[Post]
    passages: list[PassageV1] = field(default_factory=list)
    seals: list[SealV1] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    """Lane → passages that the stream has not confirmed, as the lane says."""
    next_car: int = 0
    stopping: bool = False
    _moments: dict[str, list[asyncio.Future[None]]] = field(default_factory=lambda: defaultdict(list))

    async def moment(self, kind: str) -> None:
        """The next `read` (of the tag of a car that waits), `edge` (of a car that drives) or `command` anywhere."""
        happened = asyncio.get_running_loop().create_future()
        self._moments[kind].append(happened)
        await happened

    def tell(self, kind: str) -> None:
        """It happens now."""
        for happened in self._moments.pop(kind, []):
            if not happened.done():
                happened.set_result(None)

    async def drive(self, post: Post) -> None:
        """Cars one after the other; each waits for the arm and then drives, whatever the lane does."""
        while not self.stopping:
            self.next_car += 1
            number = self.next_car
            hearing = asyncio.create_task(self._heard(post, number))
            try:
                post.plc.set_sensor("l1", True)
                post.waiting_for = f"open for car {number}"
                await eventually(lambda: post.plc.barrier_position >= 1.0, 120, f"{post.lane}: open for {number}")
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)
            for name, on, wait_s in MOVES:
                post.plc.set_sensor(name, on)
                self.tell("edge")
                await asyncio.sleep(wait_s)
            post.crossed.append(number)
            post.waiting_for = f"closed behind car {number}"
            await eventually(lambda: post.plc.barrier_position <= 0.0, 120, f"{post.lane}: closed behind {number}")

    async def watch_commands(self) -> None:
        """Tell each barrier command that a PLC executes."""
        before = 0
        while True:
            count = sum(len(post.plc.plc.commands_executed) for post in self.posts)
            if count != before:
                before = count
                self.tell("command")
            await asyncio.sleep(0.002)

    async def _heard(self, post: Post, number: int) -> None:
        while True:
            post.reader.observe(epc(number), rssi_dbm=-55.0)
            self.tell("read")
            await asyncio.sleep(READ_EVERY_S)

    async def read_for_ever(self, consumer: Consumer) -> None:
        """Collect what the lanes publish."""
        while True:
            for record in await consumer.poll(0.2):
                value = record.value or b""
                if record.topic == Topic.PASSAGES:
                    self.passages.append(PassageV1.decode(value))
                elif record.topic == Topic.SEALS:
                    self.seals.append(SealV1.decode(value))
                else:
                    status = LaneStatusV1.decode(value)
                    self.waiting[status.lane] = status.outbox_waiting


@contextlib.asynccontextmanager
async def site(folder: Path, broker: MosquittoServer, lanes: int, cars: int) -> AsyncIterator[Site]:
    """The surroundings of `lanes` lanes; the tags of `cars` cars are on the list."""
    dsn = f"sqlite://{folder}/stream.sqlite3"
    stream = open_stream(dsn)
    await stream.ensure_topics({topic.value: topic in COMPACTED_TOPICS for topic in Topic})
    up = [Topic.PASSAGES.value, Topic.SEALS.value, Topic.LANE_STATUS.value]
    consumer = await stream.consumer(up, None)
    office = BackOffice(stream, await stream.producer("office"), consumer)
    await office.publish_tariff()
    await office.publish_list(tag(number) for number in range(1, cars + 1))
    async with contextlib.AsyncExitStack() as stack:
        posts = []
        for number in range(1, lanes + 1):
            plc = SimulatedPlc("CM", f"CM-{number:02d}", Broker(broker.host, broker.port), arm=Arm(150.0, 150.0))
            posts.append(Post(f"CM-{number:02d}", plc, await stack.enter_async_context(SimulatedReader())))
        made = Site(_configure(folder, dsn, broker, posts), folder / "lane", posts)
        work = [post.plc.run() for post in posts] + [made.read_for_ever(consumer), made.watch_commands()]
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await stream.close()


def _configure(folder: Path, dsn: str, broker: MosquittoServer, posts: list[Post]) -> Path:
    tables = "".join(
        f'[[lane]]\nid = "{post.lane}"\nreader = {{host = "127.0.0.1", port = {post.reader.port}}}\n' for post in posts
    )
    config = folder / "lanes.toml"
    config.write_text(
        f'plaza = "CM"\ndata_dir = "{folder}/lane"\nstream = "{dsn}"\n[mqtt]\nhost = "{broker.host}"\n'
        f"port = {broker.port}\n[journal]\nseal_every_s = 2\n{tables}"
    )
    return config
