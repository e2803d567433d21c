"""`settlement reconcile`: station file against provider file for one accounting day.

In: two files, a mapping, a configuration, a day, a moment. Out: `summary.json`, `differences.csv`, `rejected.csv`,
`statement.xlsx`, `statement.pdf` and exit status 0 or 3; or status 1 and nothing where the totals do not balance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from settlement.clearing.agreement import SideTotal, Totals, total, with_money
from settlement.clearing.terms import NoVatRateError, Payable, payable
from settlement.files import reconciliation_files as data_files
from settlement.files.writing import write_bytes, write_json
from settlement.intake.columns import Side
from settlement.intake.configuration import Configuration
from settlement.intake.mapping import ProviderMapping
from settlement.intake.problems import UnusableInputError
from settlement.intake.sources import open_source
from settlement.intake.table import Progress, Reading, ReadTable, read_table
from settlement.reconcile.accounting_day import day_column, day_of
from settlement.reconcile.classes import LABELS
from settlement.reconcile.items import Moment, classify
from settlement.reconcile.pairing import pair_rows
from settlement.reports.reconciliation import DIFFERENCES_SHOWN, Reconciled

OUTPUTS = ("summary.json", "differences.csv", "rejected.csv", "statement.xlsx", "statement.pdf")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked for. `day` None: the day with most rows. `now` decides what is overdue, and is printed."""

    station: Path
    provider: Path
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


ProgressFor = Callable[[Path], Progress]


def reconcile(
    task: Task,
    mapping: ProviderMapping,
    configuration: Configuration,
    renderers: Renderers,
    progress_for: ProgressFor,
) -> Ended:
    """Read, match, classify, settle, write."""
    station = _read(task.station, Side.STATION, mapping, configuration, progress_for)
    provider = _read(task.provider, Side.PROVIDER, mapping, configuration, progress_for)
    now_us = (task.now - _EPOCH) // timedelta(microseconds=1)
    day = task.day or _default_day(station.rows, provider.rows, configuration, task.now)
    pairing = pair_rows(station.rows, provider.rows)
    items = with_money(classify(station.rows, provider.rows, pairing, Moment(now_us, configuration.cutoff)))
    debits = provider.rows.filter(pl.col("kind") == "debit")["amount_vnd"].sum()
    sides = (
        SideTotal(station.rows_read, len(station.rejects), int(station.rows["fare_vnd"].sum())),
        SideTotal(provider.rows_read, len(provider.rejects), int(debits)),
    )
    totals = total(items, day, tuple(LABELS), sides)
    task.out.mkdir(parents=True, exist_ok=True)
    if totals.imbalances:
        return _refuse(task, totals)
    try:
        owed = payable(totals.agreed_vnd, configuration.terms.corrections_vnd, day, configuration.terms)
    except NoVatRateError as error:
        raise UnusableInputError(f"--config: {error}") from error
    differing = data_files.differences(items, station.rows, provider.rows, day)
    run = _Run(task, mapping, configuration, station, provider, day, totals, owed, differing)
    return _write(run, renderers)


@dataclass(frozen=True, slots=True)
class _Run:
    task: Task
    mapping: ProviderMapping
    configuration: Configuration
    station: ReadTable
    provider: ReadTable
    day: date
    totals: Totals
    owed: Payable
    differing: pl.DataFrame


def _read(
    path: Path, side: Side, mapping: ProviderMapping, configuration: Configuration, progress_for: ProgressFor
) -> ReadTable:
    reading = Reading(side, path.name, mapping.side(side), configuration.plazas)
    try:
        return read_table(open_source(path), reading, progress_for(path))
    except UnusableInputError as error:
        message = str(error)
        raise UnusableInputError(message if message.startswith(str(path)) else f"{path.parent}: {message}") from error


def _default_day(station: pl.DataFrame, provider: pl.DataFrame, configuration: Configuration, now: datetime) -> date:
    """The day with most station rows, else provider rows, the earlier of equals; without any row that of the run."""
    for rows in (station, provider):
        days = rows.select(day_column(pl.col("time_us"), configuration.cutoff).alias("day"))
        counts = days.group_by("day").len().sort(["len", "day"], descending=[True, False])
        if len(counts):
            most: date = counts["day"][0]
            return most
    return day_of(now, configuration.cutoff)


def _refuse(task: Task, totals: Totals) -> Ended:
    for name in OUTPUTS:
        (task.out / name).unlink(missing_ok=True)
    headline = "Không cân đối / the totals do not balance; nothing was written. Keep both files and report this:"
    return Ended(1, {}, (headline, *totals.imbalances))


def _write(run: _Run, renderers: Renderers) -> Ended:
    out = run.task.out
    summary = _summary(run)
    rejects = _rejects(run)
    data_files.write_differences(out, run.differing)
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
    both = (*run.station.rejects, *run.provider.rejects)
    return [(reject.file, reject.line, reject.column, reject.reason) for reject in both]


def _summary(run: _Run) -> dict[str, Any]:
    rows = {
        "station_read": run.station.rows_read,
        "provider_read": run.provider.rows_read,
        "station_rejected": len(run.station.rejects),
        "provider_rejected": len(run.provider.rejects),
        "station_other": run.totals.other_station_rows,
        "provider_other": run.totals.other_provider_rows,
    }
    shown = ("pairs", "station_rows", "provider_rows", "station_vnd", "provider_vnd")
    classes = {code: {name: getattr(c, name) for name in shown} for code, c in run.totals.classes.items()}
    money = {
        "agreed_vnd": run.owed.agreed_vnd,
        "disputed_vnd": run.totals.disputed_vnd,
        "fee_vnd": run.owed.fee_vnd,
        "vat_vnd": run.owed.vat_vnd,
        "net_payable_vnd": run.owed.net_vnd,
    }
    content: dict[str, Any] = data_files.summary(run.day, rows, classes, money)
    return content


def _reconciled(run: _Run, rejects: list[tuple[str, int, str, str]]) -> Reconciled:
    totals = run.totals
    classified = (
        sum(c.station_rows for c in totals.classes.values()),
        sum(c.provider_rows for c in totals.classes.values()),
    )
    return Reconciled(
        day=run.day,
        now=run.task.now,
        files=(run.task.station.name, run.task.provider.name),
        rows={
            "Dòng đã đọc (rows read)": (run.station.rows_read, run.provider.rows_read),
            "Đã phân loại (classified)": classified,
            "Bị loại (rejected)": (len(run.station.rejects), len(run.provider.rejects)),
            "Ngày khác (other day)": (totals.other_station_rows, totals.other_provider_rows),
        },
        classes=totals.classes,
        disputed_vnd=totals.disputed_vnd,
        payable=run.owed,
        terms=run.configuration.terms,
        differences=run.differing.head(DIFFERENCES_SHOWN).rows(),
        difference_count=len(run.differing),
        rejects=rejects,
        reject_count=len(rejects),
        demonstration_rows=run.mapping.demonstration,
    )
