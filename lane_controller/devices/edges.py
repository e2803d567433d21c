"""From the PLC's messages to core events: baseline, edges in order, gaps, returns. Pure.

In: parsed messages with their receive time (monotonic microseconds). Out: core events, in the order to hand them in.
Edges come from io/events, levels from io/SENSOR/state. While the link is being (re)built, messages are collected; then
edges from the PLC's log go first, the levels after them, as the core wants it. A gap in the edge numbers is an
EdgeLost, a number that was seen is dropped, an "offline" of an older boot is not believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from lane_controller.core.events import (
    BarrierAcked,
    BarrierReported,
    ClassMeasured,
    EdgeLost,
    Event,
    PlcOffline,
    PlcOnline,
    SensorChanged,
    SensorLevels,
)
from lane_controller.core.values import Sensor
from lane_controller.devices.field_wire import (
    SENSOR_OF_NAME,
    AckMessage,
    BarrierMessage,
    ClassMessage,
    EdgeMessage,
    LevelMessage,
    PlcMessage,
    StatusMessage,
)
from lane_controller.devices.ports import PlcPosition

SETTLE_US: Final = 200_000
"""Retained levels and logged edges of a PLC that (re)appears arrive within this time on a working network."""
LOG_WAIT_US: Final = 1_500_000
"""Longest wait for the next edge of the PLC's log while the levels say that there are more."""
EDGE_GRACE_US: Final = 150_000
"""A level with a newer number than the last edge: if the edge is not here by then, it is lost."""
SILENT_US: Final = 3_000_000
SAME_SCAN_MS: Final = 20
DRIFT_PPM: Final = 200
"""Clocks of PLC and lane may drift apart this fast; the offset follows upwards at this rate."""

Handed = tuple[Event, PlcPosition | None]


