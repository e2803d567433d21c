"""Items of a settled day as a closed day keeps them, each under a key of its own.

In: the frame of items with money; both sides' rows as they are told (columns: `STATION_TOLD`, `PROVIDER_TOLD`). Out:
`ClosedItem`s in order of their keys. Rows in another order give the same items.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from typing import Any, Final

import polars as pl

from settlement.clearing.closed_day import NO_TIME, ClosedItem
from settlement.clearing.joint import AGREED_CODES, charge_key, passage_key

STATION_TOLD: Final = (
    "row", "time_us", "passage_id", "plaza", "lane", "epc", "plate", "class", "outcome", "fare_vnd", "ticket_no",
    "provider", "cells",
)  # fmt: skip
"""A passage in words: `row` its number in the frame of rows, `time_us` since 1970 UTC, `plaza` as the configuration
writes it, `epc` in upper case without spaces, `class` 0 where empty, `outcome` and `provider` in lower case, `cells`
all cells as text where `passage_id` is empty."""
PROVIDER_TOLD: Final = (
    "row", "time_us", "charge_id", "passage_id", "plaza", "lane", "epc", "plate", "class", "kind", "amount_vnd",
    "ticket_no", "status", "provider", "related_charge_id",
)  # fmt: skip
"""A charge in words, as for a passage; `kind` and `status` in lower case."""
_OF_STATION: Final = tuple(name for name in STATION_TOLD if name not in ("row", "fare_vnd"))
_OF_PROVIDER: Final = (
    "time_us", "charge_id", "passage_id", "plaza", "lane", "epc", "plate", "class", "status", "ticket_no",
)  # fmt: skip
_MONEY: Final = (
    "station_rows", "provider_rows", "station_vnd", "provider_vnd", "claim_vnd", "taken_vnd", "left_vnd", "agreed_vnd",
    "disputed_vnd",
)  # fmt: skip


def closing_items(
    items: pl.DataFrame, station: pl.DataFrame, provider: pl.DataFrame, day: date, of_provider: str
) -> tuple[tuple[ClosedItem, ...], int]:
    """(items of the day and provider, passages left out). Left out: passages alone that name another provider."""
    mine = items.filter(pl.col("day") == day)
    told_s = station.select(pl.col("row").alias("s"), *_OF_STATION)
    told_p = provider.select(pl.col("row").alias("p"), *_OF_PROVIDER)
    both = mine.join(told_s, on="s", how="left").join(told_p, on="p", how="left", suffix="_p")
    of_other = pl.col("p").is_null() & ~pl.col("provider").is_in(["", of_provider.lower()])
    ordered = both.filter(~of_other.fill_null(value=False)).sort("charge_id", "time_us", "cells", nulls_last=True)
    seen: Counter[str] = Counter()
    found = [_item(row, seen) for row in ordered.iter_rows(named=True)]
    return tuple(sorted(found, key=lambda item: item.key)), len(both) - len(ordered)


def _item(row: dict[str, Any], seen: Counter[str]) -> ClosedItem:
    has_station, has_provider = row["s"] is not None, row["p"] is not None
    key = _key(row, seen)
    return ClosedItem(
        key=key,
        code=row["code"],
        also=row["also"],
        note=row["note"],
        plaza=_either(row, "plaza"),
        lane=_either(row, "lane"),
        passage_id=_either(row, "passage_id"),
        charge_id=row["charge_id"] or "",
        passed_us=row["time_us"] if has_station else NO_TIME,
        charged_us=row["time_us_p"] if has_provider else NO_TIME,
        outcome=row["outcome"] or "",
        status=row["status"] or "",
        epc=_either(row, "epc"),
        station_plate=row["plate"] or "",
        provider_plate=row["plate_p"] or "",
        station_class=row["class"] or 0,
        provider_class=row["class_p"] or 0,
        ticket_no=row["ticket_no" if has_station else "ticket_no_p"] or "",
        **{name: int(row[name]) for name in _MONEY},
        joint_key=_joint_key(row),
    )


def _either(row: dict[str, Any], name: str) -> str:
    return row[name] or row[f"{name}_p"] or ""


def _key(row: dict[str, Any], seen: Counter[str]) -> str:
    if row["s"] is None:
        return charge_key(row["charge_id"])
    if row["passage_id"]:
        return passage_key(row["plaza"], row["passage_id"])
    # Typed by hand without an id: its cells name it; of equal rows each gets a number.
    name = f"h:{row['plaza']}/{hashlib.sha256(row['cells'].encode()).hexdigest()[:24]}"
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}/{seen[name]}"


def _joint_key(row: dict[str, Any]) -> str:
    if row["code"] not in AGREED_CODES:
        return ""
    both_have_it = row["passage_id"] and row["passage_id_p"]
    return passage_key(row["plaza"], row["passage_id"]) if both_have_it else charge_key(row["charge_id"])
