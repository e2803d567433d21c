"""`settlement mapping try`: what a mapping makes of a file, before anything is reconciled.

In: a file, a mapping, a side. Out: which column feeds which, the first rows as they were understood, what was rejected
and why. Writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from settlement.app.mapping_hints import hints, skeleton
from settlement.intake.columns import CANONICAL, Side
from settlement.intake.configuration import Configuration
from settlement.intake.mapping import ProviderMapping, canonical_text, layout
from settlement.intake.problems import UnusableInputError
from settlement.intake.sources import open_source
from settlement.intake.table import Reading, ReadTable, read_table, rows_of

_ROWS_SHOWN = 3
_REJECTS_SHOWN = 10


def try_mapping(
    path: Path, side: Side, mapping: ProviderMapping, configuration: Configuration
) -> tuple[int, list[str]]:
    """(exit status, lines for a person): 0 where every row was read, 3 where some were rejected."""
    part = mapping.side(side)
    source = open_source(path)
    try:
        where = layout(source.header, part, side, path.name)
    except UnusableInputError as error:
        begin = "\n".join(skeleton(source.header, side, path.stem))
        raise UnusableInputError(f"{error}\n\nBắt đầu từ / a mapping to begin with (.toml):\n\n{begin}") from error
    lines = [f"{path.name}: {len(source.header)} columns, mapping {mapping.name} ({mapping.description})", ""]
    for column in CANONICAL[side]:
        position = where.positions.get(column)
        fed_by = f"= “{where.constants[column]}”" if position is None else f"← {source.header[position].strip()}"
        lines.append(f"  {column:18} {fed_by}")
    first = next(source.stretches())
    sample = rows_of(first).head(_ROWS_SHOWN).select(canonical_text(part, where, side))
    lines += ["", "Dòng đầu / first rows:", *_samples(sample)]
    table = read_table(open_source(path), Reading(side, path.name, part, configuration.plazas))
    lines += ["", *_verdict(table)]
    advice = list(hints(table.rejects, side))
    if advice:
        lines += ["", "Có thể thêm vào mapping / what may help in the mapping (.toml):", "", *advice]
    return (3 if table.rejects else 0), lines


def _samples(sample: pl.DataFrame) -> Iterator[str]:
    for row in sample.iter_rows(named=True):
        yield "  " + "  ".join(f"{column}={value}" for column, value in row.items() if value)


def _verdict(table: ReadTable) -> list[str]:
    lines = [f"{table.rows_read} dòng / rows, {len(table.rejects)} bị loại / rejected"]
    columns = Counter(reject.column or "(line)" for reject in table.rejects)
    lines += [f"  {column}: {count}" for column, count in sorted(columns.items())]
    lines += [f"  line {r.line} {r.column}: {r.reason}" for r in table.rejects[:_REJECTS_SHOWN]]
    return lines
