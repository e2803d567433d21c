"""`settlement late`: rows that came after a day was closed, as corrections for the next open day.

In: a new settlement of a closed day, the books. Out: corrections, booked once each. The closed day is only read.
Running it again with the same rows books nothing.
"""

from __future__ import annotations

from datetime import date

from settlement.app.close import RefusedError
from settlement.app.close_sources import SettledDay
from settlement.books import closings
from settlement.books.corrections import corrections_of, write_corrections
from settlement.books.database import BookDatabase
from settlement.clearing.closed_day import ClosedDay, Correction
from settlement.clearing.late_rows import DECISION, LATE_ROWS, Comparison, compare, correction_of

_ATTEMPTS = 10


def changes_of(database: BookDatabase, provider: str, settled: SettledDay) -> tuple[ClosedDay, Comparison]:
    """The closed day, and what the new run of it changes; RefusedError where the day is open."""
    frozen = must_be_closed(database, provider, settled.day)
    booked = corrections_of(database, provider, settled.day)
    decided = {item.key: item.agreed_vnd for one in booked if one.cause == DECISION for item in one.items}
    return frozen, compare(frozen.items, booked, settled.items, decided)


def must_be_closed(database: BookDatabase, provider: str, day: date) -> ClosedDay:
    """A closed day with its items; RefusedError where it is open."""
    frozen = closings.closed_day(database, provider, day)
    if frozen is None:
        raise RefusedError(
            f"ngày {day} của {provider} chưa chốt / the day is open: its rows are taken when it is closed,"
            " see `settlement close --help`"
        )
    return frozen


def book_late(
    database: BookDatabase, provider: str, settled: SettledDay, by: str, now_us: int
) -> tuple[Correction, ...]:
    """Book every change; what another process booked meanwhile is not booked again."""
    for _ in range(_ATTEMPTS):
        frozen, compared = changes_of(database, provider, settled)
        if compared.refused:
            raise RefusedError("không ghi / nothing is booked", *compared.refused[:50])
        if not compared.changes:
            return ()
        booked = corrections_of(database, provider, settled.day)
        made: list[Correction] = []
        for change in compared.changes:
            made.append(correction_of(frozen.minutes, [*booked, *made], change, LATE_ROWS, "", (by, now_us)))
        if write_corrections(database, made):
            return tuple(made)
    raise RefusedError("others book corrections of this day all the time; try again")
