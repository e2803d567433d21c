"""`simulators plaza` as a user starts it: page, charged passages, a program that dies, the end, a second run."""

from __future__ import annotations

import csv
import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from simulators.plaza.layout import free_ports, page_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

T = TypeVar("T")
PLAZA = "import sys; sys.argv[0] = 'simulators'; from simulators.app.main import main; main()"
PAGE_WITHIN_S = 60.0
"""A user waits no longer for the page (acceptance of `make run`)."""

PASSAGES_WITHIN_S = 150.0


class RunningPlaza:
    """One started `simulators plaza`."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.data = data
        self.output = data.parent / f"{data.name}.out"
        command = [sys.executable, "-c", PLAZA, "plaza", "--data", str(data), "--lanes", "2", "--speed", "12"]
        with self.output.open("ab") as output:
            self.begun = output.tell()
            self.process = subprocess.Popen([*command, *arguments], stdout=output, stderr=subprocess.STDOUT)

    def said(self) -> str:
        """Everything that this run printed so far."""
        return self.output.read_bytes()[self.begun :].decode()

    def until(self, what: Callable[[], T | None], within_s: float) -> T:
        """What `what` gives once it gives something; the run's output if that takes too long."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            found = what()
            if found is not None:
                return found
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.said()}"
            time.sleep(0.25)
        raise AssertionError(f"nothing within {within_s} s; it said:\n{self.said()}")

    def page(self) -> str:
        """Address of the page, once it has been printed and answers."""

        def answering() -> str | None:
            address = next((word for word in self.said().split() if word.startswith("http://")), None)
            if "live page:" not in self.said() or address is None:
                return None
            return address if httpx.get(f"{address}/", timeout=5).is_success else None

        return self.until(answering, PAGE_WITHIN_S)

    def passages(self, address: str, at_least: int, after: int = 0) -> list[dict[str, Any]]:
        """All passages, once there are enough charged ones."""

        def enough() -> list[dict[str, Any]] | None:
            found = httpx.get(f"{address}/live/passages", params={"limit": 200}, timeout=10).raise_for_status().json()
            charged = [one for one in found if one["outcome"] == "charged"]
            return found if len(charged) >= at_least and len(found) > after else None

        return self.until(enough, PASSAGES_WITHIN_S)

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(90)


def processes_of(data: Path) -> list[str]:
    """Command lines of running processes that name the directory."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"{data}/" in words or f"--data {data}" in words:
            found.append(f"{folder.name} {words}")
    return found


def nothing_locked(data: Path) -> None:
    """Every lock and database of the directory can be taken."""
    with (data / "plaza.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for file in [*data.glob("stream.sqlite3"), *data.rglob("*.sqlite3")]:
        with sqlite3.connect(file, timeout=1) as database:
            database.execute("BEGIN IMMEDIATE")
            database.rollback()
        database.close()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[RunningPlaza]]:
    """Plazas of a test; whatever it left running is killed."""
    plazas: list[RunningPlaza] = []
    yield plazas
    for plaza in plazas:
        if plaza.process.poll() is None:
            plaza.process.kill()
            plaza.process.wait()


def test_a_plaza_starts_charges_survives_a_death_stops_cleanly_and_goes_on(
    tmp_path: Path, started: list[RunningPlaza]
) -> None:
    data = tmp_path / "data"
    plaza = RunningPlaza(data, "--port", str(page_port(18_080)))
    started.append(plaza)
    address = plaza.page()
    passages = plaza.passages(address, at_least=3)
    charges_stand_in_the_ledger(address, data, passages)

    lanes = next(line for line in processes_of(data) if "lane-controller" in line)
    os.kill(int(lanes.split()[0]), signal.SIGKILL)
    plaza.until(lambda: "lanes đã dừng / ended (status -9)" in plaza.said() or None, 30)
    before = len(plaza.passages(address, at_least=1))
    more = plaza.passages(address, at_least=1, after=before)
    numbers_have_no_hole(more)

    assert plaza.interrupt() == 0, plaza.said()
    assert processes_of(data) == []
    nothing_locked(data)

    again = RunningPlaza(data, "--port", str(page_port(18_080)))
    started.append(again)
    address = again.page()
    grown = again.passages(address, at_least=1, after=len(more))
    assert {one["passage_id"] for one in more} <= {one["passage_id"] for one in grown}
    numbers_have_no_hole(grown)
    assert again.interrupt() == 0, again.said()


def charges_stand_in_the_ledger(address: str, data: Path, passages: list[dict[str, Any]]) -> None:
    """An account that was charged has its opening balance less its charges."""
    with (data / "accounts.csv").open(encoding="utf-8") as file:
        opening = {row["account"]: int(row["available_vnd"]) for row in csv.DictReader(file)}
    charged = [one for one in passages if one["outcome"] == "charged"]
    for account in {one["account"] for one in charged}:
        found = httpx.get(f"{address}/live/accounts", params={"text": account}, timeout=10).raise_for_status().json()
        paid = sum(one["fare_vnd"] for one in charged if one["account"] == account)
        assert paid > 0
        assert [one["balance_vnd"] for one in found if one["account"] == account] == [opening[account] - paid]


def numbers_have_no_hole(passages: list[dict[str, Any]]) -> None:
    """Per lane the sequence runs from 1 without a gap or a repetition."""
    for lane in {one["lane"] for one in passages}:
        numbers = sorted(one["seq"] for one in passages if one["lane"] == lane)
        assert numbers == list(range(1, len(numbers) + 1)), lane


def test_a_plaza_that_is_killed_hard_leaves_no_process(tmp_path: Path, started: list[RunningPlaza]) -> None:
    data = tmp_path / "data"
    plaza = RunningPlaza(data, "--port", str(free_ports(1)[0]))
    started.append(plaza)
    plaza.page()
    assert len(processes_of(data)) >= 5
    plaza.process.kill()
    plaza.process.wait()
    end = time.monotonic() + 60
    while processes_of(data):
        assert time.monotonic() < end, processes_of(data)
        time.sleep(0.25)
    nothing_locked(data)


def test_two_plazas_cannot_share_a_directory(tmp_path: Path, started: list[RunningPlaza]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with (data / "plaza.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = RunningPlaza(data)
        started.append(second)
        assert second.process.wait(60) == 1
    assert "another plaza runs" in second.said()
