"""The short cut for cells written in the most usual way: what `cells` says of them, at a fraction of the work.

In: canonical text columns, trimmed. Out: their values under the same names, and which rows are surely readable. A row
that is not written in the usual way is never judged here: it is left to the rules of `cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from settlement.intake.cells import AMOUNT, DECIMAL, SURE, TIME, plate_key, time_us
from settlement.intake.columns import Side
from settlement.reconcile.frames import KINDS, OUTCOMES, STATUSES, tag_text

_LOCAL: Final = "+07:00"
_LOCAL_US: Final = 7 * 3_600_000_000
_SECONDS: Final = len("2026-06-15T08:20:41")
_MOST_VND: Final = 999_999_999_999


def read(text: pl.DataFrame, side: Side, plazas: Sequence[str]) -> tuple[pl.DataFrame, pl.Series]:
    """(`text` with values in place of words, sure)."""
    time = "passed_at" if side is Side.STATION else "charged_at"
    own = _station() if side is Side.STATION else _provider()
    valued = text.with_columns(
        _listed("plaza", plazas),
        _instant(text[time]).alias("time_us"),
        pl.col("class").cast(pl.UInt8, strict=False).alias("class"),
        _tag(text["epc"]).alias("epc"),
        _plate(text["plate"]).alias("plate"),
        pl.col("provider").str.to_lowercase(),
        *own,
    )
    one_digit = text["class"].str.len_bytes() == 1
    sure = valued.select(
        pl.col("plaza").is_not_null()
        & pl.col("time_us").is_not_null()
        & (pl.col("class").is_between(1, 5) & one_digit)
        & (_station_sure(text) if side is Side.STATION else _provider_sure(text))
    ).to_series()
    numbered = valued.with_columns(pl.col("plaza").to_physical().cast(pl.UInt16))
    return numbered, sure.fill_null(value=False)


def _listed(column: str, values: Sequence[str]) -> pl.Expr:
    """Null where the word is written in another letter case, or is none of `values`."""
    return pl.col(column).cast(pl.Enum(list(values)), strict=False)


def _station() -> list[pl.Expr]:
    confidence = pl.col("plate_confidence").cast(pl.Float64, strict=False)
    return [
        _listed("outcome", OUTCOMES),
        pl.col("fare_vnd").cast(pl.Int64, strict=False),
        (pl.col("offline") == "true").alias("offline"),
        (confidence >= SURE).fill_null(value=False).alias("sure"),
    ]


def _station_sure(text: pl.DataFrame) -> pl.Expr:
    confidence = text["plate_confidence"]
    within = confidence.cast(pl.Float64, strict=False).is_between(0, 1)
    return (
        pl.col("outcome").is_not_null()
        & _digits(text["fare_vnd"])
        & text["offline"].is_in(["true", "false", ""])
        & ((confidence == "") | (confidence.str.contains(DECIMAL) & within))
    )


def _provider() -> list[pl.Expr]:
    return [
        _listed("kind", KINDS),
        _listed("status", STATUSES),
        pl.col("amount_vnd").cast(pl.Int64, strict=False),
    ]


def _provider_sure(text: pl.DataFrame) -> pl.Expr:
    return (
        (text["charge_id"] != "")
        & (pl.col("kind") == "debit")
        & pl.col("status").is_not_null()
        & _digits(text["amount_vnd"])
        & ((pl.col("amount_vnd") > 0) | (text["ticket_no"] != ""))
    )


def _digits(amount: pl.Series) -> pl.Series:
    return amount.str.contains(AMOUNT)


def _instant(text: pl.Series) -> pl.Series:
    """Microseconds since 1970 UTC; null where the text is no time."""
    good = text.str.contains(TIME)
    frame = text.to_frame("t")
    sizes = text.str.len_bytes()
    size = sizes.max()
    if not isinstance(size, int) or size != sizes.min() or not text.str.ends_with(_LOCAL).all():
        return frame.select(pl.when(good).then(time_us("t"))).to_series()
    second = pl.col("t").str.head(_SECONDS).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    decimals = size - _SECONDS - len(_LOCAL) - 1
    micros = pl.lit(0)
    if decimals > 0:
        micros = pl.col("t").str.slice(_SECONDS + 1, decimals).cast(pl.Int64, strict=False) * 10 ** (
            6 - min(decimals, 6)
        )
    exact = second.cast(pl.Int64) + micros - _LOCAL_US
    return frame.select(pl.when(good & ~pl.col("t").str.starts_with("0000")).then(exact)).to_series()


def _tag(text: pl.Series) -> pl.Series:
    if not text.str.contains(r"[^0-9A-Z]").any():
        return text
    return text.to_frame("t").select(tag_text("t")).to_series()


def _plate(text: pl.Series) -> pl.Series:
    bare = text.str.replace_many(["-", ".", " "], ["", "", ""])
    if not bare.str.contains(r"[^0-9A-Z]").any():
        return bare
    return text.to_frame("p").select(plate_key("p")).to_series()