@dataclass(slots=True)
class EdgeTracker:
    """State of one PLC link. Call the methods in order of receipt; iterate what they return at once."""

    position: PlcPosition | None = None
    online: bool = False
    boot: str | None = None
    levels: dict[Sensor, LevelMessage] = field(default_factory=dict)
    barrier: BarrierMessage | None = None
    duplicates: int = 0
    lost: int = 0
    _collecting_until_us: int | None = None
    _collected: list[EdgeMessage] = field(default_factory=list)
    _announce: bool = False
    _heard_us: int = 0
    _offset_us: float | None = None
    _offset_at_us: int = 0
    _awaited: tuple[int, int] | None = None
    _started: bool = False
    _log_until_us: int = 0

    def receive(self, name: str, message: PlcMessage, now_us: int) -> Iterator[Handed]:
        """A message; `name` is the sensor's for levels."""
        match message:
            case StatusMessage():
                yield from self._status(message, now_us)
            case LevelMessage():
                yield from self._level(SENSOR_OF_NAME[name], message, now_us)
            case EdgeMessage():
                yield from self._edge(message, now_us)
            case BarrierMessage():
                yield from self._barrier(message, now_us)
            case AckMessage():
                self._heard_us = now_us
                yield BarrierAcked(message.cmd_id, message.result), None
            case ClassMessage():
                # Another device than the PLC: it says nothing about whether that one is alive.
                yield ClassMeasured(message.vehicle_class, message.kind, message.length_m), None

    def tick(self, now_us: int) -> Iterator[Handed]:
        """Time passes: settle what is collected, miss what did not come, notice silence."""
        settled = self._collecting_until_us is not None and now_us >= self._collecting_until_us
        if settled and not self._log_incomplete(now_us):
            yield from self._settle(now_us)
        if self._awaited is not None and now_us >= self._awaited[1]:
            yield from self._missed(self._awaited[0])
        if self.online and now_us - self._heard_us > SILENT_US:
            yield from self.disconnect()

    def disconnect(self) -> Iterator[Handed]:
        """The link is down, or the PLC is silent."""
        self._collecting_until_us, self._awaited = None, None
        self._collected.clear()
        if self.online:
            self.online = False
            yield PlcOffline(), None

    def collect(self, now_us: int) -> None:
        """Levels are being read again: gather them, then report."""
        if self._collecting_until_us is None:
            self._collecting_until_us = now_us + SETTLE_US

    @property
    def collecting(self) -> bool:
        """Whether a baseline is being gathered."""
        return self._collecting_until_us is not None

    def _status(self, message: StatusMessage, now_us: int) -> Iterator[Handed]:
        if not message.online:
            if message.boot == self.boot:
                yield from self.disconnect()
            return
        yield from self._alive(message.boot, now_us)
        self._learn_offset(message.ts_ms, now_us)

    def _alive(self, boot: str, now_us: int) -> Iterator[Handed]:
        self._heard_us = now_us
        if boot != self.boot:
            yield from self._rebooted(boot)
        if not self.online:
            self.online, self._announce = True, True
            self._collecting_until_us = now_us + SETTLE_US
            self._log_until_us = now_us + LOG_WAIT_US

    def _rebooted(self, boot: str) -> Iterator[Handed]:
        if self.boot is not None:
            yield from self.disconnect()
        self.boot, self._offset_us = boot, None
        self.levels = {sensor: level for sensor, level in self.levels.items() if level.boot == boot}
        if self.position is not None and self.position.boot != boot:
            self.position = None

    def _level(self, sensor: Sensor, message: LevelMessage, now_us: int) -> Iterator[Handed]:
        known = self.levels.get(sensor)
        if known is not None and known.boot == message.boot and known.seq > message.seq:
            return
        self.levels[sensor] = message
        if message.boot != self.boot:
            return
        self._heard_us = now_us
        last = self.position.seq if self.position is not None else None
        # Retained levels may come before the status that begins a baseline: what they tell of is in the PLC's log.
        watching = self.online and not self.collecting
        if watching and last is not None and message.seq > last and self._awaited is None:
            self._awaited = (message.seq, now_us + EDGE_GRACE_US)
        yield from ()

    def _barrier(self, message: BarrierMessage, now_us: int) -> Iterator[Handed]:
        if self.boot is not None and message.boot != self.boot:
            return
        self._heard_us = now_us
        self.barrier = message
        if self.online and not self.collecting:
            yield _reported(message), None

    def _edge(self, message: EdgeMessage, now_us: int) -> Iterator[Handed]:
        yield from self._alive(message.boot, now_us)
        self._learn_offset(None if message.recovered else message.ts_ms, now_us)
        if self.collecting:
            self._collected.append(message)
            self._log_until_us = now_us + LOG_WAIT_US
            return
        yield from self._in_order(message, now_us)

    def _in_order(self, message: EdgeMessage, now_us: int) -> Iterator[Handed]:
        last = self.position.seq if self.position is not None else None
        if last is not None and message.seq <= last:
            self.duplicates += 1
            return
        if last is not None and message.seq > last + 1:
            self.lost += message.seq - last - 1
            yield EdgeLost(), None
        yield self._hand(message, now_us)

    def _hand(self, message: EdgeMessage, now_us: int) -> Handed:
        self.position = PlcPosition(message.boot, message.seq)
        if self._awaited is not None and self._awaited[0] <= message.seq:
            self._awaited = None
        happened_us = min(now_us, self._our_time_us(message.ts_ms, now_us))
        return SensorChanged(message.which, message.v, message.recovered, happened_us), self.position

    def _missed(self, seq: int) -> Iterator[Handed]:
        self._awaited = None
        if self.boot is not None and (self.position is None or self.position.seq < seq):
            self.lost += 1
            self.position = PlcPosition(self.boot, seq)
            yield EdgeLost(), self.position

    def _settle(self, now_us: int) -> Iterator[Handed]:
        """The order the core wants: online, logged edges, levels, arm, then edges newer than the levels.

        At a start of the lane, which has no road yet, the levels and the arm go first, as they were before the
        logged edges: then a vehicle that crossed while nobody watched is seen to cross.
        """
        self._collecting_until_us = None
        edges = sorted(self._collected, key=lambda edge: (edge.seq, not edge.recovered))
        self._collected = []
        missed = _with_log([edge for edge in edges if self._is_new(edge.seq)])
        if self._announce:
            self._announce = False
            yield PlcOnline(), None
        if missed and not self._started:
            yield from self._baseline({edge.which: not edge.v for edge in reversed(missed)}, self.position)
            missed = _without_arrival(missed)
        still = not missed and self._unmoved()
        for edge in missed:
            if self._is_new(edge.seq):
                yield self._hand(edge, now_us)
        yield from self._baseline({}, None, still)
        for edge in edges:
            if self._is_new(edge.seq):
                yield from self._in_order(edge, now_us)

    def _log_incomplete(self, now_us: int) -> bool:
        """Whether edges of the PLC's log are still to come: the levels are newer than what is here."""
        position = self.position
        if position is None or position.boot != self.boot or now_us >= self._log_until_us:
            return False
        here = {edge.seq for edge in self._collected}
        newest = max((level.seq for level in self.levels.values() if level.boot == self.boot), default=0)
        return any(seq not in here for seq in range(position.seq + 1, newest + 1))

    def _is_new(self, seq: int) -> bool:
        return self.position is None or seq > self.position.seq

    def _unmoved(self) -> bool:
        """A start of the lane: the PLC has run on, and tells of no edge since the last that the lane had."""
        last = self.position
        newest = max((level.seq for level in self.levels.values() if level.boot == self.boot), default=None)
        return not self._started and last is not None and last.boot == self.boot and last.seq == newest

    def _baseline(
        self, before: Mapping[Sensor, bool], position: PlcPosition | None, still: bool = False
    ) -> Iterator[Handed]:
        """Levels and arm. `before` overrules levels that are newer than the baseline, which then ends at `position`."""
        current = {sensor: level for sensor, level in self.levels.items() if level.boot == self.boot}
        loops_known = all(sensor in current for sensor in (Sensor.L1, Sensor.L2, Sensor.L3))
        if loops_known and self.boot is not None:
            self._started = True
            newest = max(level.seq for level in current.values())
            if not before and self._is_new(newest):
                self.position = PlcPosition(self.boot, newest)
            levels = {sensor: before.get(sensor, current[sensor].v) if sensor in current else None for sensor in Sensor}
            loops = (bool(levels[Sensor.L1]), bool(levels[Sensor.L2]), bool(levels[Sensor.L3]))
            yield (
                SensorLevels(*loops, levels[Sensor.LC1], levels[Sensor.LC2], past=bool(before), still=still),
                position or self.position,
            )
        if self.barrier is not None and self.barrier.boot == self.boot:
            yield _reported(self.barrier), None

    def _learn_offset(self, ts_ms: int | None, now_us: int) -> None:
        """The message that travelled fastest tells best: the least (receive time - PLC time), drifting slowly up."""
        if ts_ms is None:
            return
        sample = now_us - ts_ms * 1000
        if self._offset_us is None:
            self._offset_us = sample
        else:
            drift = (now_us - self._offset_at_us) * DRIFT_PPM / 1e6
            self._offset_us = min(self._offset_us + drift, sample)
        self._offset_at_us = now_us

    def _our_time_us(self, ts_ms: int, now_us: int) -> int:
        return now_us if self._offset_us is None else int(ts_ms * 1000 + self._offset_us)


