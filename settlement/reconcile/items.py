"""Every row of either side in exactly one item, every item in exactly one class.

In: both frames (with `row`), the pairing, the cut-off, the moment of the run. Out: the frame of items. Nothing is
merged, dropped or netted: a charge twice on one passage is two items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from settlement.reconcile.accounting_day import Cutoff, day_column
from settlement.reconcile.comparison import compare
from settlement.reconcile.pairing import Pairing

DAY_US: Final = 24 * 3600 * 1_000_000

ITEM_COLUMNS: Final = (
    "code",
    "also",
    "note",
    "s",
    "p",
    "day",
    "alone",
    "station_vnd",
    "provider_vnd",
    "claim_vnd",
    "taken_vnd",
    "left_vnd",
    "station_rows",
    "provider_rows",
)
"""`s`, `p`: row numbers, null where the item lacks the side. `alone`: no pair. `claim_vnd`: the fare where charged,
else 0. `taken_vnd`: what is left of a posted debit, the amount if pending, 0 if rejected. `left_vnd`: what posted
credits leave. `station_vnd`: the fare; `provider_vnd`: the full debit, 0 for a credit. `provider_rows` counts credits
with their debit."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When and by which day the run classifies."""

    now_us: int
    cutoff: Cutoff


def classify(station: pl.DataFrame, provider: pl.DataFrame, pairing: Pairing, moment: Moment) -> pl.DataFrame:
    """The frame of all items, of every day."""
    charges = _charges(provider, pairing, moment)
    passages = _passages(station, moment)
    further_days = passages.select("s", pl.col("day").alias("passage_day"))
    has_charge = pairing.further.rename({"s": "passage"}).join(charges, on="p").rename({"passage": "s"})
    parts = [
        compare(pairing.pairs, passages, charges),
        _lone_charges(has_charge.join(further_days, on="s").with_columns(day="passage_day"), "DUP", moment),
        _lone_charges(charges.join(pairing.alone_provider, on="p", how="semi"), "BE_ONLY", moment),
        _reversed(charges.join(pairing.reversed_in_full, on="p", how="semi"), station),
        _credit_only(charges.join(pairing.credit_only, on="p", how="semi")),
        _lone_passages(passages.join(pairing.alone_station, on="s", how="semi")),
    ]
    return pl.concat([part.select(ITEM_COLUMNS) for part in parts])


def _charges(provider: pl.DataFrame, pairing: Pairing, moment: Moment) -> pl.DataFrame:
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
        provider.rename({"row": "p"})
        .join(pairing.credits, on="p", how="left")
        .with_columns(
            left.alias("left_vnd"),
            taken.alias("taken_vnd"),
            (pl.col("credit_rows").fill_null(0) + 1).cast(pl.UInt32).alias("provider_rows"),
            pl.when(pl.col("kind") == "debit").then("amount_vnd").otherwise(0).alias("provider_vnd"),
            day_column(pl.col("time_us"), moment.cutoff).alias("day"),
            pl.when(credited > 0).then(pl.format("credits {}", credited)).otherwise(pl.lit("")).alias("credit_note"),
        )
    )


def _passages(station: pl.DataFrame, moment: Moment) -> pl.DataFrame:
    """Station rows with their claim; `s` is the row number."""
    charged = pl.col("outcome") == "charged"
    return station.rename({"row": "s"}).with_columns(
        pl.when(charged).then("fare_vnd").otherwise(0).alias("claim_vnd"),
        pl.col("fare_vnd").alias("station_vnd"),
        day_column(pl.col("time_us"), moment.cutoff).alias("day"),
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
    known = station.filter(pl.col("passage_id") != "").select("plaza", "passage_id", pl.lit(True).alias("known"))
    named = charges.join(known, on=["plaza", "passage_id"], how="left")
    note = pl.when(pl.col("known")).then(pl.lit("charge of a known passage")).otherwise(pl.lit("no passage by id"))
    return _alone_of_provider(named, pl.lit("REFUNDED"), note)


def _credit_only(charges: pl.DataFrame) -> pl.DataFrame:
    related = pl.col("related_charge_id")
    named = pl.when(related == "").then(pl.lit("no debit named")).otherwise(pl.format("for {}", related))
    note = pl.format("credit {} {} {}", "amount_vnd", pl.col("status").cast(pl.String), named)
    return _alone_of_provider(charges.with_columns(left_vnd=pl.lit(0, pl.Int64)), pl.lit("CREDIT_ONLY"), note)


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
