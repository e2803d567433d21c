"""A passage beside its charge: on what do they differ?

In: pairs of row numbers with both frames. Out: one item per pair, its class the first difference that applies, the
others in `also` (reconciliation, Classes). An empty class, provider or plate is no difference.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

import polars as pl

from settlement.reconcile.classes import PAIR_ORDER

_NOT_FOR_CHARGE: Final = ("exempt", "manual", "convoy", "emergency", "violation")
_NEEDS: Final = ("time_us", "plate_key", "epc_key", "class", "ticket_no", "provider_key", "day")


def compare(pairs: pl.DataFrame, passages: pl.DataFrame, charges: pl.DataFrame) -> pl.DataFrame:
    """Items of all pairs. `passages` has `s`, `charges` has `p`; the day is that of the passage."""
    station = passages.select("s", *_NEEDS, "outcome", "fare_vnd", "claim_vnd", "station_vnd", "offline", "sure")
    provider = charges.select(
        "p", *_NEEDS, "status", "amount_vnd", "left_vnd", "taken_vnd", "provider_vnd", "provider_rows", "credit_note"
    )
    both = pairs.join(station, on="s").join(provider, on="p", suffix="_p")
    flagged = both.with_columns(**_differences()).with_columns(_swapped().alias("TAG_SWAP"))
    shown = flagged.with_columns(
        (pl.col("PLATE") & ~pl.col("TAG_SWAP")).alias("PLATE"),
        (pl.col("AMOUNT") & ~pl.col("CLASS")).alias("AMOUNT"),
    )
    code = reduce(
        lambda rest, name: pl.when(name).then(pl.lit(name)).otherwise(rest),
        reversed(PAIR_ORDER[:-1]),
        pl.lit(PAIR_ORDER[-1]),
    )
    return shown.with_columns(code.alias("code")).with_columns(
        _also().alias("also"),
        _note().alias("note"),
        pl.lit(False).alias("alone"),
        pl.lit(1, pl.UInt32).alias("station_rows"),
    )


def _differences() -> dict[str, pl.Expr]:
    posted, rejected = pl.col("status") == "posted", pl.col("status") == "rejected"
    charged, ticket = pl.col("outcome") == "charged", pl.col("outcome") == "ticket"
    paid = posted & (pl.col("amount_vnd") > 0)
    unpaid = posted & (pl.col("amount_vnd") == 0)
    late = charged & pl.col("offline") & rejected
    return {
        "PENDING": pl.col("status") == "pending",
        "OFFLINE_REJECT": late,
        "REJECTED": rejected & ~late,
        "PROVIDER": _both_differ("provider_key", ""),
        "EXEMPT": pl.col("outcome").cast(pl.String).is_in(_NOT_FOR_CHARGE) & paid,
        "TICKET": (pl.col("ticket_no") != pl.col("ticket_no_p")) | (ticket & paid) | (charged & unpaid),
        "CLASS": _both_differ("class", 0),
        "AMOUNT": pl.col("fare_vnd") != pl.col("left_vnd"),
        "PLATE": _both_differ("plate_key", "") & pl.col("sure"),
        "other_plate": _both_differ("plate_key", ""),
        "TIME": pl.col("day") != pl.col("day_p"),
        "vehicle": pl.when(pl.col("epc_key") != "").then("epc_key").otherwise("epc_key_p"),
    }


def _both_differ(column: str, empty: str | int) -> pl.Expr:
    mine, theirs = pl.col(column), pl.col(f"{column}_p")
    return (mine != theirs) & (mine != empty) & (theirs != empty)


def _swapped() -> pl.Expr:
    """The same tag with the same other plate on two pairs or more of both files, whatever their day."""
    other = pl.col("other_plate") & (pl.col("vehicle") != "")
    times_seen = other.sum().over("vehicle", "plate_key")
    return pl.col("PLATE") & other & (times_seen >= 2)


def _also() -> pl.Expr:
    names = [pl.when(pl.col(name) & (pl.col("code") != name)).then(pl.lit(name)) for name in PAIR_ORDER[:-1]]
    return pl.concat_str(names, separator=" ", ignore_nulls=True)


def _note() -> pl.Expr:
    other_tag = _both_differ("epc_key", "")
    parts = [
        pl.when(pl.col("outcome") != "charged").then(pl.format("outcome {}", pl.col("outcome").cast(pl.String))),
        pl.when(other_tag).then(pl.format("epc of the charge {}", "epc_key_p")),
        pl.when(pl.col("credit_note") != "").then("credit_note"),
    ]
    return pl.concat_str(parts, separator="; ", ignore_nulls=True)
