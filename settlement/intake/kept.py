"""Rows that cannot be read a second time, kept in a temporary folder until they are asked for again.

In: stretches of rows in order of lines. Out: the rows of named lines. The folder goes with its last reader.
"""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import polars as pl

from settlement.intake.delimited import LINE


class KeptRows:
    """One file per stretch, so that only some of them are fetched again."""

    def __init__(self) -> None:
        self._folder = Path(mkdtemp(prefix="settlement-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._parts: list[tuple[Path, int, int]] = []

    def keep(self, cells: pl.DataFrame) -> None:
        """Rows with a column `line`, rising and after all that were kept before."""
        if len(cells):
            path = self._folder / f"{len(self._parts)}.arrow"
            cells.write_ipc(path, compression="lz4")
            self._parts.append((path, cells[LINE][0], cells[LINE][-1]))

    def again(self, lines: np.ndarray) -> Iterator[pl.DataFrame]:
        """The rows of these lines (rising)."""
        for path, first, last in self._parts:
            wanted = lines[(lines >= first) & (lines <= last)]
            if len(wanted):
                yield pl.read_ipc(path).filter(pl.col(LINE).is_in(pl.Series(wanted).implode()))
