"""The only loop of a lane: take an event, step the core, make its records durable, perform the other effects, next.

In: events of devices, lists, operators and timers, stamped when they arrive. Out: records to the journal, commands to
the devices. No effect of a step is performed before all records of that step are on disk. The loop itself knows no rule
of the lane and no concrete device. It is made of calls, not of a task that waits: each turn of the event loop between
the last evidence and the open command is time that a driver brakes in (docs/adr/0015).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias, assert_never

from lane_controller.app.health import LaneHealth
from lane_controller.core import effects as fx
from lane_controller.core.config import LaneConfig
from lane_controller.core.events import (
    Booted,
    ClockStepped,
    Event,
    NeighbourHeard,
    SensorChanged,
    SensorLevels,
    TagSeen,
    TimerFired,
)
from lane_controller.core.instant import Now
from lane_controller.core.lane import start, step
from lane_controller.core.plain import to_plain
from lane_controller.core.state import Lane
from lane_controller.core.values import BarrierAction
from lane_controller.devices.ports import Clock, FieldIo, Neighbours, PlateReader, PlcPosition
from lane_controller.outbox.encode import entry_of, utc_of
from lane_controller.outbox.journal import Input
from lane_controller.outbox.marks import EVERY_US, Mark, mark_input
from lane_controller.outbox.writer import JournalWriter

OPENS: Final = frozenset({BarrierAction.OPEN, BarrierAction.LATCH_OPEN})
BREATH_S: Final = 0.001
"""After an open command the processor is the broker's for so long: signal, display and status can wait for it."""
FLAGS_KEPT: Final = 50
CLOCK_STEP_US: Final = 500_000
"""Wall time that moves this much against the monotonic clock between two events was set, not slewed."""
_UNTOLD: Final = (TimerFired, TagSeen, NeighbourHeard)
"""Events that alone change nothing of the status worth telling before its second is over."""
_JSON: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
Answer: TypeAlias = "asyncio.Future[tuple[fx.Effect, ...]]"


