"""A whole plaza of our programs around real parts: mosquitto, Apache Kafka and the embedded ClickHouse server.

In: a folder and running brokers. Out: back office, database and lane controllers as processes of their own, simulated
PLCs and readers on their real wires, and cars that drive as arm and lamp let them. Nothing in here is in the way of a
message: what a test finds at the other end went through every part.
"""

from __future__ import annotations

import asyncio
import csv
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from simulators.field_io import Arm, Broker, SimulatedPlc
from simulators.llrp_reader.reader import SimulatedReader
from tests.parts.kafka import KafkaBroker
from tests.parts.mosquitto import MosquittoServer
from tests.parts.process import PartProcess, free_port

ROOT = Path(__file__).resolve().parents[3]
PLAZA = "CM"
FARES_VND = {1: 35_000, 2: 50_000, 3: 75_000, 4: 120_000, 5: 180_000}
OPENING_VND = 50_000_000
DATABASE_PASSWORD = "một mật khẩu"
PATIENCE_S = 90.0
"""How long a test waits for what must happen; the machine may be busy with other tests."""


@dataclass(frozen=True, slots=True)
class Car:
    """A registered vehicle of its own account."""

    number: int

    @property
    def epc(self) -> str:
        return f"{0x3034257BF7194E4000000000 + self.number:024X}"

    @property
    def account(self) -> str:
        return f"TK{self.number:06d}"

    @property
    def plate(self) -> str:
        return f"20A{self.number:05d}"

    @property
    def vehicle_class(self) -> int:
        return self.number % 5 + 1

    @property
    def provider(self) -> str:
        return ("VETC", "VDTC")[self.number % 2]

    @property
    def fare_vnd(self) -> int:
        return FARES_VND[self.vehicle_class]


@dataclass
class LaneRoad:
    """One lane's devices and the cars that went through."""

    name: str
    plc: SimulatedPlc
    reader: SimulatedReader
    crossed: list[Car] = field(default_factory=list)

    async def drive(self, car: Car) -> None:
        """The car comes, its tag is heard, the arm opens on green, it crosses and is gone."""
        self.plc.set_sensor("l1", True)
        async with asyncio.timeout(PATIENCE_S):
            while self.plc.barrier_position < 1.0 or self.plc.signal != "green":
                self.reader.observe(car.epc, rssi_dbm=-55.0)  # a parked tag is heard again and again
                await asyncio.sleep(0.05)
        await self._over(("lc1", True), 1.3)  # from a stand nobody is at L2 sooner
        await self._over(("l1", False), ("lc1", False), ("l2", True), ("lc2", True), 0.3)
        await self._over(("l3", True), 0.3)
        self.crossed.append(car)  # over L2 and L3: from here on it must be charged
        await self._over(("l2", False), ("lc2", False), 0.3)
        await self._over(("l3", False), 0.1)
        async with asyncio.timeout(PATIENCE_S):
            while self.plc.barrier_position > 0.0:  # noqa: ASYNC110 - the arm has no event
                await asyncio.sleep(0.05)

    async def _over(self, *steps: tuple[str, bool] | float) -> None:
        for step in steps:
            if isinstance(step, tuple):
                self.plc.set_sensor(*step)
            else:
                await asyncio.sleep(step)


