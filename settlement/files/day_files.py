"""Data files beside the statement of a day: tables as CSV, the summary as JSON.

In: a `DayStatement` or control totals. Out: `passages.csv`, `revenue.csv`, `control_differences.csv` and the content of
`summary.json`. Times are written in +07:00, money as whole VND without separators.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from settlement.clearing.day_statement import DayStatement, Line
from settlement.clearing.ledger import ControlTotals, Passage
from settlement.files.writing import write_csv

_LOCAL: Final = timezone(timedelta(hours=7))
PASSAGE_HEADER: Final = (
    "passage_id",
    "passed_at",
    "plaza",
    "lane",
    "class",
    "outcome",
    "fare_vnd",
    "revenue_vnd",
    "provider",
    "plate",
    "ticket_no",
    "offline",
)
REVENUE_HEADER: Final = ("table", "key", "passages", "charged", "revenue_vnd")
DIFFERENCE_HEADER: Final = ("passage_id", "reason", "passage_vnd", "ledger_vnd")


def write_tables(folder: Path, statement: DayStatement) -> None:
    """`passages.csv` with every passage and `revenue.csv` with every revenue table."""
    write_csv(folder / "passages.csv", PASSAGE_HEADER, (_passage(p) for p in statement.passages))
    write_csv(folder / "revenue.csv", REVENUE_HEADER, _revenue(statement))


def write_control_differences(folder: Path, control: ControlTotals) -> Path:
    """The passages on which both sides disagree; a difference without a passage has an empty id."""
    path = folder / "control_differences.csv"
    rows = ((d.passage_id, d.reason, d.passage_vnd, d.ledger_vnd) for d in control.differences)
    write_csv(path, DIFFERENCE_HEADER, rows)
    return path


def summary(statement: DayStatement) -> dict[str, Any]:
    """Content of `summary.json` for a day that balances."""
    owed = statement.payable
    return {
        "day": statement.day.isoformat(),
        "from": _local(statement.start),
        "until": _local(statement.end),
        "outcomes": {name: sum(counts.values()) for name, counts in statement.outcomes.items()},
        "passages_by_outcome_and_class": {
            name: {str(c): n for c, n in counts.items()} for name, counts in statement.outcomes.items()
        },
        "revenue_by_class": _table(statement.by_class),
        "revenue_by_lane": _table(statement.by_lane),
        "revenue_by_provider": _table(statement.by_provider),
        "by_hour": _table(statement.by_hour),
        "agreed_vnd": owed.agreed_vnd,
        "fee_vnd": owed.fee_vnd,
        "vat_vnd": owed.vat_vnd,
        "corrections_vnd": owed.corrections_vnd,
        "net_payable_vnd": owed.net_vnd,
        "demonstration_values": statement.terms.demonstration,
        "control": _control(statement.control),
        "balanced": True,
    }


def unbalanced(day: date, control: ControlTotals) -> dict[str, Any]:
    """What `--json` prints for a day that does not balance."""
    differences = [
        {
            "passage_id": d.passage_id,
            "reason": d.reason,
            "passage_vnd": d.passage_vnd,
            "ledger_vnd": d.ledger_vnd,
        }
        for d in control.differences
    ]
    return {"day": day.isoformat(), "control": _control(control), "differences": differences, "balanced": False}


def _control(control: ControlTotals) -> dict[str, int]:
    return {
        "passages": control.passages,
        "charged_passages": control.charged_passages,
        "charged_vnd": control.charged_vnd,
        "ledger_passages": control.ledger_passages,
        "ledger_vnd": control.ledger_vnd,
        "ledger_corrections_vnd": control.corrections_vnd,
        "suspense_vnd": control.suspense_vnd,
    }


def _table(lines: Iterable[Line]) -> dict[str, dict[str, int]]:
    return {
        line.key: {"passages": line.passages, "charged": line.charged, "revenue_vnd": line.revenue_vnd}
        for line in lines
    }


def _revenue(statement: DayStatement) -> Iterable[tuple[object, ...]]:
    tables = {
        "class": statement.by_class,
        "lane": statement.by_lane,
        "provider": statement.by_provider,
        "hour": statement.by_hour,
    }
    for name, lines in tables.items():
        for line in lines:
            yield name, line.key, line.passages, line.charged, line.revenue_vnd


def _passage(passage: Passage) -> tuple[object, ...]:
    return (
        passage.passage_id,
        _local(passage.passed_at),
        passage.plaza,
        passage.lane,
        passage.vehicle_class or "",
        passage.outcome,
        passage.fare_vnd,
        passage.revenue_vnd,
        passage.provider,
        passage.plate,
        passage.ticket_no,
        "true" if passage.offline else "false",
    )


def _local(moment: datetime) -> str:
    return moment.astimezone(_LOCAL).isoformat()
