"""I1–I13 of rules.md, checked on what goes in and comes out of a lane, without looking inside it.

In: every (event, effects, now) of a run, in order, over restarts. Out: a list of violations, each naming its invariant.
Used by replay and the property tests. Never: knowledge of the lane's own state; it would repeat the lane's mistakes.
I10 is checked by running a scenario with and without wall time steps (tests); I9 by the arm, which reports what moved
it.
"""

from dataclasses import dataclass, field

from lane_controller.contracts.values import Outcome
from lane_controller.core.config import LaneConfig
from lane_controller.core.decision import BY_CARD
from lane_controller.core.effects import CommandBarrier, Effect, RaiseFlag, Record, SetSignal
from lane_controller.core.events import (
    BarrierAcked,
    BarrierReported,
    Booted,
    Event,
    ModeRequested,
    PlcOffline,
    SensorChanged,
    SensorLevels,
)
from lane_controller.core.instant import Now
from lane_controller.core.records import Authorised, PassageClosed, Voided
from lane_controller.core.values import AckResult, Aspect, BarrierAction, BarrierState, Cause, Flag, Mode, Sensor

OPENS = (BarrierAction.OPEN, BarrierAction.LATCH_OPEN)
OPEN_CAUSES = (Cause.PASSAGE, Cause.OPERATOR, Cause.CONVOY, Cause.EMERGENCY, Cause.REOPEN)
OWN = (Outcome.CHARGED, Outcome.TICKET, Outcome.EXEMPT, Outcome.MANUAL)
UNDER_ARM = (Sensor.L2, Sensor.LC2)
_CHARGED, _GREEN = Outcome.CHARGED, Aspect.GREEN
REOPEN_US = 100_000
LOG_AGE_US = 1_000_000
"""An edge this much older than the close came out of the PLC's log; it is nobody under the closing arm."""

LONG_AGO_US = -(1 << 62)
"""Before any edge: those out of the PLC's log may have happened before the monotonic clock of this boot began."""


WATCHED = frozenset({SensorChanged, SensorLevels, BarrierReported, BarrierAcked, PlcOffline, ModeRequested, Booted})
"""Events that `_event` has a case for; the others tell nothing that an invariant speaks of."""


SPOKEN_OF = frozenset({Record, CommandBarrier, SetSignal, RaiseFlag})
"""The same of effects and `_effect`."""


