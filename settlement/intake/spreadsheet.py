"""The first sheet of an XLSX workbook as text cells.

In: a path. Out: a `Source`. Numbers become plain digits (35000, not 35000.0); a real date of Excel bears no offset from
UTC, so it reads as a time without one unless a mapping gives it.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import openpyxl
import polars as pl

from settlement.intake.delimited import LINE, BadLine
from settlement.intake.problems import UnusableInputError
from settlement.intake.sources import Stretch

_ROWS_PER_STRETCH: Final = 100_000
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, OSError, IndexError, EOFError)


class XlsxSource:
    """The active table of a workbook: first sheet, header in the first row that is not blank."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size
        self._rows = self._open()
        self.header = self._find_header()

    def stretches(self) -> Iterator[Stretch]:
        """Rows after the header; lines are row numbers of the sheet."""
        batch: list[list[Any]] = []
        bad: list[BadLine] = []
        for line, row in self._rows:
            cells = _trimmed(row, len(self.header))
            if len(cells) > len(self.header):
                bad.append(BadLine(line, f"{len(cells)} cells, the header has {len(self.header)}"))
            elif any(cell.strip() for cell in cells):
                batch.append([line, *cells])
            if len(batch) >= _ROWS_PER_STRETCH:
                yield self._stretch(batch, bad)
                batch, bad = [], []
        yield self._stretch(batch, bad)

    def _stretch(self, batch: list[list[Any]], bad: list[BadLine]) -> Stretch:
        schema: dict[str, type[pl.DataType]] = {LINE: pl.UInt32}
        schema |= {f"c{number}": pl.String for number in range(len(self.header))}
        return Stretch(pl.DataFrame(batch, schema=schema, orient="row"), bad, self._size)

    def _open(self) -> Iterator[tuple[int, Sequence[object]]]:
        try:
            with warnings.catch_warnings():
                # openpyxl complains of styles and extensions that do not touch the cells.
                warnings.simplefilter("ignore")
                # From memory: by path openpyxl would refuse other endings than .xlsx.
                book = openpyxl.load_workbook(BytesIO(self._path.read_bytes()), read_only=True, data_only=True)
                sheet = book.worksheets[0]
                sheet.reset_dimensions()
                yield from enumerate(sheet.iter_rows(values_only=True), start=1)
        except _BROKEN as error:
            raise UnusableInputError(f"{self._path}: not a readable XLSX workbook ({error})") from error

    def _find_header(self) -> list[str]:
        for _, row in self._rows:
            cells = _trimmed(row, 0)
            if any(cell.strip() for cell in cells):
                return cells
        raise UnusableInputError(f"{self._path}: no header; the first row that is not blank must name the columns")


def _trimmed(row: Sequence[object], at_least: int) -> list[str]:
    """Cells as text without the empty ones on the right, filled up to the width of the header."""
    cells = [_text(cell) for cell in row]
    while cells and not cells[-1].strip():
        cells.pop()
    return cells + [""] * (at_least - len(cells))


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat()
    return str(cell)
