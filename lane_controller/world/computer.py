"""The lane computer of the simulated world: the shell's loop around the real core, on virtual time, with power cuts.

In: events of the devices. Out: effects to the devices, records in a journal in memory.
A power cut drops everything that is not a record already performed, also between two effects of one step; a boot folds
the journal through the plain codecs as the real one does.
Never: an effect performed before an earlier record of its step is in the journal.
"""

import json
from collections.abc import Callable
from typing import Any

from lane_controller.core import invariants
from lane_controller.core import lane as core
from lane_controller.core.config import LaneConfig
from lane_controller.core.effects import CancelTimer, Effect, Record, StartTimer
from lane_controller.core.events import Booted, Event, TimerFired
from lane_controller.core.evolve import maker
from lane_controller.core.instant import Now
from lane_controller.core.plain import record_from_plain, to_plain
from lane_controller.core.records import Durable
from lane_controller.core.records import Record as DurableRecord
from lane_controller.core.remembered import recover
from lane_controller.core.state import Lane
from lane_controller.core.values import Tariff
from lane_controller.world.agenda import Agenda

MONO_AT_BOOT_US = 1_000_000
NOON_UTC_US = 1_781_499_600_000_000
"""2026-06-15 12:00 at the plaza (UTC+7): the start of every episode."""

Step = Callable[[Lane, Event, Now], tuple[Lane, tuple[Effect, ...]]]
Recover = Callable[[list[DurableRecord]], Durable]

_instant = maker(Now)
"""There is one for every event."""


class LaneComputer:
    """Powered or not; `boots` counts. `step` and `fold` are the core's, unless a test hands in wrong ones."""

    def __init__(
        self, agenda: Agenda, config: LaneConfig, tariff: Tariff, step: Step = core.step, fold: Recover = recover
    ) -> None:
        self.agenda, self.config, self.tariff = agenda, config, tariff
        self.journal: list[DurableRecord] = []
        self.checker = invariants.Checker(config)
        self.lane: Lane | None = None
        self.boots, self.steps = 0, 0
        self.base_us, self.wall_us = 0, 0
        self.cut_after: int | None = None
        self.perform: Callable[[Effect], None] = lambda effect: None
        self.failed: Callable[[], None] = lambda: None
        self.watch: Callable[[Event, Now, tuple[Effect, ...]], None] | None = None
        self._step, self._fold = step, fold
        self._timers: dict[str, int] = {}

    def true_utc_us(self) -> int:
        """What a good clock shows."""
        return NOON_UTC_US + self.agenda.now_us

    def boot(self) -> None:
        """Power comes back: a new lane from the journal."""
        self.boots += 1
        self.base_us = self.checker.since_us = MONO_AT_BOOT_US - self.agenda.now_us
        self._timers.clear()
        self.lane = core.start(self.config)
        again = [record_from_plain(json.loads(json.dumps(to_plain(record)))) for record in self.journal]
        self.feed(Booted(f"b{self.boots}", self.boots > 1, self._fold(again), (self.tariff,)))

    def cut(self, _: Any = None) -> None:
        """Power is gone at this instant."""
        if self.lane is not None:
            self.lane = None
            self.cut_after = None
            self._timers.clear()
            self.failed()

    def feed(self, event: Event) -> None:
        """One event, if there is power: step, check, perform."""
        lane = self.lane
        if lane is None:
            return
        self.steps += 1
        at_us = self.agenda.now_us
        now = _instant(at_us + self.base_us, NOON_UTC_US + at_us + self.wall_us)
        self.lane, effects = self._step(lane, event, now)
        if effects and self.cut_after is not None and any(type(effect) is Record for effect in effects):
            self._cut_within(event, effects, now)
            return
        self.checker.see(event, effects, now)
        if self.watch is not None:
            self.watch(event, now, effects)
        for effect in effects:
            self._perform(effect)

    def _cut_within(self, event: Event, effects: tuple[Effect, ...], now: Now) -> None:
        """Only the first effects of this step happen, then power is gone."""
        done = effects[: self.cut_after]
        self.checker.see_cut(event, done, now)
        if self.watch is not None:
            self.watch(event, now, done)
        for effect in done:
            self._perform(effect)
        self.cut()

    def _perform(self, effect: Effect) -> None:
        kind = type(effect)
        if kind is StartTimer:
            at_us, now_us = effect.at_mono_us - self.base_us, self.agenda.now_us  # type: ignore[union-attr]
            at_us = at_us if at_us > now_us else now_us
            self._timers[effect.key] = at_us  # type: ignore[union-attr]
            self.agenda.at(at_us, self._fire, (effect.key, at_us))  # type: ignore[union-attr]
        elif kind is CancelTimer:
            self._timers.pop(effect.key, None)  # type: ignore[union-attr]
        else:
            if kind is Record:
                self.journal.append(effect.record)  # type: ignore[union-attr]
            self.perform(effect)

    def _fire(self, timer: tuple[str, int]) -> None:
        key, at_us = timer
        if self._timers.get(key) == at_us:
            del self._timers[key]
            self.feed(TimerFired(key))
