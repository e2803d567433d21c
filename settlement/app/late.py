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
from settlement.clearing.closing import fee_and_vat
from settlement.clearing.late_rows import Change, Comparison, compare

LATE_ROWS = "late rows"
DECISION = "decision"
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
            made.append(correction_of(frozen, [*booked, *made], change, LATE_ROWS, "", (by, now_us)))
        if write_corrections(database, made):
            return tuple(made)
    raise RefusedError("others book corrections of this day all the time; try again")


def correction_of(
    frozen: ClosedDay, booked: list[Correction], change: Change, cause: str, dispute_id: str, done: tuple[str, int]
) -> Correction:
    """The next correction of a day. `done`: by whom and when (microseconds)."""
    minutes = frozen.minutes
    fee, vat = fee_and_vat(change.agreed_vnd, minutes.fee_bp, minutes.vat_rate_bp)
    return Correction(
        provider=minutes.provider,
        original_day=minutes.day,
        number=len(booked) + 1,
        cause=cause,
        dispute_id=dispute_id,
        originals=change.originals,
        late=change.late,
        agreed_vnd=change.agreed_vnd,
        disputed_vnd=change.disputed_vnd,
        fee_vnd=fee,
        vat_vnd=vat,
        note=change.note,
        booked_by=done[0],
        booked_us=done[1],
        items=change.items,
        previous=booked[-1].digest if booked else "",
    )
