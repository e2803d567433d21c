"""`settlement report`: a report of a period from the back office's tables, as XLSX, PDF and CSV.

In: a report, a scope, a database, settings, a folder. Out: files and exit status 0; or status 1 and no file where
passages and ledger disagree. Equal data and an equal `now` give equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from settlement.app.report_catalogue import BUILDS, Source, common_facts
from settlement.app.report_names import Report
from settlement.clearing.tallies import NotTiedError, Untied
from settlement.files.writing import write_bytes
from settlement.intake.aggregates import Aggregates, Database, Scope
from settlement.intake.configuration import Configuration
from settlement.intake.report_settings import ReportSettings
from settlement.reports.document import Document, Fact
from settlement.reports.wording import DEMONSTRATION

FORMATS: Final = ("xlsx", "pdf", "csv")
_READINGS: Final = 3
"""While lanes report, passages arrive between two queries: the tables are read again."""
_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `now` is printed on the pages."""

    report: Report
    scope: Scope
    now: datetime
    out: Path
    formats: tuple[str, ...] = FORMATS


@dataclass(frozen=True, slots=True)
class Made:
    """Exit status, files written, lines for a person."""

    status: int
    files: tuple[Path, ...]
    messages: tuple[str, ...] = ()


Render = Callable[[Document], Mapping[str, bytes]]
"""A document → contents by what stands between the name of the file and its ending."""


def make_report(
    order: Order,
    database: Database,
    configuration: Configuration,
    settings: ReportSettings,
    renderers: Mapping[str, Render],
) -> Made:
    """Read, tie, write."""
    aggregates = Aggregates(database, order.scope)
    untied = found_untied(aggregates) if order.report.money else []
    if untied:
        return Made(1, (), refusal(untied))
    document = _read(order, aggregates, configuration, settings)
    order.out.mkdir(parents=True, exist_ok=True)
    name = f"{order.report.name}_{order.scope.period.first}_{order.scope.period.last}"
    files = write_document(document, order.out, name, order.formats, renderers)
    return Made(0, files, _not_over(order))


def found_untied(aggregates: Aggregates) -> list[Untied]:
    """Passages that do not agree with the ledger, and still do not when asked again: ingest books just behind them."""
    for _ in range(_READINGS):
        untied = aggregates.untied()
        if not untied:
            break
    return untied


def write_document(
    document: Document, out: Path, name: str, formats: Sequence[str], renderers: Mapping[str, Render]
) -> tuple[Path, ...]:
    """The document in each format: `name.xlsx`, `name.pdf`, `name_section.csv`."""
    files = []
    for kind in formats:
        for part, content in renderers[kind](document).items():
            path = out / f"{name}{f'_{part}' if part else ''}.{kind}"
            write_bytes(path, content)
            files.append(path)
    return tuple(files)


def _read(order: Order, aggregates: Aggregates, configuration: Configuration, settings: ReportSettings) -> Document:
    for reading in range(1, _READINGS + 1):
        try:
            return _document(order, aggregates, configuration, settings)
        except NotTiedError:
            if reading == _READINGS:
                raise
    raise AssertionError("unreachable")  # pragma: no cover


def _document(order: Order, aggregates: Aggregates, configuration: Configuration, settings: ReportSettings) -> Document:
    source = Source(aggregates)
    place = settings.place(order.scope.plazas or aggregates.plazas() or configuration.plazas)
    sections, facts = BUILDS[order.report.name](source)
    shifts_shown = order.report.shifts and settings.shifts.demonstration
    warning = DEMONSTRATION if configuration.terms.demonstration or shifts_shown else ""
    period = order.scope.period
    return Document(
        title=f"{order.report.title} {period.text}",
        english=f"{order.report.english}, accounting days {period.first} to {period.last}",
        warning=warning,
        facts=(*common_facts(source, place, period), *facts, *_open_end(order)),
        sections=tuple(sections),
        made_at=order.now,
        place=place,
        period=f"Kỳ {period.text}",
    )


def _open_end(order: Order) -> tuple[Fact, ...]:
    if order.now >= order.scope.end:
        return ()
    return (Fact("Kỳ chưa kết thúc: số liệu còn thay đổi", "The period is not over: figures will change", strong=True),)


def _not_over(order: Order) -> tuple[str, ...]:
    if order.now >= order.scope.end:
        return ()
    return ("Kỳ chưa kết thúc / the period is not over: the figures will change.",)


def refusal(untied: Sequence[Untied]) -> tuple[str, ...]:
    """Why nothing was written, and the first passages that are to blame."""
    lines = [f"{u.passage_id}: passage {u.passage_vnd} VND, ledger {u.ledger_vnd} VND" for u in untied[:_NAMED]]
    headline = (
        f"Không cân đối / passages and ledger disagree on {len(untied)} passages; no report was written."
        " `settlement statement --day …` names them day by day; book corrections, or wait until ingest has caught up."
    )
    return (headline, *lines)
