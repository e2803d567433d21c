"""A `Document` as CSV: one file per section, for programs.

In: a document. Out: name of the section → bytes. UTF-8, comma, LF; English headings, money as whole VND, times in
+07:00; no total line, so that a column adds up to what the workbook shows under it.
"""

from __future__ import annotations

import csv
import re
from datetime import date, datetime
from io import StringIO

from settlement.reports.document import Cell, Column, Document, Kind
from settlement.reports.wording import local


def render(document: Document) -> dict[str, bytes]:
    """Every section by a short ASCII name."""
    return {slug(section.english): _table(section.columns, section.rows) for section in document.sections}


def slug(text: str) -> str:
    """`By lane and class` → `by-lane-and-class`"""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _table(columns: tuple[Column, ...], rows: object) -> bytes:
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_heading(column) for column in columns)
    for row in rows:  # type: ignore[attr-defined]
        writer.writerow(_cell(value) for value in row)
    return text.getvalue().encode()


def _heading(column: Column) -> str:
    name = slug(column.english or column.vietnamese).replace("-", "_")
    return f"{name}_vnd" if column.kind is Kind.VND and not name.endswith("vnd") else name


def _cell(value: Cell) -> str:
    if isinstance(value, datetime):
        return local(value).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)
