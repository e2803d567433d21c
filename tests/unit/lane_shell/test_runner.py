"""The loop's promises: disk before deeds, no deed that is too late, steps of the wall clock told, timers that fire."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lane_controller.app import runner as runner_module
from lane_controller.app.health import LaneHealth, Metrics
from lane_controller.app.runner import LaneRunner, Outputs, Place
from lane_controller.contracts.values import TagStatus
from lane_controller.core import effects as fx
from lane_controller.core.config import LaneConfig
from lane_controller.core.events import (
    BarrierReported,
    Booted,
    ClockStepped,
    ListHeartbeat,
    OperatorLoggedIn,
    PlcOnline,
    ReaderConnected,
    SensorChanged,
    SensorLevels,
    TagSeen,
)
from lane_controller.core.instant import Now
from lane_controller.core.records import Durable
from lane_controller.core.values import BarrierAction, BarrierState, Sensor, TagEntry, Tariff
from lane_controller.outbox import writer as writer_module
from lane_controller.outbox.journal import Batch, Journal, JournalReader
from lane_controller.outbox.writer import JournalWriter
from tests.integration.lane_shell.eventually import eventually

TAG = TagEntry("AA", None, "acc", "VETC", "20A12345", 1, TagStatus.ACTIVE, 10**6, None, 1)
TARIFF = Tariff(1, 0, ((1, 35_000), (2, 50_000), (3, 75_000), (4, 120_000), (5, 180_000)))

CONFIG = LaneConfig(curtains=frozenset(), open_timeout_ms=60_000)


@dataclass
class StepClock:
    """The loop's own monotonic clock, and a wall clock that tests set."""

    wall_us: int = 1_781_500_000_000_000

    def now(self) -> Now:
        mono_us = round(asyncio.get_running_loop().time() * 1e6)
        return Now(mono_us, self.wall_us + mono_us)


@dataclass
class Device:
    """Takes every effect; notes what the journal held on disk at that moment."""

    path: Path
    done: list[tuple[str, int]] = field(default_factory=list)

    def _note(self, what: str) -> None:
        reader = JournalReader(self.path)
        self.done.append((what, len(list(reader.records()))))
        reader.close()

    def command_barrier(self, command: fx.CommandBarrier) -> None:
        self._note(command.action.value)

    def set_signal(self, signal: fx.SetSignal) -> None:
        self._note(signal.aspect.value)

    def show_display(self, display: fx.ShowDisplay) -> None:
        self._note(display.code.value)

    def read_levels(self) -> None:
        self._note("read levels")

    def ask(self, request: fx.AskPlate) -> None:
        self._note("ask plate")

    def share(self, heard: fx.ShareHeard) -> None:
        self._note("share")

    def state(self) -> str:
        return "ok"

    async def run(self) -> None:
        await asyncio.Event().wait()


class SlowJournal(Journal):
    """A journal on a disk that refuses writes for a while."""

    refusals = 0

    def commit(self, batch: Batch) -> list[int]:
        if batch.entries and self.refusals > 0:
            self.refusals -= 1
            raise sqlite3.OperationalError("database or disk is full")
        return super().commit(batch)


@dataclass
class Bench:
    """One runner with a car that can come."""

    runner: LaneRunner
    device: Device
    journal: SlowJournal
    clock: StepClock
    health: LaneHealth

    def offer(self, *events: Any) -> None:
        for event in events:
            self.runner.offer(event)

    def car(self) -> None:
        now_us = self.clock.now().mono_us
        read = TagSeen("AA", None, 1, -55, None, "r", TAG)
        self.offer(SensorChanged(Sensor.L1, True, False, now_us - 1_000_000), read, read, read, read)

    def opened(self) -> list[int]:
        """How many records were on disk at each open."""
        return [records for what, records in self.device.done if what == BarrierAction.OPEN.value]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    path = tmp_path / "j.sqlite3"
    journal = SlowJournal(path, "CM", "CM-01", 1)
    clock, health = StepClock(), LaneHealth("CM-01", Metrics())
    runner = LaneRunner(Place("CM", "CM-01", 1), CONFIG, clock, health)
    device, writer = Device(path), JournalWriter(journal, health.write_refused)
    outputs = Outputs(device, device, device, writer, lambda: None)
    task = asyncio.create_task(runner.run(Booted("b", False, Durable(), (TARIFF,)), outputs))
    made = Bench(runner, device, journal, clock, health)
    made.offer(
        ListHeartbeat(1, 0), ReaderConnected("r", None), PlcOnline(), SensorLevels(False, False, False, None, None)
    )
    made.offer(BarrierReported(BarrierState.CLOSED, False, True))
    try:
        yield made
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await writer.close()


