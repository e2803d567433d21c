"""A `Document` as PDF on A4, with charts, page numbers and an embedded typeface.

In: a document. Out: bytes; equal documents give equal bytes. A long table is cut to `ROWS_PRINTED` rows with a note:
the workbook has all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import CondPageBreak, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from settlement.reports.document import Cell, Column, Document, Fact, Kind, Section
from settlement.reports.drawing import draw
from settlement.reports.pages import MARGIN, PAGE, RED, TOP, WIDTH, canvas_of
from settlement.reports.typeface import BOLD, REGULAR, register
from settlement.reports.wording import NOTHING, day_text, grouped, moment_text, vnd

ROWS_PRINTED = 500
_BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=8, leading=10)
_AMOUNT = ParagraphStyle("amount", parent=_BODY, alignment=2)
_SMALL = ParagraphStyle("small", fontName=REGULAR, fontSize=7, leading=8.5)
_NOTE = ParagraphStyle("note", parent=_SMALL, spaceAfter=4)
_RIGHT = ParagraphStyle("right", parent=_SMALL, alignment=2)
_WIDE_TABLE = 10
"""A table of more columns is set smaller, or its cells break within words."""
_TINY = ParagraphStyle("tiny", parent=_SMALL, fontSize=5.5, leading=6.8)
_TINY_RIGHT = ParagraphStyle("tiny right", parent=_TINY, alignment=2)
_STRONG = ParagraphStyle("strong", parent=_BODY, fontName=BOLD)
_STRONG_AMOUNT = ParagraphStyle("strong amount", parent=_STRONG, alignment=2)
_HEADING = ParagraphStyle("heading", fontName=BOLD, fontSize=11, leading=14, spaceBefore=8, spaceAfter=4)
_TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=15, leading=19)
_WARNING = ParagraphStyle("warning", parent=_STRONG, textColor=RED, spaceBefore=4)
_CELL_LONGEST = 200
"""Letters of one cell; a file may hold cells that no page has room for. The workbook has the whole text."""
_HASH_SHOWN = 12
"""Digits of a picture's name: enough to find it; the workbook and the CSV have all of them."""
_FACT_SHARES = (0.27, 0.17, 0.22, 0.34)
_FRAME = 6
"""Padding of a frame in points; with it titles would stand right of their tables."""
_SIGNING_ROOM = 24 * mm
_GRID = TableStyle(
    [
        ("FONT", (0, 0), (-1, -1), REGULAR, 7),
        ("FONT", (0, 0), (-1, 0), BOLD, 7),
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#DDE6F0")),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.HexColor("#9AA7B5")),
        ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
        ("VALIGN", (0, 1), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
)
_SUM_LINE = ("LINEABOVE", (0, -1), (-1, -1), 0.8, colors.HexColor("#5B6770"))


def render(document: Document) -> bytes:
    """The printed statement."""
    register()
    buffer = BytesIO()
    template = SimpleDocTemplate(
        buffer,
        pagesize=PAGE,
        leftMargin=MARGIN - _FRAME,
        rightMargin=MARGIN - _FRAME,
        topMargin=TOP,
        bottomMargin=MARGIN,
        title=document.title,
        author="settlement",
        lang="vi",
        invariant=1,
    )
    template.build(_story(document), canvasmaker=canvas_of(document))
    return buffer.getvalue()


def _story(document: Document) -> list[Any]:
    story: list[Any] = [Paragraph(escape(document.title), _TITLE), Paragraph(escape(document.english), _BODY)]
    story += [Paragraph(escape(line), _WARNING) for line in (document.warning, document.mark) if line]
    story += [Spacer(1, 4 * mm), _facts(document.facts)]
    for section in document.sections:
        story += _chapter(section)
    if document.signatures:
        story.append(KeepTogether([Spacer(1, 10 * mm), _signatures(document.signatures)]))
    return story


def _facts(facts: Sequence[Fact]) -> Table:
    """Amounts stand under each other at their right edge; texts may run on into the next column."""
    rows: list[list[Any]] = []
    style: list[Any] = [("TOPPADDING", (0, 0), (-1, -1), 1.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5)]
    style += [("LEFTPADDING", (0, 0), (0, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    for number, fact in enumerate(facts):
        money = fact.amount_vnd is not None
        name = Paragraph(escape(fact.vietnamese), _STRONG if fact.strong else _BODY)
        plain, amount = (_STRONG, _STRONG_AMOUNT) if fact.strong else (_BODY, _AMOUNT)
        value = Paragraph(escape(_fact_value(fact)), amount if money else plain)
        rows.append([name, value, "", Paragraph(escape(fact.english), _SMALL)])
        if not money:
            style.append(("SPAN", (1, number), (2, number)))
    return Table(rows, colWidths=[WIDTH * share for share in _FACT_SHARES], style=TableStyle(style))


def _fact_value(fact: Fact) -> str:
    return fact.text if fact.amount_vnd is None else vnd(fact.amount_vnd)


def _chapter(section: Section) -> list[Any]:
    heading = Paragraph(escape(f"{section.sheet} – {section.english}"), _HEADING)
    parts: list[Any] = [heading]
    if section.note:
        parts.append(Paragraph(escape(section.note), _NOTE))
    if section.chart is not None and section.rows:
        parts.append(draw(section, section.chart, WIDTH))
    left_out = len(section.rows) - ROWS_PRINTED
    # A heading at the foot of a page, its table on the next: nobody finds it there.
    story: list[Any] = [CondPageBreak(60 * mm), KeepTogether(parts), _table(section)]
    if not section.rows:
        story.append(Paragraph(NOTHING, _SMALL))
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
    style = _GRID
    if section.total is not None:
        rows.append(_row(section.total, section.columns, strong=True))
        style = TableStyle([_SUM_LINE], parent=_GRID)
    widths = [WIDTH * column.width / share for column in section.columns]
    return Table(rows, colWidths=widths, style=style, repeatRows=1)


def _row(row: Sequence[Cell], columns: Sequence[Column], *, strong: bool = False) -> list[Paragraph]:
    paragraphs = []
    for value, column in zip(row, columns, strict=True):
        text = escape(_text(value, column))
        paragraphs.append(Paragraph(f"<b>{text}</b>" if strong else text, _style(column, len(columns))))
    return paragraphs


def _style(column: Column, columns: int) -> ParagraphStyle:
    if columns > _WIDE_TABLE:
        return _TINY_RIGHT if column.kind.is_number else _TINY
    return _RIGHT if column.kind.is_number else _SMALL


def _text(value: Cell, column: Column) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, int):
        return vnd(value) if column.kind is Kind.VND else grouped(value)
    longest = _HASH_SHOWN if column.kind is Kind.HASH else _CELL_LONGEST
    return value if len(value) <= longest else value[:longest] + "…"


def _signatures(parties: Sequence[str]) -> Table:
    cells = [
        Paragraph(f"<b>{escape(party)}</b><br/>(ký, ghi rõ họ tên / signature)<br/>Ngày …… tháng …… năm ………", _BODY)
        for party in parties
    ]
    return Table([cells], colWidths=[WIDTH / len(parties)] * len(parties), rowHeights=[_SIGNING_ROOM])
