"""Follows one vehicle through a run of the core: what was said about it, one decision after the other.

In: a lane and the steps after it; the vehicle. Out: its decisions. Timers are the run's own: when something else is fed
in, other deadlines come due, and the recorded `TimerFired` are those of what really happened. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from lane_controller.app.capsule_file import Step
from lane_controller.app.capsule_run import Moment
from lane_controller.core.effects import CancelTimer, StartTimer
from lane_controller.core.events import Booted, TimerFired
from lane_controller.core.instant import Now
from lane_controller.core.lane import start, step
from lane_controller.core.records import (
    Abandoned,
    Authorised,
    Finding,
    Held,
    PassageClosed,
    Record,
    Voided,
)
from lane_controller.core.state import Lane, Track

Kind = Literal["authorised", "held", "voided", "abandoned", "passed"]
TIMERS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle of a run: its number in the lane, in the run of the program that begins after `boots` starts."""

    track: int
    boots: int


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that the lane said about a vehicle. `reasons`: what holds it (or why it was voided).

    `boots`: how often the program had been started before it, in this run.
    """

    kind: Kind
    boots: int
    passage_id: str | None
    mono_us: int
    utc_us: int
    finding: Finding | None = None
    reasons: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def verdict(self) -> tuple[object, ...]:
        """What must differ for the outcome to be another one: whether it may pass, what it pays, who pays."""
        if self.finding is None or self.kind not in ("authorised", "passed"):
            return (self.kind,)
        return (self.kind, self.finding.outcome, self.finding.fare_vnd, self.finding.epc)


def alive(lane: Lane, steps: Iterable[Step], linger_us: int = 0) -> Iterator[Moment]:
    """Every step in turn, with timers that fire when this run wants them to, and `linger_us` of nothing at the end."""
    timers = dict(lane.timers)
    last: Step | None = None
    for one in steps:
        last = one
        if isinstance(one.event, TimerFired):
            continue
        if isinstance(one.event, Booted):
            timers.clear()
        for moment in _fired(lane, one.boot, one.now, timers):
            lane = moment.after
            yield moment
        moment = _step(lane, one, timers)
        lane = moment.after
        yield moment
    if last is not None:
        end = Now(last.now.mono_us + linger_us, last.now.utc_us + linger_us)
        yield from _fired(lane, last.boot, end, timers)


def _fired(lane: Lane, boot: str, now: Now, timers: dict[str, int]) -> Iterator[Moment]:
    """Everything that comes due up to `now`."""
    for _ in range(TIMERS_MAX):
        due = _due(timers, now.mono_us)
        if due is None:
            return
        moment = _step(lane, Step(boot, now.back(timers.pop(due)), TimerFired(due)), timers)
        lane = moment.after
        yield moment
    raise RuntimeError("timers of this run fire without end")


def _due(timers: dict[str, int], now_us: int) -> str | None:
    key = min(timers, key=lambda name: timers[name], default=None)
    return key if key is not None and timers[key] <= now_us else None


def _step(lane: Lane, one: Step, timers: dict[str, int]) -> Moment:
    before = lane if one.config is None else start(one.config)
    after, effects = step(before, one.event, one.now)
    for effect in effects:
        if isinstance(effect, StartTimer):
            timers[effect.key] = effect.at_mono_us
        elif isinstance(effect, CancelTimer):
            timers.pop(effect.key, None)
    return Moment(one, before, after, effects)


def vehicle_of(moments: Iterable[Moment], passage_id: str) -> Vehicle | None:
    """Whose passage that is; None when no vehicle of the run had it, or only within one step."""
    boots = 0
    for moment in moments:
        boots += isinstance(moment.step.event, Booted)
        for track in (*moment.after.tracks, *moment.before.tracks):
            if track.passage_id == passage_id or any(
                _id(record) == passage_id and _closes(record, track) for record in moment.records
            ):
                return Vehicle(track.id, boots)
    return None


def follow(moments: Iterable[Moment], vehicle: Vehicle) -> Iterator[Decision]:
    """Everything that is said about a vehicle, also after restarts of the program."""
    mine: set[str] = set()
    boots = 0
    for moment in moments:
        boots += isinstance(moment.step.event, Booted)
        tracks = [t for t in (*moment.before.tracks, *moment.after.tracks) if _is(t, vehicle, boots, mine)]
        mine |= {track.passage_id for track in tracks if track.passage_id is not None}
        for record in moment.records:
            closes = any(_closes(record, track) for track in tracks)
            left = isinstance(record, Abandoned) and record.passage_id is None and _gone(tracks, moment.after)
            if _id(record) in mine or closes or left:
                mine |= {name for name in [_id(record)] if name is not None}
                decision = _decision(record, moment, boots)
                if decision is not None:
                    yield decision


def _is(track: Track, vehicle: Vehicle, boots: int, mine: set[str]) -> bool:
    """The same vehicle: by its number while the program runs, by its passage id after a restart."""
    return track.passage_id in mine if boots > vehicle.boots else boots == vehicle.boots and track.id == vehicle.track


def _gone(tracks: list[Track], after: Lane) -> bool:
    return bool(tracks) and not any(track.id == left.id for track in tracks for left in after.tracks)


def _closes(record: Record, track: Track) -> bool:
    """A passage that was numbered and closed (or decided) within one step is known by the vehicle's own times."""
    if isinstance(record, PassageClosed):
        times = record.passage.times
    elif isinstance(record, Authorised):
        times = record.times
    else:
        return False
    known = track.times.l1_on or track.times.l2_on
    return known is not None and known in (times.l1_on, times.l2_on)


def _id(record: Record) -> str | None:
    if isinstance(record, PassageClosed):
        return record.passage.passage_id
    return getattr(record, "passage_id", None)


def _decision(record: Record, moment: Moment, boots: int) -> Decision | None:
    now = moment.step.now
    match record:
        case Authorised():
            flags = tuple(flag.value for flag in record.flags)
            return Decision("authorised", boots, record.passage_id, now.mono_us, now.utc_us, record.finding, (), flags)
        case Held():
            return _held(record, moment, boots)
        case Voided():
            return Decision("voided", boots, record.passage_id, now.mono_us, now.utc_us, None, (record.reason,))
        case Abandoned():
            flags = tuple(flag.value for flag in record.flags)
            return Decision("abandoned", boots, record.passage_id, now.mono_us, now.utc_us, None, (), flags)
        case PassageClosed():
            passage = record.passage
            flags = tuple(flag.value for flag in passage.flags)
            return Decision("passed", boots, passage.passage_id, now.mono_us, now.utc_us, passage.finding, (), flags)
        case _:
            return None


def _held(record: Held, moment: Moment, boots: int) -> Decision | None:
    """None where it was held before, and only where it stands has changed."""
    now = moment.step.now
    held = next((t for t in moment.after.tracks if t.passage_id == record.passage_id), None)
    if held is not None and held.times.decided != record.at:
        return None
    flags = tuple(flag.value for flag in record.flags)
    reasons = tuple(str(hold) for hold in held.holds) if held is not None else flags
    finding = held.finding if held is not None else None
    return Decision("held", boots, record.passage_id, now.mono_us, now.utc_us, finding, reasons, flags)
