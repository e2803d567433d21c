"""Text cells of one file into the frame that matching works on.

In: a frame of canonical text columns with `line`, already trimmed. Out: readable rows with canonical values, and
rejects. Repeated identifiers are looked for over the whole file, after all rows have been read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from settlement.intake.cells import confidence_is_sure, epc_key, plate_key, rules, time_us
from settlement.intake.columns import CANONICAL, Side
from settlement.intake.delimited import LINE
from settlement.intake.rejects import Reject
from settlement.reconcile.frames import KINDS, OUTCOMES, PROVIDER_SCHEMA, STATION_SCHEMA, STATUSES

_CELL_END: Final = "\x00"
"""Sorts below every character of a cell, so that joined cells compare like a tuple of cells."""
_SHOWN: Final = 40

SCHEMA: Final = {Side.STATION: STATION_SCHEMA, Side.PROVIDER: PROVIDER_SCHEMA}
IDENTIFIER: Final = {Side.STATION: "passage_id", Side.PROVIDER: "charge_id"}


def read_cells(text: pl.DataFrame, side: Side, plazas: tuple[str, ...], file: str) -> tuple[pl.DataFrame, list[Reject]]:
    """(readable rows, rejects) of one stretch of a file."""
    checks = rules(side, plazas)
    bad = pl.coalesce(
        *(pl.when(~rule.good.fill_null(value=False)).then(number) for number, rule in enumerate(checks)), pl.lit(None)
    )
    checked = text.with_columns(bad.cast(pl.Int32).alias("bad"))
    rejects = [
        Reject(
            file,
            row[LINE],
            checks[row["bad"]].column,
            _reason(row[checks[row["bad"]].column], checks[row["bad"]].reason),
        )
        for row in checked.filter(pl.col("bad").is_not_null()).iter_rows(named=True)
    ]
    good = checked.filter(pl.col("bad").is_null()) if rejects else checked
    return _values(good, side, plazas), rejects


def _reason(value: str, expected: str) -> str:
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return f"“{shown}”: {expected}" if value else f"empty: {expected}"


def _values(good: pl.DataFrame, side: Side, plazas: tuple[str, ...]) -> pl.DataFrame:
    cells = pl.concat_str(*CANONICAL[side], separator=_CELL_END)
    codes = {plaza.lower(): plaza for plaza in plazas}
    common = [
        pl.col(LINE),
        pl.col("plaza").str.to_lowercase().replace_strict(codes, return_dtype=pl.String),
        epc_key("epc").alias("epc_key"),
        plate_key("plate").alias("plate_key"),
        pl.when(pl.col("class") == "").then(pl.lit("0")).otherwise("class").cast(pl.UInt8).alias("class"),
        pl.col("provider").str.to_lowercase().alias("provider_key"),
        pl.col("passage_id", "lane", "plate", "ticket_no"),
        cells.hash(1).alias("digest"),
        cells.hash(2).alias("digest2"),
    ]
    own = _station(cells) if side is Side.STATION else _provider()
    return good.select(*common, *own).select(SCHEMA[side].names()).cast(dict(SCHEMA[side]))  # type: ignore[arg-type]


def _station(cells: pl.Expr) -> list[pl.Expr]:
    return [
        time_us("passed_at").alias("time_us"),
        pl.col("outcome").str.to_lowercase().cast(pl.Enum(OUTCOMES)),
        pl.col("fare_vnd").cast(pl.Int64),
        (pl.col("offline").str.to_lowercase() == "true").alias("offline"),
        confidence_is_sure().alias("sure"),
        pl.when(pl.col("passage_id") == "").then(cells).otherwise(pl.lit("")).alias("cells"),
    ]


def _provider() -> list[pl.Expr]:
    return [
        time_us("charged_at").alias("time_us"),
        pl.col("charge_id", "related_charge_id"),
        pl.col("kind").str.to_lowercase().cast(pl.Enum(KINDS)),
        pl.col("status").str.to_lowercase().cast(pl.Enum(STATUSES)),
        pl.col("amount_vnd").cast(pl.Int64),
    ]


def without_repeats(rows: pl.DataFrame, side: Side, file: str) -> tuple[pl.DataFrame, list[Reject]]:
    """Rows whose identifier is unique: of equal rows the first stays, of different rows none does."""
    key = IDENTIFIER[side]
    scope = [key, "plaza"] if side is Side.STATION else [key]
    suspect = rows.filter((pl.col(key) != "") & pl.col(key).is_duplicated())
    repeated = suspect.filter(pl.struct(scope).is_duplicated()).select(LINE, *scope, "digest", "digest2").sort(LINE)
    if repeated.is_empty():
        return rows, []
    equal = pl.struct("digest", "digest2").n_unique().over(scope) == 1
    first = pl.col(LINE).min().over(scope)
    judged = repeated.with_columns(equal.alias("equal"), first.alias("first"))
    out = judged.filter(~(pl.col("equal") & (pl.col(LINE) == pl.col("first"))))
    rejects = [Reject(file, *cells) for cells in _repeats(out, key)]
    return rows.join(out.select(LINE), on=LINE, how="anti"), rejects


def _repeats(out: pl.DataFrame, key: str) -> Iterable[tuple[int, str, str]]:
    for line, value, equal, first in out.select(LINE, key, "equal", "first").iter_rows():
        same = f"“{value}” repeats line {first} with equal cells; that one stays"
        yield line, key, same if equal else f"“{value}” stands on several lines with different cells; none stays"
