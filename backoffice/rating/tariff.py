"""Tariffs as values and the one that is in force at an instant. Pure.

In: tariffs of plazas. Out: the tariff of a plaza at an instant (L1 on). A passage of the past is always rated with the
prices of its own instant; of two tariffs from the same instant the higher version holds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices of one plaza from `valid_from_us` (UTC microseconds) on; `fares_vnd` by vehicle class."""

    plaza: str
    version: int
    valid_from_us: int
    fares_vnd: Mapping[int, int]


class Tariffs:
    """All tariffs known at some moment, by plaza."""

    def __init__(self, tariffs: Iterable[Tariff] = ()) -> None:
        self._by_plaza: dict[str, list[Tariff]] = {}
        for tariff in sorted(tariffs, key=lambda t: (t.valid_from_us, t.version)):
            self._by_plaza.setdefault(tariff.plaza, []).append(tariff)
        self._starts = {plaza: [t.valid_from_us for t in list_] for plaza, list_ in self._by_plaza.items()}

    def in_force(self, plaza: str, at_us: int) -> Tariff | None:
        """The tariff of `plaza` at `at_us`; None before the first one."""
        position = bisect_right(self._starts.get(plaza, []), at_us)
        return self._by_plaza[plaza][position - 1] if position else None

    def newest_version(self, plaza: str) -> int:
        """Highest version of a plaza; 0 when it has none."""
        return max((tariff.version for tariff in self._by_plaza.get(plaza, ())), default=0)
