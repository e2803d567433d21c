"""The only place that knows which concrete classes settlement runs with.

In: addresses from the command line. Out: objects behind the ports of intake and reports. Heavy libraries are imported
here, when a command needs them, so that `--help` answers at once.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from settlement.app import reconcile
    from settlement.app.statement import Renderers
    from settlement.books.database import BookDatabase
    from settlement.clearing.day_statement import DayStatement
    from settlement.intake.clickhouse import ClickHouse
    from settlement.intake.table import Progress
    from settlement.reports.document import Document
    from settlement.reports.reconciliation import Reconciled

_LONG_FILE_BYTES = 20_000_000


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
def progress() -> Iterator[Callable[[Path], Progress]]:
    """Bars on stderr for long files; nothing for short ones, nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:

        def for_file(path: Path) -> Callable[[int], None]:
            size = path.stat().st_size
            if size < _LONG_FILE_BYTES:
                return lambda done: None
            task = bars.add_task(f"Đọc / reading {path.name}", total=size)
            return lambda done: bars.update(task, completed=done)

        yield for_file


def report_renderers() -> Mapping[str, Callable[[Document], Mapping[str, bytes]]]:
    """Every format of a report: one workbook, one printed document, one CSV per section."""
    from settlement.reports import delimited, printed, workbook

    return {
        "xlsx": lambda document: {"": workbook.render(document)},
        "pdf": lambda document: {"": printed.render(document)},
        "csv": delimited.render,
    }
