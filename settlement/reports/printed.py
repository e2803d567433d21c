"""A `Document` as PDF on A4, with charts, page numbers and an embedded typeface.

In: a document. Out: bytes; equal documents give equal bytes. A long table is cut to `ROWS_PRINTED` rows with a note:
the workbook has all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from settlement.reports.document import Cell, Chart, Column, Document, Fact, Kind, Section
from settlement.reports.typeface import BOLD, REGULAR, register
from settlement.reports.wording import grouped, moment_text, vnd

ROWS_PRINTED = 500
_PAGE = landscape(A4)
_MARGIN = 14 * mm
_WIDTH = _PAGE[0] - 2 * _MARGIN
_BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=8, leading=10)
_SMALL = ParagraphStyle("small", fontName=REGULAR, fontSize=7, leading=8.5)
_RIGHT = ParagraphStyle("right", parent=_SMALL, alignment=2)
_WIDE_TABLE = 10
"""A table of more columns is set smaller, or its cells break within words."""
_TINY = ParagraphStyle("tiny", parent=_SMALL, fontSize=5.5, leading=6.8)
_TINY_RIGHT = ParagraphStyle("tiny right", parent=_TINY, alignment=2)
_STRONG = ParagraphStyle("strong", parent=_BODY, fontName=BOLD)
_HEADING = ParagraphStyle("heading", fontName=BOLD, fontSize=11, leading=14, spaceBefore=8, spaceAfter=4)
_TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=15, leading=19)
_WARNING = ParagraphStyle("warning", parent=_STRONG, textColor=colors.HexColor("#C00000"), spaceBefore=4)
_BLUE = colors.HexColor("#3B6EA5")
_CELL_LONGEST = 200
"""Letters of one cell; a file may hold cells that no page has room for. The workbook has the whole text."""
_LABEL_FITS = 10
"""Longer names under the bars run into each other, so they are set aslant."""
_GRID = TableStyle(
    [
        ("FONT", (0, 0), (-1, -1), REGULAR, 7),
        ("FONT", (0, 0), (-1, 0), BOLD, 7),
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#DDE6F0")),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#9AA7B5")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]
)


def render(document: Document) -> bytes:
    """The printed statement."""
    register()
    buffer = BytesIO()
    template = SimpleDocTemplate(
        buffer,
        pagesize=_PAGE,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=document.title,
        author="settlement",
        lang="vi",
        invariant=1,
    )
    footer = _footer(document)
    template.build(_story(document), onFirstPage=footer, onLaterPages=footer)
    return buffer.getvalue()


def _footer(document: Document) -> Any:
    def draw(canvas: Any, template: Any) -> None:
        canvas.setFont(REGULAR, 7)
        canvas.drawString(_MARGIN, 8 * mm, f"{document.title} · lập lúc {moment_text(document.made_at)}")
        canvas.drawRightString(_PAGE[0] - _MARGIN, 8 * mm, f"Trang {template.page}")

    return draw


def _story(document: Document) -> list[Any]:
    story: list[Any] = [Paragraph(escape(document.title), _TITLE), Paragraph(escape(document.english), _BODY)]
    if document.warning:
        story.append(Paragraph(escape(document.warning), _WARNING))
    story += [Spacer(1, 4 * mm), _facts(document.facts)]
    for section in document.sections:
        story += _chapter(section)
    if document.signatures:
        story.append(KeepTogether([Spacer(1, 10 * mm), _signatures(document.signatures)]))
    return story


def _facts(facts: Sequence[Fact]) -> Table:
    rows = [
        [
            Paragraph(escape(fact.vietnamese), _STRONG if fact.strong else _BODY),
            Paragraph(escape(_fact_value(fact)), _STRONG if fact.strong else _BODY),
            Paragraph(escape(fact.english), _SMALL),
        ]
        for fact in facts
    ]
    return Table(rows, colWidths=[_WIDTH * 0.36, _WIDTH * 0.3, _WIDTH * 0.34])


def _fact_value(fact: Fact) -> str:
    return fact.text if fact.amount_vnd is None else vnd(fact.amount_vnd)


def _chapter(section: Section) -> list[Any]:
    heading = Paragraph(escape(f"{section.sheet} – {section.english}"), _HEADING)
    parts: list[Any] = [heading]
    if section.note:
        parts.append(Paragraph(escape(section.note), _SMALL))
    if section.chart is not None and section.rows:
        parts.append(_chart(section, section.chart))
    table = _table(section)
    left_out = len(section.rows) - ROWS_PRINTED
    # A heading at the foot of a page, its table on the next: nobody finds it there.
    story: list[Any] = [CondPageBreak(60 * mm), KeepTogether(parts), table]
    if left_out > 0:
        story.append(Paragraph(f"… và {grouped(left_out)} dòng nữa trong tệp XLSX (more rows in the XLSX)", _SMALL))
    return story


def _table(section: Section) -> Table:
    share = sum(column.width for column in section.columns)
    styles = [_style(column, len(section.columns)) for column in section.columns]
    heading = [
        Paragraph(f"<b>{escape(column.vietnamese)}</b><br/>{escape(column.english)}", style)
        for column, style in zip(section.columns, styles, strict=True)
    ]
    rows: list[list[Any]] = [heading]
    rows += [_row(row, section.columns) for row in section.rows[:ROWS_PRINTED]]
    if section.total is not None:
        rows.append(_row(section.total, section.columns, strong=True))
    widths = [_WIDTH * column.width / share for column in section.columns]
    return Table(rows, colWidths=widths, style=_GRID, repeatRows=1)


def _row(row: Sequence[Cell], columns: Sequence[Column], *, strong: bool = False) -> list[Paragraph]:
    paragraphs = []
    for value, column in zip(row, columns, strict=True):
        text = escape(_text(value, column))
        paragraphs.append(Paragraph(f"<b>{text}</b>" if strong else text, _style(column, len(columns))))
    return paragraphs


def _style(column: Column, columns: int) -> ParagraphStyle:
    number = column.kind in (Kind.COUNT, Kind.VND)
    if columns > _WIDE_TABLE:
        return _TINY_RIGHT if number else _TINY
    return _RIGHT if number else _SMALL


def _text(value: Cell, column: Column) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, int):
        return vnd(value) if column.kind is Kind.VND else grouped(value)
    return value if len(value) <= _CELL_LONGEST else value[:_CELL_LONGEST] + "…"


def _chart(section: Section, chart: Chart) -> Drawing:
    values = [value for row in section.rows if isinstance(value := row[chart.value_column], int)]
    drawing = Drawing(_WIDTH, 52 * mm)
    drawing.add(String(0, 48 * mm, chart.title, fontName=BOLD, fontSize=8))
    bars = VerticalBarChart()
    bars.x, bars.y = round(26 * mm), round(14 * mm)
    bars.width, bars.height = round(_WIDTH - 32 * mm), round(31 * mm)
    bars.data = [values]
    bars.bars[0].fillColor = _BLUE
    bars.bars[0].strokeColor = None
    bars.categoryAxis.categoryNames = [str(row[0]) for row in section.rows]
    bars.categoryAxis.labels.fontName = REGULAR
    bars.categoryAxis.labels.fontSize = 6
    if max(len(str(row[0])) for row in section.rows) > _LABEL_FITS:
        bars.categoryAxis.labels.angle = 20
        bars.categoryAxis.labels.boxAnchor = "ne"
    bars.valueAxis.valueMin = 0
    bars.valueAxis.labels.fontName = REGULAR
    bars.valueAxis.labels.fontSize = 6
    bars.valueAxis.labelTextFormat = lambda value: grouped(round(value))
    if not any(values):
        bars.valueAxis.valueMax = 1
    drawing.add(bars)
    return drawing


def _signatures(parties: Sequence[str]) -> Table:
    cells = [Paragraph(f"<b>{escape(party)}</b><br/>(ký, ghi rõ họ tên / signature)", _BODY) for party in parties]
    return Table([cells], colWidths=[_WIDTH / len(parties)] * len(parties))
