"""Rows of a long table as the XML of a sheet, written directly.

In: values with the numbers of their styles. Out: `<row>` elements with the same cells that openpyxl would write, at a
tenth of the work: it makes every cell an object and an element, and a list of differences has 150,000.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel

LONG: Final = 500
"""Tables of more rows than this are worth it."""
_MOST: Final = 32_767
"""Characters that a cell of Excel holds."""

Drawn = tuple[str | int | date | datetime, int] | None
"""A value and the number of its style; None: no cell."""


def rows_xml(rows: Iterable[Iterable[Drawn]], first: int) -> bytes:
    """`<row>` elements from row number `first` on. Text is text even where it begins with "="."""
    return "".join(_row(row, number) for number, row in enumerate(rows, start=first)).encode()


def _row(row: Iterable[Drawn], number: int) -> str:
    cells = [_cell(drawn, f"{get_column_letter(place)}{number}") for place, drawn in enumerate(row, 1) if drawn]
    return f'<row r="{number}">{"".join(cells)}</row>'


def _cell(drawn: tuple[str | int | date | datetime, int], where: str) -> str:
    value, style = drawn
    if isinstance(value, str):
        text = escape(value[:_MOST])
        return f'<c r="{where}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    number = value if isinstance(value, int) else to_excel(value)  # type: ignore[no-untyped-call]
    return f'<c r="{where}" s="{style}" t="n"><v>{number}</v></c>'


def put_in(sheet: bytes, rows: bytes, first: int) -> bytes:
    """A sheet's XML with `rows` in place of its row number `first`."""
    place = re.search(rb'<row r="%d"[ >].*?</row>' % first, sheet, re.DOTALL)
    if place is None:
        raise AssertionError(f"the sheet has no row {first} that stands in for the long table")
    return sheet[: place.start()] + rows + sheet[place.end() :]
