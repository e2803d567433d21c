"""The statement of a reconciliation (bảng đối soát ngày) as a `Document`.

In: totals of the classes, the differences, the terms. Out: facts and tables. Shows at most `DIFFERENCES_SHOWN`
differences: `differences.csv` has all of them, and the note says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from settlement.clearing.agreement import ClassTotal
from settlement.clearing.terms import Payable, Terms
from settlement.reconcile.classes import LABELS
from settlement.reports.class_columns import class_columns
from settlement.reports.document import Cell, Chart, Column, Document, Fact, Kind, Section
from settlement.reports.wording import DEMONSTRATION, grouped, percent

DIFFERENCES_SHOWN: Final = 10_000
"""A person works through no more in a workbook; 15 columns of so many rows are 150,000 cells."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What the statement shows. `rows`: (station, provider) counts per heading; `differences`: rows as in the CSV."""

    day: date
    now: datetime
    files: tuple[str, str]
    rows: Mapping[str, tuple[int, int]]
    classes: Mapping[str, ClassTotal]
    disputed_vnd: int
    payable: Payable
    terms: Terms
    differences: Sequence[Sequence[str]]
    difference_count: int
    rejects: Sequence[tuple[str, int, str, str]]
    reject_count: int
    demonstration_rows: bool
    """True where the mapping is a made-up one."""


def document(outcome: Reconciled) -> Document:
    """The statement for people."""
    demonstration = outcome.terms.demonstration or outcome.demonstration_rows
    return Document(
        title=f"Bảng đối soát ngày {outcome.day:%d/%m/%Y}",
        english=f"Reconciliation of the accounting day {outcome.day.isoformat()}",
        warning=DEMONSTRATION if demonstration else "",
        facts=_facts(outcome),
        sections=(_classes(outcome), _rows(outcome), _differences(outcome), _rejected(outcome)),
        made_at=outcome.now,
        signatures=("Đơn vị vận hành thu (operator)", "Nhà cung cấp dịch vụ (provider)"),
        place=" · ".join(outcome.files),
        period=f"Ngày {outcome.day:%d/%m/%Y}",
    )


def _facts(outcome: Reconciled) -> tuple[Fact, ...]:
    owed, terms = outcome.payable, outcome.terms
    return (
        Fact("Ngày đối soát", "Accounting day", f"{outcome.day:%d/%m/%Y}"),
        Fact("Tệp của trạm", "Station file", outcome.files[0]),
        Fact("Tệp của nhà cung cấp", "Provider file", outcome.files[1]),
        Fact("Doanh thu đã thống nhất", "Agreed", amount_vnd=owed.agreed_vnd, strong=True),
        Fact("Số tiền đang tranh chấp", "Disputed", amount_vnd=outcome.disputed_vnd),
        Fact(f"Phí dịch vụ thu ({percent(terms.fee_bp)})", "Service fee", amount_vnd=owed.fee_vnd),
        Fact(
            f"Trong đó thuế GTGT ({percent(terms.vat_rate_bp(outcome.day))})",
            "VAT within the agreed amount, not deducted",
            amount_vnd=owed.vat_vnd,
        ),
        Fact("Điều chỉnh", "Corrections", amount_vnd=owed.corrections_vnd),
        Fact("Còn phải trả", "Net payable", amount_vnd=owed.net_vnd, strong=True),
        Fact("Dòng bị loại", "Rejected rows", grouped(outcome.reject_count), strong=outcome.reject_count > 0),
    )


def _classes(outcome: Reconciled) -> Section:
    columns = class_columns("Loại kết quả")
    numbers = {code: dataclasses.astuple(total) for code, total in outcome.classes.items()}
    rows: list[tuple[Cell, ...]] = [(code, LABELS[code], *line) for code, line in numbers.items()]
    sums = [sum(column) for column in zip(*numbers.values(), strict=True)]
    return Section("Kết quả", "Classes", columns, rows, ("Cộng", "", *sums), Chart("Số mục theo mã (items)", 2))


def _rows(outcome: Reconciled) -> Section:
    columns = (
        Column("Chỉ tiêu", "control total", width=2.0),
        Column("Trạm", "station", Kind.COUNT),
        Column("Nhà cung cấp", "provider", Kind.COUNT),
    )
    rows = tuple((name, station, provider) for name, (station, provider) in outcome.rows.items())
    return Section("Cân đối", "Control totals", columns, rows)


def _differences(outcome: Reconciled) -> Section:
    columns = (
        Column("Mã", "code", width=1.4),
        Column("Kèm theo", "also", width=0.9),
        Column("Mã lượt xe", "passage_id", width=1.9),
        Column("Mã giao dịch", "charge_id", width=1.0),
        Column("Qua trạm", "passed_at", Kind.TIME, 1.6),
        Column("Trừ tiền", "charged_at", Kind.TIME, 1.6),
        Column("Làn", "lane", width=0.7),
        Column("Mã thẻ", "epc", width=2.3),
        Column("Biển số trạm", "station plate", width=1.0),
        Column("Biển số NCC", "provider plate", width=1.0),
        Column("Loại trạm", "station class", width=0.7),
        Column("Loại NCC", "provider class", width=0.75),
        Column("Tiền trạm", "station", Kind.VND, 0.9),
        Column("Tiền NCC", "provider", Kind.VND, 0.9),
        Column("Ghi chú", "note", width=1.3),
    )
    rows = [_difference(row) for row in outcome.differences[:DIFFERENCES_SHOWN]]
    return Section(
        "Sai lệch", "Differences", columns, rows, note=_cut(len(rows), outcome.difference_count, "differences")
    )


def _difference(row: Sequence[str]) -> tuple[Cell, ...]:
    passed_at, charged_at = (datetime.fromisoformat(cell) if cell else None for cell in row[4:6])
    station_vnd, provider_vnd = (int(cell) if cell else None for cell in row[12:14])
    return (*row[:4], passed_at, charged_at, *row[6:12], station_vnd, provider_vnd, row[14])


def _rejected(outcome: Reconciled) -> Section:
    columns = (
        Column("Tệp", "file", width=1.2),
        Column("Dòng", "line", Kind.COUNT, 0.5),
        Column("Cột", "column", width=0.9),
        Column("Lý do", "reason", width=4.0),
    )
    rows = tuple(outcome.rejects[:DIFFERENCES_SHOWN])
    return Section(
        "Dòng bị loại", "Rejected rows", columns, rows, note=_cut(len(rows), outcome.reject_count, "rejected")
    )


def _cut(shown: int, there: int, name: str) -> str:
    if shown == there:
        return f"{grouped(there)} dòng (rows)"
    return f"{grouped(shown)} trong {grouped(there)} dòng; đủ trong {name}.csv (all rows in {name}.csv)"
