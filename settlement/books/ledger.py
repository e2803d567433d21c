"""Decisions in the back office's ledger: what stands of a passage is read, the legs of a decision are written.

In: passage ids, legs. Out: legs. Writing legs again changes nothing: the table keeps one row of each posting id.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from backoffice.contracts.postings import Posting
from backoffice.contracts.tables import POSTING_COLUMNS, POSTINGS
from settlement.books.database import BookDatabase, BooksError

_FIELDS: Final = (
    "posting_id", "passage_id", "leg", "kind", "plaza", "account", "amount_vnd", "provider", "at", "reverses",
    "tariff_version",
)  # fmt: skip
_READ: Final = ", ".join("toUnixTimestamp64Micro(at)" if name == "at" else name for name in _FIELDS)


def legs_of(database: BookDatabase, passage_id: str) -> list[Posting]:
    """Every leg that was ever booked for a passage; BooksError where the database holds no ledger."""
    found = database.rows_if_table(
        f"SELECT {_READ} FROM {POSTINGS} FINAL WHERE passage_id = %(id)s ORDER BY posting_id",  # noqa: S608
        {"id": passage_id},
    )
    if found is None:
        raise BooksError("the database holds no ledger of a back office, so the decision has nowhere to be booked")
    return [Posting(*row) for row in found] if passage_id else []


def booked_for(database: BookDatabase) -> list[Posting] | None:
    """Every leg that was booked for a dispute; None where the database holds no ledger."""
    found = database.rows_if_table(
        f"SELECT {_READ} FROM {POSTINGS} FINAL WHERE position(posting_id, 'dispute:') > 0 ORDER BY posting_id"  # noqa: S608
    )
    return None if found is None else [Posting(*row) for row in found]


def write_legs(database: BookDatabase, legs: Sequence[Posting]) -> None:
    """Book legs."""
    now_us = time.time_ns() // 1000
    columns: dict[str, list[Any]] = {
        name: [getattr(leg, "at_us" if name == "at" else name) for leg in legs] for name in _FIELDS
    }
    columns["written_at"] = [now_us] * len(legs)
    database.insert(POSTINGS, {name: columns[name] for name in POSTING_COLUMNS})
