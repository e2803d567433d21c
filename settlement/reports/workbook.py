"""A `Document` as XLSX: facts on the first sheet, one sheet per section, charts beside their tables.

In: a document. Out: bytes; equal documents give equal bytes (the archive bears the document's time, not the clock's).
Amounts stay numbers, shown as 1.234.567 đ.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import NumFmt
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.drawing.line import LineProperties
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from settlement.reports.document import Cell, Chart, Column, Document, Fact, Kind, Section
from settlement.reports.drawing import BAR_COLOUR
from settlement.reports.long_sheet import LONG, Drawn, put_in, rows_xml
from settlement.reports.wording import (
    DEMONSTRATION_SHORT,
    NOTHING,
    excel_axis,
    excel_count,
    excel_vnd,
    local,
    moment_text,
)

_BOLD = Font(name="DejaVu Sans", bold=True)
_PLAIN = Font(name="DejaVu Sans")
_TITLE = Font(name="DejaVu Sans", bold=True, size=14)
_RED = Font(name="DejaVu Sans", bold=True, color="C00000")
_HEAD = PatternFill("solid", fgColor="DDE6F0")
_WRAP = Alignment(wrap_text=True, vertical="top")
_WRAP_RIGHT = Alignment(wrap_text=True, vertical="top", horizontal="right")
_TIME_FORMAT = "dd/mm/yyyy hh:mm:ss"
_DATE_FORMAT = "dd/mm/yyyy"
_WIDTHS = {Kind.TEXT: 22, Kind.COUNT: 14, Kind.VND: 20, Kind.TIME: 21, Kind.DATE: 14, Kind.HASH: 66}
_HEADER_ROW = 3
_A4 = 9
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def render(document: Document) -> bytes:
    """The workbook."""
    book = Workbook(write_only=True)
    book.properties.title = document.title
    book.properties.creator = "settlement"
    book.properties.created = _naive(document.made_at)
    pen = _Pen()
    _front(book, document, pen)
    long_rows: dict[str, bytes] = {}
    for number, section in enumerate(document.sections, start=2):
        rows = _sheet(_page(book, section.sheet, document), section, pen)
        if rows:
            long_rows[f"xl/worksheets/sheet{number}.xml"] = rows
    return _steady(book, document.made_at, long_rows)


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _page(book: Workbook, name: str, document: Document) -> Any:
    """A new sheet that prints in landscape, as wide as the page, with page x/y and the warnings of the PDF."""
    sheet: Any = book.create_sheet(name)
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToHeight = 0
    warnings = [document.mark, DEMONSTRATION_SHORT if document.warning else ""]
    sheet.oddHeader.left.text = _header(document.place)
    sheet.oddHeader.center.text = _header(document.period)
    sheet.oddHeader.right.text = _header(" · ".join(text for text in warnings if text))
    sheet.oddFooter.left.text = _header(f"{document.title} · lập lúc {moment_text(document.made_at)}")
    sheet.oddFooter.right.text = "Trang &P/&N"
    return sheet


def _header(text: str) -> str | None:
    # & begins a code in headers; && is the sign itself.
    return text.replace("&", "&&") or None


class _Pen:
    """Writes styled cells. A style is worked out once per workbook: doing it per cell takes most of the time."""

    def __init__(self) -> None:
        self._styles: dict[tuple[int, str], Any] = {}
        self._numbers: dict[str, int] = {}

    def cell(self, sheet: Any, value: Cell, font: Font = _PLAIN, number_format: str = "General") -> SheetCell:
        """A cell; text is text even where it begins with "=" (it may come from a file)."""
        shown: Any = _printable(value)
        cell: Any = WriteOnlyCell(sheet, value=shown)
        key = (id(font), number_format)
        if key in self._styles:
            cell._style = self._styles[key]
        else:
            cell.font = font
            cell.number_format = number_format
            self._styles[key] = cell._style
        if isinstance(value, str):
            cell.data_type = "s"
        written: SheetCell = cell
        return written

    def heading(self, sheet: Any, column: Column) -> SheetCell:
        """Vietnamese above English."""
        cell: SheetCell = WriteOnlyCell(sheet, value=f"{column.vietnamese}\n{column.english}")
        cell.font, cell.fill = _BOLD, _HEAD
        cell.alignment = _WRAP_RIGHT if column.kind.is_number else _WRAP
        return cell

    def value(self, sheet: Any, value: Cell, column: Column, font: Font = _PLAIN) -> SheetCell | None:
        """A cell of a table in the form of its column."""
        if value is None or value == "":
            return None
        return self.cell(sheet, _shown(value), font, _format(value, column))

    def drawn(self, sheet: Any, value: Cell, column: Column) -> Drawn:
        """The same cell as a value and the number of its style."""
        if value is None or value == "":
            return None
        form = _format(value, column)
        if form not in self._numbers:
            self._numbers[form] = self.cell(sheet, "", _PLAIN, form).style_id
        shown: Any = _printable(_shown(value))
        return shown, self._numbers[form]


def _shown(value: Cell) -> Cell:
    return local(value).replace(tzinfo=None) if isinstance(value, datetime) else value


def _format(value: Cell, column: Column) -> str:
    if isinstance(value, datetime):
        return _TIME_FORMAT
    if isinstance(value, date):
        return _DATE_FORMAT
    if isinstance(value, int):
        return excel_vnd(value) if column.kind is Kind.VND else excel_count(value)
    return "General"


def _front(book: Workbook, document: Document, pen: _Pen) -> None:
    sheet = _page(book, "Tổng hợp", document)
    for letter, width in (("A", 46), ("B", 34), ("C", 46)):
        sheet.column_dimensions[letter].width = width
    sheet.append([pen.cell(sheet, document.title, _TITLE)])
    sheet.append([pen.cell(sheet, document.english)])
    for line in (document.warning, document.mark):
        if line:
            sheet.append([pen.cell(sheet, line, _RED)])
    sheet.append([])
    for fact in document.facts:
        sheet.append(_fact(sheet, fact, pen))
    sheet.append([])
    sheet.append([pen.cell(sheet, party, _BOLD) for party in document.signatures])


def _fact(sheet: Any, fact: Fact, pen: _Pen) -> list[SheetCell]:
    font = _BOLD if fact.strong else _PLAIN
    value = pen.cell(sheet, fact.text, font)
    if fact.amount_vnd is not None:
        value = pen.cell(sheet, fact.amount_vnd, font, excel_vnd(fact.amount_vnd))
    return [pen.cell(sheet, fact.vietnamese, font), value, pen.cell(sheet, fact.english)]


def _sheet(sheet: Any, section: Section, pen: _Pen) -> bytes:
    """Fills the sheet; of a long table one row only, and what has to stand in its place is given back."""
    for number, column in enumerate(section.columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS[column.kind] * max(column.width, 0.6)
    sheet.freeze_panes = f"A{_HEADER_ROW + 1}"
    sheet.print_title_rows = f"{_HEADER_ROW}:{_HEADER_ROW}"
    sheet.append([pen.cell(sheet, f"{section.sheet} – {section.english}", _TITLE)])
    sheet.append([pen.cell(sheet, section.note)])
    sheet.append([pen.heading(sheet, column) for column in section.columns])
    if len(section.rows) > LONG and section.total is None and section.chart is None:
        sheet.append([pen.cell(sheet, NOTHING)])
        drawn = ([pen.drawn(sheet, *pair) for pair in zip(row, section.columns, strict=True)] for row in section.rows)
        return rows_xml(drawn, _HEADER_ROW + 1)
    for row in section.rows:
        sheet.append([pen.value(sheet, value, column) for value, column in zip(row, section.columns, strict=True)])
    if not section.rows:
        sheet.append([pen.cell(sheet, NOTHING)])
    if section.total is not None:
        total = zip(section.total, section.columns, strict=True)
        sheet.append([pen.value(sheet, value, column, _BOLD) for value, column in total])
    if section.chart is not None and section.rows:
        place = f"{get_column_letter(len(section.columns) + 2)}{_HEADER_ROW}"
        sheet.add_chart(_chart(sheet, section, section.chart), place)
    return b""


def _printable(value: Cell) -> Cell:
    # XML 1.0 cannot hold control characters; a cell of a file may.
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", value) if isinstance(value, str) else value


def _chart(sheet: Any, section: Section, shown: Chart) -> BarChart:
    first, last = _HEADER_ROW + 1, _HEADER_ROW + len(section.rows)
    column, label = shown.value_column + 1, shown.label_column + 1
    chart = BarChart()
    chart.type = "col"
    chart.legend = None
    chart.gapWidth = 60
    chart.height, chart.width = 9, max(18, min(36, len(section.rows)))
    chart.add_data(Reference(sheet, min_col=column, min_row=first, max_row=last))
    chart.set_categories(Reference(sheet, min_col=label, min_row=first, max_row=last))
    chart.series[0].graphicalProperties = GraphicalProperties(solidFill=BAR_COLOUR)
    chart.title = shown.title
    chart.x_axis.title = section.columns[shown.label_column].vietnamese
    chart.y_axis.title = shown.unit or section.columns[shown.value_column].vietnamese
    titles: list[Any] = [chart.title, chart.x_axis.title, chart.y_axis.title]
    for title in titles:
        title.overlay = False
    chart.y_axis.scaling.min = 0
    chart.y_axis.numFmt = NumFmt(formatCode=excel_axis(_largest(section, shown)), sourceLinked=False)
    chart.y_axis.majorGridlines = ChartLines(GraphicalProperties(ln=LineProperties(solidFill="D5DCE4")))
    # Without this, current Excel hides both axes of a chart made by openpyxl 3.1.
    chart.x_axis.delete = False
    chart.y_axis.delete = False
    return chart


def _largest(section: Section, shown: Chart) -> int:
    return max((value for row in section.rows if isinstance(value := row[shown.value_column], int)), default=0)


def _steady(book: Workbook, made_at: datetime, long_rows: Mapping[str, bytes]) -> bytes:
    """The archive with the document's time in place of the clock's, so that equal documents give equal bytes."""
    raw, steady = BytesIO(), BytesIO()
    book.save(raw)
    stamp = _naive(made_at).isoformat() + "Z"
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(steady, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp.encode(), content)
            if name in long_rows:
                content = put_in(content, long_rows[name], _HEADER_ROW + 1)
            entry = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
    return steady.getvalue()
