"""Text cells of one file into the narrow rows that matching works on.

In: a frame of canonical text columns with `line`, already trimmed. Out: readable rows, and rejects. Rows written in the
most usual way take a short cut (`usual`); the rules for all others are in `cells`, and both must say the same.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from settlement.intake import usual
from settlement.intake.cells import confidence_is_sure, plate_key, rules, time_us
from settlement.intake.columns import Side
from settlement.intake.delimited import LINE
from settlement.intake.rejects import Reject
from settlement.reconcile.frames import KINDS, OUTCOMES, PROVIDER_SCHEMA, STATION_SCHEMA, STATUSES, tag_text

_SHOWN: Final = 40
_SCHEMA: Final = {Side.STATION: STATION_SCHEMA, Side.PROVIDER: PROVIDER_SCHEMA}


def read_cells(text: pl.DataFrame, side: Side, plazas: tuple[str, ...], file: str) -> tuple[pl.DataFrame, list[Reject]]:
    """(readable rows, rejects) of one stretch of a file, both in order of lines."""
    values, sure = usual.read(text, side, plazas)
    rows = values.select(_columns(side)).cast(dict(_SCHEMA[side]))  # type: ignore[arg-type]
    if sure.all():
        return rows, []
    others, rejects = read_all_cells(text.filter(~sure), side, plazas, file)
    return pl.concat([rows.filter(sure), others]).sort(LINE), rejects


def read_all_cells(
    text: pl.DataFrame, side: Side, plazas: tuple[str, ...], file: str
) -> tuple[pl.DataFrame, list[Reject]]:
    """As `read_cells`, by the rules alone."""
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
    values = _values(checked.filter(pl.col("bad").is_null()), side, plazas)
    return values.select(_columns(side)).cast(dict(_SCHEMA[side])), rejects  # type: ignore[arg-type]


def _reason(value: str, expected: str) -> str:
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return f"“{shown}”: {expected}" if value else f"empty: {expected}"


def _values(good: pl.DataFrame, side: Side, plazas: tuple[str, ...]) -> pl.DataFrame:
    codes = {plaza.lower(): number for number, plaza in enumerate(plazas)}
    common = [
        pl.col("plaza").str.to_lowercase().replace_strict(codes, return_dtype=pl.UInt16).alias("plaza"),
        tag_text("epc").alias("epc"),
        plate_key("plate").alias("plate"),
        pl.when(pl.col("class") == "").then(pl.lit("0")).otherwise("class").cast(pl.UInt8).alias("class"),
        pl.col("provider").str.to_lowercase(),
    ]
    own = _station() if side is Side.STATION else _provider()
    return good.with_columns(*common, *own)


def _station() -> list[pl.Expr]:
    return [
        time_us("passed_at").alias("time_us"),
        pl.col("outcome").str.to_lowercase().cast(pl.Enum(OUTCOMES)),
        pl.col("fare_vnd").cast(pl.Int64),
        (pl.col("offline").str.to_lowercase() == "true").alias("offline"),
        confidence_is_sure().alias("sure"),
    ]


def _provider() -> list[pl.Expr]:
    return [
        time_us("charged_at").alias("time_us"),
        pl.col("kind").str.to_lowercase().cast(pl.Enum(KINDS)),
        pl.col("status").str.to_lowercase().cast(pl.Enum(STATUSES)),
        pl.col("amount_vnd").cast(pl.Int64),
    ]


def _columns(side: Side) -> list[pl.Expr]:
    """The columns of `reconcile.frames` from values that stand under the names of the canonical columns."""
    made = {
        "id": _of_plaza(_hashed("passage_id")),
        "id2": _of_plaza(_hashed("passage_id", 2)),
        "lane": _hashed("lane"),
        "epc": _hashed("epc"),
        "plate": _hashed("plate"),
        "ticket": _hashed("ticket_no"),
        "provider": _hashed("provider"),
        "charge": _hashed("charge_id"),
        "related": _hashed("related_charge_id"),
    }
    return [made.get(name, pl.col(name)).alias(name) for name in _SCHEMA[side].names()]


def _hashed(column: str, seed: int = 1) -> pl.Expr:
    return pl.when(pl.col(column) != "").then(pl.col(column).hash(seed)).otherwise(pl.lit(0, pl.UInt64))


def _of_plaza(hashed: pl.Expr) -> pl.Expr:
    """The same id at another plaza is another id; an empty one stays empty."""
    apart = pl.col("plaza").cast(pl.UInt64) * 0x9E37_79B9_7F4A_7C15 % 2**61
    return pl.when(hashed != 0).then(hashed.xor(apart)).otherwise(hashed)
