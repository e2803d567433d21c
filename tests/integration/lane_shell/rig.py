"""One lane with everything around it: real mosquitto, SQLite stream, simulated PLC and reader, and cars.

In: a folder and a broker. Out: a configuration file, a running lane (in this process or as a process of its own), and
cars that drive as the arm lets them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lane_controller.app.settings import Settings, load
from lane_controller.app.wiring import run_lanes
from lane_controller.contracts.v1 import (
    HEARTBEAT_KEY,
    LaneCommandV1,
    LaneStatusV1,
    PassageV1,
    SealV1,
    TagEntryV1,
    TagListChangeV1,
    TagListHeartbeatV1,
    TariffV1,
    checksum_text,
    entry_digest,
)
from lane_controller.contracts.values import COMPACTED_TOPICS, TagStatus, Topic
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Consumer, Producer, Stream
from simulators.field_io import Arm, Broker, SimulatedPlc
from simulators.llrp_reader.reader import SimulatedReader
from tests.integration.lane_shell.eventually import eventually
from tests.parts.mosquitto import MosquittoServer

LANE = "CM-01"
FARES_VND = {1: 35_000, 2: 50_000, 3: 75_000, 4: 120_000, 5: 180_000}
PAST = datetime(2026, 1, 1, tzinfo=UTC)
START_TO_L2_S = 1.3
"""From a stand to L2, 6 m behind L1: in less nobody can come."""


def epc(number: int) -> str:
    return f"{0x3034257BF7194E4000000000 + number:024X}"


def tag(number: int, available_vnd: int = 1_000_000, status: TagStatus = TagStatus.ACTIVE) -> TagEntryV1:
    return TagEntryV1(
        epc=epc(number), account=f"acc-{number}", provider="VETC", plate=f"20A{number:05d}", vehicle_class=1,
        status=status, available_vnd=available_vnd,
    )  # fmt: skip


class BackOffice:
    """What the back office does on the stream: list, tariff and commands down; passages, seals and status up."""

    def __init__(self, stream: Stream, producer: Producer, consumer: Consumer) -> None:
        self._stream, self._producer, self._consumer = stream, producer, consumer
        self._entries: dict[str, TagEntryV1] = {}
        self._version = 0
        self.passages: list[PassageV1] = []
        self.seals: list[SealV1] = []
        self.statuses: list[LaneStatusV1] = []

    async def publish_list(self, tags: Iterable[TagEntryV1]) -> None:
        """New or changed tags, then a heartbeat."""
        records: list[tuple[str, bytes | None]] = []
        for entry in tags:
            self._version += 1
            self._entries[entry.epc] = entry
            change = TagListChangeV1(
                version=self._version, epc=entry.epc, entry=entry, changed_at_utc=datetime.now(UTC)
            )
            records.append((entry.epc, change.encode()))
        await self._producer.append(Topic.TAG_LIST, [*records, (HEARTBEAT_KEY, self._heartbeat())])

    async def publish_tariff(self) -> None:
        tariff = TariffV1(
            plaza="CM", version=1, valid_from_utc=PAST, fares_vnd=FARES_VND, name="demo", demonstration=True
        )
        await self._producer.append(Topic.TARIFF, [("CM/1", tariff.encode())])

    async def command(self, **fields: Any) -> None:
        command = LaneCommandV1(plaza="CM", lane=LANE, **{"issued_at_utc": datetime.now(UTC), **fields})
        await self._producer.append(Topic.LANE_COMMANDS, [(LANE, command.encode())])

    async def read_for_ever(self) -> None:
        """Collect what the lane publishes."""
        while True:
            for record in await self._consumer.poll(0.2):
                value = record.value or b""
                if record.topic == Topic.PASSAGES:
                    self.passages.append(PassageV1.decode(value))
                elif record.topic == Topic.SEALS:
                    self.seals.append(SealV1.decode(value))
                else:
                    self.statuses.append(LaneStatusV1.decode(value))

    def answer(self, command_id: str) -> str | None:
        """The result that the lane gave."""
        found = [answer for status in self.statuses for answer in status.answers if answer.command_id == command_id]
        return found[-1].result if found else None

    def flags(self) -> list[str]:
        """Everything raised so far."""
        return [flag for status in self.statuses for flag in status.flags]

    def _heartbeat(self) -> bytes:
        xor = 0
        for entry in self._entries.values():
            xor ^= entry_digest(entry)
        return TagListHeartbeatV1(
            version=self._version, entries=len(self._entries), checksum=checksum_text(xor),
            sent_at_utc=datetime.now(UTC),
        ).encode()  # fmt: skip


@dataclass
class Rig:
    """The lane's surroundings; `lane()` runs the lane itself."""

    folder: Path
    plc: SimulatedPlc
    reader: SimulatedReader
    office: BackOffice
    config: Path
    crossed: int = 0
    running: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return load(self.config)

    @contextlib.asynccontextmanager
    async def lane(self) -> AsyncIterator[None]:
        """The lane in this process, ready for the first car."""
        settings = self.settings
        task = asyncio.create_task(run_lanes(settings, settings.chosen([])))
        try:
            await self.ready(task)
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def ready(self, task: asyncio.Task[None] | None = None) -> None:
        """The lane serves: PLC, reader, list and tariff are there."""
        seen = len(self.office.statuses)

        def serving() -> bool:
            if task is not None and task.done():
                task.result()
            newer = self.office.statuses[seen:]
            return bool(newer) and _serves(newer[-1])

        await eventually(serving, what="the lane in AUTO with everything connected")

    async def read_tag(self, number: int, reads: int = 5) -> None:
        """The antenna hears a tag a few times."""
        for _ in range(reads):
            self.reader.observe(epc(number), rssi_dbm=-55.0)
            await asyncio.sleep(0.02)

    async def arrive(self, number: int | None) -> None:
        """A car stops on L1; its tag is heard."""
        self.sensors("l1", True)
        if number is not None:
            await self.read_tag(number)

    async def cross(self, next_number: int | None = None) -> None:
        """The car drives on through the arm; the next one may follow on L1."""
        self.sensors("lc1", True)
        await asyncio.sleep(START_TO_L2_S)
        self.sensors("l1", False)
        self.sensors("lc1", False)
        self.sensors("l2", True)
        self.sensors("lc2", True)
        await asyncio.sleep(0.3)
        if next_number is not None:
            await self.arrive(next_number)
        self.sensors("l3", True)
        await asyncio.sleep(0.3)
        self.sensors("l2", False)
        self.sensors("lc2", False)
        await asyncio.sleep(0.3)
        self.sensors("l3", False)
        self.crossed += 1

    async def back_out(self) -> None:
        """The car on L1 gives up and leaves upstream: the curtain is clear well before the loop."""
        self.sensors("lc1", True)
        await asyncio.sleep(0.1)
        self.sensors("lc1", False)
        await asyncio.sleep(0.5)
        self.sensors("l1", False)

    async def opened(self) -> None:
        """The arm is up."""
        await eventually(lambda: self.plc.barrier_position >= 1.0, what="the arm open")

    async def closed(self) -> None:
        """The arm is down."""
        await eventually(lambda: self.plc.barrier_position <= 0.0, what="the arm closed")

    async def passages(self, count: int) -> list[PassageV1]:
        """All passages on the stream, once there are `count`."""
        await eventually(lambda: len(self.office.passages) >= count, what=f"{count} passages on the stream")
        return self.office.passages

    def sensors(self, name: str, on: bool) -> None:
        self.plc.set_sensor(name, on)

    def opens(self) -> list[str]:
        """Ids of the open commands that the PLC executed."""
        return [cmd_id for cmd_id, action in self.plc.plc.commands_executed if action == "open"]


