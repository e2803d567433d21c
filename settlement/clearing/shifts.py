"""Shifts (ca làm việc): which part of the clock a moment belongs to.

In: names with the time of day at which each begins. Out: the shift of a moment. Shift, accounting day and calendar day
are three things: a shift that runs over the cut-off counts in both accounting days. The plaza's own shift times are not
known to us: they are configuration, and the built-in ones are for demonstration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Shift:
    """`start`: time of day in Vietnam; the shift lasts until the next one begins."""

    name: str
    start: time

    @property
    def start_minute(self) -> int:
        """Minutes after midnight."""
        return self.start.hour * 60 + self.start.minute


@dataclass(frozen=True, slots=True)
class Shifts:
    """All shifts of a day in order of the clock; they cover it without a gap."""

    shifts: tuple[Shift, ...]
    demonstration: bool = False

    def __post_init__(self) -> None:
        if not self.shifts:
            raise ValueError("a day needs at least one shift")
        if any(one.start >= other.start for one, other in pairwise(self.shifts)):
            raise ValueError("shifts must begin at different times, in order of the clock")
        if len({shift.name for shift in self.shifts}) != len(self.shifts):
            raise ValueError("two shifts have the same name")

    def starts(self) -> tuple[int, ...]:
        """Minutes after midnight at which each begins."""
        return tuple(shift.start_minute for shift in self.shifts)

    def hours(self, shift: Shift) -> str:
        """`06:00–14:00`"""
        following = self.shifts[(self.shifts.index(shift) + 1) % len(self.shifts)]
        return f"{shift.start:%H:%M}–{following.start:%H:%M}"


DEMONSTRATION_SHIFTS = Shifts((Shift("Ca 1", time(6)), Shift("Ca 2", time(14)), Shift("Ca 3", time(22))), True)
"""Three shifts of eight hours: those of no plaza."""
