"""Lines of a CSV file into cells (reconciliation, Canonical columns: CSV).

In: bytes of whole lines, the separator, the number of cells. Out: a frame of text cells with line numbers, and the
lines that hold no row. A block of well-formed lines goes through the columnar reader at once; where a block holds
anything else its lines are looked at one by one, because bad quoting rejects its own line only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

LINE: Final = "line"
_NEWLINE, _RETURN, _SPACE, _QUOTE = ord("\n"), ord("\r"), ord(" "), ord('"')
_WIDE_BLANKS: Final = (b"\xc2\x85", b"\xc2\xa0", b"\xe1\x9a", b"\xe2\x80", b"\xe2\x81", b"\xe3\x80")
"""How the blanks of Unicode beyond ASCII begin in UTF-8; other characters may begin so too."""


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


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of a block: columns `line`, `c0`, `c1`, …. `trimmed`: no cell can begin or end with a blank."""

    cells: pl.DataFrame
    bad: list[BadLine]
    trimmed: bool


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


def ends_of(block: bytes) -> np.ndarray:
    """Where the lines of `block` end: the position after each, the last line with or without its line end."""
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == _NEWLINE) + 1
    return ends if not block or block.endswith(b"\n") else np.append(ends, len(block))


def read_lines(block: bytes, lines: np.ndarray, shape: Shape) -> Lines:
    """Rows of `block` (whole lines, checked to be UTF-8) and the bad lines; `lines`: the number of each line."""
    if block and not block.endswith(b"\n"):
        block += b"\n"
    even = _even(block, lines, shape)
    return _line_by_line(block, lines, shape) if even is None else even


def _even(block: bytes, lines: np.ndarray, shape: Shape) -> Lines | None:
    """All lines at once, or None where not every line is known to have its number of cells."""
    block = block.replace(b"\r\n", b"\n") if _RETURN in block else block
    if _QUOTE in block:
        if not _quotes_only_enclose(block, shape.separator):
            return None
        block = block.replace(b'"', b"")
    octets = np.frombuffer(block, dtype=np.uint8)
    if int(np.count_nonzero(octets == ord(shape.separator))) != len(lines) * (shape.cells - 1):
        return None
    try:
        # A line with too many cells is an error here; as the sum is right, none has too few either.
        cells = _parse(block, lines, shape, quoted=False)
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError, _OtherRowsError):
        return None
    return Lines(cells, [], trimmed=not _may_need_trimming(block, len(lines), shape.separator))


def _quotes_only_enclose(block: bytes, separator: str) -> bool:
    """Every quote opens at the start of a cell or closes at its end, with no separator or line end between them."""
    octets = np.frombuffer(block, dtype=np.uint8)
    marks = np.flatnonzero(octets == _QUOTE)
    if len(marks) % 2:
        return False
    opening, closing = marks[::2], marks[1::2]
    edges = _table_of(_NEWLINE, ord(separator))
    enclosing = edges[octets[opening - 1]] & edges[octets[closing + 1]]  # before the first octet: the last, a newline
    if not enclosing.all():
        return False
    boundaries = np.flatnonzero(edges[octets])
    return bool((np.searchsorted(boundaries, opening) == np.searchsorted(boundaries, closing)).all())


def _may_need_trimming(block: bytes, lines: int, separator: str) -> bool:
    if not block.isascii() and any(start in block for start in _WIDE_BLANKS):
        return True
    octets = np.frombuffer(block, dtype=np.uint8)
    low = octets <= _SPACE
    if int(np.count_nonzero(low)) == lines:
        return False
    blanks = np.flatnonzero(low & (octets != _NEWLINE))
    edges = _table_of(*range(_SPACE + 1), ord(separator))
    return bool((edges[octets[blanks - 1]] | edges[octets[blanks + 1]]).any())


def _table_of(*octets: int) -> np.ndarray:
    table = np.zeros(256, dtype=bool)
    table[list(octets)] = True
    return table


class _OtherRowsError(Exception):
    """The columnar reader found another number of rows than there are lines."""


def _line_by_line(block: bytes, lines: np.ndarray, shape: Shape) -> Lines:
    counts, ends = _separators_per_line(block, shape.separator)
    odd = (counts != shape.cells - 1) | _lines_with_quotes(block, ends)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    plain = b"".join(block[starts[i] : ends[i] + 1] for i in np.flatnonzero(~odd))
    strange = [(int(lines[i]), block[starts[i] : ends[i]]) for i in np.flatnonzero(odd)]
    quoted, bad = _strange_lines(strange, shape)
    cells = pl.concat([_parse(plain, lines[~odd], shape, quoted=False), quoted]).sort(LINE)
    return Lines(cells, bad, trimmed=False)


def _separators_per_line(block: bytes, separator: str) -> tuple[np.ndarray, np.ndarray]:
    octets = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(octets == _NEWLINE)
    marks = np.flatnonzero(octets == ord(separator))
    before = np.searchsorted(marks, ends)
    return np.diff(before, prepend=0), ends


def _lines_with_quotes(block: bytes, ends: np.ndarray) -> np.ndarray:
    octets = np.frombuffer(block, dtype=np.uint8)
    marks = np.flatnonzero(octets == _QUOTE)
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
        raise _OtherRowsError(f"{len(lines)} lines gave {len(frame)} rows")
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
