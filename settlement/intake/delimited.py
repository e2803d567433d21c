"""Lines of a CSV file into cells (reconciliation, Canonical columns: CSV).

In: bytes of whole lines, the separator, the number of cells. Out: a frame of text cells with line numbers, and the
lines that hold no row. Plain lines go through the columnar reader at once; lines with quotes are checked first,
because bad quoting rejects its own line only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

LINE: Final = "line"
_NEWLINE, _QUOTE = ord("\n"), b'"'


@dataclass(frozen=True, slots=True)
class Shape:
    """How the cells of a file are divided: separator (one character) and number of cells in a row."""

    separator: str
    cells: int

    @property
    def names(self) -> list[str]:
        """Column names by position."""
        return [f"c{number}" for number in range(self.cells)]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be divided into cells."""

    line: int
    reason: str


def field_pattern(separator: str) -> str:
    """One cell as in RFC 4180: quoted with doubled quotes inside, or without any quote."""
    return f'(?:"(?:[^"]|"")*"|[^"{re.escape(separator)}]*)'


def split_line(text: str, separator: str) -> list[str] | None:
    """Cells of one line, or None for bad quoting."""
    if '"' not in text:
        return text.split(separator)
    field = field_pattern(separator)
    if re.fullmatch(f"{field}(?:{re.escape(separator)}{field})*", text) is None:
        return None
    cells = re.findall(f"(?:^|{re.escape(separator)})({field})", text)
    return [cell[1:-1].replace('""', '"') if cell.startswith('"') else cell for cell in cells]


def is_blank(text: str, separator: str) -> bool:
    """True for a line that is empty, white or has only empty cells: it is no row."""
    cells = split_line(text.strip(), separator)
    return cells is not None and not any(cell.strip() for cell in cells)


def read_lines(block: bytes, first_line: int, shape: Shape) -> tuple[pl.DataFrame, list[BadLine]]:
    """Rows of `block` (whole lines, checked to be UTF-8): columns `line`, `c0`, `c1`, …; and the bad lines."""
    if block and not block.endswith(b"\n"):
        block += b"\n"
    counts, ends = _separators_per_line(block, shape.separator)
    odd = counts != shape.cells - 1
    if _QUOTE in block:
        odd |= _lines_with_quotes(block, ends)
    lines = np.arange(first_line, first_line + len(ends), dtype=np.uint32)
    if not odd.any():
        return _parse(block, lines, shape, quoted=False), []
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    plain = b"".join(block[starts[i] : ends[i] + 1] for i in np.flatnonzero(~odd))
    strange = [(int(lines[i]), block[starts[i] : ends[i]]) for i in np.flatnonzero(odd)]
    quoted, bad = _strange_lines(strange, shape)
    return pl.concat([_parse(plain, lines[~odd], shape, quoted=False), quoted]).sort(LINE), bad


def _separators_per_line(block: bytes, separator: str) -> tuple[np.ndarray, np.ndarray]:
    octets = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(octets == _NEWLINE)
    marks = np.flatnonzero(octets == ord(separator))
    before = np.searchsorted(marks, ends)
    return np.diff(before, prepend=0), ends


def _lines_with_quotes(block: bytes, ends: np.ndarray) -> np.ndarray:
    octets = np.frombuffer(block, dtype=np.uint8)
    marks = np.flatnonzero(octets == ord('"'))
    before = np.searchsorted(marks, ends)
    quoted: np.ndarray = np.diff(before, prepend=0) > 0
    return quoted


def _parse(content: bytes, lines: Sequence[int] | np.ndarray, shape: Shape, *, quoted: bool) -> pl.DataFrame:
    """Cells of lines that are known to be well formed."""
    schema: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(shape.names, pl.String)
    if not len(lines):
        return pl.DataFrame(schema={LINE: pl.UInt32, **schema})
    frame = pl.read_csv(
        content,
        has_header=False,
        schema=schema,
        separator=shape.separator,
        quote_char='"' if quoted else None,
        low_memory=True,
    )
    if len(frame) != len(lines):
        raise AssertionError(f"{len(lines)} lines gave {len(frame)} rows")
    frame = frame.with_columns(pl.all().fill_null(""))
    return frame.insert_column(0, pl.Series(LINE, lines, dtype=pl.UInt32))


def _strange_lines(strange: Iterable[tuple[int, bytes]], shape: Shape) -> tuple[pl.DataFrame, list[BadLine]]:
    """Lines with quotes or with another number of separators."""
    field, mark = field_pattern(shape.separator), re.escape(shape.separator)
    whole = re.compile(f"{field}(?:{mark}{field}){{{shape.cells - 1}}}")
    good: list[tuple[int, str]] = []
    bad: list[BadLine] = []
    for line, raw in strange:
        text = raw.decode().removesuffix("\r")
        if whole.fullmatch(text):
            good.append((line, text))
        elif not is_blank(text, shape.separator):
            bad.append(BadLine(line, _fault(text, shape)))
    content = "\n".join(text for _, text in good).encode() + b"\n"
    return _parse(content, [line for line, _ in good], shape, quoted=True), bad


def _fault(text: str, shape: Shape) -> str:
    cells = split_line(text, shape.separator)
    if cells is None:
        return "bad quoting: quote whole cells and double the quotes inside (RFC 4180)"
    return f"{len(cells)} cells, the header has {shape.cells}"
