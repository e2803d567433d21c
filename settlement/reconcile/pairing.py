"""Who goes with whom: credits with debits, charges with passages (reconciliation, Matching 1 to 5).

In: both frames, each with its row number in column `row` (0, 1, 2, …), and their wording. Out: `Pairing`, in which
every row number of either side stands exactly once, credits under their debit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from settlement.reconcile.frames import STATUSES, Wording
from settlement.reconcile.nearby import pair_nearby

_ORDER: Final = ("posted", "pending", "rejected")
_PARTS: Final = 4
Mask = NDArray[np.bool_]
Rows = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Wordings:
    """What the rows of either side say."""

    station: Wording
    provider: Wording


@dataclass(frozen=True, slots=True)
class Pairing:
    """Row numbers: `s` of the station frame, `p` of the provider frame."""

    pairs: pl.DataFrame
    """(s, p): one passage with its charge."""
    further: pl.DataFrame
    """(s, p): charges that name a passage which has its charge already."""
    alone_station: pl.Series
    """s"""
    alone_provider: pl.Series
    """p: debits without a passage."""
    reversed_in_full: pl.Series
    """p: posted debits that posted credits reach."""
    credit_only: pl.Series
    """p: credits that name no readable debit."""
    credits: pl.DataFrame
    """(p, credited_vnd, credit_rows) per debit that has credits: posted sum, and rows of any status."""


def pair_rows(station: pl.DataFrame, provider: pl.DataFrame, wordings: Wordings) -> Pairing:
    """All of Matching."""
    is_credit = (provider["kind"] == "credit").to_numpy()
    credits = provider.select("row", "related", "status", "amount_vnd").filter(pl.Series(is_credit))
    per_debit, orphans = _credits_of(provider, credits, is_credit)
    reversed_rows = _reversed_in_full(provider, per_debit)
    free_p = ~is_credit
    free_p[reversed_rows.to_numpy()] = False
    free_s = np.ones(len(station), dtype=np.bool_)
    by_id, further = _by_id(station, provider, free_p, wordings.provider)
    pairs = [by_id]
    free_s[by_id["s"].to_numpy()] = False
    free_p[by_id["p"].to_numpy()] = False
    free_p[further["p"].to_numpy()] = False
    for status in _ORDER:
        found = _nearby(station, provider, (free_s, free_p & _has(provider, status)), wordings)
        free_s[found["s"].to_numpy()] = False
        free_p[found["p"].to_numpy()] = False
        pairs.append(found)
    return Pairing(
        # In the order of the file: what stands together in it is fetched together.
        pairs=pl.concat(pairs).sort("s"),
        further=further,
        alone_station=_numbers("s", free_s),
        alone_provider=_numbers("p", free_p),
        reversed_in_full=reversed_rows,
        credit_only=orphans,
        credits=per_debit,
    )


def _numbers(name: str, mask: Mask) -> pl.Series:
    return pl.Series(name, np.flatnonzero(mask).astype(np.uint32))


def _has(provider: pl.DataFrame, status: str) -> Mask:
    return (provider["status"] == status).to_numpy()


def _nearby(station: pl.DataFrame, provider: pl.DataFrame, free: tuple[Mask, Mask], wordings: Wordings) -> pl.DataFrame:
    mine, theirs = free
    some = station.filter(pl.Series(mine)), provider.filter(pl.Series(theirs))
    return pair_nearby(*some, wordings.station, wordings.provider)


def _credits_of(provider: pl.DataFrame, credits: pl.DataFrame, is_credit: Mask) -> tuple[pl.DataFrame, pl.Series]:
    """(per debit what its credits give back, credits that name no readable debit)."""
    named = credits.filter(pl.col("related") != 0)["related"].unique()
    wanted = provider["charge"].is_in(named.implode()) & pl.Series(~is_credit)
    debits = provider.select(pl.col("row").alias("p"), "charge").filter(wanted)
    posted = pl.col("status") == "posted"
    sums = credits.group_by("related").agg(
        pl.col("amount_vnd").filter(posted).sum().alias("credited_vnd"),
        posted.sum().cast(pl.UInt32).alias("posted_credits"),
        pl.len().cast(pl.UInt32).alias("credit_rows"),
    )
    per_debit = debits.join(sums, left_on="charge", right_on="related").drop("charge").sort("p")
    orphans = credits.join(debits, left_on="related", right_on="charge", how="anti")["row"].sort()
    return per_debit, orphans.alias("p")


def _reversed_in_full(provider: pl.DataFrame, per_debit: pl.DataFrame) -> pl.Series:
    # A debit of 0 is not "reached" by no credit at all: at least one must name it.
    reached = (pl.col("credited_vnd") >= pl.col("amount_vnd")) & (pl.col("posted_credits") > 0)
    amounts = provider.select("amount_vnd", "status")[per_debit["p"]]
    return per_debit.hstack(amounts).filter((pl.col("status") == "posted") & reached)["p"]


def _same_id(station: pl.DataFrame, provider: pl.DataFrame, live: Mask) -> pl.DataFrame:
    """(s, p) of equal ids. In parts: the table of a join over everything is larger than all that it is made from."""
    parts = []
    named_s, named_p = station["id"] != 0, pl.Series(live) & (provider["id"] != 0)
    for part in range(_PARTS):
        mine = station.select(pl.col("row").alias("s"), "id").filter(named_s & (station["id"] % _PARTS == part))
        theirs = provider.select(pl.col("row").alias("p"), "id").filter(named_p & (provider["id"] % _PARTS == part))
        parts.append(mine.join(theirs, on="id").select("s", "p"))
    return pl.concat(parts, rechunk=True)


def _by_id(
    station: pl.DataFrame, provider: pl.DataFrame, live: Mask, wording: Wording
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(pairs, further rows) of rule 1; among several charges the first by status, time, charge id is the pair."""
    found = _same_id(station, provider, live)
    s, p = found["s"].to_numpy(), found["p"].to_numpy()
    same = station["id2"].to_numpy()[s] == provider["id2"].to_numpy()[p]
    named = found if same.all() else found.filter(pl.Series(same))
    several = np.bincount(named["s"].to_numpy(), minlength=1)[named["s"].to_numpy()] > 1
    contested = named.filter(pl.Series(several))
    if contested.is_empty():
        return named, contested
    words = wording(contested["p"]).select(pl.col("row").alias("p"), "charge_id")
    order = pl.col("status").cast(pl.String).replace_strict({status: n for n, status in enumerate(_ORDER)})
    details = provider.select(order.alias("rank"), "time_us")[contested["p"]]
    ordered = contested.hstack(details).join(words, on="p").sort("s", "rank", "time_us", "charge_id")
    first = ordered.select(pl.col("s").is_first_distinct()).to_series()
    pairs = pl.concat([named.filter(pl.Series(~several)), ordered.filter(first).select("s", "p")])
    return pairs, ordered.filter(~first).select("s", "p")


assert set(_ORDER) == set(STATUSES)  # noqa: S101  a status that is not paired would be lost
