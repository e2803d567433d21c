"""What a report is before it becomes XLSX or PDF: a title, facts, and sections with a table and perhaps a chart.

In: values that clearing computed. Out: plain data. Both renderers show the same `Document`, so that paper and
spreadsheet can never disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

Cell = str | int | date | datetime | None


class Kind(Enum):
    """How the cells of a column are written."""

    TEXT = "text"
    COUNT = "count"
    VND = "vnd"
    TIME = "time"
    DATE = "date"
    HASH = "hash"
    """A long hexadecimal name; paper shows how it begins."""

    @property
    def is_number(self) -> bool:
        """True for columns that stand at the right edge."""
        return self in (Kind.COUNT, Kind.VND)


@dataclass(frozen=True, slots=True)
class Column:
    """A heading (Vietnamese, English beneath), the kind of its cells, its share of the width of a page."""

    vietnamese: str
    english: str
    kind: Kind = Kind.TEXT
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars over the first column of the section's table; `value_column` counts from 0, `unit` names its axis."""

    title: str
    value_column: int
    unit: str = ""
    label_column: int = 0
    """Column whose cells stand under the bars."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table: a sheet of the workbook, a chapter of the printed statement."""

    sheet: str
    """Name of the sheet, at most 31 characters."""
    english: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    total: tuple[Cell, ...] | None = None
    chart: Chart | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the first page; VND where `amount_vnd` is given."""

    vietnamese: str
    english: str
    text: str = ""
    amount_vnd: int | None = None
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """A whole statement. `made_at` is the aware time that it bears; equal documents give equal bytes."""

    title: str
    english: str
    warning: str
    """Shown in red on top, e.g. that the rates are for demonstration; empty where there is nothing to warn of."""
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    made_at: datetime
    signatures: tuple[str, ...] = ()
    place: str = ""
    """The plazas that it is about, printed on each page."""
    period: str = ""
    """Its days, printed on each page."""
    mark: str = ""
    """Printed large on each page, e.g. that it is a draft; empty on a final document."""
