"""`settlement report month-minutes` and `discrepancies`: papers from closed days.

In: the books, a month or a period, a folder. Out: files and exit status 0; or status 1 and no file where days are open
and no draft was asked for. Nothing that is not closed enters a figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from settlement.app.report import Made, Render, write_document
from settlement.books import differences
from settlement.books.closings import closed_days, providers
from settlement.books.corrections import open_corrections
from settlement.books.database import BookDatabase
from settlement.books.disputes import disputes
from settlement.clearing.closed_day import Minutes
from settlement.clearing.dispute import DECIDED, SETTLED, STATES
from settlement.clearing.month import Difference, Month, OpenDispute, month_days, month_of
from settlement.clearing.tallies import Period
from settlement.intake.problems import UnusableInputError
from settlement.intake.report_settings import ReportSettings
from settlement.reports import discrepancies, month_minutes
from settlement.reports.document import Cell, Column, Document, Fact, Kind
from settlement.reports.wording import DEMONSTRATION, day_text, grouped

_DAYS_NAMED = 10
_FIRST_DAY = date(1970, 1, 1)
"""No column of type Date holds an earlier one."""


@dataclass(frozen=True, slots=True)
class MonthOrder:
    """`paid`: payments before and within the month, as stated. `draft`: open days are allowed, and shown."""

    provider: str
    year: int
    month: int
    now: datetime
    out: Path
    formats: tuple[str, ...]
    draft: bool = False
    paid: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class DifferenceOrder:
    """No `providers`: all that have closed days."""

    providers: tuple[str, ...]
    period: Period
    now: datetime
    out: Path
    formats: tuple[str, ...]


def make_month(
    order: MonthOrder, books: BookDatabase, settings: ReportSettings, renderers: Mapping[str, Render]
) -> Made:
    """The minutes of a month, or what keeps them from being made."""
    month = read_month(order, books)
    if month.open_days and not order.draft:
        return Made(1, (), _refusal(month))
    plazas = tuple(dict.fromkeys(plaza for day in month.days or month.earlier for plaza in day.plazas))
    names = [settings.parties[code].name if code in settings.parties else "" for code in ("operator", order.provider)]
    heading = month_minutes.Heading(order.now, settings.place(plazas), (names[0], names[1] or order.provider))
    document = month_minutes.document(month, heading)
    order.out.mkdir(parents=True, exist_ok=True)
    name = f"month-minutes_{order.provider}_{month.first:%Y-%m}{'_draft' if month.open_days else ''}"
    return Made(0, write_document(document, order.out, name, order.formats, renderers))


def read_month(order: MonthOrder, books: BookDatabase) -> Month:
    """Closed days of the provider up to the end of the month."""
    days = month_days(order.year, order.month)
    known = providers(books)
    if order.provider not in known:
        raise UnusableInputError(
            f"--provider: {order.provider!r} has no closed day; known are: {', '.join(known) or 'none'}"
        )
    closed = [one.minutes for one in closed_days(books, order.provider, _FIRST_DAY, days[-1], with_items=False)]
    waiting = [one for one in open_corrections(books, order.provider) if one.original_day <= days[-1].isoformat()]
    found = month_of(order.provider, days, closed, waiting, order.paid)
    return replace(found, undecided=_undecided(order.provider, books, days[-1]))


def _undecided(provider: str, books: BookDatabase, last: date) -> tuple[OpenDispute, ...]:
    return tuple(
        OpenDispute(
            one.dispute_id, one.day, one.item.code, one.item.key, one.item.disputed_vnd, STATES[one.state],
            one.standing.owner,
        )
        for one in disputes(books, provider)
        if one.day <= last and one.state not in (DECIDED, SETTLED)
    )  # fmt: skip


def _refusal(month: Month) -> tuple[str, ...]:
    named = ", ".join(day.isoformat() for day in month.open_days[:_DAYS_NAMED])
    more = f" and {len(month.open_days) - _DAYS_NAMED} more" if len(month.open_days) > _DAYS_NAMED else ""
    return (
        f"Tháng còn {len(month.open_days)} ngày chưa chốt / days of the month are open: {named}{more}.",
        "Close them with `settlement close`, or ask for a draft with --draft; nothing was written.",
    )


def make_discrepancies(
    order: DifferenceOrder, books: BookDatabase, settings: ReportSettings, renderers: Mapping[str, Render]
) -> Made:
    """The summary of discrepancies of the closed days of a period."""
    named = order.providers or tuple(providers(books))
    closed = [
        one.minutes
        for provider in named
        for one in closed_days(books, provider, order.period.first, order.period.last, with_items=False)
    ]
    document = _discrepancies(order, books, settings, closed)
    order.out.mkdir(parents=True, exist_ok=True)
    name = f"discrepancies_{order.period.first}_{order.period.last}"
    return Made(0, write_document(document, order.out, name, order.formats, renderers))


def _discrepancies(
    order: DifferenceOrder, books: BookDatabase, settings: ReportSettings, closed: Sequence[Minutes]
) -> Document:
    by_digest = {one.digest: one for one in closed}
    runs = tuple(by_digest)
    period = order.period
    day_of: dict[str, Cell] = {digest: date.fromisoformat(one.day) for digest, one in by_digest.items()}
    items, there = differences.items(books, runs)
    sections = (
        discrepancies.classes(differences.by_class(books, runs)),
        discrepancies.along(
            "Theo ngày", "By day", Column("Ngày", "day", Kind.DATE), _by_day(books, runs, day_of)
        ),
        discrepancies.along(
            "Theo làn", "By lane", Column("Làn", "lane"),
            [(one.along, one) for one in differences.by_class_and_lane(books, runs)],
        ),
        discrepancies.listed([(day_of[run], by_digest[run].provider, item) for run, item in items], there),
    )  # fmt: skip
    plazas = tuple(dict.fromkeys(plaza for one in closed for plaza in one.plazas))
    return Document(
        title=f"Bảng tổng hợp sai lệch {period.text}",
        english=f"Discrepancies of closed days, {period.first} to {period.last}",
        warning=DEMONSTRATION if any(one.demonstration for one in closed) else "",
        facts=_facts(order, closed, there),
        sections=sections,
        made_at=order.now,
        place=settings.place(plazas),
        period=f"Kỳ {period.text}",
    )


def _by_day(books: BookDatabase, runs: Sequence[str], day_of: Mapping[str, Cell]) -> list[tuple[Cell, Difference]]:
    """Two providers close the same day apart: their items stand on one line."""
    found: dict[tuple[str, str], Difference] = {}
    for one in differences.by_class_and_run(books, runs):
        key = (str(day_of[one.along]), one.code)
        found[key] = _sum(found[key], one) if key in found else one
    return [(date.fromisoformat(day), one) for (day, _), one in sorted(found.items())]


def _sum(one: Difference, other: Difference) -> Difference:
    return Difference(
        one.code, one.along, one.items + other.items, one.station_rows + other.station_rows,
        one.provider_rows + other.provider_rows, one.station_vnd + other.station_vnd,
        one.provider_vnd + other.provider_vnd, one.agreed_vnd + other.agreed_vnd,
        one.disputed_vnd + other.disputed_vnd,
    )  # fmt: skip


def _facts(order: DifferenceOrder, closed: Sequence[Minutes], there: int) -> tuple[Fact, ...]:
    days = {one.day for one in closed}
    missing = [day for day in order.period.days() if day.isoformat() not in days]
    note = ", ".join(day_text(day) for day in missing[:_DAYS_NAMED]) + (" …" if len(missing) > _DAYS_NAMED else "")
    return (
        Fact("Kỳ (ngày đối soát)", "Period (accounting days)", order.period.text),
        Fact("Nhà cung cấp", "Providers", ", ".join(sorted({one.provider for one in closed})) or "–"),
        Fact("Ngày đã chốt trong kỳ", "Closed days", f"{len(days)}/{len(order.period.days())}"),
        Fact("Ngày chưa chốt, không tính", "Open days, not counted", note or "–"),
        Fact("Mục sai lệch", "Items that differ", grouped(there), strong=True),
        Fact(
            "Tranh chấp lúc chốt ngày",
            "Disputed when the days were closed",
            amount_vnd=sum(one.disputed_vnd for one in closed),
            strong=True,
        ),
    )
