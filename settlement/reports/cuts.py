"""Tables of a period cut along lanes, hours, days, shifts or classes: what all revenue and traffic reports share.

In: tallies that the database added up. Out: sections. The total of each table is the sum of its lines; that it is also
the total of the period was checked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from settlement.clearing.day_statement import CLASSES, OUTCOMES
from settlement.clearing.tallies import Key, LedgerDay, Sums, Tally, added
from settlement.reports.document import Cell, Chart, Column, Kind, Section
from settlement.reports.wording import OUTCOMES as OUTCOME_NAMES
from settlement.reports.wording import class_name

Measure = tuple[Column, Callable[[Sums], int]]


@dataclass(frozen=True, slots=True)
class Cut:
    """What the lines of a table stand for, and how a key is written."""

    sheet: str
    english: str
    columns: tuple[Column, ...]
    write: Callable[[Key], tuple[Cell, ...]]


PASSAGES: Measure = (Column("Lượt xe", "passages", Kind.COUNT), lambda s: s.passages)
CHARGED: Measure = (Column("Lượt thu phí", "charged", Kind.COUNT), lambda s: s.charged)
REVENUE: Measure = (Column("Doanh thu", "revenue", Kind.VND, 1.3), lambda s: s.revenue_vnd)


def _class_counts() -> tuple[Measure, ...]:
    return tuple(
        (Column(class_name(c), f"class {c or '–'}", Kind.COUNT), lambda s, n=n: s.by_class[n])
        for n, c in enumerate(CLASSES)
    )


def _class_revenue() -> tuple[Measure, ...]:
    return tuple(
        (Column(class_name(c), f"class {c or '–'}", Kind.VND, 1.2), lambda s, n=n: s.revenue_by_class[n])
        for n, c in enumerate(CLASSES)
    )


def _outcome_counts() -> tuple[Measure, ...]:
    return tuple(
        (Column(*OUTCOME_NAMES[name], Kind.COUNT), lambda s, n=n: s.by_outcome[n]) for n, name in enumerate(OUTCOMES)
    )


BY_CLASS = (*_class_counts(), PASSAGES)
BY_OUTCOME = (
    *_outcome_counts(),
    (Column("Khác", "other", Kind.COUNT), lambda s: s.other_outcomes),
    PASSAGES,
)
MONEY = (PASSAGES, CHARGED, *_class_revenue(), REVENUE)
SHORT = (PASSAGES, CHARGED, REVENUE)


def table(cut: Cut, measures: Sequence[Measure], tallies: Sequence[Tally], chart: str = "", unit: str = "") -> Section:
    """One section; with `chart` a bar for each line over the last measure, named by `unit`."""
    rows = tuple((*cut.write(tally.key), *(of(tally.sums) for _, of in measures)) for tally in tallies)
    sums = added(tally.sums for tally in tallies)
    total: tuple[Cell, ...] = ("Cộng", *(None,) * (len(cut.columns) - 1), *(of(sums) for _, of in measures))
    columns = (*cut.columns, *(column for column, _ in measures))
    shown = Chart(chart, len(columns) - 1, unit, len(cut.columns) - 1) if chart else None
    return Section(cut.sheet, cut.english, columns, rows, total, shown)


def grid(sheet: str, english: str, first: Cut, tallies: Sequence[Tally]) -> Section:
    """Passages by two keys: lines of `first`, a column for each value of the second key."""
    across = sorted({str(tally.key[1]) for tally in tallies})
    lines: dict[str | int | date, dict[str, int]] = {}
    for tally in tallies:
        lines.setdefault(tally.key[0], dict.fromkeys(across, 0))[str(tally.key[1])] = tally.sums.passages
    rows = tuple((*first.write((key,)), *line.values(), sum(line.values())) for key, line in lines.items())
    sums = [sum(line[name] for line in lines.values()) for name in across]
    columns = (*first.columns, *(Column(name, "", Kind.COUNT) for name in across), PASSAGES[0])
    return Section(sheet, english, columns, rows, ("Cộng", *sums, sum(sums)))


def filled(tallies: Sequence[Tally], keys: Iterable[Key]) -> list[Tally]:
    """The same tallies in the order of `keys`, with zeros where nothing passed; a key that is not named comes last."""
    found = {tally.key: tally for tally in tallies}
    ordered = [found.pop(key, Tally(key, Sums())) for key in keys]
    return ordered + list(found.values())


def ledger(days: Sequence[LedgerDay], revenue: Mapping[date, int]) -> Section:
    """Each day's revenue of passages beside that of the ledger, and the corrections booked on the day."""
    columns = (
        Column("Ngày đối soát", "accounting day", Kind.DATE),
        Column("Doanh thu theo lượt xe", "revenue of passages", Kind.VND),
        Column("Bút toán sổ cái", "ledger postings", Kind.VND),
        Column("Chênh lệch", "difference", Kind.VND),
        Column("Điều chỉnh ghi trong ngày", "corrections booked on the day", Kind.VND),
    )
    money = [
        (told := revenue.get(line.day, 0), line.revenue_vnd, told - line.revenue_vnd, line.corrections_vnd)
        for line in days
    ]
    rows = tuple((line.day, *amounts) for line, amounts in zip(days, money, strict=True))
    total: tuple[Cell, ...] = ("Cộng", *(sum(amounts[n] for amounts in money) for n in range(4)))
    note = "Điều chỉnh của những ngày đã qua, không nằm trong doanh thu (corrections stand beside revenue, not in it)."
    return Section("Cân đối sổ cái", "Ledger", columns, rows, total, note=note)
