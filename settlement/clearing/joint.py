"""What both parties hold of a passage, in the same bytes on either side (docs/adr/0020).

In: rows of one side as frames, or agreed items. Out: key → leaf hash for a `KeyTree`. A row's content is the plaza, the
amount, the class and the ticket: exactly what two rows must share to be agreed. Time, lane, tag and plate are not part
of it: agreed rows may differ in them (the charge comes later, the camera misread).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from settlement.clearing.closed_day import ClosedItem, canonical
from settlement.clearing.key_tree import leaf_hash

AGREED_CODES: Final = frozenset({"MATCHED", "TIME", "PLATE", "TAG_SWAP"})
"""Classes in which the amounts are equal on both sides (reconciliation, Classes)."""
_ON_TICKET: Final = "ticket"

Content = tuple[str, int, int, str]


def content(plaza: str, amount_vnd: int, vehicle_class: int, ticket_no: str) -> Content:
    """Plaza, amount, class, ticket. A passage of 0 VND has no class here: a station row may leave it empty then."""
    return plaza, amount_vnd, vehicle_class if amount_vnd else 0, ticket_no


def joint_leaf(key: str, contents: Iterable[Content]) -> str:
    """Leaf of a key; several contents (two debits on one passage) never equal one."""
    return leaf_hash(key, canonical(sorted(list(one) for one in contents)))


def passage_key(plaza: str, passage_id: str) -> str:
    """Key where both rows bear the passage's id."""
    return f"p:{plaza}/{passage_id}"


def charge_key(charge_id: str) -> str:
    """Key of a charge that names no passage."""
    return f"c:{charge_id}"


def joint_leaves(items: Iterable[ClosedItem]) -> dict[str, str]:
    """Leaves of the agreed items of a closed day, as the station holds them."""
    return {
        item.joint_key: joint_leaf(
            item.joint_key, [content(item.plaza, item.station_vnd, item.station_class, item.ticket_no)]
        )
        for item in items
        if item.joint_key
    }


def provider_share(provider: pl.DataFrame, agreed: Mapping[str, str]) -> dict[str, str]:
    """The same leaves from the provider's own rows. `agreed`: charge_id → joint key, from the register of the day.

    A charge that is named there but not held is missing in the result, so that the roots differ.
    """
    mine = left_of_debits(provider).filter(pl.col("charge_id").is_in(list(agreed)))
    leaves = {}
    for row in mine.iter_rows(named=True):
        key = _charge_row_key(row["plaza"], row["passage_id"], row["charge_id"])
        one = content(row["plaza"], row["left_vnd"], row["class"], row["ticket_no"])
        leaves[key] = joint_leaf(key, [one])
    return leaves


def station_leaves(station: pl.DataFrame) -> dict[str, str]:
    """Leaves of all passages that somebody pays for: charged, or on a ticket."""
    paid = station.filter(pl.col("outcome").cast(pl.String).is_in(["charged", _ON_TICKET]))
    contents: dict[str, list[Content]] = {}
    for row in paid.select("plaza", "passage_id", "fare_vnd", "class", "ticket_no", "row").iter_rows(named=True):
        # A row without an id cannot be the same for both; it is found as a difference.
        key = passage_key(row["plaza"], row["passage_id"]) if row["passage_id"] else f"row:station/{row['row']}"
        contents.setdefault(key, []).append(content(row["plaza"], row["fare_vnd"], row["class"], row["ticket_no"]))
    return {key: joint_leaf(key, found) for key, found in contents.items()}


def station_leaves_of(items: Iterable[ClosedItem]) -> dict[str, str]:
    """As `station_leaves`, from the items of a closed day."""
    return {
        item.key: joint_leaf(item.key, [content(item.plaza, item.station_vnd, item.station_class, item.ticket_no)])
        for item in items
        if item.outcome in ("charged", _ON_TICKET)
    }


def provider_leaves(provider: pl.DataFrame) -> dict[str, str]:
    """Leaves of all posted debits that were not given back in full; two on one passage make one other leaf."""
    contents: dict[str, list[Content]] = {}
    for row in left_of_debits(provider).iter_rows(named=True):
        key = _charge_row_key(row["plaza"], row["passage_id"], row["charge_id"])
        contents.setdefault(key, []).append(content(row["plaza"], row["left_vnd"], row["class"], row["ticket_no"]))
    return {key: joint_leaf(key, found) for key, found in contents.items()}


def left_of_debits(provider: pl.DataFrame) -> pl.DataFrame:
    """Posted debits with `left_vnd`, what posted credits leave; without those given back in full (Matching 3)."""
    posted = provider.filter(pl.col("status") == "posted")
    credits = (
        posted.filter(pl.col("kind") == "credit")
        .group_by("related_charge_id")
        .agg(pl.col("amount_vnd").sum().alias("credited_vnd"))
    )
    debits = posted.filter(pl.col("kind") == "debit").join(
        credits, left_on="charge_id", right_on="related_charge_id", how="left"
    )
    reached = pl.col("credited_vnd").is_not_null() & (pl.col("credited_vnd") >= pl.col("amount_vnd"))
    left = (pl.col("amount_vnd") - pl.col("credited_vnd").fill_null(0)).clip(0)
    return debits.filter(~reached).with_columns(left.alias("left_vnd"))


def _charge_row_key(plaza: str, passage_id: str, charge_id: str) -> str:
    return passage_key(plaza, passage_id) if passage_id else charge_key(charge_id)