class SystemClock:
    """The machine's clocks; the port `Clock`."""

    def now(self) -> Now:
        """Both, read together."""
        return Now(time.monotonic_ns() // 1000, time.time_ns() // 1000)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where effects go."""

    field: FieldIo
    plates: PlateReader
    neighbours: Neighbours
    journal: JournalWriter
    committed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose lane it is."""

    plaza: str
    lane: str
    epoch: int


@dataclass(slots=True)
class _Arrival:
    event: Event
    now: Now
    position: PlcPosition | None
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """A step whose records are on their way to the disk."""

    arrival: _Arrival
    effects: tuple[fx.Effect, ...]
    began_s: float


class LaneRunner:
    """Runs one lane; `offer` is the sink of its devices. Everything on one event loop."""

    def __init__(self, place: Place, config: LaneConfig, clock: Clock, health: LaneHealth) -> None:
        self.place, self._clock, self._health = place, clock, health
        self.lane: Lane = start(config)
        self.flags: deque[str] = deque(maxlen=FLAGS_KEPT)
        self.changed = asyncio.Event()
        self._arrivals: deque[_Arrival] = deque()
        self._out: Outputs | None = None
        self._ended: asyncio.Future[None] | None = None
        self._woken = False
        """A call of `_go_on` is on its way."""
        self._writing = False
        """A step waits for the disk."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._mark_due_us = 0
        now = clock.now()
        self._utc_minus_mono_us = now.utc_us - now.mono_us

    def offer(self, event: Event, position: PlcPosition | None = None) -> None:
        """Hand an event in; it is stamped now and handled in order of arrival."""
        self._arrive(event, position, None)

    def ask(self, event: Event) -> Answer:
        """The same; ends with the effects of its step once they are performed."""
        answer: Answer = asyncio.get_running_loop().create_future()
        self._arrive(event, None, answer)
        return answer

    async def run(self, booted: Booted, outputs: Outputs) -> None:
        """Boot and handle events until cancelled. Any error ends the lane's run; its supervisor restarts it."""
        self._ended = asyncio.get_running_loop().create_future()
        self._out = outputs
        self._mark(self._clock.now(), outputs, booting=True)
        self._arrivals.appendleft(_Arrival(booted, self._clock.now(), None))
        self._go_on()
        try:
            await self._ended
        finally:
            self._out = None
            for handle in self._timers.values():
                handle.cancel()
            for left in self._arrivals:
                if left.answer is not None:
                    left.answer.cancel()

    def _arrive(self, event: Event, position: PlcPosition | None, answer: Answer | None) -> None:
        now = self._clock.now()
        utc_minus_mono_us = now.utc_us - now.mono_us
        step_us = utc_minus_mono_us - self._utc_minus_mono_us
        if abs(step_us) > CLOCK_STEP_US:
            self._arrivals.append(_Arrival(ClockStepped(step_us), now, None))
        self._utc_minus_mono_us = utc_minus_mono_us
        self._arrivals.append(_Arrival(event, now, position, answer))
        if not self._woken and not self._writing:
            # Never at once: the adapter that hands this in may be in the middle of its own work.
            self._woken = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        """Handle what has arrived, up to a step that has to wait for the disk."""
        self._woken = False
        try:
            while self._out is not None and self._arrivals and not self._writing:
                self._take(self._arrivals.popleft(), self._out)
            if self._out is not None and not self._writing:
                self._mark_when_due(self._out)
        except Exception as error:
            self._fail(error)

    def _mark_when_due(self, out: Outputs) -> None:
        """Everything that arrived is handled and on disk: the moment to write down what the lane is."""
        now = self._clock.now()
        if now.mono_us >= self._mark_due_us:
            self._mark(now, out, booting=False)

    def _mark(self, now: Now, out: Outputs, *, booting: bool) -> None:
        number, _, _ = out.journal.journal.heads
        out.journal.note(mark_input(Mark(self.lane, number, booting, now)))
        self._mark_due_us = now.mono_us + EVERY_US

    def _take(self, arrival: _Arrival, out: Outputs) -> None:
        """Step the core; with records, the rest happens once all of them are on disk, in one transaction."""
        out.journal.note(_input(arrival))
        self.lane, effects = step(self.lane, arrival.event, arrival.now)
        place = self.place
        entries = [
            entry_of(effect.record, place.plaza, place.lane, place.epoch)
            for effect in effects
            if isinstance(effect, fx.Record)
        ]
        if not entries:
            self._finish(arrival, effects, out, opened=False)
            return
        self._writing = True
        out.journal.commit_then(entries, partial(self._durable, _Step(arrival, effects, time.perf_counter())))

    def _durable(self, done: _Step, _: object, error: Exception | None) -> None:
        """The records of a step are on disk, or will never be."""
        took_s = time.perf_counter() - done.began_s
        out = self._out
        if out is None or error is not None:
            self._writing = False
        if out is None:  # the run has ended; the journal has the records, and a restart begins from it
            return
        if error is not None:
            self._fail(error)
            return
        if not any(map(_opens, done.effects)):
            self._conclude(done, took_s)
            return
        try:
            self._open_first(done, out)
        except Exception as failure:
            self._fail(failure)
            return
        asyncio.get_running_loop().call_later(BREATH_S, self._conclude, done, took_s)

    def _open_first(self, done: _Step, out: Outputs) -> None:
        for effect in filter(_opens, done.effects):
            self._perform(effect, out, done.arrival)

    def _conclude(self, done: _Step, took_s: float) -> None:
        """What a durable step has to do besides opening."""
        self._writing = False
        out = self._out
        if out is None:
            return
        try:
            self._finish(done.arrival, done.effects, out, opened=True)
            number, seq, _ = out.journal.journal.heads
            self._health.committed(took_s, number, seq)
            out.committed()
        except Exception as failure:
            self._fail(failure)
            return
        self._go_on()

    def _finish(self, arrival: _Arrival, effects: tuple[fx.Effect, ...], out: Outputs, *, opened: bool) -> None:
        """Perform them, but for an open command that went ahead (`opened`)."""
        for effect in effects:
            if not (opened and _opens(effect)):
                self._perform(effect, out, arrival)
        if effects or not isinstance(arrival.event, _UNTOLD):
            self.changed.set()
        if arrival.answer is not None and not arrival.answer.done():
            arrival.answer.set_result(effects)

    def _fail(self, error: Exception) -> None:
        self._out = None
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(error)

    def _perform(self, effect: fx.Effect, out: Outputs, arrival: _Arrival) -> None:  # noqa: C901
        match effect:
            case fx.Record():
                pass
            case fx.CommandBarrier():
                self._command(effect, out, arrival)
            case fx.SetSignal():
                out.field.set_signal(effect)
            case fx.ShowDisplay():
                out.field.show_display(effect)
            case fx.AskPlate():
                out.plates.ask(effect)
            case fx.ShareHeard():
                out.neighbours.share(effect)
            case fx.RaiseFlag():
                self.flags.append(effect.flag.value)
            case fx.EnterState():
                pass
            case fx.StartTimer():
                self._start_timer(effect)
            case fx.CancelTimer():
                self._cancel_timer(effect.key)
            case fx.ReadLevels():
                out.field.read_levels()
            case _:
                assert_never(effect)

    def _command(self, command: fx.CommandBarrier, out: Outputs, arrival: _Arrival) -> None:
        waited_us = self._clock.now().mono_us - arrival.now.mono_us
        if waited_us > command.ttl_ms * 1000:
            # The disk held us up: the vehicle that this was decided for may be gone. The core's time-out follows.
            self._health.reject("journal", "command too late", f"{command.action} {command.cmd_id}: {waited_us} us")
            return
        out.field.command_barrier(command)
        if command.action in OPENS:
            self._health.opened(waited_us / 1e6)

    def _start_timer(self, timer: fx.StartTimer) -> None:
        self._cancel_timer(timer.key)
        loop = asyncio.get_running_loop()
        # The loop's clock and Now.mono_us are the same clock (CLOCK_MONOTONIC).
        self._timers[timer.key] = loop.call_at(timer.at_mono_us / 1e6, self._fire, timer.key)

    def _cancel_timer(self, key: str) -> None:
        running = self._timers.pop(key, None)
        if running is not None:
            running.cancel()

    def _fire(self, key: str) -> None:
        self._timers.pop(key, None)
        self.offer(TimerFired(key))


def _opens(effect: fx.Effect) -> bool:
    return isinstance(effect, fx.CommandBarrier) and effect.action in OPENS


def _input(arrival: _Arrival) -> Input:
    body: dict[str, Any] = {"event": to_plain(arrival.event), "utc_us": arrival.now.utc_us}
    position = arrival.position if isinstance(arrival.event, SensorChanged | SensorLevels) else None
    if position is not None:
        body["plc"] = [position.boot, position.seq]
    data = _JSON.encode(body).encode()
    edge = None if position is None else (position.boot, position.seq)
    return Input(utc_of(arrival.now).isoformat(), arrival.now.mono_us * 1000, data, edge)
