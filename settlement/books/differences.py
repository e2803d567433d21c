"""Items of closed days that are not simply matched, added up by the database.

In: closings (by their digests). Out: sums by class, lane and day, and the items themselves. Reads the books only: what
is not closed is in none of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from settlement.books.database import BookDatabase
from settlement.clearing.closed_day import ITEM_FIELDS, ClosedItem
from settlement.clearing.month import Difference

QUIET: Final = ("MATCHED", "NOT_CHARGEABLE")
"""Classes that nobody has to look at."""
_SUMS: Final = (
    "toInt64(count()), toInt64(sum(station_rows)), toInt64(sum(provider_rows)), sum(station_vnd), sum(provider_vnd),"
    " sum(agreed_vnd), sum(disputed_vnd)"
)
_WHERE: Final = "WHERE run IN %(runs)s AND code NOT IN %(quiet)s"
ITEMS_MAX: Final = 100_000


def by_class(database: BookDatabase, runs: Sequence[str]) -> list[Difference]:
    """Sums per class."""
    sql = f"SELECT code, '', {_SUMS} FROM settlement_items {_WHERE} GROUP BY code ORDER BY code"  # noqa: S608
    return _differences(database, sql, runs)


def by_class_and_lane(database: BookDatabase, runs: Sequence[str]) -> list[Difference]:
    """Sums per class and lane."""
    sql = f"SELECT code, lane, {_SUMS} FROM settlement_items {_WHERE} GROUP BY code, lane ORDER BY code, lane"  # noqa: S608
    return _differences(database, sql, runs)


def by_class_and_run(database: BookDatabase, runs: Sequence[str]) -> list[Difference]:
    """Sums per class and closing; `along` is the digest of the closing."""
    sql = f"SELECT code, run, {_SUMS} FROM settlement_items {_WHERE} GROUP BY code, run ORDER BY code, run"  # noqa: S608
    return _differences(database, sql, runs)


def items(database: BookDatabase, runs: Sequence[str]) -> tuple[list[tuple[str, ClosedItem]], int]:
    """(digest, item) in order of time, at most `ITEMS_MAX`, and how many there are."""
    if not runs:
        return [], 0
    names = ", ".join(ITEM_FIELDS)
    order = "ORDER BY if(passed_us < 0, charged_us, passed_us), key"
    sql = f"SELECT run, {names} FROM settlement_items {_WHERE} {order} LIMIT {ITEMS_MAX}"  # noqa: S608
    count = sum(one.items for one in by_class(database, runs))
    return [(row[0], ClosedItem(*row[1:])) for row in database.rows(sql, _chosen(runs))], count


def _differences(database: BookDatabase, sql: str, runs: Sequence[str]) -> list[Difference]:
    return [Difference(*row) for row in database.rows(sql, _chosen(runs))] if runs else []


def _chosen(runs: Sequence[str]) -> dict[str, object]:
    return {"runs": tuple(runs), "quiet": QUIET}