@dataclass(slots=True)
class Checker:
    """Feed every step to `see`; read `violations`. `since_us`: what its times count from, in this boot's clock."""

    cfg: LaneConfig
    since_us: int = 0
    violations: list[str] = field(default_factory=list)
    on: dict[Sensor, bool] = field(default_factory=dict)
    changed_us: dict[Sensor, int] = field(default_factory=dict)
    live: dict[str, Authorised] = field(default_factory=dict)
    closed_ids: set[str] = field(default_factory=set)
    commands: dict[str, CommandBarrier] = field(default_factory=dict)
    seq: int = 0
    last_l3_us: int = LONG_AGO_US
    open_limit: bool = False
    closed_limit: bool = True
    closing_us: int | None = None
    green: bool = False
    latched: bool = False
    left_latch: bool = False
    mode: Mode = Mode.AUTO
    open_limit_seen: bool = False

    def see(self, event: Event, effects: tuple[Effect, ...], now: Now) -> None:
        """One step of the lane. What nothing of it speaks of is not looked at again."""
        if type(event) in WATCHED:
            self._event(event, now)
        for effect in effects:
            if type(effect) in SPOKEN_OF:
                self._effect(effect, now)
        if self.green or self.closing_us is not None:
            self._after(now)

    def see_cut(self, event: Event, effects: tuple[Effect, ...], now: Now) -> None:
        """A step of which only these first effects were performed: then power was gone, and the PLC is on its own."""
        self._event(event, now)
        for effect in effects:
            self._effect(effect, now)

    def _bad(self, invariant: str, now: Now, text: str) -> None:
        self.violations.append(f"{invariant} at {(now.mono_us - self.since_us) / 1e6:.3f} s: {text}")

    def _event(self, event: Event, now: Now) -> None:
        match event:
            case SensorChanged():
                if self.on.get(event.sensor, False) is not event.on:
                    self.on[event.sensor] = event.on
                    self.changed_us[event.sensor] = event.happened_mono_us
            case SensorLevels():
                self._levels(event, now)
            case BarrierReported() | BarrierAcked() | PlcOffline():
                self._arm(event)
            case ModeRequested():
                if self.mode in (Mode.CONVOY, Mode.EMERGENCY) and event.mode not in (Mode.CONVOY, Mode.EMERGENCY):
                    self.left_latch = not self.closed_limit
                self.mode = event.mode
            case Booted():
                self._boot(event)
            case _:
                pass

    def _arm(self, event: BarrierReported | BarrierAcked | PlcOffline) -> None:
        if isinstance(event, PlcOffline):
            self.open_limit, self.closing_us = False, None
            return
        if isinstance(event, BarrierAcked):
            if event.result is AckResult.INTERLOCK:
                self.closing_us = None
            return
        self.open_limit, self.closed_limit = event.open_limit, event.closed_limit
        self.open_limit_seen |= event.open_limit
        if event.closed_limit:
            self.left_latch = False
        if event.closed_limit or event.state is BarrierState.BROKEN:
            self.closing_us = None

    def _levels(self, event: SensorLevels, now: Now) -> None:
        found = {
            Sensor.L1: event.l1,
            Sensor.L2: event.l2,
            Sensor.L3: event.l3,
            Sensor.LC1: event.lc1,
            Sensor.LC2: event.lc2,
        }
        for sensor, on in found.items():
            if on is not None and self.on.get(sensor, False) is not on:
                self.on[sensor] = on
                self.changed_us[sensor] = now.mono_us

    def _boot(self, event: Booted) -> None:
        """The monotonic clock starts anew; what was durable must be what the records said."""
        self.changed_us.clear()
        self.on.clear()
        self.closing_us, self.green, self.latched, self.left_latch = None, False, False, False
        self.last_l3_us = LONG_AGO_US
        self.mode = Mode.AUTO
        if event.durable.seq != self.seq:
            self.violations.append(f"I8: restart knows sequence {event.durable.seq}, records say {self.seq}")
        if {p.passage_id for p in event.durable.pending} != set(self.live):
            self.violations.append(f"I8: restart knows other authorisations than the records: {sorted(self.live)}")

    def _effect(self, effect: Effect, now: Now) -> None:
        match effect:
            case Record(Authorised() as record):
                self._authorised(record, now)
            case Record(Voided() as record):
                self.live.pop(record.passage_id, None)
            case Record(PassageClosed() as record):
                self._closed(record, now)
            case CommandBarrier():
                self._command(effect, now)
            case SetSignal():
                self.green = effect.aspect is _GREEN
            case RaiseFlag():
                if not effect.trace and any(self.on.values()) and len(self.changed_us) > 1:
                    self._bad("I7", now, f"{effect.flag} without sensor trace")
            case _:
                pass

    def _authorised(self, record: Authorised, now: Now) -> None:
        if record.passage_id in self.live or record.passage_id in self.closed_ids:
            self._bad("I11", now, f"{record.passage_id} authorised twice")
        self.live[record.passage_id] = record

    def _closed(self, record: PassageClosed, now: Now) -> None:
        passage = record.passage
        if passage.seq != self.seq + 1:
            self._bad("I13", now, f"sequence {passage.seq} after {self.seq}")
        self.seq = passage.seq
        if passage.passage_id in self.closed_ids:
            self._bad("I2", now, f"{passage.passage_id} closed twice")
        self.closed_ids.add(passage.passage_id)
        l3_on = passage.times.l3_on
        if l3_on is None or passage.times.l2_on is None:
            self._bad("I2", now, f"{passage.passage_id} closed without having passed")
        elif l3_on.mono_us < self.last_l3_us:
            self._bad("I13", now, f"{passage.passage_id} out of the order of crossing")
        else:
            self.last_l3_us = l3_on.mono_us
        authorised = self.live.pop(passage.passage_id, None)
        if passage.outcome in OWN and authorised is None:
            self._bad("I2", now, f"{passage.passage_id} is {passage.outcome} without an authorisation")
        if passage.committed is not (passage.outcome is _CHARGED):
            self._bad("I2", now, f"{passage.passage_id} commits money as {passage.outcome}")
        if passage.times.open_confirmed is not None and not self.open_limit_seen:
            self._bad("I5", now, f"{passage.passage_id} confirmed open, no limit switch said so")

    def _command(self, command: CommandBarrier, now: Now) -> None:
        known = self.commands.get(command.cmd_id)
        if known is not None and known != command:
            self._bad("I9", now, f"command id {command.cmd_id} used for another command")
        self.commands[command.cmd_id] = command
        if command.action in OPENS:
            self._opened(command, now, retry=known is not None)
        elif command.action is BarrierAction.CLOSE:
            self._close(command, now)
        else:
            self.latched = False

    def _opened(self, command: CommandBarrier, now: Now, retry: bool) -> None:
        self.closing_us = None
        self.latched |= command.action is BarrierAction.LATCH_OPEN
        if command.cause not in OPEN_CAUSES:
            self._bad("I3", now, f"open for {command.cause}")
        if command.cause in (Cause.PASSAGE, Cause.OPERATOR):
            authorised = self.live.get(command.passage_id or "")
            if authorised is None:
                self._bad("I3", now, f"open for {command.passage_id}, which is not authorised")
            elif self._by_tag(authorised) and not retry and not self._on_l1(now):
                self._bad("I4", now, f"open for {command.passage_id}, no vehicle on L1")
        elif command.passage_id is not None:
            self._bad("I3", now, f"open for {command.cause} and for {command.passage_id}")

    def _by_tag(self, authorised: Authorised) -> bool:
        """Opened for a tag, not for a plate, a card or an operator."""
        finding = authorised.finding
        by_tag = finding.outcome in (Outcome.CHARGED, Outcome.TICKET, Outcome.EXEMPT) and finding.epc is not None
        by_card = finding.reason is not None and finding.reason.startswith(BY_CARD)
        return by_tag and not by_card and Flag.PLATE_CHARGE not in authorised.flags

    def _on_l1(self, now: Now) -> bool:
        """L1 is on, or off no longer than its debounce; a curtain that stays broken keeps the vehicle there."""
        return self._lately(Sensor.L1, now) or self._lately(Sensor.LC1, now)

    def _lately(self, sensor: Sensor, now: Now) -> bool:
        off_us = self.cfg.debounce_us(sensor, False)
        return self.on.get(sensor, False) or now.mono_us - self.changed_us.get(sensor, 0) <= off_us

    def _close(self, command: CommandBarrier, now: Now) -> None:
        self.closing_us = now.mono_us
        if self.on.get(Sensor.L2) or self.on.get(Sensor.LC2):
            self._bad("I1", now, "close while L2 or LC2 is active")
        for sensor in (Sensor.L2, Sensor.LC2, Sensor.L3):
            off = self.changed_us.get(sensor)
            if off is not None and not self.on[sensor] and now.mono_us - off < self.cfg.clear_ms * 1000:
                self._bad("I1", now, f"close {(now.mono_us - off) / 1e6:.3f} s after {sensor} went off")
        if self.left_latch and any(self.on.get(s) for s in (Sensor.L1, Sensor.L2, Sensor.L3)) and not self.live:
            self._bad("I12", now, f"close ({command.cause}) after convoy or emergency while a loop is active")

    def _after(self, now: Now) -> None:
        if self.green and not (self.open_limit and (self.live or self.latched)):
            self._bad("I6", now, "green without a live authorisation and an open arm")
        if self.closing_us is None or self.closed_limit:
            return
        for sensor in UNDER_ARM:
            since = self.changed_us.get(sensor)
            if not self.on.get(sensor) or since is None or since < self.closing_us - LOG_AGE_US:
                continue
            if now.mono_us - max(since, self.closing_us) > REOPEN_US:
                self._bad("I1", now, f"closing with {sensor} active and not opened again")
                self.closing_us = None
                return
