"""One file of a reconciliation, read whole: readable rows, rejects, and how many rows there were.

In: a source, its side, a mapping, the plazas. Out: `ReadTable`. Every row that is no blank line is either readable or
rejected; both add up to `rows_read`. What stays in memory is a narrow row each; the words are read again where needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from settlement.intake.canonical import read_cells
from settlement.intake.columns import CANONICAL, Side
from settlement.intake.delimited import LINE
from settlement.intake.mapping import Layout, SideMapping, canonical_text, layout
from settlement.intake.rejects import Reject
from settlement.intake.repeats import without_repeats
from settlement.intake.sources import Source, Stretch
from settlement.reconcile.frames import PROVIDER_SCHEMA, STATION_SCHEMA, Wording

Progress = Callable[[int], None]
"""Told the bytes done so far."""

_SCHEMA = {Side.STATION: STATION_SCHEMA, Side.PROVIDER: PROVIDER_SCHEMA}


@dataclass(frozen=True, slots=True)
class ReadTable:
    """`rows`: see `reconcile.frames`, with the row number in `row`. `rejects` in order of lines.

    `wording(rows["row"])` gives the words of any rows: every canonical column as trimmed text, with `row` and `line`.
    """

    rows: pl.DataFrame
    rejects: tuple[Reject, ...]
    rows_read: int
    wording: Wording


@dataclass(frozen=True, slots=True)
class Reading:
    """What it takes to read one file."""

    side: Side
    file: str
    """Name that rejects bear."""
    part: SideMapping
    plazas: tuple[str, ...]


def read_table(source: Source, reading: Reading, progress: Progress = lambda done: None) -> ReadTable:
    """All rows of a source."""
    where = layout(source.header, reading.part, reading.side, reading.file)
    frames = [pl.DataFrame(schema=_SCHEMA[reading.side])]
    rejects: list[Reject] = []
    rows_read = 0
    for stretch in source.stretches():
        cells = rows_of(stretch)
        rows_read += len(cells) + len(stretch.bad)
        rejects += [Reject(reading.file, bad.line, "", bad.reason) for bad in stretch.bad]
        rows, refused = read_cells(_canonical(cells, reading, where), reading.side, reading.plazas, reading.file)
        frames.append(rows)
        rejects += refused
        progress(stretch.done_bytes)
    found = _numbered(_in_one_piece(frames))
    unique, repeated = without_repeats(found, reading.side, reading.file, _Words(source, reading, where, found[LINE]))
    rows = _numbered(unique) if repeated else found
    ordered = tuple(sorted([*rejects, *repeated], key=lambda reject: reject.line))
    return ReadTable(rows, ordered, rows_read, _Words(source, reading, where, rows[LINE]))


def _in_one_piece(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """All rows, each column contiguous. Column by column, so that no more than one of them is there twice."""
    columns = {name: [frame[name] for frame in frames] for name in frames[0].columns}
    frames.clear()
    return pl.DataFrame([pl.concat(columns.pop(name), rechunk=True) for name in list(columns)])


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"))


def rows_of(stretch: Stretch) -> pl.DataFrame:
    """Trimmed cells (also of no-break spaces) of lines that hold a row."""
    cells = stretch.cells
    trimmed = cells if stretch.trimmed else cells.with_columns(pl.exclude(LINE).str.strip_chars())
    filled = trimmed.select(pl.any_horizontal(pl.exclude(LINE) != "")).to_series()
    return trimmed if filled.all() else trimmed.filter(filled)


def _canonical(cells: pl.DataFrame, reading: Reading, where: Layout) -> pl.DataFrame:
    return cells.select(pl.col(LINE), *canonical_text(reading.part, where, reading.side))


@dataclass(frozen=True, slots=True)
class _Words:
    """A `Wording` that reads the file again; `lines`: the line of each row, rising with it."""

    source: Source
    reading: Reading
    where: Layout
    lines: pl.Series

    def __call__(self, rows: pl.Series) -> pl.DataFrame:
        wanted = rows.unique().sort()
        lines = self.lines.gather(wanted).to_numpy()
        schema: dict[str, type[pl.DataType]] = {LINE: pl.UInt32} | dict.fromkeys(
            CANONICAL[self.reading.side], pl.String
        )
        found = [_canonical(rows_of(s), self.reading, self.where) for s in self.source.again(lines)]
        words = pl.concat([pl.DataFrame(schema=schema), *found]).sort(LINE)
        if not np.array_equal(words[LINE].to_numpy(), lines):
            raise AssertionError(f"{self.reading.file}: {len(lines)} rows were asked for again, {len(words)} came")
        return words.insert_column(0, wanted.cast(pl.UInt32).alias("row"))
