"""The same rows in the dialects of many offices: separators, quotes, line ends, BOM, column order, letter case, XLSX.

In: rows and a `Dialect`. Out: bytes of a file. No dialect changes what the file says.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from simulators.provider.passages import Row


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written."""

    separator: str = ","
    bom: bool = False
    newline: str = "\n"
    quote_all: bool = False
    padding: str = ""
    """White space around cells, e.g. a no-break space."""
    shuffle_columns: int = 0
    """Seed of another order of columns; 0 keeps it."""
    heading_case: str = "lower"
    extra_column: bool = False
    blank_lines: bool = False


DIALECTS: Final[Mapping[str, Dialect]] = {
    "excel-vn": Dialect(separator=";", bom=True, newline="\r\n"),
    "quoted": Dialect(quote_all=True, newline="\r\n"),
    "semicolons": Dialect(separator=";", quote_all=True, shuffle_columns=3, heading_case="upper"),
    "padded": Dialect(padding="\u00a0", shuffle_columns=8, heading_case="title"),
    "more-columns": Dialect(padding=" ", extra_column=True, blank_lines=True),
    "everything": Dialect(separator=";", blank_lines=True, bom=True, quote_all=True, padding="\t", shuffle_columns=5),
}
"""Dialects by name, as offices write them."""


def csv_bytes(columns: Sequence[str], rows: Iterable[Row], dialect: Dialect) -> bytes:
    """The file."""
    order = list(columns)
    if dialect.shuffle_columns:
        random.Random(dialect.shuffle_columns).shuffle(order)
    if dialect.extra_column:
        order.append("balance_after")
    headings = [getattr(name, dialect.heading_case)() for name in order]
    lines = [_line(headings, dialect)]
    for row in rows:
        lines.append(_line([row.get(name, "1.250.000") for name in order], dialect))
        if dialect.blank_lines and len(lines) % 3 == 0:
            lines += ["", dialect.separator * (len(order) - 1), "  \u00a0"]
    text = dialect.newline.join(lines) + dialect.newline
    return (b"\xef\xbb\xbf" if dialect.bom else b"") + text.encode()


def _line(cells: Sequence[str], dialect: Dialect) -> str:
    return dialect.separator.join(_cell(cell, dialect) for cell in cells)


def _cell(cell: str, dialect: Dialect) -> str:
    text = f"{dialect.padding}{cell}{dialect.padding}"
    if dialect.quote_all or dialect.separator in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def xlsx_bytes(columns: Sequence[str], rows: Iterable[Row], numbers: Sequence[str] = ()) -> bytes:
    """The file as a workbook; columns in `numbers` hold real numbers, as Excel would make of them."""
    from openpyxl import Workbook  # noqa: PLC0415  only where a workbook is wanted

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Bảng kê")
    sheet.append(list(columns))
    for row in rows:
        cells = [(name, row[name]) for name in columns]
        sheet.append([float(cell) if name in numbers and cell else cell or None for name, cell in cells])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()
