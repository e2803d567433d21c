"""One file of a reconciliation, read whole: readable rows, rejects, and how many rows there were.

In: a source, its side, a mapping, the plazas. Out: `ReadTable`. Every row that is no blank line is either readable or
rejected; both add up to `rows_read`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from settlement.intake.canonical import SCHEMA, read_cells, without_repeats
from settlement.intake.columns import Side
from settlement.intake.delimited import LINE
from settlement.intake.mapping import Layout, SideMapping, canonical_text, layout
from settlement.intake.rejects import Reject
from settlement.intake.sources import Source

Progress = Callable[[int], None]
"""Told the bytes done so far."""


@dataclass(frozen=True, slots=True)
class ReadTable:
    """`rows`: see `reconcile.frames`, with the row number in `row`. `rejects` in order of lines."""

    rows: pl.DataFrame
    rejects: tuple[Reject, ...]
    rows_read: int


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
    frames = [pl.DataFrame(schema=SCHEMA[reading.side])]
    rejects: list[Reject] = []
    rows_read = 0
    for stretch in source.stretches():
        cells = rows_of(stretch.cells)
        rows_read += len(cells) + len(stretch.bad)
        rejects += [Reject(reading.file, bad.line, "", bad.reason) for bad in stretch.bad]
        rows, refused = read_cells(_canonical(cells, reading, where), reading.side, reading.plazas, reading.file)
        frames.append(rows)
        rejects += refused
        progress(stretch.done_bytes)
    unique, repeated = without_repeats(pl.concat(frames), reading.side, reading.file)
    ordered = tuple(sorted([*rejects, *repeated], key=lambda reject: reject.line))
    return ReadTable(unique.with_row_index("row"), ordered, rows_read)


def rows_of(cells: pl.DataFrame) -> pl.DataFrame:
    """Trimmed cells (also of no-break spaces) of lines that hold a row."""
    trimmed = cells.with_columns(pl.exclude(LINE).str.strip_chars())
    return trimmed.filter(pl.any_horizontal(pl.exclude(LINE) != ""))


def _canonical(cells: pl.DataFrame, reading: Reading, where: Layout) -> pl.DataFrame:
    return cells.select(pl.col(LINE), *canonical_text(reading.part, where, reading.side))
