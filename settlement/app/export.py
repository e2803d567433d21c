"""`settlement export`: what the system holds of an accounting day, as canonical CSV files for the other party.

In: a database and which rows. Out: `station.csv` with passages and, where asked for, a file with what the ledger
charged. A file appears whole or not at all; reconciling the files gives what reconciling the tables gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from settlement.files.writing import write_csv
from settlement.intake.columns import CANONICAL, Side
from settlement.intake.system import RowDatabase, SystemSource, Wanted


def export(database: RowDatabase, side: Side, wanted: Wanted, path: Path) -> int:
    """Write one side of a day with its overlap; how many rows."""
    count = 0

    def rows() -> Iterator[tuple[str, ...]]:
        nonlocal count
        for some in SystemSource(database, side, wanted).texts():
            count += len(some)
            yield from some

    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(path, CANONICAL[side], rows())
    return count
