"""A file as a header and stretches of text cells, whatever its format.

In: a path. Out: `Source`. Memory holds one stretch at a time. A file that cannot be used at all is UnusableInputError.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from settlement.intake.delimited import BadLine, Shape, is_blank, read_lines, split_line
from settlement.intake.problems import UnusableInputError

BLOCK_BYTES: Final = 32 << 20
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some rows of a file: columns `line`, `c0`, `c1`, … (text as it stands), bad lines, bytes done so far."""

    cells: pl.DataFrame
    bad: list[BadLine]
    done_bytes: int


class Source(Protocol):
    """A readable file; its header is known at once."""

    @property
    def header(self) -> list[str]:
        """Headings as they stand."""
        ...

    def stretches(self) -> Iterator[Stretch]:
        """All rows after the header, in order."""
        ...


class CsvSource:
    """CSV in UTF-8, with or without BOM, `,` or `;`."""

    def __init__(self, path: Path, block_bytes: int = BLOCK_BYTES) -> None:
        self._path = path
        self._blocks = self._whole_lines(block_bytes)
        self._line = 1
        self._done = 0
        self._rest, self.header, self._shape = self._find_header()

    def stretches(self) -> Iterator[Stretch]:
        """Blocks of whole lines, each divided into cells."""
        block = self._rest
        while block is not None:
            cells, bad = read_lines(block, self._line, self._shape)
            self._line += block.count(b"\n") + (not block.endswith(b"\n") and bool(block))
            yield Stretch(cells, bad, self._done)
            following = next(self._blocks, None)
            if following is None:
                return
            block = following

    def _whole_lines(self, block_bytes: int) -> Iterator[bytes]:
        line = 1
        with self._path.open("rb") as file:
            kept = file.read(len(_BOM)).removeprefix(_BOM)
            while True:
                read = file.read(block_bytes)
                block = kept + read
                cut = len(block) if not read else block.rfind(b"\n") + 1
                block, kept = block[:cut], block[cut:]
                self._check_utf8(block, line)
                line += block.count(b"\n")
                self._done += len(block)
                if block:
                    yield block
                if not read:
                    return

    def _check_utf8(self, block: bytes, line: int) -> None:
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
