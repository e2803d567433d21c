"""What time alone shows: sensors that stay on too long, and every deadline as a timer.

In: the lane at the end of a step. Out: VEHICLE_UNDER_BOOM, SENSOR_STUCK; `StartTimer` and `CancelTimer` for what
changed.
Never: a timer that decides. `TimerFired` only makes the lane look at its deadlines again, so a late or lost one harms
nothing.
"""

from lane_controller.core import arm, deciding, departures, evidence, hidden
from lane_controller.core.effects import CancelTimer, StartTimer
from lane_controller.core.evolve import maker
from lane_controller.core.sensors import pending
from lane_controller.core.turn import Turn
from lane_controller.core.values import L1, L2, L3, LC1, LC2, Flag, Sensor

DEBOUNCE, STALL, STUCK = (
    {sensor: f"{what}:{sensor.value}" for sensor in Sensor} for what in ("debounce", "stall", "stuck")
)
_start, _cancel = maker(StartTimer), maker(CancelTimer)


def settle_watch(turn: Turn) -> None:
    """Raise what has been on for too long."""
    if not _long_on(turn):
        return
    for sensor, at in _stall_deadlines(turn):
        if at <= turn.t:
            turn.set_line(sensor, stalled=True)
            turn.flag(Flag.VEHICLE_UNDER_BOOM, turn.under_arm())
    for sensor, at in _stuck_deadlines(turn):
        if at <= turn.t:
            turn.set_line(sensor, stuck=True)
            if sensor is L1:
                evidence.stuck_l1(turn)
            turn.flag(Flag.SENSOR_STUCK)


def _long_on(turn: Turn) -> bool:
    """Some sensor has been on for the shorter of the two times."""
    s = turn.sensors
    cfg = turn.cfg
    shorter_ms = cfg.stall_ms if cfg.stall_ms < cfg.stuck_ms else cfg.stuck_ms
    since = turn.t - shorter_ms * 1000
    return (
        (s.l1.on and s.l1.since_us <= since)
        or (s.l2.on and s.l2.since_us <= since)
        or (s.l3.on and s.l3.since_us <= since)
        or (s.lc1.on and s.lc1.since_us <= since)
        or (s.lc2.on and s.lc2.since_us <= since)
    )


def _stall_deadlines(turn: Turn) -> list[tuple[Sensor, int]]:
    s = turn.sensors
    if not s.l2.on and not s.lc2.on:
        return []
    wait_us = turn.cfg.stall_ms * 1000
    under_arm = ((L2, s.l2), (LC2, s.lc2))
    return [(sensor, line.since_us + wait_us) for sensor, line in under_arm if line.on and not line.stalled]


def _stuck_deadlines(turn: Turn) -> list[tuple[Sensor, int]]:
    s = turn.sensors
    wait_us = turn.cfg.stuck_ms * 1000
    lines = ((L1, s.l1), (L2, s.l2), (L3, s.l3), (LC1, s.lc1), (LC2, s.lc2))
    on = [(sensor, line.since_us + wait_us) for sensor, line in lines if line.on and not line.stuck]
    return on[1:] if on and on[0][0] is L1 and _l1_is_used(turn) else on


def _l1_is_used(turn: Turn) -> bool:
    """L1 is no stuck sensor while LC1 is broken, or the vehicle has a tag or a plate."""
    if turn.sensors.lc1.on:
        return True
    track = turn.occupant()
    if track is None:
        return False
    if track.live or (track.plate is not None and track.plate.text is not None):
        return True
    if track.finding is not None and any(candidate.credible for candidate in track.finding.candidates):
        # It was judged by a tag, though that tag may be forgotten by now.
        return True
    l1_on = track.times.l1_on
    for tag in turn.radio.tags.values():
        ours = tag.owner == track.id or (l1_on is not None and tag.last_us >= l1_on.mono_us)
        if ours and tag.credible is not None and not tag.spent:
            return True
    return False


