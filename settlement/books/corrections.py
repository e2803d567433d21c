"""Corrections of closed days in the database: numbered, each naming the one before, written once.

In: corrections. Out: the same, read back. Of two corrections with one number the database takes one; the other is to
be made anew on what stands then.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from settlement.books.database import BookDatabase
from settlement.clearing.closed_day import Correction, canonical, correction_from
from settlement.clearing.stored import CorrectionRow


def stored_corrections(database: BookDatabase, provider: str, original_day: date | None = None) -> list[CorrectionRow]:
    """Rows of a provider, of one original day or all, by day and number."""
    chosen = "" if original_day is None else "AND original_day = %(day)s"
    sql = f"""
    SELECT provider, original_day, number, content, digest FROM settlement_corrections
    WHERE provider = %(provider)s {chosen} ORDER BY original_day, number, digest
    """  # noqa: S608
    return [CorrectionRow(*row) for row in database.rows(sql, {"provider": provider, "day": original_day or ""})]


def corrections_of(database: BookDatabase, provider: str, original_day: date | None = None) -> list[Correction]:
    """Corrections of a provider, of one original day or all."""
    return [
        correction_from(json.loads(stored.content)) for stored in stored_corrections(database, provider, original_day)
    ]


def write_corrections(database: BookDatabase, corrections: list[Correction]) -> bool:
    """Write corrections of one day with rising numbers, all or none. False: another one took the number first."""
    first = corrections[0]
    columns: dict[str, list[Any]] = {
        "provider": [one.provider for one in corrections],
        "original_day": [date.fromisoformat(one.original_day) for one in corrections],
        "number": [one.number for one in corrections],
        "content": [canonical(asdict(one)).decode() for one in corrections],
        "digest": [one.digest for one in corrections],
    }
    database.insert("settlement_corrections", columns, token=f"{first.provider}/{first.original_day}/{first.number}")
    held = stored_corrections(database, first.provider, date.fromisoformat(first.original_day))
    return first.digest in {one.digest for one in held}


def taken_in(database: BookDatabase, provider: str) -> dict[str, str]:
    """correction_id → day of the closing that took it in."""
    sql = """
    SELECT day, JSONExtractArrayRaw(minutes, 'corrections') FROM settlement_closings WHERE provider = %(provider)s
    """
    return {
        correction_from(json.loads(text)).correction_id: day.isoformat()
        for day, texts in database.rows(sql, {"provider": provider})
        for text in texts
    }


def open_corrections(database: BookDatabase, provider: str) -> list[Correction]:
    """Corrections that no closed day has taken in yet: the next open day does."""
    taken = taken_in(database, provider)
    return [one for one in corrections_of(database, provider) if one.correction_id not in taken]
