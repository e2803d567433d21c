"""One lane of road: vehicles that approach, stop at the line, wait for the arm, cross and leave.

In: arrivals, and at each step whether the arm is open and the signal green. Out: what the equipment sees of them:
sensor edges, tag reads, vehicles that left. A driver crosses the line only when the arm is open, the
signal green and the vehicle before is gone (a close follower does not wait for that); nobody passes a closed arm.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Final

from simulators.traffic.arrivals import Arrival
from simulators.traffic.geometry import SENSORS, Geometry
from simulators.traffic.motion import Motion, moved
from simulators.traffic.radio import TagRead, reads_between

STEP_MS: Final = 10
APPROACH_M: Final = 14.0
"""A vehicle enters the simulated road this far before the radio zone."""

GONE_M: Final = 9.0
"""A vehicle has left when its rear is this far behind the arm."""

LOOK_MS: Final = 700
"""A driver looks this long at an open arm and a green signal before he trusts that they are meant for him."""

ARM_MARGIN_M: Final = 0.3
"""Distance from L2 at which a vehicle that finds the arm closed stops."""

PATIENCE_MS: Final = 8_000
"""Beyond the line before a closed arm for longer than this: the driver backs to the line."""

VIEW_BEFORE_L1_M: Final = 1.0
"""The camera sees a front this far before L1: a tenth of a second or more before the trigger."""

FAR_M: Final = 1_000.0


@dataclass(frozen=True, slots=True)
class EdgeSeen:
    """A sensor changed."""

    at_ms: int
    sensor: str
    active: bool


@dataclass(frozen=True, slots=True)
class VehicleEntered:
    """A vehicle is in the simulated stretch of road now."""

    at_ms: int
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class VehicleLeft:
    """A vehicle is gone downstream."""

    at_ms: int
    arrival: Arrival


Sighting = EdgeSeen | TagRead | VehicleEntered | VehicleLeft


@dataclass(slots=True)
class Driver:
    """A vehicle on the road and what its driver has made up his mind to."""

    arrival: Arrival
    motion: Motion
    committed: bool = False
    look_since_ms: int | None = None
    barred_since_ms: int | None = None

    @property
    def rear_m(self) -> float:
        """Rear bumper along the lane."""
        return self.motion.front_m - self.arrival.vehicle.length_m

    @property
    def tag_m(self) -> float:
        """Where the tag is."""
        return self.motion.front_m - self.arrival.vehicle.tag_behind_front_m


@dataclass
class Road:
    """The road of one lane. `advance` is the only thing that moves time."""

    geometry: Geometry
    seed: int
    now_ms: int = 0
    waiting: deque[Arrival] = field(default_factory=deque)
    drivers: list[Driver] = field(default_factory=list)
    levels: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(SENSORS, False))

    def __post_init__(self) -> None:
        """Every lane of a run hears its own noise."""
        self._random = Random(f"road-{self.seed}")

    @property
    def entry_m(self) -> float:
        """Where vehicles come into the simulated stretch."""
        return self.geometry.rf_zone.begin_m - APPROACH_M

    def add(self, arrival: Arrival) -> None:
        """`arrival` comes to this lane; arrivals of one lane are added in the order of their times."""
        self.waiting.append(arrival)

    def in_view(self) -> Driver | None:
        """The vehicle whose front the plate camera sees: it looks at L1, so the newest one there hides the others."""
        begin_m, end_m = self.geometry.sensors["l1"].begin_m - VIEW_BEFORE_L1_M, self.geometry.stop_line_m + 1.0
        return next((one for one in reversed(self.drivers) if begin_m <= one.motion.front_m <= end_m), None)

    def advance(self, to_ms: int, arm_open: bool, green: bool) -> list[Sighting]:
        """Everything that is seen up to `to_ms` (whole steps of STEP_MS), with arm and signal as they are now."""
        seen: list[Sighting] = []
        while self.now_ms + STEP_MS <= to_ms:
            seen += self._step(arm_open, green)
        return seen

    def _step(self, arm_open: bool, green: bool) -> list[Sighting]:
        begin_ms = self.now_ms
        self.now_ms += STEP_MS
        seen = self._enter()
        ahead: Driver | None = None
        for driver in self.drivers:
            self._decide(driver, ahead, arm_open, green)
            self._move(driver, ahead, arm_open)
            seen += self._heard(driver, begin_ms)
            ahead = driver
        seen += self._edges()
        return seen + self._leave()

    def _enter(self) -> list[Sighting]:
        last = self.drivers[-1] if self.drivers else None
        if not self.waiting or self.waiting[0].at_ms > self.now_ms:
            return []
        if last is not None and last.rear_m - self.waiting[0].gap_m < self.entry_m:
            return []
        arrival = self.waiting.popleft()
        self.drivers.append(Driver(arrival, Motion(self.entry_m, arrival.speed_kmh / 3.6)))
        return [VehicleEntered(self.now_ms, arrival)]

    def _decide(self, driver: Driver, ahead: Driver | None, arm_open: bool, green: bool) -> None:
        """Cross the line once the way has been free for LOOK_MS; a close follower clings to the one ahead."""
        if driver.committed:
            return
        if driver.arrival.follows_closely and ahead is not None and ahead.committed and arm_open:
            driver.committed = True
            return
        if not (arm_open and green and self._way_is_clear(ahead)):
            driver.look_since_ms = None
            return
        if driver.look_since_ms is None:
            driver.look_since_ms = self.now_ms
        driver.committed = self.now_ms - driver.look_since_ms >= LOOK_MS

    def _way_is_clear(self, ahead: Driver | None) -> bool:
        return ahead is None or ahead.rear_m > self.geometry.sensors["l3"].end_m

    def _move(self, driver: Driver, ahead: Driver | None, arm_open: bool) -> None:
        free_m, ahead_m_s = self._free_way(driver, arm_open), 0.0
        if ahead is not None:
            behind_m = ahead.rear_m - driver.arrival.gap_m - driver.motion.front_m
            if behind_m < free_m:
                free_m, ahead_m_s = behind_m, ahead.motion.speed_m_s
        wanted_m_s = min(driver.arrival.speed_kmh, self.geometry.speed_max_kmh) / 3.6
        driver.motion = moved(driver.motion, wanted_m_s, free_m, ahead_m_s, STEP_MS / 1000)

    def _free_way(self, driver: Driver, arm_open: bool) -> float:
        """Metres up to where signal or arm bar the way."""
        to_line_m = self.geometry.stop_line_m - driver.motion.front_m
        if not driver.committed:
            return to_line_m
        to_arm_m = self.geometry.sensors["l2"].begin_m - ARM_MARGIN_M - driver.motion.front_m
        if arm_open or to_arm_m < 0:
            driver.barred_since_ms = None
            return FAR_M
        if driver.barred_since_ms is None:
            driver.barred_since_ms = self.now_ms
        if self.now_ms - driver.barred_since_ms > PATIENCE_MS:
            driver.committed, driver.look_since_ms, driver.barred_since_ms = False, None, None
            return to_line_m
        return to_arm_m

    def _heard(self, driver: Driver, begin_ms: int) -> list[Sighting]:
        tag = driver.arrival.vehicle.tag
        if tag is None:
            return []
        return [*reads_between(self._random, self.geometry.rf_zone, tag, driver.tag_m, begin_ms, self.now_ms)]

    def _edges(self) -> list[EdgeSeen]:
        seen: list[EdgeSeen] = []
        for sensor in SENSORS:
            span = self.geometry.sensors[sensor]
            active = any(span.covered(one.motion.front_m, one.rear_m) for one in self.drivers)
            if active != self.levels[sensor]:
                self.levels[sensor] = active
                seen.append(EdgeSeen(self.now_ms, sensor, active))
        # A loop and the curtain at its end clear together: the curtain is told first, as a PLC scans inputs in order.
        return sorted(seen, key=_told_first)

    def _leave(self) -> list[Sighting]:
        gone = [one for one in self.drivers if one.rear_m >= GONE_M]
        self.drivers = [one for one in self.drivers if one.rear_m < GONE_M]
        return [VehicleLeft(self.now_ms, one.arrival) for one in gone]


def _told_first(edge: EdgeSeen) -> bool:
    """False (first) for a curtain that clears."""
    return edge.active or not edge.sensor.startswith("lc")
