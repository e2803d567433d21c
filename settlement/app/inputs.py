"""What a reconciliation reads: two files, or the system's own tables, or one of each.

In: paths, an address, a provider's code. Out: two `Input`s. Nothing is read here but whether a choice makes sense.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from settlement.intake.columns import Side
from settlement.intake.problems import UnusableInputError
from settlement.intake.sources import Source, open_source
from settlement.intake.system import RowDatabase, SystemSource, Wanted

_LONG_FILE_BYTES: Final = 20_000_000
_LONG_ANSWER_ROWS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Input:
    """One side. `name` stands in rejects and the statement; `size`: what progress counts up to, 0 where it is short."""

    name: str
    open: Callable[[], Source]
    size: Callable[[], int]
    place: str
    """Where `name` is: for messages."""
    canonical: bool = False
    """True where no mapping applies: the rows are made canonical, not read so."""


def of_file(path: Path) -> Input:
    """A CSV or XLSX file."""

    def size() -> int:
        found = path.stat().st_size
        return found if found >= _LONG_FILE_BYTES else 0

    return Input(path.name, lambda: open_source(path), size, str(path.parent))


def of_system(database: RowDatabase, side: Side, wanted: Wanted) -> Input:
    """Rows of the system's tables."""
    source = SystemSource(database, side, wanted)

    def size() -> int:
        found = source.about()
        return found if found >= _LONG_ANSWER_ROWS else 0

    name = "passages" if side is Side.STATION else "postings"
    return Input(f"{name} {wanted.provider}".strip(), lambda: source, size, "database", canonical=True)


def check_choice(station: Path | None, provider: Path | None, database: str | None, day: str | None) -> None:
    """UnusableInputError where a side is missing, or an option would have no effect."""
    if database is None:
        for option, path in (("--station", station), ("--provider", provider)):
            if path is None:
                raise UnusableInputError(f"{option}: give a file, or --database to read the system's own tables")
        return
    if station is not None and provider is not None:
        raise UnusableInputError("--database: both sides come from files already; leave out --station or --provider")
    if day is None:
        raise UnusableInputError("--day: needed with --database, such as --day 2026-06-15")
