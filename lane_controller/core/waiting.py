"""An edge that has yet to last: until its debounce is over it starts a timer, and no conclusion can come of it.

In: a settled lane of which no timer is due, a raw edge. Out: the next lane with its effects, or None: then the whole
step has to be taken.
Never: an edge that counts, one out of the PLC's log, a bounce (the line waits for another edge already), or one that
may keep the arm from closing or let it close.

Conclusions are drawn from edges that are believed; only the arm looks at the wire itself (arm.clear_at, the boot rule
and the end of a latch), and what is said of a vehicle between L1 and L2 (departures.py). test_heard_again.py holds
every such step against the whole one.
"""

from lane_controller.core.effects import Effect, StartTimer
from lane_controller.core.events import SensorChanged
from lane_controller.core.evolve import changer
from lane_controller.core.hearing import looks_at_tags
from lane_controller.core.instant import Now
from lane_controller.core.state import BEFORE, Lane, Line, Sensors
from lane_controller.core.turn import FIELD
from lane_controller.core.values import Sensor
from lane_controller.core.watch import DEBOUNCE

_pending = changer(Line, "pending", "pending_us")
_with_line = {sensor: changer(Sensors, name) for sensor, name in FIELD.items()}
_with_sensors = changer(Lane, "sensors", "timers")
_DEBOUNCE_KEYS = tuple(DEBOUNCE[sensor] for sensor in FIELD)
_UNDER_ARM = (Sensor.L2, Sensor.LC2, Sensor.L3)


def edge_waits(lane: Lane, event: SensorChanged, now: Now) -> tuple[Lane, tuple[Effect, ...]] | None:
    """The wire changed; the line is believed when that has lasted."""
    sensor, on, now_us = event.sensor, event.on, now.mono_us
    line: Line = getattr(lane.sensors, FIELD[sensor])
    if event.recovered or line.pending is not None or line.on is on or _looked_at(lane, sensor):
        return None
    happened_us = event.happened_mono_us if event.happened_mono_us < now_us else now_us
    until_us = happened_us + lane.config.debounce_us(sensor, on)
    if until_us <= now_us or looks_at_tags(lane, now_us):
        return None
    key = DEBOUNCE[sensor]
    waiting = {**lane.timers, key: until_us}
    timers = {name: waiting.pop(name) for name in _DEBOUNCE_KEYS if name in waiting} | waiting
    sensors = _with_line[sensor](lane.sensors, _pending(line, on, happened_us))
    return _with_sensors(lane, sensors, timers), (StartTimer(key, until_us),)


def _looked_at(lane: Lane, sensor: Sensor) -> bool:
    """The arm may be commanded, or a vehicle given up, or their deadlines move, because of the wire itself."""
    arm, timers = lane.arm, lane.timers
    if arm.boot_hold or arm.leaving_latch:
        return True
    if sensor not in _UNDER_ARM:
        return False
    waits = any(track.stage is BEFORE and not track.on_l1 for track in lane.tracks)
    return waits or "close" in timers or "arm" in timers
