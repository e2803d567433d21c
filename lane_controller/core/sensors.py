"""Debounce: raw edges of loops and curtains become edges that count.

In: `SensorChanged` and the passing of time. Out: calls `road.edge` with the time the edge happened, not the time it
was believed.
Never: two edges of the same direction in a row; a shorter pulse is chatter and changes nothing.
"""

from lane_controller.core import road
from lane_controller.core.events import SensorChanged
from lane_controller.core.evolve import changer, maker
from lane_controller.core.instant import SAME_SCAN_US
from lane_controller.core.state import Line
from lane_controller.core.turn import FIELD, Turn
from lane_controller.core.values import L1, L2, L3, LC1, LC2, Flag, Sensor, TraceEdge

CHATTER_QUIET_US = 10_000_000
"""LOOP_CHATTER of one loop is raised once in this time: a loose wire must not flood the journal (ADR 0010)."""

TRACE_KEPT = 24
"""Sensor edges kept as evidence: two vehicles over five sensors, and chatter."""

LATE_US = 100_000
"""A live wire takes less. What comes later has waited in a log, and more may have waited with it."""

LOOPS = (L1, L2, L3)


def told_until(event: SensorChanged, now_us: int) -> int:
    """Until when the wire has told what it did: edges come in order, and out of a log the next one is yet to come."""
    late = event.recovered or now_us - event.happened_mono_us > LATE_US
    return min(event.happened_mono_us, now_us) if late else now_us


def raw_edge(turn: Turn, sensor: Sensor, on: bool, happened_us: int) -> None:
    """Take one edge of the wire, and what was told of it before though it happened after this one."""
    line = turn.line(sensor)
    told = line.told
    if told is None or happened_us >= told[1]:
        _take(turn, sensor, on, happened_us)
        return
    if line.pending is not None and line.pending_us == told[1]:
        turn.set_line(sensor, pending=None)
    _take(turn, sensor, on, happened_us)
    _take(turn, sensor, *told)


def _take(turn: Turn, sensor: Sensor, on: bool, happened_us: int) -> None:
    line = turn.line(sensor)
    if line.pending is not None and happened_us - line.pending_us >= turn.cfg.debounce_us(sensor, line.pending):
        believe(turn, sensor, line.pending, line.pending_us)
        line = turn.line(sensor)
    if sensor is Sensor.L1 and not on and not line.raw and _l1_on_lost(turn, happened_us):
        # Nobody knows when it came, but before it broke LC1.
        turn.set_road(levels_us=turn.sensors.lc1.since_us)
        believe(turn, sensor, True, turn.sensors.lc1.since_us)
        line = turn.line(sensor)
    newest_us = line.since_us if line.pending is None else line.pending_us
    if happened_us < newest_us and (line.told is not None or line.pending is not None):
        # Out of the log: an edge has told since how it is. The levels of a boot are as young as the boot, not older.
        return
    if on == line.raw:
        if happened_us > newest_us:
            turn.set_line(sensor, told=(on, happened_us))
        return
    if on and sensor is L1 and _left_together(turn, line.pending_us, happened_us):
        believe(turn, sensor, False, line.pending_us)
        turn.set_line(sensor, pending=True, pending_us=happened_us)
        return
    if line.pending is not None:
        turn.set_line(sensor, pending=None)
        if on:
            road.stays_on(turn, sensor)
        else:
            road.touched(turn, sensor, happened_us)
        _chatter(turn, sensor)
        return
    if happened_us + turn.cfg.debounce_us(sensor, on) <= turn.wire_us and not pending(turn):
        believe(turn, sensor, on, happened_us)  # it has lasted on its way here, and no other edge comes before it
        return
    turn.set_line(sensor, pending=on, pending_us=happened_us)
    settle_lines(turn)


def _l1_on_lost(turn: Turn, off_us: int) -> bool:
    """L1, which was not on, clears together with LC1, broken since it cleared last: a vehicle drove over both, and the
    edge of L1 that told of it was lost.
    """
    l1, lc1 = turn.sensors.l1, turn.sensors.lc1
    together = lc1.pending is None or abs(lc1.pending_us - off_us) <= SAME_SCAN_US
    return lc1.on and together and not lc1.stuck and lc1.since_us > l1.since_us and turn.occupant() is None