def _with_log(new: list[EdgeMessage]) -> list[EdgeMessage]:
    """What the PLC's log tells, and what happened while it was read: one row of edges, told late. Without a log the
    levels tell.
    """
    if not any(edge.recovered for edge in new):
        return []
    return [edge.model_copy(update={"recovered": True}) for edge in new]


def _reported(message: BarrierMessage) -> BarrierReported:
    return BarrierReported(message.state, message.open_limit, message.closed_limit, message.last_cmd_id)


def _without_arrival(missed: list[EdgeMessage]) -> list[EdgeMessage]:
    """A vehicle that came onto L1 unwatched and still stands there arrives now: before, nobody could hear its tag."""
    on_l1 = [edge for edge in missed if edge.which is Sensor.L1]
    if not on_l1 or not on_l1[-1].v or _from_downstream(on_l1[-1], missed) or _at_arm(on_l1[-1], missed):
        return missed
    if _past_lc1(on_l1[-1], missed):
        return missed
    return [edge for edge in missed if edge is not on_l1[-1]]


def _at_arm(arrival: EdgeMessage, missed: list[EdgeMessage]) -> bool:
    """Somebody is on L2 since: perhaps this one, a long vehicle; then it has come before."""
    return any(edge.which is Sensor.L2 and edge.v and edge.seq > arrival.seq for edge in missed)


def _past_lc1(arrival: EdgeMessage, missed: list[EdgeMessage]) -> bool:
    """LC1 has broken and cleared since: it drove on, and who is on L1 now came bumper to bumper."""
    lc1 = [edge.v for edge in missed if edge.which is Sensor.LC1 and edge.seq > arrival.seq]
    return True in lc1 and False in lc1[lc1.index(True) :]


def _from_downstream(arrival: EdgeMessage, missed: list[EdgeMessage]) -> bool:
    """L1 and LC1 at its far end went on together: no arrival, somebody who backs from the line."""
    lc1 = [edge for edge in missed if edge.which is Sensor.LC1 and edge.v]
    return any(abs(edge.ts_ms - arrival.ts_ms) <= SAME_SCAN_MS for edge in lc1)
