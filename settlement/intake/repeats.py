"""Rows that repeat an identifier (reconciliation, Canonical columns).

In: all readable rows of a file and their wording. Out: the rows whose identifier is unique, and rejects. Of equal rows
the first stays; of rows with different cells none does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import polars as pl

from settlement.intake.columns import CANONICAL, Side
from settlement.intake.delimited import LINE
from settlement.intake.rejects import Reject
from settlement.reconcile.frames import Wording

_CELL_END: Final = "\x00"
"""Stands in no readable file's cell next to another, so that joined cells are equal only where all cells are."""
_IDENTIFIER: Final = {Side.STATION: "passage_id", Side.PROVIDER: "charge_id"}
_KEY: Final = {Side.STATION: "id", Side.PROVIDER: "charge"}
_BATCH: Final = 250_000


def without_repeats(rows: pl.DataFrame, side: Side, file: str, wording: Wording) -> tuple[pl.DataFrame, list[Reject]]:
    """(rows whose identifier is unique, rejects); `rows` has `row`, which `wording` understands."""
    suspects = _suspects(rows, _KEY[side])
    if suspects.is_empty():
        return rows, []
    parts = (suspects[start : start + _BATCH] for start in range(0, len(suspects), _BATCH))
    told = pl.concat([_digests(wording(part), side) for part in parts]).join(
        rows.select("row", "plaza"), on="row", maintain_order="left"
    )
    scope = [_IDENTIFIER[side], *(["plaza"] if side is Side.STATION else [])]
    repeated = told.filter(pl.struct(scope).is_duplicated()).sort(LINE)
    equal = pl.struct("digest", "digest2").n_unique().over(scope) == 1
    judged = repeated.with_columns(equal.alias("equal"), pl.col(LINE).min().over(scope).alias("first"))
    out = judged.filter(~(pl.col("equal") & (pl.col(LINE) == pl.col("first"))))
    rejects = [Reject(file, *cells) for cells in _repeats(out, _IDENTIFIER[side])]
    return rows.filter(~pl.col("row").is_in(out["row"].implode())), rejects


def _suspects(rows: pl.DataFrame, key: str) -> pl.Series:
    """Rows whose hashed identifier is there more than once."""
    keys = rows[key].to_numpy()
    ordered = np.sort(keys[keys != 0])
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(again):
        return rows["row"].head(0)
    return rows["row"].filter(pl.Series(np.isin(keys, again)))


def _digests(words: pl.DataFrame, side: Side) -> pl.DataFrame:
    cells = pl.concat_str(CANONICAL[side], separator=_CELL_END)
    return words.select("row", LINE, _IDENTIFIER[side], cells.hash(1).alias("digest"), cells.hash(2).alias("digest2"))


def _repeats(out: pl.DataFrame, key: str) -> Iterable[tuple[int, str, str]]:
    for line, value, equal, first in out.select(LINE, key, "equal", "first").iter_rows():
        same = f"“{value}” repeats line {first} with equal cells; that one stays"
        yield line, key, same if equal else f"“{value}” stands on several lines with different cells; none stays"
