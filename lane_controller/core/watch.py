"""What time alone shows: sensors that stay on too long, and every deadline as a timer.

In: the lane at the end of a step. Out: VEHICLE_UNDER_BOOM, SENSOR_STUCK; `StartTimer` and `CancelTimer` for what
changed.
Never: a timer that decides. `TimerFired` only makes the lane look at its deadlines again, so a late or lost one harms
nothing.
"""

from lane_controller.core import arm, deciding, departures, evidence
from lane_controller.core.effects import CancelTimer, StartTimer
from lane_controller.core.sensors import pending
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor

_L1, _L2, _L3, _LC1, _LC2 = Sensor.L1, Sensor.L2, Sensor.L3, Sensor.LC1, Sensor.LC2


def settle_watch(turn: Turn) -> None:
    """Raise what has been on for too long."""
    for sensor, at in _stall_deadlines(turn):
        if at <= turn.t:
            turn.set_line(sensor, stalled=True)
            turn.flag(Flag.VEHICLE_UNDER_BOOM, turn.under_arm())
    for sensor, at in _stuck_deadlines(turn):
        if at <= turn.t:
            turn.set_line(sensor, stuck=True)
            if sensor is Sensor.L1:
                evidence.stuck_l1(turn)
            turn.flag(Flag.SENSOR_STUCK)


def _stall_deadlines(turn: Turn) -> list[tuple[Sensor, int]]:
    s = turn.sensors
    if not s.l2.on and not s.lc2.on:
        return []
    wait_us = turn.cfg.stall_ms * 1000
    under_arm = ((Sensor.L2, s.l2), (Sensor.LC2, s.lc2))
    return [(sensor, line.since_us + wait_us) for sensor, line in under_arm if line.on and not line.stalled]


def _stuck_deadlines(turn: Turn) -> list[tuple[Sensor, int]]:
    s = turn.sensors
    found = []
    for sensor, line in ((_L1, s.l1), (_L2, s.l2), (_L3, s.l3), (_LC1, s.lc1), (_LC2, s.lc2)):
        if line.on and not line.stuck and not (sensor is _L1 and _l1_is_used(turn)):
            found.append((sensor, line.since_us + turn.cfg.stuck_ms * 1000))
    return found


def _l1_is_used(turn: Turn) -> bool:
    """L1 is no stuck sensor while LC1 is broken, or the vehicle has a tag or a plate."""
    if turn.sensors.lc1.on:
        return True
    track = turn.occupant()
    if track is None:
        return False
    plate = track.plate is not None and track.plate.text is not None
    l1_on = track.times.l1_on
    heard = any(
        tag.credible is not None
        and not tag.spent
        and (tag.owner == track.id or (l1_on and tag.last_us >= l1_on.mono_us))
        for tag in turn.radio.tags.values()
    )
    return plate or heard or track.live


def settle_timers(turn: Turn) -> None:
    """Tell the shell which timers changed."""
    wanted = deadlines(turn)
    if wanted == turn.timers:
        return
    for key in turn.timers:
        if key not in wanted:
            turn.effects.append(CancelTimer(key))
    for key, at in wanted.items():
        if turn.timers.get(key) != at:
            turn.effects.append(StartTimer(key, at))
    turn.timers = wanted


def deadlines(turn: Turn) -> dict[str, int]:
    """Every instant at which this lane must look again, by timer key; instants already past are not timers."""
    found: dict[str, int] = {}
    for happened, sensor, on in pending(turn):
        found[f"debounce:{sensor.value}"] = happened + turn.cfg.debounce_us(sensor, on)
    for key, at in _single(turn):
        if at is not None and at > turn.t:
            found[key] = at
    for sensor, stall_at in _stall_deadlines(turn):
        found[f"stall:{sensor.value}"] = stall_at
    for sensor, stuck_at in _stuck_deadlines(turn):
        if stuck_at > turn.t:
            found[f"stuck:{sensor.value}"] = stuck_at
    return found


def _single(turn: Turn) -> tuple[tuple[str, int | None], ...]:
    return (
        ("decide", deciding.next_deadline(turn)),
        ("depart", departures.next_departure(turn)[1]),
        ("arm", arm.command_deadline(turn)),
        ("close", arm.close_at(turn)),
        ("arbitrate", _arbitration(turn)),
    )


def _arbitration(turn: Turn) -> int | None:
    if not turn.radio.neighbours:
        return None
    wait_us = turn.cfg.arbitration_wait_ms * 1000
    times = [heard.first_us + wait_us for heard in turn.radio.neighbours.values()]
    return min((at for at in times if at > turn.t), default=None)
