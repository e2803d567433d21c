"""Who goes with whom: credits with debits, charges with passages (reconciliation, Matching 1 to 5).

In: both frames, each with its row number in column `row`. Out: `Pairing`, in which every row number of either side
stands exactly once, credits under their debit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from settlement.reconcile.nearby import PAIRS, pair_nearby

_RANK: Final = {"posted": 0, "pending": 1, "rejected": 2}


@dataclass(frozen=True, slots=True)
class Pairing:
    """Row numbers: `s` of the station frame, `p` of the provider frame."""

    pairs: pl.DataFrame
    """(s, p): one passage with its charge."""
    further: pl.DataFrame
    """(s, p): charges that name a passage which has its charge already."""
    alone_station: pl.DataFrame
    """(s)"""
    alone_provider: pl.DataFrame
    """(p): debits without a passage."""
    reversed_in_full: pl.DataFrame
    """(p): posted debits that posted credits reach."""
    credit_only: pl.DataFrame
    """(p): credits that name no readable debit."""
    credits: pl.DataFrame
    """(p, credited_vnd, credit_rows) per debit that has credits: posted sum, and rows of any status."""


def pair_rows(station: pl.DataFrame, provider: pl.DataFrame) -> Pairing:
    """All of Matching; the frames carry `row`."""
    is_credit = provider["kind"] == "credit"
    debits, credits = provider.filter(~is_credit), provider.filter(is_credit)
    per_debit = _credits_of(debits, credits)
    reversed_rows = _reversed_in_full(debits, per_debit)
    live = debits.join(reversed_rows, left_on="row", right_on="p", how="anti")
    by_id, further = _by_id(station, live)
    named = pl.concat([by_id, further])
    rest_s = station.join(by_id, left_on="row", right_on="s", how="anti")
    rest_p = live.join(named, left_on="row", right_on="p", how="anti")
    pairs = [by_id]
    for status in _RANK:
        found = pair_nearby(rest_s, rest_p.filter(pl.col("status") == status))
        rest_s = rest_s.join(found, left_on="row", right_on="s", how="anti")
        rest_p = rest_p.join(found, left_on="row", right_on="p", how="anti")
        pairs.append(found)
    return Pairing(
        pairs=pl.concat(pairs),
        further=further,
        alone_station=rest_s.select(pl.col("row").alias("s")),
        alone_provider=rest_p.select(pl.col("row").alias("p")),
        reversed_in_full=reversed_rows,
        credit_only=credits.join(debits, left_on="related_charge_id", right_on="charge_id", how="anti").select(
            pl.col("row").alias("p")
        ),
        credits=per_debit,
    )


def _credits_of(debits: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    posted = pl.col("status") == "posted"
    sums = credits.group_by("related_charge_id").agg(
        pl.col("amount_vnd").filter(posted).sum().alias("credited_vnd"),
        posted.sum().cast(pl.UInt32).alias("posted_credits"),
        pl.len().cast(pl.UInt32).alias("credit_rows"),
    )
    return (
        debits.select(pl.col("row").alias("p"), "charge_id")
        .join(sums, left_on="charge_id", right_on="related_charge_id")
        .drop("charge_id")
    )


def _reversed_in_full(debits: pl.DataFrame, per_debit: pl.DataFrame) -> pl.DataFrame:
    # A debit of 0 is not "reached" by no credit at all: at least one must name it.
    reached = (pl.col("credited_vnd") >= pl.col("amount_vnd")) & (pl.col("posted_credits") > 0)
    return (
        per_debit.join(debits.select(pl.col("row").alias("p"), "amount_vnd", "status"), on="p")
        .filter((pl.col("status") == "posted") & reached)
        .select("p")
    )


def _by_id(station: pl.DataFrame, live: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(pairs, further rows) of rule 1; among several charges the first by status, time, charge id is the pair."""
    ids = station.filter(pl.col("passage_id") != "").select(pl.col("row").alias("s"), "plaza", "passage_id")
    charges = live.filter(pl.col("passage_id") != "").select(pl.col("row").alias("p"), "plaza", "passage_id")
    named = ids.join(charges, on=["plaza", "passage_id"]).select("s", "p")
    several = named.select(pl.col("s").is_duplicated()).to_series()
    contested = named.filter(several)
    if contested.is_empty():
        return named, pl.DataFrame(schema=PAIRS)
    details = live.select(
        pl.col("row").alias("p"),
        pl.col("status").cast(pl.String).replace_strict(_RANK).alias("rank"),
        "time_us",
        "charge_id",
    )
    ordered = contested.join(details, on="p").sort("s", "rank", "time_us", "charge_id")
    first = ordered.select(pl.col("s").is_first_distinct()).to_series()
    pairs = pl.concat([named.filter(~several), ordered.filter(first).select("s", "p")])
    return pairs, ordered.filter(~first).select("s", "p")