class JoinedPlaza:
    """`async with JoinedPlaza(...) as plaza:` everything runs and every lane serves."""

    def __init__(
        self, folder: Path, mqtt: MosquittoServer, kafka: KafkaBroker, prefix: str, lanes: Sequence[str], cars: int
    ) -> None:
        self.folder = folder
        self.kafka = kafka
        self.prefix = prefix
        self.lane_names = tuple(lanes)
        self.cars = [Car(number) for number in range(1, cars + 1)]
        self.roads: dict[str, LaneRoad] = {}
        self.database_port, self.page_port = free_port(), free_port()
        self._mqtt = mqtt
        self._stack = AsyncExitStack()
        self._password_file = folder / "database-password"
        database = ["database", "--data", str(folder / "clickhouse"), "--listen", f"127.0.0.1:{self.database_port}"]
        database += ["--user", "etc", "--password-file", str(self._password_file)]
        self.database = _OurProcess("backoffice", database, folder / "database.log")
        serve = ["serve", "--config", str(self.backoffice_toml)]
        self.backoffice = _OurProcess("backoffice", serve, folder / "backoffice.log")
        run = ["run", "--config", str(self.lanes_toml)]
        self.lanes = _OurProcess("lane_controller", run, folder / "lanes.log")

    @property
    def database_dsn(self) -> str:
        """Where everything is stored."""
        return f"clickhouse://etc:{quote(DATABASE_PASSWORD)}@127.0.0.1:{self.database_port}/etc"

    @property
    def backoffice_toml(self) -> Path:
        """Settings of the back office."""
        return self.folder / "backoffice.toml"

    @property
    def lanes_toml(self) -> Path:
        """Settings of the lane controllers."""
        return self.folder / "lanes.toml"

    @property
    def page(self) -> str:
        """Address of the back office."""
        return f"http://127.0.0.1:{self.page_port}"

    async def start(self) -> None:
        """Everything, in the order in which an installer would do it."""
        self._password_file.write_text(DATABASE_PASSWORD + "\n", encoding="utf-8")
        self._write_accounts()
        self._write_backoffice_toml()
        await self.start_database()
        config = ["--config", str(self.backoffice_toml)]
        await self.command("backoffice", "tariff", "publish", str(ROOT / "deploy/demo/tariff.toml"), *config)
        await self.command("backoffice", "accounts", "import", str(self.folder / "accounts.csv"), *config)
        await self.start_backoffice()
        await self._start_devices()
        self._write_lanes_toml()
        await self.start_lanes()
        await self.lanes_serve()

    async def start_database(self) -> None:
        """The embedded ClickHouse server."""
        await self.database.start_when_log_says("ready:")

    async def start_backoffice(self) -> None:
        """Ingest, lists and pages."""
        await self.backoffice.start_when_log_says("ready:")

    async def start_lanes(self) -> None:
        """All lanes in one process."""
        await self.lanes.start_when_log_says("")

    async def lanes_serve(self) -> None:
        """Wait until the back office hears of every lane that it is in AUTO with list, tariff and devices."""
        await eventually(self._all_lanes_serve, "every lane in AUTO with everything connected", self.logs)

    async def snapshot(self) -> dict[str, Any]:
        """What the live page shows."""
        async with httpx.AsyncClient(timeout=10.0) as client:
            found: dict[str, Any] = (await client.get(f"{self.page}/live/snapshot")).raise_for_status().json()
            return found

    async def command(self, package: str, *arguments: str, status: int = 0) -> str:
        """Run one of our commands to its end, while the simulated devices go on; its standard output."""
        line = [sys.executable, "-c", _main_of(package), *arguments]
        done = await asyncio.to_thread(subprocess.run, line, capture_output=True, text=True, check=False)
        assert done.returncode == status, f"{package} {' '.join(arguments)}: {done.stdout}{done.stderr}\n{self.logs()}"
        return done.stdout

    async def passages_in_journal(self, lane: str) -> list[dict[str, Any]]:
        """What the lane itself has recorded, oldest first."""
        printed = await self.command(
            "lane_controller", "passages", "--config", str(self.lanes_toml), "--lane", lane, "--json"
        )
        return [json.loads(line) for line in printed.splitlines()]

    def logs(self) -> str:
        """The ends of all logs, for a test that failed."""
        ours = (self.database, self.backoffice, self.lanes)
        return "\n".join(f"--- {one.log.name}\n{one.tail()}" for one in ours if one.log.exists())

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            await self.start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (self.lanes, self.backoffice, self.database):
            await asyncio.to_thread(process.stop)
        await self._stack.aclose()

    async def _all_lanes_serve(self) -> bool:
        try:
            lanes = {lane["lane"]: lane for lane in (await self.snapshot())["lanes"]}
        except httpx.HTTPError:
            return False
        return all(name in lanes and _serves(lanes[name]) for name in self.lane_names)

    async def _start_devices(self) -> None:
        for name in self.lane_names:
            reader = await self._stack.enter_async_context(SimulatedReader())
            plc = SimulatedPlc(PLAZA, name, Broker(self._mqtt.host, self._mqtt.port), arm=Arm(200.0, 300.0))
            task = asyncio.create_task(plc.run())
            self._stack.push_async_callback(_cancelled, task)
            self.roads[name] = LaneRoad(name, plc, reader)

    def _write_accounts(self) -> None:
        with (self.folder / "accounts.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["epc", "account", "provider", "plate", "class", "available_vnd"])
            for car in self.cars:
                rows.writerow([car.epc, car.account, car.provider, car.plate, car.vehicle_class, OPENING_VND])

    def _write_backoffice_toml(self) -> None:
        self.backoffice_toml.write_text(
            f'plaza = "{PLAZA}"\n'
            f'database = "{self.database_dsn}"\n'
            f'stream = "{self.kafka.dsn(self.prefix)}"\n'
            f'data_dir = "{self.folder}/backoffice"\n'
            f'[http]\nlisten = "127.0.0.1:{self.page_port}"\n',
            encoding="utf-8",
        )

    def _write_lanes_toml(self) -> None:
        lanes = "".join(
            f'[[lane]]\nid = "{road.name}"\nreader = {{host = "127.0.0.1", port = {road.reader.port}}}\n'
            for road in self.roads.values()
        )
        self.lanes_toml.write_text(
            f'plaza = "{PLAZA}"\ndata_dir = "{self.folder}/lanes"\nstream = "{self.kafka.dsn(self.prefix)}"\n'
            f'backoffice = "{self.page}"\n'
            f'[mqtt]\nhost = "{self._mqtt.host}"\nport = {self._mqtt.port}\n[journal]\nseal_every_s = 5\n{lanes}',
            encoding="utf-8",
        )


class _OurProcess(PartProcess):
    """One of our programs; started with waiting that leaves the event loop free for the simulated devices."""

    def __init__(self, package: str, arguments: Sequence[str], log: Path) -> None:
        super().__init__(package, [sys.executable, "-c", _main_of(package), *arguments], log)

    async def start_when_log_says(self, word: str) -> None:
        before = self._said(word)
        await asyncio.to_thread(self.start, lambda: not word or self._said(word) > before)

    def _said(self, word: str) -> int:
        return self.log.read_text(errors="replace").count(word) if word and self.log.exists() else 0


async def eventually(
    condition: Callable[[], Awaitable[bool]], what: str, logs: Callable[[], str], within_s: float = PATIENCE_S
) -> None:
    """Wait for a condition; the failure names it and shows the logs."""
    until = asyncio.get_running_loop().time() + within_s
    while not await condition():
        if asyncio.get_running_loop().time() > until:
            raise AssertionError(f"not within {within_s} s: {what}\n{logs()}")
        await asyncio.sleep(0.2)


def _main_of(package: str) -> str:
    return f"from {package}.app.main import main; main()"


def _serves(lane: dict[str, Any]) -> Any:
    status = lane["status"]
    return not lane["stale"] and status["state"] == "AUTO" and status["list_version"] and status["tariff_version"]


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
