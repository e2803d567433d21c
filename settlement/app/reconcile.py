"""`settlement reconcile`: station rows against provider rows for one accounting day.

In: two inputs (files, or the system's own tables), a mapping, a configuration, a day, a moment. Out: `summary.json`,
`differences.csv`, `rejected.csv`, `statement.xlsx`, `statement.pdf` and exit status 0 or 3; or status 1 and nothing
where the totals do not balance.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from settlement.app.inputs import Input
from settlement.app.settling import NotBalancedError, Settled, settle
from settlement.files import reconciliation_files as data_files
from settlement.files.writing import write_bytes, write_json
from settlement.intake.columns import Side
from settlement.intake.configuration import Configuration
from settlement.intake.mapping import CANONICAL_MAPPING, ProviderMapping
from settlement.intake.problems import UnusableInputError
from settlement.intake.table import Progress, Reading, ReadTable, read_table
from settlement.reports.reconciliation import DIFFERENCES_SHOWN, Reconciled

OUTPUTS = ("summary.json", "differences.csv", "rejected.csv", "statement.xlsx", "statement.pdf")


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for. `day` None: the day with most rows. `now` decides what is overdue, and is printed."""

    station: Input
    provider: Input
    day: date | None
    now: datetime
    out: Path


@dataclass(frozen=True, slots=True)
class Renderers:
    """The two ways in which a statement is made to be read."""

    workbook: Callable[[Reconciled], bytes]
    printed: Callable[[Reconciled], bytes]


@dataclass(frozen=True, slots=True)
class Ended:
    """Exit status, content of `summary.json` (empty where nothing was written), lines for a person."""

    status: int
    summary: dict[str, Any]
    messages: tuple[str, ...]


ProgressFor = Callable[[Input], Progress]


def reconcile(
    task: Task,
    mapping: ProviderMapping,
    configuration: Configuration,
    renderers: Renderers,
    progress_for: ProgressFor,
) -> Ended:
    """Read, match, classify, settle, write."""
    # Both files at once: what one thread does in Python, the columnar reader does not wait for.
    with ThreadPoolExecutor(max_workers=2) as pool:
        reading = pool.submit(_read, task.provider, Side.PROVIDER, mapping, configuration, progress_for)
        station = _read(task.station, Side.STATION, mapping, configuration, progress_for)
        provider = reading.result()
    task.out.mkdir(parents=True, exist_ok=True)
    try:
        settled = settle(station, provider, task.day, task.now, configuration, every_item=False)
    except NotBalancedError as error:
        return _refuse(task, error.imbalances)
    return _write(_Run(task, mapping, configuration, settled), renderers)


@dataclass(frozen=True, slots=True)
class _Run:
    task: Task
    mapping: ProviderMapping
    configuration: Configuration
    settled: Settled


def _read(
    given: Input, side: Side, mapping: ProviderMapping, configuration: Configuration, progress_for: ProgressFor
) -> ReadTable:
    part = (CANONICAL_MAPPING if given.canonical else mapping).side(side)
    try:
        reading = Reading(side, given.name, part, configuration.plazas)
        return read_table(given.open(), reading, progress_for(given))
    except UnusableInputError as error:
        message = str(error)
        named = given.canonical or message.startswith(str(Path(given.place) / given.name))
        raise UnusableInputError(message if named else f"{given.place}: {message}") from error


def _refuse(task: Task, imbalances: tuple[str, ...]) -> Ended:
    for name in OUTPUTS:
        (task.out / name).unlink(missing_ok=True)
    headline = "Không cân đối / the totals do not balance; nothing was written. Keep both files and report this:"
    return Ended(1, {}, (headline, *imbalances))


def _write(run: _Run, renderers: Renderers) -> Ended:
    out = run.task.out
    summary = _summary(run)
    rejects = _rejects(run)
    data_files.write_differences(out, run.settled.differing)
    data_files.write_rejected(out, rejects)
    outcome = _reconciled(run, rejects)
    write_bytes(out / "statement.xlsx", renderers.workbook(outcome))
    write_bytes(out / "statement.pdf", renderers.printed(outcome))
    write_json(out / "summary.json", summary)
    if not rejects:
        return Ended(0, summary, ())
    message = f"{len(rejects)} dòng bị loại / rows rejected, see {out / 'rejected.csv'}; correct them and run again"
    return Ended(3, summary, (message,))


def _rejects(run: _Run) -> list[tuple[str, int, str, str]]:
    both = (*run.settled.station.rejects, *run.settled.provider.rejects)
    return [(reject.file, reject.line, reject.column, reject.reason) for reject in both]


def _summary(run: _Run) -> dict[str, Any]:
    rows = {
        "station_read": run.settled.station.rows_read,
        "provider_read": run.settled.provider.rows_read,
        "station_rejected": len(run.settled.station.rejects),
        "provider_rejected": len(run.settled.provider.rejects),
        "station_other": run.settled.totals.other_station_rows,
        "provider_other": run.settled.totals.other_provider_rows,
    }
    shown = ("pairs", "station_rows", "provider_rows", "station_vnd", "provider_vnd")
    classes = {code: {name: getattr(c, name) for name in shown} for code, c in run.settled.totals.classes.items()}
    money = {
        "agreed_vnd": run.settled.payable.agreed_vnd,
        "disputed_vnd": run.settled.totals.disputed_vnd,
        "fee_vnd": run.settled.payable.fee_vnd,
        "vat_vnd": run.settled.payable.vat_vnd,
        "net_payable_vnd": run.settled.payable.net_vnd,
    }
    content: dict[str, Any] = data_files.summary(run.settled.day, rows, classes, money)
    return content


def _reconciled(run: _Run, rejects: list[tuple[str, int, str, str]]) -> Reconciled:
    totals = run.settled.totals
    classified = (
        sum(c.station_rows for c in totals.classes.values()),
        sum(c.provider_rows for c in totals.classes.values()),
    )
    return Reconciled(
        day=run.settled.day,
        now=run.task.now,
        files=(run.task.station.name, run.task.provider.name),
        rows={
            "Dòng đã đọc (rows read)": (run.settled.station.rows_read, run.settled.provider.rows_read),
            "Đã phân loại (classified)": classified,
            "Bị loại (rejected)": (len(run.settled.station.rejects), len(run.settled.provider.rejects)),
            "Ngày khác (other day)": (totals.other_station_rows, totals.other_provider_rows),
        },
        classes=totals.classes,
        disputed_vnd=totals.disputed_vnd,
        payable=run.settled.payable,
        terms=run.configuration.terms,
        differences=run.settled.differing.head(DIFFERENCES_SHOWN).rows(),
        difference_count=len(run.settled.differing),
        rejects=rejects,
        reject_count=len(rejects),
        demonstration_rows=run.mapping.demonstration,
    )