def settle_timers(turn: Turn, due: bool) -> None:
    """Tell the shell which timers changed; `due`: one of those that the lane had before this step has passed."""
    if not due and _as_before(turn):
        return
    wanted = deadlines(turn)
    if wanted == turn.timers:
        return
    for key in turn.timers:
        if key not in wanted:
            turn.effects.append(_cancel(key))
    for key, at in wanted.items():
        if turn.timers.get(key) != at:
            turn.effects.append(_start(key, at))
    turn.timers = wanted


def _as_before(turn: Turn) -> bool:
    """No deadline can have moved: nothing but what is heard has changed, and what depends on that is the same."""
    was, timers = turn.was, turn.timers
    if not (
        turn.tracks is was.tracks
        and turn.sensors is was.sensors
        and turn.arm is was.arm
        and turn.desk is was.desk
        and turn.road is was.road
        and timers is was.timers
    ):
        return False
    if turn.radio is was.radio:
        return True
    if timers.get("arbitrate") != (_arbitration(turn) if turn.radio.neighbours else None):
        return False
    if not turn.tracks:
        return True
    decides = _runs_until(turn, "decide", deciding.next_deadline(turn))
    return decides and _stuck_l1_as_before(turn) and _runs_until(turn, "hidden", hidden.silent_at(turn))


def _runs_until(turn: Turn, key: str, at: int | None) -> bool:
    """The timer is what this deadline asks for; one that is past asks for none."""
    return turn.timers.get(key) == (at if at is not None and at > turn.t else None)


def _stuck_l1_as_before(turn: Turn) -> bool:
    l1 = turn.sensors.l1
    if not l1.on or l1.stuck:
        return True
    at = l1.since_us + turn.cfg.stuck_ms * 1000
    return turn.timers.get(STUCK[L1]) == (at if at > turn.t and not _l1_is_used(turn) else None)


def deadlines(turn: Turn) -> dict[str, int]:
    """Every instant at which this lane must look again, by timer key; instants already past are not timers."""
    found: dict[str, int] = {}
    t = turn.t
    for happened, sensor, on in pending(turn):
        found[DEBOUNCE[sensor]] = max(happened + turn.cfg.debounce_us(sensor, on), t + 1)
    if turn.tracks:
        if (at := deciding.next_deadline(turn)) is not None and at > t:
            found["decide"] = at
        if (at := departures.next_departure(turn)[1]) is not None and at > t:
            found["depart"] = at
        if (at := hidden.silent_at(turn)) is not None and at > t:
            found["hidden"] = at
    if (at := arm.command_deadline(turn)) is not None and at > t:
        found["arm"] = at
    if not turn.arm.closed_limit and (at := arm.close_at(turn)) is not None and at > t:
        found["close"] = at
    if turn.radio.neighbours and (at := _arbitration(turn)) is not None and at > t:
        found["arbitrate"] = at
    _put_long_on(found, turn)
    return found


def _put_long_on(found: dict[str, int], turn: Turn) -> None:
    """When a sensor that is on will have been so for too long."""
    s = turn.sensors
    if s.l1.on or s.l2.on or s.l3.on or s.lc1.on or s.lc2.on:
        for sensor, stall_at in _stall_deadlines(turn):
            found[STALL[sensor]] = stall_at
        for sensor, stuck_at in _stuck_deadlines(turn):
            if stuck_at > turn.t:
                found[STUCK[sensor]] = stuck_at


def _arbitration(turn: Turn) -> int | None:
    """The earliest end of an arbitration that still runs; of a tag that was not heard here nothing hangs on it."""
    since, remembered = turn.t - turn.cfg.arbitration_wait_ms * 1000, turn.radio.tags
    first: int | None = None
    for epc, heard in turn.radio.neighbours.items():
        if heard.first_us > since and epc in remembered and (first is None or heard.first_us < first):
            first = heard.first_us
    return None if first is None else first + turn.cfg.arbitration_wait_ms * 1000
