"""The statement of one accounting day (bảng kê doanh thu ngày) from passages that balance with the ledger.

In: passages, control totals, terms. Out: traffic and revenue tables, and the money owed. A statement of a day that does
not balance must never be made: `compose` refuses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from settlement.clearing.ledger import ControlTotals, Passage
from settlement.clearing.terms import Payable, Terms, payable

OUTCOMES = ("charged", "ticket", "exempt", "manual", "convoy", "emergency", "violation")
CLASSES = (1, 2, 3, 4, 5, 0)
"""Vehicle classes in the order of a report; 0 is "not known"."""


class NotBalancedError(ValueError):
    """Passages and ledger differ; the control totals name the passages."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a revenue table."""

    key: str
    passages: int
    charged: int
    revenue_vnd: int


@dataclass(frozen=True, slots=True)
class DayStatement:
    """Everything that the statement of a day shows. Times are aware UTC; money is whole VND."""

    day: date
    start: datetime
    end: datetime
    passages: tuple[Passage, ...]
    outcomes: dict[str, dict[int, int]]
    """outcome → class → passages; every known outcome and class is present."""
    by_class: tuple[Line, ...]
    by_lane: tuple[Line, ...]
    by_provider: tuple[Line, ...]
    by_hour: tuple[Line, ...]
    """24 lines of one hour from the start of the day; keys are local hours `22:00`."""
    payable: Payable
    terms: Terms
    control: ControlTotals


def compose(
    day: date,
    window: tuple[datetime, datetime],
    passages: Sequence[Passage],
    control: ControlTotals,
    terms: Terms,
) -> DayStatement:
    """Statement of a balanced day; NotBalancedError where the control totals do not hold."""
    if not control.balanced:
        raise NotBalancedError(f"{len(control.differences)} differences between passages and ledger")
    ordered = tuple(sorted(passages, key=lambda p: (p.passed_at, p.passage_id)))
    return DayStatement(
        day=day,
        start=window[0],
        end=window[1],
        passages=ordered,
        outcomes=_outcomes(ordered),
        by_class=_lines(ordered, [str(c) for c in CLASSES], lambda p: str(p.vehicle_class)),
        by_lane=_lines(ordered, [], lambda p: p.lane),
        by_provider=_lines(ordered, [], lambda p: p.provider),
        by_hour=_lines(ordered, _hours(window[0]), lambda p: _hour(window[0], p.passed_at)),
        payable=payable(control.charged_vnd, control.corrections_vnd + terms.corrections_vnd, day, terms),
        terms=terms,
        control=control,
    )


def _outcomes(passages: Sequence[Passage]) -> dict[str, dict[int, int]]:
    counts = Counter((p.outcome, p.vehicle_class) for p in passages)
    names = [*OUTCOMES, *sorted({p.outcome for p in passages} - set(OUTCOMES))]
    return {name: {c: counts[name, c] for c in CLASSES} for name in names}


def _lines(passages: Sequence[Passage], keys: Sequence[str], key_of: Callable[[Passage], str]) -> tuple[Line, ...]:
    count: Counter[str] = Counter()
    charged: Counter[str] = Counter()
    revenue: Counter[str] = Counter()
    for passage in passages:
        key = key_of(passage)
        count[key] += 1
        charged[key] += passage.outcome == "charged"
        revenue[key] += passage.revenue_vnd
    ordered = [*keys, *sorted(count.keys() - set(keys))]
    return tuple(Line(key, count[key], charged[key], revenue[key]) for key in ordered)


def _local_hour(start: datetime, offset: int) -> str:
    # The start of a day is on a whole minute of +07:00, which has no summer time.
    minutes = (start.hour * 60 + start.minute + 7 * 60 + offset * 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _hours(start: datetime) -> list[str]:
    return [_local_hour(start, offset) for offset in range(24)]


def _hour(start: datetime, moment: datetime) -> str:
    return _local_hour(start, int((moment - start).total_seconds() // 3600))