async def test_the_authorisation_is_on_disk_before_the_open(bench: Bench) -> None:
    bench.car()
    (records,) = await eventually(bench.opened, 5.0, what="an open")
    assert records >= 1


async def test_the_open_goes_out_before_all_else_of_its_step(bench: Bench) -> None:
    """The core puts what the neighbours hear before it; the broker and the arm need the time more."""
    bench.car()
    await eventually(lambda: "FARE" in [what for what, _ in bench.device.done], 5.0, what="the rest of the step")
    step = [what for what, _ in bench.device.done][-3:]
    assert step == ["open", "share", "FARE"]


async def test_nothing_is_stepped_between_an_open_and_the_rest_of_its_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "BREATH_S", 0.5)
    bench.car()
    await eventually(bench.opened, 5.0, what="an open")
    bench.offer(OperatorLoggedIn("Lan"))
    await asyncio.sleep(0.1)
    assert bench.runner.lane.desk.operator is None
    await eventually(lambda: bench.runner.lane.desk.operator == "Lan", what="the next step")
    assert "FARE" in [what for what, _ in bench.device.done]


async def test_a_full_disk_holds_the_open_back_until_it_has_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "RETRY_S", 0.05)
    bench.journal.refusals = 3
    bench.car()
    (records,) = await eventually(bench.opened, 5.0, what="an open")
    assert records >= 1
    assert bench.journal.refusals == 0
    assert bench.health.rejected["journal: OperationalError"] == 3


async def test_a_disk_that_is_held_up_for_too_long_means_no_late_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY_S", 2.5)
    bench.journal.refusals = 1
    bench.car()
    await eventually(lambda: bench.health.rejected["journal: command too late"], what="the refusal")
    assert bench.opened() == []


async def test_a_step_of_the_wall_clock_is_told_once(bench: Bench) -> None:
    inputs: list[Any] = []
    monitored = bench.runner._take

    def watched(arrival: Any, out: Outputs) -> None:
        inputs.append(arrival.event)
        monitored(arrival, out)

    bench.runner._take = watched  # type: ignore[method-assign]
    bench.clock.wall_us -= 90_000_000
    bench.offer(ListHeartbeat(1, 0), ListHeartbeat(1, 0))
    await eventually(lambda: inputs.count(ListHeartbeat(1, 0)) >= 2)
    (stepped,) = [event for event in inputs if isinstance(event, ClockStepped)]
    assert stepped.step_us == pytest.approx(-90_000_000, abs=100_000)


@pytest.mark.parametrize("step_us", [-7_200_000_000, 7_200_000_000])
async def test_a_car_passes_while_the_wall_clock_is_set(bench: Bench, step_us: int) -> None:
    """I10: two hours between L1 and the decision, and back before the car drives: no timer moves, no open is late."""
    now_us = bench.clock.now().mono_us
    bench.offer(SensorChanged(Sensor.L1, True, False, now_us - 100_000))
    bench.clock.wall_us += step_us
    bench.offer(*[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4)
    await eventually(bench.opened, 5.0, what="an open")
    bench.clock.wall_us -= step_us
    bench.offer(BarrierReported(BarrierState.OPEN, True, False))
    for sensor, on in (
        (Sensor.L2, True),
        (Sensor.L1, False),
        (Sensor.L3, True),
        (Sensor.L2, False),
        (Sensor.L3, False),
    ):
        bench.offer(SensorChanged(sensor, on, False, bench.clock.now().mono_us))
        await asyncio.sleep(0.2)
    await eventually(lambda: bench.runner.lane.counts.seq == 1, 5.0, what="the passage")
    await eventually(lambda: "close" in [what for what, _ in bench.device.done], 5.0, what="the close")
    assert len(bench.opened()) == 1
    assert bench.runner.lane.counts.last_commits
    assert bench.health.rejected == {}


async def test_a_car_without_a_tag_is_held_by_timers_alone(bench: Bench) -> None:
    bench.offer(SensorChanged(Sensor.L1, True, False, bench.clock.now().mono_us))
    await eventually(lambda: "NO_TAG" in [what for what, _ in bench.device.done], what="NO_TAG on the display")
    assert bench.opened() == []
