"""A `Document` as XLSX: facts on the first sheet, one sheet per section, charts beside their tables.

In: a document. Out: bytes; equal documents give equal bytes (the archive bears the document's time, not the clock's).
Amounts stay numbers, shown as 1.234.567 đ.
"""

from __future__ import annotations

import re
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from settlement.reports.document import Cell, Chart, Column, Document, Fact, Kind, Section
from settlement.reports.wording import excel_count, excel_vnd, local

_BOLD = Font(name="DejaVu Sans", bold=True)
_PLAIN = Font(name="DejaVu Sans")
_TITLE = Font(name="DejaVu Sans", bold=True, size=14)
_RED = Font(name="DejaVu Sans", bold=True, color="C00000")
_HEAD = PatternFill("solid", fgColor="DDE6F0")
_WRAP = Alignment(wrap_text=True, vertical="top")
_TIME_FORMAT = "dd/mm/yyyy hh:mm:ss"
_WIDTHS = {Kind.TEXT: 22, Kind.COUNT: 14, Kind.VND: 20, Kind.TIME: 21}
_HEADER_ROW = 3
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def render(document: Document) -> bytes:
    """The workbook."""
    book = Workbook(write_only=True)
    book.properties.title = document.title
    book.properties.creator = "settlement"
    book.properties.created = _naive(document.made_at)
    _front(book, document)
    for section in document.sections:
        _sheet(book, section)
    return _steady(book, document.made_at)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _front(book: Workbook, document: Document) -> None:
    sheet = book.create_sheet("Tổng hợp")
    sheet.column_dimensions["A"].width = 46
    sheet.column_dimensions["B"].width = 34
    sheet.column_dimensions["C"].width = 46
    sheet.append([_cell(sheet, document.title, _TITLE)])
    sheet.append([_cell(sheet, document.english, _PLAIN)])
    if document.warning:
        sheet.append([_cell(sheet, document.warning, _RED)])
    sheet.append([])
    for fact in document.facts:
        sheet.append(_fact(sheet, fact))
    sheet.append([])
    sheet.append([_cell(sheet, party, _BOLD) for party in document.signatures])


def _fact(sheet: Any, fact: Fact) -> list[SheetCell]:
    font = _BOLD if fact.strong else _PLAIN
    value = _cell(sheet, fact.text, font)
    if fact.amount_vnd is not None:
        value = _cell(sheet, fact.amount_vnd, font)
        value.number_format = excel_vnd(fact.amount_vnd)
    return [_cell(sheet, fact.vietnamese, font), value, _cell(sheet, fact.english, _PLAIN)]


def _sheet(book: Workbook, section: Section) -> None:
    sheet = book.create_sheet(section.sheet)
    for number, column in enumerate(section.columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS[column.kind] * max(column.width, 0.6)
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"
    sheet.append([_cell(sheet, f"{section.sheet} – {section.english}", _TITLE)])
    sheet.append([_cell(sheet, section.note, _PLAIN)])
    sheet.append([_heading(sheet, column) for column in section.columns])
    for row in section.rows:
        sheet.append([_value(sheet, value, column) for value, column in zip(row, section.columns, strict=True)])
    if section.total is not None:
        total = zip(section.total, section.columns, strict=True)
        sheet.append([_value(sheet, value, column, _BOLD) for value, column in total])
    if section.chart is not None and section.rows:
        sheet.add_chart(
            _chart(sheet, section, section.chart), f"{get_column_letter(len(section.columns) + 2)}{_HEADER_ROW}"
        )


def _heading(sheet: Any, column: Column) -> SheetCell:
    cell = _cell(sheet, f"{column.vietnamese}\n{column.english}", _BOLD)
    cell.fill = _HEAD
    cell.alignment = _WRAP
    return cell


def _value(sheet: Any, value: Cell, column: Column, font: Font = _PLAIN) -> SheetCell:
    if isinstance(value, datetime):
        cell = _cell(sheet, local(value).replace(tzinfo=None), font)
        cell.number_format = _TIME_FORMAT
        return cell
    cell = _cell(sheet, value, font)
    if isinstance(value, int) and column.kind is Kind.VND:
        cell.number_format = excel_vnd(value)
    elif isinstance(value, int):
        cell.number_format = excel_count(value)
    elif isinstance(value, str):
        # A cell that begins with "=" is text from a file, never a formula.
        cell.data_type = "s"
    return cell


def _cell(sheet: Any, value: Cell, font: Font) -> SheetCell:
    cell: SheetCell = WriteOnlyCell(sheet, value=_printable(value))
    cell.font = font
    if isinstance(value, str):
        cell.data_type = "s"
    return cell


def _printable(value: Cell) -> Cell:
    # XML 1.0 cannot hold control characters; a cell of a file may.
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", value) if isinstance(value, str) else value


def _chart(sheet: Any, section: Section, shown: Chart) -> BarChart:
    first, last = _HEADER_ROW + 1, _HEADER_ROW + len(section.rows)
    chart = BarChart()
    chart.type = "col"
    chart.title = shown.title
    chart.legend = None
    chart.height, chart.width = 9, 18
    column = shown.value_column + 1
    chart.add_data(Reference(sheet, min_col=column, min_row=first, max_row=last))
    chart.set_categories(Reference(sheet, min_col=1, min_row=first, max_row=last))
    # Without this, current Excel hides both axes of a chart made by openpyxl 3.1.
    chart.x_axis.delete = False
    chart.y_axis.delete = False
    return chart


def _steady(book: Workbook, made_at: datetime) -> bytes:
    """The archive with the document's time in place of the clock's, so that equal documents give equal bytes."""
    raw, steady = BytesIO(), BytesIO()
    book.save(raw)
    stamp = _naive(made_at).isoformat() + "Z"
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(steady, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp.encode(), content)
            entry = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return steady.getvalue()
