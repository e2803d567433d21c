"""The arm of the barrier: where it is, where it is going, and which limit switches are closed.

In: open / close requests, faults, and the time in milliseconds of the PLC's own clock. Out: position (0 closed, 1 open)
and state. Pure: the time always comes from the caller. The state is what the limit switches show, never what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ArmState = Literal["open", "closed", "opening", "closing", "stopped", "fault", "broken"]


@dataclass(slots=True)
class Arm:
    """A boom that moves at constant speed; travel times in ms."""

    opens_in_ms: float = 900.0
    closes_in_ms: float = 1200.0
    position: float = 0.0
    target: float | None = None
    stuck: bool = False
    broken: bool = False
    _at_ms: float = 0.0

    def open(self, now_ms: float) -> None:
        """Drive up from wherever it is."""
        self.advance(now_ms)
        self.target = 1.0

    def close(self, now_ms: float) -> None:
        """Drive down from wherever it is."""
        self.advance(now_ms)
        self.target = 0.0

    def advance(self, now_ms: float) -> None:
        """Move to where the arm is at `now_ms`."""
        elapsed_ms = max(0.0, now_ms - self._at_ms)
        self._at_ms = max(self._at_ms, now_ms)
        if self.target is None or self.stuck or self.broken:
            return
        if self.target > self.position:
            self.position = min(1.0, self.position + elapsed_ms / self.opens_in_ms)
        else:
            self.position = max(0.0, self.position - elapsed_ms / self.closes_in_ms)
        if self.position == self.target:
            self.target = None

    def lift_by_hand(self, now_ms: float) -> None:
        """Somebody raises the arm without a command."""
        self.advance(now_ms)
        self.position, self.target = 1.0, None

    def arrives_in_ms(self) -> float | None:
        """Milliseconds until the limit switch closes; None when it is not moving."""
        if self.target is None or self.stuck or self.broken:
            return None
        distance = abs(self.target - self.position)
        return distance * (self.opens_in_ms if self.target > self.position else self.closes_in_ms)

    @property
    def open_limit(self) -> bool:
        """The switch at the top."""
        return self.position >= 1.0 and not self.broken

    @property
    def closed_limit(self) -> bool:
        """The switch at the bottom."""
        return self.position <= 0.0 and not self.broken

    @property
    def state(self) -> ArmState:
        """As the PLC reports it."""
        if self.broken:
            return "broken"
        if self.target is not None and not self.stuck:
            return "opening" if self.target > self.position else "closing"
        if self.open_limit:
            return "open"
        return "closed" if self.closed_limit else "stopped"
