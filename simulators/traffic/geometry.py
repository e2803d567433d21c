"""Where the equipment of a lane lies (lane rules, "Geometry").

In: nothing. Out: the two reference lanes. x runs along the lane in metres, the arm stands at 0, upstream is negative. A
sensor of no length is a light curtain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SENSORS: Final = ("l1", "lc1", "l2", "lc2", "l3")
"""Sensors in the order in which a vehicle reaches them (L1 and LC1 end at the same plane)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the lane, both ends included, in metres."""

    begin_m: float
    end_m: float

    def covered(self, front_m: float, rear_m: float) -> bool:
        """True while a vehicle from `rear_m` to `front_m` is over the stretch."""
        return front_m >= self.begin_m and rear_m <= self.end_m

    @property
    def middle_m(self) -> float:
        """Centre of the stretch."""
        return (self.begin_m + self.end_m) / 2


@dataclass(frozen=True, slots=True)
class Geometry:
    """One kind of lane: the radio zone (of the tag), the five sensors and the stop line."""

    name: str
    rf_zone: Span
    sensors: dict[str, Span]
    stop_line_m: float
    speed_max_kmh: float


def _lane(name: str, rf_zone: Span, l1: Span, speed_max_kmh: float) -> Geometry:
    sensors = {
        "l1": l1,
        "lc1": Span(l1.end_m, l1.end_m),
        "l2": Span(-1.0, 1.0),
        "lc2": Span(0.0, 0.0),
        "l3": Span(2.0, 3.5),
    }
    return Geometry(name, rf_zone, sensors, stop_line_m=-4.0, speed_max_kmh=speed_max_kmh)


ONE_STOP: Final = _lane("G1", Span(-14.0, -8.0), Span(-9.0, -7.0), speed_max_kmh=15.0)
"""G1: one-stop lane, up to 15 km/h."""

NON_STOP: Final = _lane("G2", Span(-28.0, -20.0), Span(-20.0, -18.0), speed_max_kmh=30.0)
"""G2: non-stop lane, up to 30 km/h."""
