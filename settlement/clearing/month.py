"""The minutes of a month (biên bản đối soát tháng): closed days, what they carried over, what is owed and disputed.

In: minutes of closed days of one provider, from the first ever to the last of the month. Out: sums for the paper that
both parties sign. Pure; adds nothing that the days do not say, and knows of payments only what it is told.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta

from settlement.clearing.agreement import ClassTotal
from settlement.clearing.closed_day import Correction, Minutes

_SUMS = tuple(one.name for one in fields(ClassTotal))


@dataclass(frozen=True, slots=True)
class VatLine:
    """What was agreed at one VAT rate, on the days of the month and through corrections, and the tax within."""

    rate_bp: int
    agreed_vnd: int
    vat_vnd: int
    corrected_vnd: int
    corrected_vat_vnd: int


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A correction, and the closed day that took it in."""

    day: date
    correction: Correction


@dataclass(frozen=True, slots=True)
class OpenDispute:
    """An item that nobody has decided yet. `disputed_vnd`: as corrections, also those that wait, have left it."""

    dispute_id: str
    day: date
    code: str
    item: str
    disputed_vnd: int
    state: str
    owner: str


@dataclass(frozen=True, slots=True)
class Disputes:
    """Disputed amounts: carried into the month, new on its days, changed by corrections, carried on."""

    opening_vnd: int
    new_vnd: int
    changed_vnd: int

    @property
    def carried_vnd(self) -> int:
        """Still disputed at the end of the month."""
        return self.opening_vnd + self.new_vnd + self.changed_vnd


@dataclass(frozen=True, slots=True)
class Month:
    """One provider's month. `earlier`, `days`: minutes in order of their days. `open_days` make it a draft.

    `paid_before_vnd`, `paid_vnd`: payments before and within the month, as a person states them: the system books none.
    """

    provider: str
    first: date
    last: date
    earlier: tuple[Minutes, ...]
    days: tuple[Minutes, ...]
    open_days: tuple[date, ...]
    before_books: int
    """Days of the month before the first closed day of this provider."""
    waiting: tuple[Correction, ...]
    """Corrections that no closed day has taken in yet."""
    undecided: tuple[OpenDispute, ...] = ()
    """Disputes of closed days up to the end of the month that are open now."""
    paid_before_vnd: int = 0
    paid_vnd: int = 0

    @property
    def agreed_vnd(self) -> int:
        """Agreed on the days of the month."""
        return sum(day.agreed_vnd for day in self.days)

    @property
    def fee_vnd(self) -> int:
        """Service fee of the days, each rounded once."""
        return sum(day.fee_vnd for day in self.days)

    @property
    def vat_vnd(self) -> int:
        """VAT within what was agreed on the days, each rounded once."""
        return sum(day.vat_vnd for day in self.days)

    @property
    def corrections_vnd(self) -> int:
        """What corrections taken in add to the net."""
        return sum(day.corrections_vnd for day in self.days)

    @property
    def net_vnd(self) -> int:
        """Net payable of the month."""
        return sum(day.net_vnd for day in self.days)

    @property
    def opening_vnd(self) -> int:
        """Owed before the month and not paid."""
        return sum(day.net_vnd for day in self.earlier) - self.paid_before_vnd

    @property
    def closing_vnd(self) -> int:
        """Owed at the end of the month."""
        return self.opening_vnd + self.net_vnd - self.paid_vnd

    @property
    def demonstration(self) -> bool:
        """True where a day was closed on demonstration values."""
        return any(day.demonstration for day in self.days)

    @property
    def corrections(self) -> tuple[TakenIn, ...]:
        """What the days took in, in order."""
        return tuple(TakenIn(date.fromisoformat(day.day), one) for day in self.days for one in day.corrections)

    @property
    def disputes(self) -> Disputes:
        """The disputed amounts carried forward."""
        return Disputes(
            opening_vnd=sum(day.disputed_vnd + _disputed(day.corrections) for day in self.earlier),
            new_vnd=sum(day.disputed_vnd for day in self.days),
            changed_vnd=sum(_disputed(day.corrections) for day in self.days),
        )

    @property
    def classes(self) -> dict[str, ClassTotal]:
        """Sums per class over the days."""
        codes = dict.fromkeys(code for day in self.days for code in day.classes)
        return {code: _total(day.classes[code] for day in self.days if code in day.classes) for code in codes}

    @property
    def vat_lines(self) -> tuple[VatLine, ...]:
        """By rate in rising order; a correction stands under the rate of its original day."""
        rate_of = {day.day: day.vat_rate_bp for day in (*self.earlier, *self.days)}
        changes = [(rate_of.get(one.correction.original_day, 0), one.correction) for one in self.corrections]
        rates = sorted({day.vat_rate_bp for day in self.days} | {rate for rate, _ in changes})
        return tuple(self._vat_line(rate, [one for at, one in changes if at == rate]) for rate in rates)

    def _vat_line(self, rate: int, changes: Sequence[Correction]) -> VatLine:
        mine = [day for day in self.days if day.vat_rate_bp == rate]
        return VatLine(
            rate,
            sum(day.agreed_vnd for day in mine),
            sum(day.vat_vnd for day in mine),
            sum(one.agreed_vnd for one in changes),
            sum(one.vat_vnd for one in changes),
        )


def _disputed(corrections: Iterable[Correction]) -> int:
    return sum(one.disputed_vnd for one in corrections)


def _total(lines: Iterable[ClassTotal]) -> ClassTotal:
    every = list(lines)
    return ClassTotal(**{name: sum(getattr(line, name) for line in every) for name in _SUMS})


def month_days(year: int, month: int) -> list[date]:
    """Every day of a month of the calendar; its accounting days bear these dates."""
    first = date(year, month, 1)
    return [first + timedelta(days=n) for n in range(calendar.monthrange(year, month)[1])]


def month_of(
    provider: str,
    days: Sequence[date],
    closed: Sequence[Minutes],
    waiting: Sequence[Correction],
    paid: tuple[int, int] = (0, 0),
) -> Month:
    """`closed`: minutes of all closed days up to the last of `days`, in order. `paid`: before and within the month."""
    by_day = {date.fromisoformat(one.day): one for one in closed}
    began = min(by_day, default=days[0])
    mine = tuple(by_day[day] for day in days if day in by_day)
    open_days = tuple(day for day in days if day not in by_day and day >= began)
    earlier = tuple(one for day, one in by_day.items() if day < days[0])
    before = sum(1 for day in days if day < began)
    return Month(
        provider, days[0], days[-1], earlier, mine, open_days, before, tuple(waiting), paid_before_vnd=paid[0],
        paid_vnd=paid[1],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """Items of one class, added up. `along`: the lane or the closing that the sums are of, else empty."""

    code: str
    along: str
    items: int
    station_rows: int
    provider_rows: int
    station_vnd: int
    provider_vnd: int
    agreed_vnd: int
    disputed_vnd: int
