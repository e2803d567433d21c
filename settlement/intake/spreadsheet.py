"""The first sheet of an XLSX workbook as text cells.

In: a path. Out: a `Source`. Numbers become plain digits (35000, not 35000.0); a real date of Excel bears no offset from
UTC, so it reads as a time without one unless a mapping gives it. Rows are read one by one, never the whole sheet.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import numpy as np
import openpyxl
import polars as pl

from settlement.intake.delimited import LINE, BadLine
from settlement.intake.kept import KeptRows
from settlement.intake.problems import UnusableInputError
from settlement.intake.sources import Stretch

_ROWS_PER_STRETCH: Final = 20_000
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, OSError, IndexError, EOFError)


class XlsxSource:
    """The active table of a workbook: first sheet, header in the first row that is not blank."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size
        self._rows = self._open()
        self._kept = KeptRows()
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

    def again(self, lines: np.ndarray) -> Iterator[Stretch]:
        """From what was kept: to read a workbook twice would take longer than all the rest."""
        return (Stretch(cells, [], self._size) for cells in self._kept.again(lines))

    def _stretch(self, batch: list[list[Any]], bad: list[BadLine]) -> Stretch:
        schema: dict[str, type[pl.DataType]] = {LINE: pl.UInt32}
        schema |= {f"c{number}": pl.String for number in range(len(self.header))}
        cells = pl.DataFrame(batch, schema=schema, orient="row")
        self._kept.keep(cells)
        return Stretch(cells, bad, self._size)

    def _open(self) -> Iterator[tuple[int, Sequence[object]]]:
        try:
            # As an open file: by path openpyxl would refuse other endings than .xlsx.
            with self._path.open("rb") as file, warnings.catch_warnings():
                # openpyxl complains of styles and extensions that do not touch the cells.
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
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
