"""What each item agrees and disputes, and the control totals of a reconciliation (reconciliation, Money).

In: frames of items. Out: money per item, totals per class, the balance. A total that does not split without
remainder is an error, never a report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date
from typing import Final

import polars as pl

_TAKEN_IS_AGREED: Final = ("MATCHED", "TIME", "PLATE", "TAG_SWAP")
_SMALLER_IS_AGREED: Final = ("AMOUNT", "CLASS")
_LARGER_IS_DISPUTED: Final = ("PENDING", "OFFLINE_REJECT", "REJECTED", "PROVIDER", "EXEMPT", "TICKET")
_LEFT_IS_DISPUTED: Final = ("BE_ONLY", "DUP", "REFUND_MISSING")


@dataclass(frozen=True, slots=True)
class ClassTotal:
    """One line of the summary: items, rows of either side, sums of fares and of full debits."""

    pairs: int = 0
    station_rows: int = 0
    provider_rows: int = 0
    station_vnd: int = 0
    provider_vnd: int = 0
    agreed_vnd: int = 0
    disputed_vnd: int = 0


@dataclass(frozen=True, slots=True)
class SideTotal:
    """Rows and money of one side that must be found again in the classes."""

    rows_read: int
    rejected: int
    readable_vnd: int
    """Σ fares, or Σ debits of any status, of the readable rows of every day."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Classes of the day, and what belongs to other days."""

    classes: dict[str, ClassTotal]
    other_station_rows: int
    other_provider_rows: int
    agreed_vnd: int
    disputed_vnd: int
    imbalances: tuple[str, ...]
    """Empty where everything balances; else one sentence per total that does not."""


def with_money(items: pl.DataFrame) -> pl.DataFrame:
    """Items with `agreed_vnd` and `disputed_vnd`."""
    claim, taken = pl.col("claim_vnd"), pl.col("taken_vnd")
    paired = ~pl.col("alone")
    smaller = paired & pl.col("code").is_in(_SMALLER_IS_AGREED)
    agreed = (
        pl.when(paired & pl.col("code").is_in(_TAKEN_IS_AGREED))
        .then(taken)
        .when(smaller)
        .then(pl.min_horizontal(claim, taken))
        .otherwise(0)
    )
    disputed = (
        pl.when(smaller)
        .then((claim - taken).abs())
        .when(paired & pl.col("code").is_in(_LARGER_IS_DISPUTED))
        .then(pl.max_horizontal(claim, taken))
        .when(pl.col("code") == "FE_ONLY")
        .then(claim)
        .when(pl.col("code").is_in(_LEFT_IS_DISPUTED))
        .then("left_vnd")
        .when(pl.col("code") == "PENDING")
        .then(taken)
        .otherwise(0)
    )
    return items.with_columns(agreed.alias("agreed_vnd"), disputed.alias("disputed_vnd"))


class Tally:
    """Adds up items of one day as they are made."""

    def __init__(self, day: date) -> None:
        self._day = day
        self._mine: dict[str, ClassTotal] = {}
        self._other = ClassTotal()

    def add(self, items: pl.DataFrame) -> None:
        """Items of any day, with money."""
        mine = pl.col("day") == self._day
        sums = [pl.col(name).cast(pl.Int64).sum() for name in _SUMMED]
        code = pl.when(mine).then(pl.col("code").cast(pl.String)).otherwise(pl.lit("")).alias("code")
        grouped = items.group_by(code).agg(pl.len().cast(pl.Int64).alias("pairs"), *sums)
        for name, *numbers in grouped.iter_rows():
            if name:
                self._mine[name] = _plus(self._mine.get(name, ClassTotal()), numbers)
            else:
                self._other = _plus(self._other, numbers)

    def totals(self, codes: tuple[str, ...], sides: tuple[SideTotal, SideTotal]) -> Totals:
        """What was added; `sides` are (station, provider) as they were read."""
        classes = {code: self._mine.get(code, ClassTotal()) for code in codes}
        parts = [*classes.values(), self._other]
        return Totals(
            classes=classes,
            other_station_rows=self._other.station_rows,
            other_provider_rows=self._other.provider_rows,
            agreed_vnd=sum(c.agreed_vnd for c in classes.values()),
            disputed_vnd=sum(c.disputed_vnd for c in classes.values()),
            imbalances=tuple(_imbalances(parts, self._mine.keys() - set(codes), sides)),
        )


_SUMMED: Final = ("station_rows", "provider_rows", "station_vnd", "provider_vnd", "agreed_vnd", "disputed_vnd")


def _plus(one: ClassTotal, numbers: Sequence[int]) -> ClassTotal:
    return ClassTotal(*(a + b for a, b in zip(astuple(one), numbers, strict=True)))


def _imbalances(parts: list[ClassTotal], unknown: set[str], sides: tuple[SideTotal, SideTotal]) -> list[str]:
    station, provider = sides
    checks = (
        ("station rows", station.rows_read, sum(p.station_rows for p in parts) + station.rejected),
        ("provider rows", provider.rows_read, sum(p.provider_rows for p in parts) + provider.rejected),
        ("station fares", station.readable_vnd, sum(p.station_vnd for p in parts)),
        ("provider debits", provider.readable_vnd, sum(p.provider_vnd for p in parts)),
    )
    wrong = [f"{name}: read {read}, accounted for {found}" for name, read, found in checks if read != found]
    return wrong + [f"class {code} is not a class" for code in sorted(unknown)]
