"""The summary of discrepancies (bảng tổng hợp sai lệch) of closed days as sections.

In: sums by class, by class and lane, by class and day, and items. Out: sections. Every class that occurred is named in
Vietnamese; the items of all of them are listed with both sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from settlement.clearing.closed_day import ClosedItem
from settlement.clearing.month import Difference
from settlement.reconcile.classes import LABELS
from settlement.reports.class_columns import class_columns
from settlement.reports.document import Cell, Chart, Column, Kind, Section
from settlement.reports.wording import grouped


def classes(found: Sequence[Difference]) -> Section:
    """Sums per class, in the order of the specification."""
    columns = class_columns("Loại sai lệch")
    order = list(LABELS)
    rows: list[tuple[Cell, ...]] = [
        (d.code, LABELS.get(d.code, d.code), *_numbers(d)) for d in sorted(found, key=lambda d: order.index(d.code))
    ]
    sums = [sum(numbers) for numbers in zip(*(_numbers(d) for d in found), strict=True)] or [0] * 7
    chart = Chart("Số mục sai lệch theo loại", 2, "mục")
    return Section("Theo loại", "By class", columns, rows, ("Cộng", "", *sums), chart)


def _numbers(d: Difference) -> tuple[int, ...]:
    return (
        d.items, d.station_rows, d.provider_rows, d.station_vnd, d.provider_vnd, d.agreed_vnd, d.disputed_vnd,
    )  # fmt: skip


def along(sheet: str, english: str, first: Column, found: Sequence[tuple[Cell, Difference]]) -> Section:
    """Items by lane or day, a column per class that occurred, and the disputed money."""
    codes = [code for code in LABELS if any(d.code == code for _, d in found)]
    lines: dict[Cell, dict[str, Difference]] = {}
    for key, d in found:
        lines.setdefault(key, {})[d.code] = d
    columns = (
        first,
        *(Column(code, "", Kind.COUNT) for code in codes),
        Column("Cộng", "items", Kind.COUNT),
        Column("Tranh chấp", "disputed", Kind.VND, 1.3),
    )
    rows = [(key or "–", *_line(codes, lines[key])) for key in sorted(lines, key=str)]
    sums = [sum(numbers) for numbers in zip(*(_line(codes, line) for line in lines.values()), strict=True)]
    return Section(sheet, english, columns, rows, ("Cộng", *(sums or [0] * (len(codes) + 2))))


def _line(codes: Sequence[str], line: Mapping[str, Difference]) -> list[int]:
    counts = [line[code].items if code in line else 0 for code in codes]
    return [*counts, sum(counts), sum(d.disputed_vnd for d in line.values())]


def listed(items: Sequence[tuple[Cell, str, ClosedItem]], there: int) -> Section:
    """(day, provider, item): both sides of each."""
    columns = (
        Column("Ngày", "day", Kind.DATE, 0.9),
        Column("NCC", "provider", width=0.7),
        Column("Mã", "code", width=1.3),
        Column("Kèm theo", "also", width=0.9),
        Column("Mã lượt xe", "passage_id", width=1.6),
        Column("Mã giao dịch", "charge_id", width=1.1),
        Column("Qua trạm", "passed_at", Kind.TIME, 1.5),
        Column("Trừ tiền", "charged_at", Kind.TIME, 1.5),
        Column("Làn", "lane", width=0.7),
        Column("Biển số trạm", "station plate", width=0.9),
        Column("Biển số NCC", "provider plate", width=0.9),
        Column("Tiền trạm", "station", Kind.VND, 0.9),
        Column("Tiền NCC", "provider", Kind.VND, 0.9),
        Column("Tranh chấp", "disputed", Kind.VND, 0.9),
        Column("Ghi chú", "note", width=1.3),
    )
    rows = [_item(day, provider, item) for day, provider, item in items]
    note = f"{grouped(len(rows))} trong {grouped(there)} mục (items)"
    return Section("Từng mục", "Items", columns, rows, note=note)


def _item(day: Cell, provider: str, item: ClosedItem) -> tuple[Cell, ...]:
    return (
        day, provider, item.code, item.also, item.passage_id, item.charge_id, item.passed_at, item.charged_at,
        item.lane, item.station_plate, item.provider_plate, item.station_vnd, item.provider_vnd, item.disputed_vnd,
        item.note,
    )  # fmt: skip
