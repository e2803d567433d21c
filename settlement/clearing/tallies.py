"""What a period adds up to: tallies of passages, the ledger beside them, and the passages that a list names.

In: rows that the database has added up. Out: values for reports, and the check that tables cut along different lines
have the same sums. A set of tables that does not tie must never become a report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from settlement.clearing.day_statement import CLASSES, OUTCOMES


class NotTiedError(ValueError):
    """Tables of one period have different sums; the text names them."""


@dataclass(frozen=True, slots=True)
class Period:
    """Accounting days, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the period ends on {self.last}, before it begins on {self.first}")

    def days(self) -> list[date]:
        """Every day of it."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def text(self) -> str:
        """15/06/2026, or 01/06/2026 – 30/06/2026."""
        first = f"{self.first:%d/%m/%Y}"
        return first if self.first == self.last else f"{first} – {self.last:%d/%m/%Y}"


@dataclass(frozen=True, slots=True)
class Sums:
    """Passages of one kind, added up. Tuples follow `CLASSES` and `OUTCOMES` of the day statement."""

    passages: int = 0
    charged: int = 0
    revenue_vnd: int = 0
    by_class: tuple[int, ...] = (0,) * len(CLASSES)
    revenue_by_class: tuple[int, ...] = (0,) * len(CLASSES)
    by_outcome: tuple[int, ...] = (0,) * len(OUTCOMES)

    @property
    def other_outcomes(self) -> int:
        """Passages with an outcome that we do not know."""
        return self.passages - sum(self.by_outcome)


Key = tuple[str | int | date, ...]
"""A lane, an hour, a day with a shift …"""


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums under a key."""

    key: Key
    sums: Sums


def added(sums: Iterable[Sums]) -> Sums:
    """One total of many."""
    every = list(sums)
    return Sums(
        passages=sum(s.passages for s in every),
        charged=sum(s.charged for s in every),
        revenue_vnd=sum(s.revenue_vnd for s in every),
        by_class=_columns([s.by_class for s in every], len(CLASSES)),
        revenue_by_class=_columns([s.revenue_by_class for s in every], len(CLASSES)),
        by_outcome=_columns([s.by_outcome for s in every], len(OUTCOMES)),
    )


def _columns(rows: Sequence[Sequence[int]], width: int) -> tuple[int, ...]:
    return tuple(sum(row[n] for row in rows) for n in range(width))


def tie(name: str, tallies: Iterable[Tally], total: Sums) -> None:
    """NotTiedError where the lines of a table do not add up to the total that was counted without it."""
    found = added(tally.sums for tally in tallies)
    if found != total:
        raise NotTiedError(
            f"table {name}: {found.passages} passages, {found.revenue_vnd} VND;"
            f" without it {total.passages} passages, {total.revenue_vnd} VND"
        )


@dataclass(frozen=True, slots=True)
class LedgerDay:
    """What the ledger booked on an accounting day: revenue of its passages, and corrections made on it (signed)."""

    day: date
    revenue_vnd: int
    corrections_vnd: int


@dataclass(frozen=True, slots=True)
class Untied:
    """A passage on which passage and ledger disagree."""

    passage_id: str
    passage_vnd: int
    ledger_vnd: int


@dataclass(frozen=True, slots=True)
class TicketUse:
    """One ticket and its passages. `kind`: month, quarter, or empty where the list no longer says."""

    ticket_no: str
    kind: str
    plate: str
    vehicle_class: int
    passages: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """One passage of a list, with what a person needs to judge it."""

    passage_id: str
    passed_at: datetime
    lane: str
    outcome: str
    vehicle_class: int
    class_measured: int
    plate: str
    plate_confidence: float
    registered_plate: str
    epc: str
    fare_vnd: int
    operator: str
    reason: str
    flags: tuple[str, ...]
    rules: tuple[str, ...]
    would_change: tuple[str, ...]
    image_sha256: str


REVIEW_FLAGS: Final = (
    "PLATE_MISMATCH",
    "PLATE_DOUBT",
    "NO_PLATE",
    "PLATE_CORRECTED",
    "PLATE_CHARGE",
    "CLASS_MISMATCH",
    "CLASS_MISMATCH_MAJOR",
    "TAILGATE",
    "RUN_THROUGH",
    "MULTI_TAG",
    "MULTI_TAG_AMBIGUOUS",
    "SEPARATION_FAIL",
    "CLONE_SUSPECT",
    "TID_MISMATCH",
    "OFFLINE_DECISION",
    "OFFLINE_UNKNOWN",
    "REVERSED_UNDER_BOOM",
    "RECOVERED_EDGES",
    "REPEAT",
)
"""Flags of a passage that call for a person's review (hậu kiểm), in the order of the report."""
