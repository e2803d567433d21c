"""The lane's disk fills up while cars pass: no record, no open; it says so; and it goes on when there is room again.

The disk is a real file system of 16 MB (tmpfs), which needs root; the lane is a process of its own and is never started
again. The stream is on another disk, so that the lane can still tell its state.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from backoffice.ingest.notices import journal_alarm
from lane_controller.outbox.journal import JournalReader, journal_path
from lane_controller.outbox.verify import verify_journal
from tests.e2e.lane_shell.site import LaneProcess
from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import LANE, START_TO_L2_S, Rig, epc, rig
from tests.parts.mosquitto import MosquittoServer
from tests.parts.process import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SIZE = "16m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The lane's data folder, a file system of its own."""
    folder = tmp_path / "lane"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root")
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"no small file system here (CAP_SYS_ADMIN is missing?): {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take the last byte."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    assert os.statvfs(disk).f_bavail == 0
    return filler


def journal_state(r: Rig) -> tuple[str, str]:
    """What the lane says of its journal, and the alarm that the back office makes of it."""
    status = r.office.statuses[-1]
    state = next(device.state for device in status.devices if device.name == "journal")
    alarm = journal_alarm(status)
    return state, "" if alarm is None else f"{alarm.severity} {alarm.text_vi} {alarm.text_en}"


def metric(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
        lines = page.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(name)).rsplit(" ", 1)[1])


def closes(r: Rig) -> int:
    return [action for _, action in r.plc.plc.commands_executed].count("close")


async def hear(r: Rig, number: int, until: Callable[[], object], what: str) -> None:
    """The tag is heard until something is true."""

    async def reads() -> None:
        while True:
            r.reader.observe(epc(number), rssi_dbm=-55.0)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(reads())
    try:
        await eventually(until, what=what)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_full_disk_stops_opens_and_closes_on_nobody(
    tmp_path: Path, small_disk: Path, mosquitto_server: MosquittoServer
) -> None:
    port = free_port()
    async with rig(tmp_path, mosquitto_server, extra=f"metrics_port = {port}") as r:
        lane = LaneProcess(r.config, tmp_path / "lane.log")
        await lane.start()
        try:
            await r.ready()
            await one_car(r, 1)
            await r.passages(1)
            await under_the_arm(r, 2)
            filler = fill(small_disk)
            await leave_on_a_full_disk(r)
            filler.unlink()
            await r.closed()
            await r.passages(2)
            filler = fill(small_disk)
            await wait_on_a_full_disk(r, port)
            filler.unlink()
            await hear(r, 3, lambda: r.plc.barrier_position >= 1.0, "open for car 3")
            await r.cross()
            await r.closed()
            await r.passages(3)
            assert journal_state(r) == ("ok", "")
        finally:
            assert await lane.stop() == 0
        log = (tmp_path / "lane.log").read_text()
        assert "the disk takes no records" in log
        assert "Ổ đĩa không ghi được" in log
        assert "the disk takes records again" in log
        path = journal_path(r.settings.data_dir, LANE, 1)
        assert verify_journal(path).findings == ()
        reader = JournalReader(path)
        kept = [one.passage_id for one in reader.passages()]
        reader.close()
        assert [one.epc for one in r.office.passages] == [epc(number) for number in (1, 2, 3)]
        assert [one.passage_id for one in r.office.passages] == kept


async def one_car(r: Rig, number: int) -> None:
    await r.arrive(number)
    await r.opened()
    await r.cross()
    await r.closed()


async def under_the_arm(r: Rig, number: int) -> None:
    """The car is let through and stops on L2."""
    await r.arrive(number)
    await r.opened()
    r.sensors("lc1", True)
    await asyncio.sleep(START_TO_L2_S)
    for name, on in (("l1", False), ("lc1", False), ("l2", True), ("lc2", True)):
        r.sensors(name, on)
    await asyncio.sleep(0.5)


async def leave_on_a_full_disk(r: Rig) -> None:
    """It stands under the open arm for a while, then drives off; the arm never comes down on it."""
    before = closes(r)
    r.sensors("l3", True)
    # A quick machine has room left in the files that it holds: what is heard uses it up.
    await hear(r, 1, lambda: journal_state(r)[0] == "lost", "the lane saying that its disk is full")
    await asyncio.sleep(2.0)
    assert closes(r) == before
    assert r.plc.barrier_position >= 1.0
    for name in ("l2", "lc2", "l3"):
        r.sensors(name, False)
        await asyncio.sleep(0.2)


async def wait_on_a_full_disk(r: Rig, port: int) -> None:
    """A car with a good tag stands before the closed arm, longer than any command lives; the lane says why."""
    before, refused = r.opens(), metric(port, "lane_journal_write_refused_total")
    r.sensors("l1", True)
    await hear(r, 3, lambda: metric(port, "lane_journal_write_refused_total") >= refused + 8, "refused writes, counted")
    assert r.opens() == before
    state, alarm = journal_state(r)
    assert (state, alarm.split()[0]) == ("lost", "critical")
    assert "Ổ đĩa" in alarm
    assert "full" in alarm
    assert metric(port, f'lane_device_up{{device="journal",lane="{LANE}"}}') == 0