@contextlib.asynccontextmanager
async def rig(folder: Path, broker: MosquittoServer, lane_extra: str = "", extra: str = "") -> AsyncIterator[Rig]:
    """Everything but the lane. `lane_extra` goes into the lane's table, `extra` before the tables."""
    dsn = f"sqlite://{folder}/stream.sqlite3"
    stream = open_stream(dsn)
    await stream.ensure_topics({topic.value: topic in COMPACTED_TOPICS for topic in Topic})
    up = [Topic.PASSAGES.value, Topic.SEALS.value, Topic.LANE_STATUS.value]
    office = BackOffice(stream, await stream.producer("office"), await stream.consumer(up, None))
    plc = SimulatedPlc("CM", LANE, Broker(broker.host, broker.port), arm=Arm(200.0, 300.0))
    async with SimulatedReader() as reader:
        config = folder / "lanes.toml"
        config.write_text(
            f'plaza = "CM"\ndata_dir = "{folder}/lane"\nstream = "{dsn}"\n{extra}\n'
            f'[mqtt]\nhost = "{broker.host}"\nport = {broker.port}\n'
            f'[[lane]]\nid = "{LANE}"\nreader = {{host = "127.0.0.1", port = {reader.port}}}\n{lane_extra}\n'
        )
        made = Rig(folder, plc, reader, office, config)
        tasks = [asyncio.create_task(plc.run()), asyncio.create_task(office.read_for_ever())]
        try:
            await office.publish_tariff()
            await office.publish_list(tag(number) for number in range(1, 40))
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await stream.close()


def _serves(status: LaneStatusV1) -> bool:
    states = {device.name: device.state for device in status.devices}
    connected = states.get("plc") == "ok" and states.get("reader") == "ok" and states.get("stream") == "ok"
    return connected and status.state == "AUTO" and status.list_version > 0 and status.tariff_version > 0
