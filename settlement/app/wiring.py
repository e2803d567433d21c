"""The only place that knows which concrete classes settlement runs with.

In: addresses from the command line. Out: objects behind the ports of intake and reports. Heavy libraries are imported
here, when a command needs them, so that `--help` answers at once.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from settlement.app import reconcile
    from settlement.app.inputs import Input
    from settlement.app.statement import Renderers
    from settlement.books.database import BookDatabase
    from settlement.clearing.day_statement import DayStatement
    from settlement.intake.clickhouse import ClickHouse
    from settlement.intake.configuration import Configuration
    from settlement.intake.system import Wanted
    from settlement.intake.table import Progress
    from settlement.reports.document import Document
    from settlement.reports.reconciliation import Reconciled


@contextmanager
def database(address: str) -> Iterator[ClickHouse]:
    """The back office's database; UnusableInputError where the address is none."""
    from settlement.intake.clickhouse import ClickHouse

    connection = ClickHouse(address)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def books(address: str) -> Iterator[BookDatabase]:
    """The books of closed days; UnusableInputError where the address is none."""
    from settlement.books.database import BookDatabase

    connection = BookDatabase(address)
    try:
        yield connection
    finally:
        connection.close()


def wanted(day: date, provider_code: str, configuration: Configuration) -> Wanted:
    """Rows of an accounting day of the configured plazas."""
    from settlement.intake.system import Wanted
    from settlement.reconcile.accounting_day import window_of

    start, end = window_of(day, configuration.cutoff)
    return Wanted(start, end, configuration.plazas, provider_code.strip())


@contextmanager
def inputs(
    station: Path | None,
    provider: Path | None,
    address: str | None,
    day: date | None,
    provider_code: str,
    configuration: Configuration,
) -> Iterator[tuple[Input, Input]]:
    """(station, provider): a file where one is given, else the system's tables; each over a connection of its own."""
    from settlement.app.inputs import of_file, of_system
    from settlement.intake.columns import Side

    with ExitStack() as stack:

        def one(path: Path | None, side: Side) -> Input:
            if path is not None:
                return of_file(path)
            if address is None or day is None:
                raise AssertionError("a side without a file needs a database and a day")
            connection = stack.enter_context(database(address))
            return of_system(connection, side, wanted(day, provider_code, configuration))

        yield one(station, Side.STATION), one(provider, Side.PROVIDER)


def statement_renderers() -> Renderers:
    """XLSX through openpyxl, PDF through reportlab."""
    from settlement.app.statement import Renderers
    from settlement.reports import day_statement, printed, workbook

    def as_workbook(statement: DayStatement, made_at: datetime) -> bytes:
        return workbook.render(day_statement.document(statement, made_at))

    def as_printed(statement: DayStatement, made_at: datetime) -> bytes:
        return printed.render(day_statement.document(statement, made_at))

    return Renderers(as_workbook, as_printed)


def reconciliation_renderers() -> reconcile.Renderers:
    """XLSX through openpyxl, PDF through reportlab."""
    from settlement.app import reconcile
    from settlement.reports import printed, reconciliation, workbook

    def as_workbook(outcome: Reconciled) -> bytes:
        return workbook.render(reconciliation.document(outcome))

    def as_printed(outcome: Reconciled) -> bytes:
        return printed.render(reconciliation.document(outcome))

    return reconcile.Renderers(as_workbook, as_printed)


@contextmanager
def progress() -> Iterator[Callable[[Input], Progress]]:
    """Bars on stderr for long inputs; nothing for short ones, nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def for_input(given: Input) -> Callable[[int], None]:
            size = given.size() if console.is_terminal else 0
            if not size:
                return lambda done: None
            task = bars.add_task(f"Đọc / reading {given.name}", total=size)
            return lambda done: bars.update(task, completed=done)

        yield for_input


def report_renderers() -> Mapping[str, Callable[[Document], Mapping[str, bytes]]]:
    """Every format of a report: one workbook, one printed document, one CSV per section."""
    from settlement.reports import delimited, printed, workbook

    return {
        "xlsx": lambda document: {"": workbook.render(document)},
        "pdf": lambda document: {"": printed.render(document)},
        "csv": delimited.render,
    }
