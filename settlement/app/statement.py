"""`settlement statement`: the statement of one accounting day from the back office's tables.

In: a day, a database, a configuration, a folder. Out: the files of a balanced day and exit status 0; or
`control_differences.csv` and status 1. Must never leave a statement of a day that does not balance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from settlement.clearing import day_statement
from settlement.clearing.day_statement import DayStatement
from settlement.clearing.ledger import ControlTotals, check
from settlement.clearing.terms import NoVatRateError
from settlement.files import day_files
from settlement.files.writing import write_bytes, write_json
from settlement.intake.back_office import Database, read_day
from settlement.intake.configuration import Configuration
from settlement.intake.problems import UnusableInputError
from settlement.reconcile.accounting_day import window_of

STATEMENT_FILES = ("statement.xlsx", "statement.pdf", "passages.csv", "revenue.csv", "summary.json")


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended: exit status, the summary, and lines for a person."""

    status: int
    summary: dict[str, Any]
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Renderers:
    """The two ways in which a statement is made to be read."""

    workbook: Callable[[DayStatement, datetime], bytes]
    printed: Callable[[DayStatement, datetime], bytes]


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `now` is printed on the pages; no `plazas` means all of them."""

    day: date
    plazas: frozenset[str]
    now: datetime
    out: Path


def make_statement(order: Order, database: Database, configuration: Configuration, renderers: Renderers) -> Finished:
    """Read the day, check both sides against each other, write what came out."""
    window = window_of(order.day, configuration.cutoff)
    stored = read_day(database, *window, order.plazas)
    control = check(stored.passages, stored.postings, other_days=stored.other_days, until=window[1])
    order.out.mkdir(parents=True, exist_ok=True)
    if not control.balanced:
        return _refused(order, control)
    try:
        statement = day_statement.compose(order.day, window, stored.passages, control, configuration.terms)
    except NoVatRateError as error:
        raise UnusableInputError(f"--config: {error}") from error
    return _written(order, statement, renderers)


def _written(order: Order, statement: DayStatement, renderers: Renderers) -> Finished:
    summary = day_files.summary(statement)
    (order.out / "control_differences.csv").unlink(missing_ok=True)
    day_files.write_tables(order.out, statement)
    write_bytes(order.out / "statement.xlsx", renderers.workbook(statement, order.now))
    write_bytes(order.out / "statement.pdf", renderers.printed(statement, order.now))
    write_json(order.out / "summary.json", summary)
    return Finished(0, summary)


def _refused(order: Order, control: ControlTotals) -> Finished:
    for name in STATEMENT_FILES:
        (order.out / name).unlink(missing_ok=True)
    path = day_files.write_control_differences(order.out, control)
    lines = [
        f"{d.passage_id or '(no passage)'}: {d.reason} (passage {d.passage_vnd}, ledger {d.ledger_vnd})"
        for d in control.differences
    ]
    headline = (
        f"Ngày {order.day} không cân đối / the day does not balance: {len(lines)} differences, see {path};"
        " no statement was written. Compare these passages in the back office and book a correction."
    )
    return Finished(1, day_files.unbalanced(order.day, control), (headline, *lines))
