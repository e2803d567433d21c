"""Which passages of one (lane, epoch) are here: a high-water mark and the holes below it. Pure.

In: sequence numbers as they arrive, in any order, any number of times. Out: new or seen before; the holes. The lane
numbers its crossings without gaps from 1, so every hole is a passage that exists and is not here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class LaneSequence:
    """Numbers seen so far; `missing` are closed ranges (first, last), rising, not touching."""

    def __init__(self, high_water: int = 0, missing: Iterable[tuple[int, int]] = (), head_hash: str = "") -> None:
        self.high_water = high_water
        self.head_hash = head_hash
        self._missing = sorted(missing)

    @property
    def missing(self) -> tuple[tuple[int, int], ...]:
        """The holes."""
        return tuple(self._missing)

    def holds(self, seq: int) -> bool:
        """True when `seq` was seen."""
        return seq <= self.high_water and self._hole_of(seq) is None

    def leaps(self, seq: int) -> bool:
        """True when `seq` would open a hole."""
        return seq > self.high_water + 1

    def add(self, seq: int) -> bool:
        """Note `seq`; True when it was not here yet."""
        if seq > self.high_water:
            if self.leaps(seq):
                self._missing.append((self.high_water + 1, seq - 1))
            self.high_water = seq
            return True
        hole = self._hole_of(seq)
        if hole is None:
            return False
        first, last = self._missing[hole]
        rest = [(first, seq - 1)] if first < seq else []
        rest += [(seq + 1, last)] if seq < last else []
        self._missing[hole : hole + 1] = rest
        return True

    def _hole_of(self, seq: int) -> int | None:
        position = bisect_right(self._missing, (seq, seq)) - 1
        for candidate in (position, position + 1):
            if (
                0 <= candidate < len(self._missing)
                and self._missing[candidate][0] <= seq <= self._missing[candidate][1]
            ):
                return candidate
        return None
