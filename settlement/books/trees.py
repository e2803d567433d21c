"""Trees of one side's rows for comparing by hashes: of a file, or of the station's side of a closed day.

In: a told frame, or the books. Out: `KeyTree`. Rows of other days are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl

from settlement.books import closings
from settlement.books.database import BookDatabase
from settlement.clearing.joint import provider_leaves, station_leaves, station_leaves_of
from settlement.clearing.key_tree import KeyTree
from settlement.intake.columns import Side
from settlement.reconcile.accounting_day import Cutoff, day_column

Trees = Callable[[str, date], KeyTree | None]
"""(provider, day) → the tree that is served, or None."""


def tree_of_rows(told: pl.DataFrame, side: Side, day: date | None, cutoff: Cutoff) -> KeyTree:
    """The tree of one side's rows, of one accounting day or all."""
    mine = told if day is None else told.filter(day_column(pl.col("time_us"), cutoff) == day)
    return KeyTree(station_leaves(mine) if side is Side.STATION else provider_leaves(mine))


def tree_of_closed_day(database: BookDatabase, provider: str, day: date) -> KeyTree | None:
    """The station's side of a closed day; None where it is open."""
    closed = closings.closed_day(database, provider, day)
    return None if closed is None else KeyTree(station_leaves_of(closed.items))
