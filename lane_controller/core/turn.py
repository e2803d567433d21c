"""The working copy of a lane during one step: taken apart once, changed piece by piece, packed once.

In: a lane and an instant. Out: the next lane and the effects in order; which pieces have changed since when: a piece
that is the same object has the same content, which is what lets a step leave out conclusions that cannot change.
Never: kept beyond the step, or shared; this is the only mutable object of the core.
"""

from enum import Enum, auto
from typing import Any, TypeAlias

from lane_controller.core.effects import Effect, RaiseFlag, Record
from lane_controller.core.evolve import changer, evolve, maker
from lane_controller.core.instant import Now
from lane_controller.core.records import FlagRaised
from lane_controller.core.state import (
    BEFORE,
    PHANTOM,
    UNDER_ARM,
    Arm,
    Counts,
    Desk,
    Lane,
    Line,
    Radio,
    Road,
    Sensors,
    Track,
)
from lane_controller.core.values import Flag, Sensor, TraceEdge

TRACE_KEPT = 24
FIELD = {Sensor.L1: "l1", Sensor.L2: "l2", Sensor.L3: "l3", Sensor.LC1: "lc1", Sensor.LC2: "lc2"}
_WITH_LINE = {sensor: changer(Sensors, name) for sensor, name in FIELD.items()}
_lane = maker(Lane)


Ready: TypeAlias = tuple[tuple[Track, ...], Radio, Arm, Desk, int | None]
"""What the next decision hangs on, and its instant (deciding.next_deadline)."""

Pieces: TypeAlias = tuple[Sensors, tuple[Track, ...], Road, Arm, Desk, Counts, Radio]


class Change(Enum):
    """How much of a lane has changed: nothing, only what is heard of tags (`radio`), or more than that."""

    NOTHING = auto()
    TAGS = auto()
    MORE = auto()


NOTHING, TAGS, MORE = Change


