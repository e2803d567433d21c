"""Where the equipment of a lane lies (rules.md, Geometry), and what the front bumper meets on its way.

In: a geometry and a vehicle. Out: milestones in order of the front's place: sensors on and off, radio zone, places
where the driver looks.
Never: a place that rules.md does not give, except where drivers look and vehicles are gone.
"""

from dataclasses import dataclass
from enum import IntEnum

from lane_controller.core.config import Geometry
from lane_controller.core.values import LC1, LC2, Sensor
from lane_controller.world.plan import VehiclePlan

STOP_LINE_M = -4.0
BEFORE_ARM_M = -1.3
"""A driver who finds the arm closed after the line stops here, before L2."""

APPROACH_M = 10.0
"""Vehicles enter the simulated road this far before the radio zone."""

BEHIND_M = 6.0
"""A vehicle is gone when its rear is this far behind the arm."""

DROPOUT_M = (2.5, 4.0)
"""A loop under a high bed sees nothing while this much of the vehicle is past the loop's end."""


@dataclass(frozen=True, slots=True)
class Place:
    """One geometry. Spans in metres along the lane."""

    zone: tuple[float, float]
    sensors: tuple[tuple[Sensor, float, float], ...]

    @property
    def entry_m(self) -> float:
        """Where vehicles enter."""
        return self.zone[0] - APPROACH_M

    @property
    def l1_m(self) -> float:
        """Where L1 begins."""
        return self.sensors[0][1]


def _place(zone: tuple[float, float], l1: tuple[float, float]) -> Place:
    spans = ((Sensor.L1, *l1), (Sensor.LC1, l1[1], l1[1]), (Sensor.L2, -1.0, 1.0), (Sensor.LC2, 0.0, 0.0))
    return Place(zone, (*spans, (Sensor.L3, 2.0, 3.5)))


PLACES = {Geometry.G1: _place((-14.0, -8.0), (-9.0, -7.0)), Geometry.G2: _place((-28.0, -20.0), (-20.0, -18.0))}


class What(IntEnum):
    """What the front meets; equal places in this order (a curtain clears before the loop that ends with it)."""

    OFF = 0
    ON = 1
    ZONE = 2
    UNZONE = 3
    LOOK = 4
    ARM = 5
    CROSSED = 6
    CLEAR = 7
    GONE = 8


OFF, ON, ZONE, UNZONE, LOOK, ARM, CROSSED, CLEAR, GONE = What

Milestone = tuple[float, int, Sensor | None]


def milestones(place: Place, plan: VehiclePlan, look_m: float, arm_m: float) -> list[Milestone]:
    """What this vehicle's front meets, in order. `look_m`, `arm_m`: where its driver looks at signal and arm."""
    found: list[tuple[float, int, int, Sensor | None]] = []
    for sensor, begin, end in place.sensors:
        curtain = sensor in (LC1, LC2)
        found.append((begin, ON, 0, sensor))
        found.append((end + plan.length_m, OFF, 0 if curtain else 1, sensor))
        if plan.high_bed and not curtain:
            found.append((end + DROPOUT_M[0], OFF, 1, sensor))
            found.append((end + DROPOUT_M[1], ON, 1, sensor))
    found.append((place.zone[0] + plan.tag_m, ZONE, 0, None))
    found.append((place.zone[1] + plan.tag_m, UNZONE, 0, None))
    found.append((look_m, LOOK, 0, None))
    found.append((arm_m, ARM, 0, None))
    found.append((2.0, CROSSED, 0, None))
    found.append((3.5 + plan.length_m, CLEAR, 1, None))
    found.append((BEHIND_M + plan.length_m, GONE, 0, None))
    found.sort(key=lambda item: (item[0], item[1], item[2]))
    return [(at, what, sensor) for at, what, _, sensor in found]
