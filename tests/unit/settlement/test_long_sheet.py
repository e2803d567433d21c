"""A long table written directly is cell by cell the table that openpyxl writes."""

from datetime import UTC, date, datetime
from io import BytesIO

import openpyxl
import pytest

from settlement.reports import workbook
from settlement.reports.document import Column, Document, Kind, Section

COLUMNS = (
    Column("Mã", "code"),
    Column("Tiền", "vnd", Kind.VND),
    Column("Số", "count", Kind.COUNT),
    Column("Lúc", "at", Kind.TIME),
    Column("Ngày", "day", Kind.DATE),
)
AT = datetime(2026, 6, 15, 1, 2, 3, 250_000, tzinfo=UTC)
ROWS = [
    ("=1+1", 35_000, 7, AT, date(2026, 6, 15)),
    ("<b>&\"'</b>", -5, 0, None, None),
    ("  hai dấu cách \n dòng hai ", 12_345_678_901, 1_000_000, AT, None),
    ("\x07 chuông", None, None, None, date(1999, 12, 31)),
    ("ă" * 40_000, 0, -1, None, None),
    ("", 1_000_000_000, None, AT, None),
] * 100


def document() -> Document:
    sections = (
        Section("Ngắn", "Short", COLUMNS, ROWS[:3]),
        Section("Dài", "Long", COLUMNS, ROWS),
        Section("Sau", "After", COLUMNS, ROWS[:2], ("Cộng", 1, 2, None, None)),
    )
    return Document(
        title="Thử", english="Trial", warning="", facts=(), sections=sections, made_at=AT, signatures=("A", "B")
    )


def cells(content: bytes) -> list[list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(BytesIO(content))
    return [
        [(cell.coordinate, cell.value, cell.data_type, cell.number_format, cell.font.name) for cell in row]
        for sheet in book
        for row in sheet.iter_rows()
    ]


def test_both_ways_write_the_same_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    direct = workbook.render(document())
    monkeypatch.setattr(workbook, "LONG", 10**9)
    assert cells(direct) == cells(workbook.render(document()))


def test_equal_documents_give_equal_bytes() -> None:
    assert workbook.render(document()) == workbook.render(document())
