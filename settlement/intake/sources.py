"""A file as a header and stretches of text cells, whatever its format.

In: a path. Out: `Source`. Memory holds one stretch at a time. A file that cannot be used at all is UnusableInputError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import polars as pl

from settlement.intake.delimited import BadLine, Lines, Shape, is_blank, read_again, read_lines, split_line
from settlement.intake.problems import UnusableInputError

BLOCK_BYTES: Final = 16 << 20
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some rows of a file: columns `line`, `c0`, `c1`, … (text as it stands), bad lines, bytes done so far.

    `trimmed`: no cell can begin or end with a blank.
    """

    cells: pl.DataFrame
    bad: list[BadLine]
    done_bytes: int
    trimmed: bool = False


class Source(Protocol):
    """A readable file; its header is known at once."""

    @property
    def header(self) -> list[str]:
        """Headings as they stand."""
        ...

    def stretches(self) -> Iterator[Stretch]:
        """All rows after the header, in order."""
        ...

    def again(self, lines: np.ndarray) -> Iterator[Stretch]:
        """The rows of these lines (rising) once more, after all `stretches`."""
        ...


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole lines of a file and where they stand."""

    first_line: int
    start: int
    size: int


class CsvSource:
    """CSV in UTF-8, with or without BOM, `,` or `;`."""

    def __init__(self, path: Path, block_bytes: int = BLOCK_BYTES) -> None:
        self._path = path
        self._state = _state(path)
        self._blocks = self._whole_lines(block_bytes)
        self._line = 1
        self._done = 0
        self._read: list[_Block] = []
        self._rest, self.header, self._shape = self._find_header()

    def stretches(self) -> Iterator[Stretch]:
        """Blocks of whole lines, each divided into cells."""
        block: bytes | None = self._rest
        self._rest = b""
        while block is not None:
            found = self._divided(block)
            block = None
            yield found
            block = next(self._blocks, None)

    def _divided(self, block: bytes) -> Stretch:
        self._read.append(_Block(self._line, self._done - len(block), len(block)))
        lines = read_lines(block, self._line, self._shape)
        self._line += block.count(b"\n") + (not block.endswith(b"\n") and bool(block))
        return Stretch(lines.cells, lines.bad, self._done, lines.trimmed)

    def again(self, lines: np.ndarray) -> Iterator[Stretch]:
        """Reads only the blocks in which one of these lines stands; UnusableInputError where the file has changed."""
        if _state(self._path) != self._state:
            raise UnusableInputError(f"{self._path}: the file changed while it was read; run again")
        firsts = np.array([block.first_line for block in self._read], dtype=np.int64)
        of_block = np.searchsorted(firsts, lines, side="right") - 1
        with self._path.open("rb") as file:
            for number in np.unique(of_block):
                block = self._read[number]
                file.seek(block.start)
                wanted = lines[of_block == number].astype(np.int64)
                found: Lines = read_again(file.read(block.size), block.first_line, wanted, self._shape)
                yield Stretch(found.cells, found.bad, block.start + block.size, found.trimmed)

    def _whole_lines(self, block_bytes: int) -> Iterator[bytes]:
        line = 1
        with self._path.open("rb") as file:
            start = file.read(len(_BOM))
            kept = start.removeprefix(_BOM)
            self._done = len(start) - len(kept)
            while True:
                read = file.read(block_bytes)
                block = kept + read
                cut = len(block) if not read else block.rfind(b"\n") + 1
                kept = block[cut:]
                block = block[:cut]
                self._check_utf8(block, line)
                line += block.count(b"\n")
                self._done += len(block)
                if block:
                    yield block
                if not read:
                    return

    def _check_utf8(self, block: bytes, line: int) -> None:
        if block.isascii():
            return
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as error:
            at = line + block[: error.start].count(b"\n")
            raise UnusableInputError(f"{self._path}: line {at}: not UTF-8; save the file as CSV UTF-8") from error

    def _find_header(self) -> tuple[bytes, list[str], Shape]:
        for block in self._blocks:
            start = 0
            while start < len(block):
                end = block.find(b"\n", start)
                end = len(block) if end < 0 else end
                text = block[start:end].decode().removesuffix("\r")
                self._line += 1
                start = end + 1
                separator = separator_of(text)
                if not is_blank(text, separator):
                    header = split_line(text, separator)
                    if header is None:
                        raise UnusableInputError(f"{self._path}: line {self._line - 1}: bad quoting in the header")
                    return block[start:], header, Shape(separator, len(header))
        raise UnusableInputError(f"{self._path}: no header; the first line that is not blank must name the columns")


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def separator_of(header: str) -> str:
    """`;` where the header has more of them than `,` outside quotes, else `,`."""
    outside = "".join(header.split('"')[::2])
    return ";" if outside.count(";") > outside.count(",") else ","


def open_source(path: Path) -> Source:
    """CSV or XLSX by the first bytes of the file."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise UnusableInputError(f"{path}: cannot be read ({error.strerror or error})") from error
    if start == b"PK\x03\x04":
        from settlement.intake.spreadsheet import XlsxSource  # noqa: PLC0415  only where a workbook is given

        return XlsxSource(path)
    return CsvSource(path)
