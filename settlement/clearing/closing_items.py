"""Items of a settled day as a closed day keeps them, each under a key of its own.

In: the frame of items with money, both frames of rows. Out: `ClosedItem`s in order of their keys. Rows in another order
give the same items.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from typing import Any, Final

import polars as pl

from settlement.clearing.closed_day import NO_TIME, ClosedItem
from settlement.clearing.joint import AGREED_CODES, charge_key, passage_key

_STATION: Final = ("passage_id", "time_us", "plaza", "lane", "epc_key", "plate", "class", "outcome", "ticket_no")
_PROVIDER: Final = ("charge_id", "passage_id", "time_us", "plaza", "lane", "epc_key", "plate", "class", "status")
_MONEY: Final = (
    "station_rows", "provider_rows", "station_vnd", "provider_vnd", "claim_vnd", "taken_vnd", "left_vnd", "agreed_vnd",
    "disputed_vnd",
)  # fmt: skip


def closing_items(
    items: pl.DataFrame, station: pl.DataFrame, provider: pl.DataFrame, day: date
) -> tuple[ClosedItem, ...]:
    """Every item of the day."""
    mine = items.filter(pl.col("day") == day)
    of_station = station.select(pl.col("row").alias("s"), *_STATION, "cells")
    of_provider = provider.select(pl.col("row").alias("p"), *_PROVIDER, "ticket_no")
    both = mine.join(of_station, on="s", how="left").join(of_provider, on="p", how="left", suffix="_p")
    seen: Counter[str] = Counter()
    ordered = both.sort("charge_id", "time_us", "cells", nulls_last=True)
    found = [_item(row, seen) for row in ordered.iter_rows(named=True)]
    return tuple(sorted(found, key=lambda item: item.key))


def foreign_providers(items: pl.DataFrame, station: pl.DataFrame, day: date, provider: str) -> dict[str, int]:
    """Providers named by passages of the day that are alone, other than `provider`: code in lower case → passages."""
    mine = items.filter((pl.col("day") == day) & pl.col("p").is_null())
    named = station.join(mine.select(pl.col("s").alias("row")), on="row", how="semi").filter(
        ~pl.col("provider_key").is_in(["", provider.lower()])
    )
    return dict(named.group_by("provider_key").len().sort("provider_key").iter_rows())


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
        epc=_either(row, "epc_key"),
        station_plate=row["plate"] or "",
        provider_plate=row["plate_p"] or "",
        station_class=row["class"] or 0,
        provider_class=row["class_p"] or 0,
        ticket_no=_either(row, "ticket_no"),
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
