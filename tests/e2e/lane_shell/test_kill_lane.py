"""The lane's process is killed (SIGKILL) while cars pass, and started again: no passage is lost, none is doubled.

The PLC keeps its edges while the lane is away and hands them in afterwards; journal and passage ids do the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lane_controller.outbox.journal import JournalReader, journal_path
from lane_controller.outbox.verify import verify_journal
from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import LANE, Rig, epc, rig
from tests.parts.mosquitto import MosquittoServer

pytestmark = pytest.mark.e2e

SEED = int(os.environ.get("ETC_KILL_SEED", "7"))
CARS = int(os.environ.get("ETC_KILL_CARS", "10"))
KILLS = 8


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
        assert self._process.returncode is None, self._log.read_text()
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


@contextlib.asynccontextmanager
async def heard(r: Rig, number: int) -> AsyncIterator[None]:
    """The antenna hears the car's tag for as long as it stands there."""

    async def hear() -> None:
        while True:
            r.reader.observe(epc(number), rssi_dbm=-55.0)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(hear())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def drive(r: Rig, cars: int) -> None:
    """Cars one after the other; each waits for the arm and then drives, whatever the lane does."""
    for number in range(1, cars + 1):
        async with heard(r, number):
            r.sensors("l1", True)
            await eventually(lambda: r.plc.barrier_position >= 1.0, within_s=90, what=f"open for car {number}")
        await r.cross()
        await eventually(lambda: r.plc.barrier_position <= 0.0, within_s=90, what=f"closed behind car {number}")


async def kill_at_random(r: Rig, lane: LaneProcess, chance: random.Random) -> None:
    """Each life of the lane ends a little after it has found the PLC."""
    for _ in range(KILLS):
        starts = r.plc.plc.pc_starts
        await asyncio.sleep(chance.uniform(0.2, 4.0))
        await lane.kill()
        await asyncio.sleep(chance.choice([0.0, 0.1, 1.0]))
        await lane.start()
        await eventually(lambda before=starts: r.plc.plc.pc_starts > before, what="the lane at its PLC again")


async def pass_and_kill(r: Rig, lane: LaneProcess) -> None:
    """All cars, with the lane dying under them."""
    killer = asyncio.create_task(kill_at_random(r, lane, random.Random(SEED)))
    try:
        await drive(r, CARS)
    finally:
        killer.cancel()
        await asyncio.gather(killer, return_exceptions=True)
    await lane.start_if_dead()
    await r.ready()
    await eventually(lambda: r.office.statuses[-1].outbox_waiting == 0, what="an empty outbox")


@pytest.mark.timeout(300)
async def test_kill_9_while_cars_pass(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server) as r:
        lane = LaneProcess(r.config, tmp_path / "lane.log")
        await lane.start()
        try:
            await r.ready()
            await pass_and_kill(r, lane)
        finally:
            status = await lane.stop()
        await asyncio.sleep(0.5)
        path = journal_path(r.settings.data_dir, LANE, 1)
        assert verify_journal(path).findings == ()
        reader = JournalReader(path)
        journalled = [json.loads(passage.message) for passage in reader.passages()]
        reader.close()
        story = [(one["seq"], one["outcome"], one.get("epc", "")[-2:], one["flags"]) for one in journalled]
        assert lane.kills >= 3
        assert status == 0
        assert [one.get("epc") for one in journalled] == [epc(number) for number in range(1, CARS + 1)], story
        assert {one["outcome"] for one in journalled} == {"charged"}, story
        assert [one["seq"] for one in journalled] == list(range(1, CARS + 1))
        assert len({one["passage_id"] for one in journalled}) == CARS, story
        published = {passage.seq: passage.passage_id for passage in r.office.passages}
        assert published == {one["seq"]: one["passage_id"] for one in journalled}
        by_id = {passage.passage_id: passage.encode() for passage in r.office.passages}
        assert all(by_id[passage.passage_id] == passage.encode() for passage in r.office.passages)
