"""The only place that knows which concrete classes settlement runs with.

In: addresses from the command line. Out: objects behind the ports of intake and reports. Heavy libraries are imported
here, when a command needs them, so that `--help` answers at once.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from settlement.app.statement import Renderers
    from settlement.clearing.day_statement import DayStatement
    from settlement.intake.clickhouse import ClickHouse


@contextmanager
def database(address: str) -> Iterator[ClickHouse]:
    """The back office's database; UnusableInputError where the address is none."""
    from settlement.intake.clickhouse import ClickHouse

    connection = ClickHouse(address)
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
