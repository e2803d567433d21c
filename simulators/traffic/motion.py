"""How one driver moves: towards a speed, behind the vehicle ahead, and never past a place where the way is barred.

In: place, speed, free distance. Out: the next place and speed. Comfortable rates (braking 3 m/s²: lane
hardware, section 7). A vehicle never runs into what is ahead of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACCELERATION_M_S2: Final = 1.6
BRAKING_M_S2: Final = 3.0
BACKING_M_S: Final = 0.5
BACK_WHEN_OVER_M: Final = 0.4
"""A vehicle that stands this far beyond its place rolls back slowly."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Front bumper in metres along the lane, speed in m/s (negative: backing)."""

    front_m: float
    speed_m_s: float


def moved(motion: Motion, wanted_m_s: float, free_m: float, ahead_m_s: float, step_s: float) -> Motion:
    """After `step_s` seconds with `free_m` metres of free way up to something that itself drives at `ahead_m_s`."""
    if free_m < -BACK_WHEN_OVER_M:
        return Motion(motion.front_m - BACKING_M_S * step_s, -BACKING_M_S)
    safe_m_s: float = (2 * BRAKING_M_S2 * max(0.0, free_m) + max(0.0, ahead_m_s) ** 2) ** 0.5
    speed = min(wanted_m_s, safe_m_s, max(0.0, motion.speed_m_s) + ACCELERATION_M_S2 * step_s)
    return Motion(motion.front_m + max(0.0, min(speed * step_s, free_m)), speed)
