"""A passage beside its charge: on what do they differ?

In: pairs of rows, side by side. Out: one item per pair, its class the first difference that applies, the others in
`also` (reconciliation, Classes). An empty class, provider or plate is no difference. Nearly all pairs agree in
everything: only the others are looked at more closely.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

import polars as pl

from settlement.reconcile.classes import PAIR_ORDER
from settlement.reconcile.frames import Wording, tag_text

STATION_NEEDS: Final = (
    "time_us", "plate", "epc", "class", "ticket", "provider", "outcome", "fare_vnd", "offline", "sure",
)  # fmt: skip
PROVIDER_NEEDS: Final = ("time_us", "plate", "epc", "class", "ticket", "provider", "status", "amount_vnd", "kind")


def compare(both: pl.DataFrame, swapped: pl.DataFrame, provider_words: Wording) -> pl.DataFrame:
    """Items of pairs.

    `both`: `s`, `p`, `STATION_NEEDS`, `PROVIDER_NEEDS` and what `items` adds; a column of both sides ends in `_p` for
    the provider.
    `swapped`: (vehicle, plate) of tags that sit in another car. The day is that of the passage.
    """
    flagged = both.with_columns(**_differences())
    agrees = flagged.select(~pl.any_horizontal(*_differences())).to_series()
    plain = flagged.filter(agrees).with_columns(code=pl.lit(PAIR_ORDER[-1]), also=pl.lit(""), note=pl.lit(""))
    other = _closer(flagged.filter(~agrees), swapped, provider_words)
    return pl.concat([plain.with_columns(**_SHARED), other.with_columns(**_SHARED)], how="diagonal")


_SHARED: Final = {"alone": pl.lit(value=False), "station_rows": pl.lit(1, pl.UInt32)}


def _closer(flagged: pl.DataFrame, swapped: pl.DataFrame, provider_words: Wording) -> pl.DataFrame:
    known = swapped.select("vehicle", "plate", pl.lit(value=True).alias("TAG_SWAP"))
    joined = flagged.with_columns(vehicle=_vehicle()).join(known, on=["vehicle", "plate"], how="left")
    swap = pl.col("PLATE") & (pl.col("vehicle") != 0) & pl.col("TAG_SWAP").fill_null(value=False)
    shown = joined.with_columns(swap.alias("TAG_SWAP")).with_columns(
        (pl.col("PLATE") & ~pl.col("TAG_SWAP")).alias("PLATE"),
        (pl.col("AMOUNT") & ~pl.col("CLASS")).alias("AMOUNT"),
    )
    code = reduce(
        lambda rest, name: pl.when(name).then(pl.lit(name)).otherwise(rest),
        reversed(PAIR_ORDER[:-1]),
        pl.lit(PAIR_ORDER[-1]),
    )
    return (
        shown.with_columns(code.alias("code"))
        .join(_other_tags(shown, provider_words), on="p", how="left")
        .with_columns(_also().alias("also"), _note().alias("note"))
    )


def swapped_tags(pairs: pl.DataFrame, station: pl.DataFrame, provider: pl.DataFrame) -> pl.DataFrame:
    """(vehicle, plate): the same tag with the same other plate on two pairs or more, whatever their day."""
    s, p = pairs["s"], pairs["p"]
    mine, theirs = station["plate"][s].to_numpy(), provider["plate"][p].to_numpy()
    other = pl.Series((mine != theirs) & (mine != 0) & (theirs != 0))
    s, p = s.filter(other), p.filter(other)
    tags = pl.DataFrame({"epc": station["epc"][s], "epc_p": provider["epc"][p], "plate": station["plate"][s]})
    seen = tags.select(_vehicle().alias("vehicle"), "plate").filter(pl.col("vehicle") != 0)
    return seen.group_by("vehicle", "plate").len().filter(pl.col("len") >= 2).drop("len")


def _vehicle() -> pl.Expr:
    return pl.when(pl.col("epc") != 0).then("epc").otherwise("epc_p")


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
        "PROVIDER": _both_differ("provider"),
        "EXEMPT": ~charged & ~ticket & paid,  # exempt, manual, convoy, emergency, violation
        "TICKET": (pl.col("ticket") != pl.col("ticket_p")) | (ticket & paid) | (charged & unpaid),
        "CLASS": _both_differ("class"),
        "AMOUNT": pl.col("fare_vnd") != pl.col("left_vnd"),
        "PLATE": _both_differ("plate") & pl.col("sure"),
        "TIME": pl.col("day") != pl.col("day_p"),
        "to_note": ~charged | _both_differ("epc") | (pl.col("credit_note") != ""),
    }


def _both_differ(column: str) -> pl.Expr:
    mine, theirs = pl.col(column), pl.col(f"{column}_p")
    return (mine != theirs) & (mine != 0) & (theirs != 0)


def _also() -> pl.Expr:
    names = [pl.when(pl.col(name) & (pl.col("code") != name)).then(pl.lit(name)) for name in PAIR_ORDER[:-1]]
    return pl.concat_str(names, separator=" ", ignore_nulls=True)


def _other_tags(shown: pl.DataFrame, provider_words: Wording) -> pl.DataFrame:
    """(p, other_tag): the tag of the charge where it is not that of the passage."""
    differing = shown.filter(_both_differ("epc"))["p"]
    words = provider_words(differing)
    return words.select(pl.col("row").alias("p"), tag_text("epc").alias("other_tag"))


def _note() -> pl.Expr:
    parts = [
        pl.when(pl.col("outcome") != "charged").then(pl.format("outcome {}", pl.col("outcome").cast(pl.String))),
        pl.when(pl.col("other_tag").is_not_null()).then(pl.format("epc of the charge {}", "other_tag")),
        pl.when(pl.col("credit_note") != "").then("credit_note"),
    ]
    return pl.concat_str(parts, separator="; ", ignore_nulls=True)
