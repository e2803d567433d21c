"""Closed days in the database: items first, then one row that closes the day, then its receipt.

In: minutes with both signatures, items. Out: closed days, read back. Killed at any instant, the day is closed or open,
never between: before the one row nobody looks at its items. Of two closings of a day the database takes one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from settlement.books.database import BookDatabase
from settlement.clearing.closed_day import ITEM_FIELDS, ClosedDay, ClosedItem, Minutes, minutes_from
from settlement.clearing.stored import ClosingRow, StoredItem

_CHUNK: Final = 20_000
_ITEM_COLUMNS: Final = ", ".join(ITEM_FIELDS)
_CLOSING_COLUMNS: Final = (
    "provider", "day", "digest", "minutes", "register", "operator_key", "operator_signature", "provider_key",
    "provider_signature",
)  # fmt: skip


def write_items(database: BookDatabase, digest: str, items: Sequence[ClosedItem]) -> None:
    """Items of the minutes with this digest, in order of key; writing them again changes nothing."""
    for start in range(0, len(items), _CHUNK):
        part = items[start : start + _CHUNK]
        columns: dict[str, list[Any]] = {name: [getattr(item, name) for item in part] for name in ITEM_FIELDS}
        columns["run"] = [digest] * len(part)
        columns["number"] = list(range(start + 1, start + len(part) + 1))
        columns["leaf"] = [item.leaf for item in part]
        database.insert("settlement_items", columns, token=f"{digest}/{start}/{len(items)}")


def commit(database: BookDatabase, closing: ClosingRow) -> bool:
    """Close the day. True: it is this closing that holds. False: another one was first."""
    row: dict[str, list[Any]] = {name: [getattr(closing, name)] for name in _CLOSING_COLUMNS}
    database.insert("settlement_closings", row, token=f"{closing.provider}/{closing.day}")
    held = closing_of(database, closing.provider, closing.day)
    return held is not None and held.digest == closing.digest


def write_receipt(database: BookDatabase, closing: ClosingRow, at_us: int) -> None:
    """Note that the day was closed; missing where the program was killed just after `commit`."""
    row: dict[str, list[Any]] = {
        "provider": [closing.provider],
        "day": [closing.day],
        "digest": [closing.digest],
        "at_us": [at_us],
    }
    database.insert("settlement_receipts", row, token=f"{closing.provider}/{closing.day}/{closing.digest}")


def closings(database: BookDatabase, provider: str) -> list[ClosingRow]:
    """All rows of a provider by day; more than one of a day only where somebody wrote into the table by hand."""
    names = ", ".join(_CLOSING_COLUMNS)
    sql = f"SELECT {names} FROM settlement_closings WHERE provider = %(provider)s ORDER BY day, digest"  # noqa: S608
    return [ClosingRow(*row) for row in database.rows(sql, {"provider": provider})]


def closing_of(database: BookDatabase, provider: str, day: date) -> ClosingRow | None:
    """The closing of a day. Of several (see `closings`) the earliest made holds, then the smallest digest."""
    names = ", ".join(_CLOSING_COLUMNS)
    sql = f"""
    SELECT {names} FROM settlement_closings WHERE provider = %(provider)s AND day = %(day)s
    ORDER BY JSONExtractInt(minutes, 'made_us'), digest LIMIT 1
    """  # noqa: S608
    rows = database.rows(sql, {"provider": provider, "day": day})
    return ClosingRow(*rows[0]) if rows else None


def last_closing(database: BookDatabase, provider: str) -> ClosingRow | None:
    """The newest closed day of a provider."""
    sql = "SELECT max(day), count() FROM settlement_closings WHERE provider = %(provider)s"
    day, count = database.rows(sql, {"provider": provider})[0]
    return closing_of(database, provider, day) if count else None


def receipts(database: BookDatabase, provider: str) -> list[tuple[date, str]]:
    """(day, digest) of everything that was ever noted as closed."""
    sql = "SELECT DISTINCT day, digest FROM settlement_receipts WHERE provider = %(provider)s ORDER BY day, digest"
    return [(day, digest) for day, digest in database.rows(sql, {"provider": provider})]


def providers(database: BookDatabase) -> list[str]:
    """Every provider with a closed day, a receipt or a correction."""
    sql = """
    SELECT DISTINCT provider FROM (
        SELECT provider FROM settlement_closings UNION ALL SELECT provider FROM settlement_receipts
        UNION ALL SELECT provider FROM settlement_corrections
    ) ORDER BY provider
    """
    return [row[0] for row in database.rows(sql)]


def stored_items(database: BookDatabase, digest: str) -> list[StoredItem]:
    """Rows of the table as they stand, by number."""
    sql = f"SELECT number, leaf, {_ITEM_COLUMNS} FROM settlement_items WHERE run = %(run)s ORDER BY number, key"  # noqa: S608
    return [StoredItem(row[0], row[1], ClosedItem(*row[2:])) for row in database.rows(sql, {"run": digest})]


def closed_day(database: BookDatabase, provider: str, day: date, *, with_items: bool = True) -> ClosedDay | None:
    """A closed day, or None where it is open. ValueError: its minutes are damaged (`settlement verify`)."""
    closing = closing_of(database, provider, day)
    return None if closing is None else _read(database, closing, with_items=with_items)


def closed_days(
    database: BookDatabase, provider: str, first: date, last: date, *, with_items: bool = True
) -> Iterator[ClosedDay]:
    """The closed days of a provider from `first` to `last`, both included, in order; open days are left out.

    For a month: `closed_days(database, "VETC", date(2026, 6, 1), date(2026, 6, 30))`.
    """
    sql = """
    SELECT DISTINCT day FROM settlement_closings
    WHERE provider = %(provider)s AND day >= %(first)s AND day <= %(last)s ORDER BY day
    """
    for (day,) in database.rows(sql, {"provider": provider, "first": first, "last": last}):
        found = closed_day(database, provider, day, with_items=with_items)
        if found is not None:
            yield found


def _read(database: BookDatabase, closing: ClosingRow, *, with_items: bool) -> ClosedDay:
    minutes: Minutes = minutes_from(closing.minutes)
    items = tuple(stored.item for stored in stored_items(database, closing.digest)) if with_items else ()
    return ClosedDay(minutes, closing.operator_signature, closing.provider_signature, items)
