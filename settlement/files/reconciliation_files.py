"""`differences.csv`, `rejected.csv` and `summary.json` of a reconciliation (reconciliation, Command).

In: items of the day with both frames and their wording, rejects, totals. Out: tables and the content of the summary.
The order of `differences.csv` depends on the rows alone, never on the order in which they were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import polars as pl

from settlement.files.writing import write_bytes, write_csv
from settlement.reconcile.frames import Wording, tag_text
from settlement.reconcile.pairing import Wordings

DIFFERENCE_COLUMNS: Final = (
    "code",
    "also",
    "passage_id",
    "charge_id",
    "passed_at",
    "charged_at",
    "lane",
    "epc",
    "station_plate",
    "provider_plate",
    "station_class",
    "provider_class",
    "station_vnd",
    "provider_vnd",
    "note",
)
REJECT_COLUMNS: Final = ("file", "line", "column", "reason")
NOT_A_DIFFERENCE: Final = ("MATCHED", "NOT_CHARGEABLE")
_LOCAL_US: Final = 7 * 3600 * 1_000_000
_WORDS: Final = ("passage_id", "lane", "epc", "plate")


def differing(items: pl.DataFrame, day: date) -> pl.DataFrame:
    """Items of the day that are neither MATCHED nor NOT_CHARGEABLE."""
    return items.filter((pl.col("day") == day) & ~pl.col("code").is_in(NOT_A_DIFFERENCE))


def differences(shown: pl.DataFrame, station: pl.DataFrame, provider: pl.DataFrame, wordings: Wordings) -> pl.DataFrame:
    """Items as text, in the order of the file."""
    mine = _side(shown["s"].drop_nulls(), station, wordings.station, ()).rename({"row": "s"})
    theirs = _side(shown["p"].drop_nulls(), provider, wordings.provider, ("charge_id",)).rename({"row": "p"})
    both = shown.join(mine, on="s", how="left").join(theirs, on="p", how="left", suffix="_p")
    text = both.select(
        pl.coalesce("time_us", "time_us_p").alias("when"),
        "code",
        "also",
        _either("passage_id").alias("passage_id"),
        pl.col("charge_id").fill_null(""),
        _local_time("time_us").alias("passed_at"),
        _local_time("time_us_p").alias("charged_at"),
        _either("lane").alias("lane"),
        _either("epc").alias("epc"),
        pl.col("plate").fill_null("").alias("station_plate"),
        pl.col("plate_p").fill_null("").alias("provider_plate"),
        _class("class").alias("station_class"),
        _class("class_p").alias("provider_class"),
        _amount(pl.col("s").is_not_null(), "station_vnd"),
        _amount(pl.col("p").is_not_null() & (pl.col("code") != "CREDIT_ONLY"), "provider_vnd"),
        "note",
    )
    # The later columns decide only between rows that the specification leaves equal.
    return text.sort("when", "charge_id", "passage_id", *DIFFERENCE_COLUMNS).select(DIFFERENCE_COLUMNS)


def _side(rows: pl.Series, table: pl.DataFrame, wording: Wording, more: tuple[str, ...]) -> pl.DataFrame:
    """What is shown of rows: their words, and the values that are not shown as they stand in the file."""
    words = wording(rows.unique()).select("row", *_WORDS, *more).with_columns(tag_text("epc"))
    return words.hstack(table.select("time_us", "class")[words["row"]])


def _either(column: str) -> pl.Expr:
    mine = pl.col(column).fill_null("")
    return pl.when(mine != "").then(mine).otherwise(pl.col(f"{column}_p").fill_null(""))


def _class(column: str) -> pl.Expr:
    return pl.when(pl.col(column) > 0).then(pl.col(column).cast(pl.String)).otherwise(pl.lit(""))


def _amount(has_side: pl.Expr, column: str) -> pl.Expr:
    return pl.when(has_side).then(pl.col(column).cast(pl.String)).otherwise(pl.lit("")).alias(column)


def _local_time(column: str) -> pl.Expr:
    """+07:00; decimals only where they are not 0."""
    local = (pl.col(column) + _LOCAL_US).cast(pl.Datetime("us"))
    whole = local.dt.strftime("%Y-%m-%dT%H:%M:%S")
    decimals = local.dt.strftime("%6f").str.strip_chars_end("0")
    point = pl.when(decimals != "").then(pl.lit(".")).otherwise(pl.lit(""))
    return pl.concat_str(whole, point, decimals, pl.lit("+07:00")).fill_null("")


def write_differences(folder: Path, table: pl.DataFrame) -> None:
    """`differences.csv`: UTF-8 without BOM, comma, LF."""
    buffer = BytesIO()
    # Empty text would be written as "": nulls stand for nothing between two commas.
    nothing = table.with_columns(pl.when(pl.all() != "").then(pl.all()))
    nothing.write_csv(buffer, quote_style="necessary")
    write_bytes(folder / "differences.csv", buffer.getvalue())


def write_rejected(folder: Path, rejects: Iterable[Sequence[object]]) -> None:
    """`rejected.csv`, also where nothing was rejected: an empty list is an answer too."""
    write_csv(folder / "rejected.csv", REJECT_COLUMNS, rejects)


def summary(
    day: date, rows: Mapping[str, int], totals: Mapping[str, Mapping[str, int]], money: Mapping[str, int]
) -> Any:
    """Content of `summary.json`; `rows` has the counts that stand at the top, `totals` one entry per class."""
    return {
        "day": day.isoformat(),
        "station_rows": rows["station_read"],
        "provider_rows": rows["provider_read"],
        "rejected_rows": rows["station_rejected"] + rows["provider_rejected"],
        "rejected": {"station": rows["station_rejected"], "provider": rows["provider_rejected"]},
        "other_day": {"station": rows["station_other"], "provider": rows["provider_other"]},
        "classes": {code: dict(numbers) for code, numbers in totals.items()},
        **money,
        "balanced": True,
    }