def _left_together(turn: Turn, l1_off_us: int, again_us: int) -> bool:
    """L1 and the curtain at its end cleared together: a vehicle left, however soon the next one is on L1.

    Not in the same scan: the contact bounces, as it may when L1 clears.
    """
    l1, lc1 = turn.sensors.l1, turn.sensors.lc1
    if l1.pending is not False or lc1.raw or not turn.road.lc1_proven or again_us - l1_off_us <= SAME_SCAN_US:
        return False
    lc1_off_us = lc1.pending_us if lc1.pending is False else lc1.since_us
    return abs(lc1_off_us - l1_off_us) <= SAME_SCAN_US


def settle_lines(turn: Turn) -> None:
    """Believe every edge that has lasted long enough by now, as far as the wire has told, oldest first."""
    while waiting := pending(turn):
        believable, sensor, on, at = min([(at + turn.cfg.debounce_us(s, on), s, on, at) for at, s, on in waiting])
        if believable > turn.wire_us:
            return
        believe(turn, sensor, on, at)


def overdue(turn: Turn) -> bool:
    """An edge out of a log has lasted long enough, and nothing after it was told."""
    return any(at + turn.cfg.debounce_us(sensor, on) <= turn.wire_us for at, sensor, on in pending(turn))


def pending(turn: Turn) -> list[tuple[int, Sensor, bool]]:
    """Edges not believed yet: (happened, sensor, direction)."""
    s = turn.sensors
    found: list[tuple[int, Sensor, bool]] = []
    if s.l1.pending is not None:
        found.append((s.l1.pending_us, L1, s.l1.pending))
    if s.l2.pending is not None:
        found.append((s.l2.pending_us, L2, s.l2.pending))
    if s.l3.pending is not None:
        found.append((s.l3.pending_us, L3, s.l3.pending))
    if s.lc1.pending is not None:
        found.append((s.lc1.pending_us, LC1, s.lc1.pending))
    if s.lc2.pending is not None:
        found.append((s.lc2.pending_us, LC2, s.lc2.pending))
    return found


_believed = changer(Line, "on", "since_us", "pending", "stuck", "stalled", "doubted", "told")
_trace_edge = maker(TraceEdge)


def believe(turn: Turn, sensor: Sensor, on: bool, happened_us: int) -> None:
    """An edge counts."""
    line = turn.line(sensor)
    was_stuck, told = line.stuck, line.told
    if told is None or told[1] < happened_us:
        told = (on, happened_us)
    turn.put_line(sensor, _believed(line, on, happened_us, None, False, False, False, told))
    turn.trace = (*turn.trace[1 - TRACE_KEPT :], _trace_edge(sensor, on, happened_us))
    if not (was_stuck and sensor is L1 and not on and turn.occupant() is None):
        road.edge(turn, sensor, on, happened_us)


def baseline(turn: Turn, levels: dict[Sensor, bool]) -> None:
    """Levels at boot: what is on is on since now, and nothing has moved."""
    for sensor in FIELD:
        on = levels.get(sensor, False)
        turn.set_line(sensor, on=on, since_us=turn.t, pending=None)
        if on:
            turn.trace = (*turn.trace, TraceEdge(sensor, on, turn.t))


def known_since(turn: Turn, edge_us: int) -> None:
    """The levels of the past are older than the edges that follow them out of the log, not as young as this boot."""
    for sensor in FIELD:
        if turn.line(sensor).since_us > edge_us:
            turn.set_line(sensor, since_us=edge_us)


def _chatter(turn: Turn, sensor: Sensor) -> None:
    line = turn.line(sensor)
    if sensor not in LOOPS or (line.chatter_us is not None and turn.t - line.chatter_us < CHATTER_QUIET_US):
        return
    turn.set_line(sensor, chatter_us=turn.t)
    turn.flag(Flag.LOOP_CHATTER, turn.occupant() if sensor is L1 else None)
