"""Every row of either side in exactly one item, every item in exactly one class.

In: both frames (with `row`), their wording, the pairing, the cut-off, the moment of the run. Out: frames of items, some
at a time. Nothing is merged, dropped or netted: a charge twice on one passage is two items.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

import polars as pl

from settlement.reconcile.accounting_day import Cutoff, day_column
from settlement.reconcile.comparison import PROVIDER_NEEDS, STATION_NEEDS, compare, swapped_tags
from settlement.reconcile.frames import Type
from settlement.reconcile.pairing import Pairing, Wordings

DAY_US: Final = 24 * 3600 * 1_000_000
_AT_ONCE: Final = 500_000
"""Items made at a time: what an item says is wider than the rows that it stands for."""

_Rows = TypeVar("_Rows", pl.DataFrame, pl.Series)

ITEM_SCHEMA: Final[dict[str, Type]] = {
    "code": pl.String,
    "also": pl.String,
    "note": pl.String,
    "s": pl.UInt32,
    "p": pl.UInt32,
    "day": pl.Date,
    "alone": pl.Boolean,
    "station_vnd": pl.Int64,
    "provider_vnd": pl.Int64,
    "claim_vnd": pl.Int64,
    "taken_vnd": pl.Int64,
    "left_vnd": pl.Int64,
    "station_rows": pl.UInt32,
    "provider_rows": pl.UInt32,
}
"""`s`, `p`: row numbers, null where the item lacks the side. `alone`: no pair. `claim_vnd`: the fare where charged,
else 0. `taken_vnd`: what is left of a posted debit, the amount if pending, 0 if rejected. `left_vnd`: what posted
credits leave. `station_vnd`: the fare; `provider_vnd`: the full debit, 0 for a credit. `provider_rows` counts credits
with their debit."""
ITEM_COLUMNS: Final = tuple(ITEM_SCHEMA)


@dataclass(frozen=True, slots=True)
class Moment:
    """When and by which day the run classifies."""

    now_us: int
    cutoff: Cutoff


def classify(
    station: pl.DataFrame, provider: pl.DataFrame, wordings: Wordings, pairing: Pairing, moment: Moment
) -> Iterator[pl.DataFrame]:
    """All items, of every day, in frames of `ITEM_COLUMNS`."""
    day = _Day(station, provider, wordings, pairing, moment)
    swapped = swapped_tags(pairing.pairs, station, provider)
    for pairs in _some(pairing.pairs):
        both = day.passages(pairs["s"]).hstack(day.charges(pairs["p"]).select(pl.all().name.suffix("_p")))
        alone = [name for name in both.columns if name.endswith("_p") and name[:-2] not in both.columns]
        yield compare(both.rename({name: name[:-2] for name in alone}), swapped, wordings.provider).select(ITEM_COLUMNS)
    for further in _some(pairing.further):
        passage_day = day.passages(further["s"])["day"]
        yield _lone_charges(day.charges(further["p"]).with_columns(passage_day), "DUP", moment).select(ITEM_COLUMNS)
    for rows in _some(pairing.alone_provider):
        yield _lone_charges(day.charges(rows), "BE_ONLY", moment).select(ITEM_COLUMNS)
    for rows in _some(pairing.reversed_in_full):
        yield _reversed(day.charges(rows), station).select(ITEM_COLUMNS)
    for rows in _some(pairing.credit_only):
        yield _credit_only(day.charges(rows), wordings).select(ITEM_COLUMNS)
    for rows in _some(pairing.alone_station):
        yield _lone_passages(day.passages(rows)).select(ITEM_COLUMNS)


def _some(rows: _Rows) -> Iterator[_Rows]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows.slice(start, _AT_ONCE)


@dataclass(frozen=True, slots=True)
class _Day:
    station: pl.DataFrame
    provider: pl.DataFrame
    wordings: Wordings
    pairing: Pairing
    moment: Moment

    def passages(self, rows: pl.Series) -> pl.DataFrame:
        """Station rows with their claim; `s` is the row number."""
        charged = pl.col("outcome") == "charged"
        return self.station.select(STATION_NEEDS)[rows].with_columns(
            rows.alias("s"),
            pl.when(charged).then("fare_vnd").otherwise(0).alias("claim_vnd"),
            pl.col("fare_vnd").alias("station_vnd"),
            day_column(pl.col("time_us"), self.moment.cutoff).alias("day"),
        )

    def charges(self, rows: pl.Series) -> pl.DataFrame:
        """Provider rows with what their credits leave; `p` is the row number."""
        credited = pl.col("credited_vnd").fill_null(0)
        left = (pl.col("amount_vnd") - credited).clip(0)
        taken = (
            pl.when(pl.col("status") == "posted")
            .then(left)
            .when(pl.col("status") == "pending")
            .then("amount_vnd")
            .otherwise(0)
        )
        return (
            self.provider.select(*PROVIDER_NEEDS, "id", "related")[rows]
            .with_columns(rows.alias("p"))
            .join(self.pairing.credits, on="p", how="left", maintain_order="left")
            .with_columns(
                left.alias("left_vnd"),
                taken.alias("taken_vnd"),
                (pl.col("credit_rows").fill_null(0) + 1).cast(pl.UInt32).alias("provider_rows"),
                pl.when(pl.col("kind") == "debit").then("amount_vnd").otherwise(0).alias("provider_vnd"),
                day_column(pl.col("time_us"), self.moment.cutoff).alias("day"),
                pl.when(credited > 0)
                .then(pl.format("credits {}", credited))
                .otherwise(pl.lit(""))
                .alias("credit_note"),
            )
        )


def _lone_charges(charges: pl.DataFrame, posted_code: str, moment: Moment) -> pl.DataFrame:
    """Debits beside the pair of their passage (DUP) or without a passage (BE_ONLY)."""
    posted = pl.col("status") == "posted"
    overdue = (pl.col("amount_vnd") > 0) & (moment.now_us - pl.col("time_us") > DAY_US)
    code = (
        pl.when(posted & overdue)
        .then(pl.lit("REFUND_MISSING"))
        .when(posted)
        .then(pl.lit(posted_code))
        .otherwise(pl.col("status").cast(pl.String).str.to_uppercase())
    )
    was = pl.when(posted & overdue).then(pl.lit(posted_code)).otherwise(pl.lit(""))
    note = pl.concat_list(was, "credit_note").list.eval(pl.element().filter(pl.element() != "")).list.join("; ")
    return _alone_of_provider(charges, code, note)


def _reversed(charges: pl.DataFrame, station: pl.DataFrame) -> pl.DataFrame:
    known = (
        station.lazy()
        .select("id", pl.lit(value=True).alias("known"))
        .filter(pl.col("id").is_in(charges["id"].implode()))
    )
    named = charges.join(known.filter(pl.col("id") != 0).collect(), on="id", how="left")
    note = pl.when(pl.col("known")).then(pl.lit("charge of a known passage")).otherwise(pl.lit("no passage by id"))
    return _alone_of_provider(named, pl.lit("REFUNDED"), note)


def _credit_only(charges: pl.DataFrame, wordings: Wordings) -> pl.DataFrame:
    words = wordings.provider(charges["p"]).select(pl.col("row").alias("p"), "related_charge_id")
    related = pl.col("related_charge_id")
    named = pl.when(related == "").then(pl.lit("no debit named")).otherwise(pl.format("for {}", related))
    note = pl.format("credit {} {} {}", "amount_vnd", pl.col("status").cast(pl.String), named)
    return _alone_of_provider(
        charges.join(words, on="p").with_columns(left_vnd=pl.lit(0, pl.Int64)), pl.lit("CREDIT_ONLY"), note
    )


def _alone_of_provider(charges: pl.DataFrame, code: pl.Expr, note: pl.Expr) -> pl.DataFrame:
    return charges.with_columns(
        code.alias("code"),
        pl.lit("").alias("also"),
        note.alias("note"),
        pl.lit(None, pl.UInt32).alias("s"),
        pl.lit(True).alias("alone"),
        pl.lit(0, pl.Int64).alias("station_vnd"),
        pl.lit(0, pl.Int64).alias("claim_vnd"),
        pl.lit(0, pl.UInt32).alias("station_rows"),
    )


def _lone_passages(passages: pl.DataFrame) -> pl.DataFrame:
    charged = pl.col("outcome") == "charged"
    return passages.with_columns(
        pl.when(charged).then(pl.lit("FE_ONLY")).otherwise(pl.lit("NOT_CHARGEABLE")).alias("code"),
        pl.lit("").alias("also"),
        pl.lit("").alias("note"),
        pl.lit(None, pl.UInt32).alias("p"),
        pl.lit(True).alias("alone"),
        pl.lit(0, pl.Int64).alias("provider_vnd"),
        pl.lit(0, pl.Int64).alias("taken_vnd"),
        pl.lit(0, pl.Int64).alias("left_vnd"),
        pl.lit(1, pl.UInt32).alias("station_rows"),
        pl.lit(0, pl.UInt32).alias("provider_rows"),
    )
