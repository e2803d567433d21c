"""A file as a header and stretches of text cells, whatever its format.

In: a path. Out: `Source`. Memory holds one stretch at a time. A file that cannot be used at all is UnusableInputError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import numpy as np
import polars as pl

from settlement.intake.delimited import BadLine, Shape, ends_of, is_blank, read_lines, split_line
from settlement.intake.problems import UnusableInputError

BLOCK_BYTES: Final = 16 << 20
_FEW: Final = 20
"""One line in so many, and reading a block at once is cheaper than going to each line."""
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
    """Whole lines of a file and where they stand: the file's position of the first, where each ends after that."""

    first_line: int
    start: int
    ends: np.ndarray


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
        ends = ends_of(block).astype(np.uint32)
        self._read.append(_Block(self._line, self._done - len(block), ends))
        numbers = np.arange(self._line, self._line + len(ends), dtype=np.uint32)
        self._line += len(ends)
        lines = read_lines(block, numbers, self._shape)
        return Stretch(lines.cells, lines.bad, self._done, lines.trimmed)

    def again(self, lines: np.ndarray) -> Iterator[Stretch]:
        """Reads these lines and no others; UnusableInputError where the file has changed."""
        if _state(self._path) != self._state:
            raise UnusableInputError(f"{self._path}: the file changed while it was read; run again")
        firsts = np.array([block.first_line for block in self._read], dtype=np.int64)
        of_block = np.searchsorted(firsts, lines, side="right") - 1
        with self._path.open("rb") as file:
            for number in np.unique(of_block):
                wanted = lines[of_block == number]
                found = read_lines(_some_lines(file, self._read[number], wanted), wanted, self._shape)
                yield Stretch(found.cells, found.bad, self._done, found.trimmed)

    def _whole_lines(self, block_bytes: int) -> Iterator[bytes]:
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
                self._check_utf8(block)
                self._done += len(block)
                if block:
                    yield block
                if not read:
                    return

    def _check_utf8(self, block: bytes) -> None:
        if block.isascii():
            return
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as error:
            with self._path.open("rb") as file:
                at = 1 + file.read(self._done + error.start).count(b"\n")
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


def _some_lines(file: BinaryIO, block: _Block, lines: np.ndarray) -> bytes:
    numbers = lines.astype(np.int64) - block.first_line
    ends = block.ends[numbers].astype(np.int64)
    starts = np.where(numbers > 0, block.ends[numbers - 1], 0)
    if len(lines) * _FEW > len(block.ends):
        file.seek(block.start)
        whole = file.read(int(block.ends[-1]))
        return b"".join([_ended(whole[a:b]) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)])
    found = []
    for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
        file.seek(block.start + a)
        found.append(_ended(file.read(b - a)))
    return b"".join(found)


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"


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