class Turn:
    """One step in progress. `was`: the lane before it; `wire_us`: until when the wire has told what it did."""

    __slots__ = (
        "arm",
        "cfg",
        "counts",
        "desk",
        "effects",
        "now",
        "radio",
        "ready",
        "road",
        "sensors",
        "shown",
        "t",
        "timers",
        "trace",
        "tracks",
        "was",
        "wire_us",
    )

    def __init__(self, lane: Lane, now: Now) -> None:
        self.was = lane
        self.cfg = lane.config
        self.sensors = lane.sensors
        self.radio = lane.radio
        self.tracks = lane.tracks
        self.road = lane.road
        self.arm = lane.arm
        self.desk = lane.desk
        self.counts = lane.counts
        self.shown = lane.shown
        self.timers = lane.timers
        self.trace = lane.trace
        self.now = now
        self.t = now.mono_us
        self.wire_us = now.mono_us
        self.effects: list[Effect] = []
        self.ready: Ready | None = None

    def lane(self, settled: bool) -> Lane:
        """The lane after this step; `settled`: its last conclusions changed nothing."""
        return _lane(
            self.cfg,
            self.sensors,
            self.radio,
            self.tracks,
            self.road,
            self.arm,
            self.desk,
            self.counts,
            self.shown,
            self.timers,
            self.trace,
            settled,
        )

    def pieces(self) -> Pieces:
        """What conclusions are drawn from, as it is now, for `changed_since`."""
        return self.sensors, self.tracks, self.road, self.arm, self.desk, self.counts, self.radio

    def changed_since(self, before: Pieces) -> Change:
        """What is another object than it was in `before`."""
        sensors, tracks, road, arm, desk, counts, radio = before
        if (
            self.sensors is sensors
            and self.tracks is tracks
            and self.road is road
            and self.arm is arm
            and self.desk is desk
            and self.counts is counts
        ):
            return NOTHING if self.radio is radio else TAGS
        return MORE

    def line(self, sensor: Sensor) -> Line:
        """State of one sensor."""
        line: Line = getattr(self.sensors, FIELD[sensor])
        return line

    def set_line(self, sensor: Sensor, **changes: Any) -> None:
        """Replace fields of one sensor's state."""
        self.put_line(sensor, evolve(self.line(sensor), **changes))

    def put_line(self, sensor: Sensor, line: Line) -> None:
        """Replace one sensor's state."""
        self.sensors = _WITH_LINE[sensor](self.sensors, line)

    def set_road(self, **changes: Any) -> None:
        """Replace fields of the road."""
        self.road = evolve(self.road, **changes)

    def track(self, track_id: int | None) -> Track | None:
        """A vehicle that is still in the lane."""
        for track in self.tracks:
            if track.id == track_id:
                return track
        return None

    def put(self, track: Track, **changes: Any) -> Track:
        """Replace one vehicle (it keeps its place in the queue) and return it."""
        new = evolve(track, **changes) if changes else track
        self.tracks = tuple([new if old.id == new.id else old for old in self.tracks])
        return new

    def drop(self, track: Track) -> None:
        """A vehicle is no longer in the lane."""
        self.tracks = tuple([old for old in self.tracks if old.id != track.id])

    def queue(self) -> tuple[Track, ...]:
        """Toll vehicles in order, the first one nearest to the exit."""
        return tuple([track for track in self.tracks if track.vehicle])

    def first(self) -> Track | None:
        """The first toll vehicle, nearest to the exit."""
        for track in self.tracks:
            if track.vehicle:
                return track
        return None

    def occupant(self) -> Track | None:
        """The vehicle now on L1."""
        occupant = self.road.occupant
        if occupant is not None:
            for track in self.tracks:
                if track.id == occupant:
                    return track if track.on_l1 else None
        return None

    def under_arm(self) -> Track | None:
        """The first vehicle on L2 that has not reached L3 yet."""
        for track in self.tracks:
            if track.stage is UNDER_ARM:
                return track
        return None

    def last_under_arm(self) -> Track | None:
        """The last vehicle on L2 that has not reached L3 yet: more than one where L3 does not tell."""
        for track in reversed(self.tracks):
            if track.stage is UNDER_ARM:
                return track
        return None

    def front(self) -> Track | None:
        """The first vehicle that has not reached L2."""
        for track in self.tracks:
            if track.stage is BEFORE and track.standing is not PHANTOM:
                return track
        return None

    def trace_on(self, sensor: Sensor) -> int | None:
        """When a sensor last went on, as far as the trace reaches."""
        for edge in reversed(self.trace):
            if edge.sensor is sensor and edge.on:
                return edge.mono_us
        return None

    def flag(self, flag: Flag, track: Track | None = None, raw: TraceEdge | None = None) -> Track | None:
        """Raise a finding: once per vehicle, with its evidence (I7). Returns the vehicle as it is now.

        `raw`: an edge that is evidence before it has lasted long enough to be believed.
        """
        trace = (self.trace or self._waiting()) if raw is None else (*self.trace, raw)
        if track is None:
            self._lane_flag(flag, trace)
            return None
        track = self.track(track.id) or track
        if flag in track.flags:
            return track
        self.effects.append(RaiseFlag(flag, track.passage_id, track.id, track.frames, trace))
        return self.put(track, flags=(*track.flags, flag))

    def _waiting(self) -> tuple[TraceEdge, ...]:
        """Edges that have yet to last: the only evidence before the first is believed (I7)."""
        lines = ((sensor, self.line(sensor)) for sensor in FIELD)
        return tuple(TraceEdge(one, line.pending, line.pending_us) for one, line in lines if line.pending is not None)

    def _lane_flag(self, flag: Flag, trace: tuple[TraceEdge, ...]) -> None:
        occupant = self.occupant()
        frames = occupant.frames if occupant else ()
        self.effects.append(Record(FlagRaised(flag, frames, trace, self.now)))
        self.effects.append(RaiseFlag(flag, None, None, frames, trace))
