"""Rows that came after a day was closed: what they change, as a correction for the next open day. Pure.

In: the frozen items, the corrections booked since, the items of a new reconciliation of the same day. Out: one change
per group of items that belong together, or refusals. The closed day itself is never touched. Reconciling the same rows
again changes nothing: what was booked before counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from settlement.clearing.closed_day import ClosedItem, Correction, Minutes
from settlement.clearing.closing import fee_and_vat

LATE_ROWS = "late rows"
DECISION = "decision"
"""Causes of a correction."""

_OF_STATION = ("plaza", "passed_us", "outcome", "station_class", "station_vnd")
_OF_PROVIDER = ("charged_us", "provider_vnd", "provider_class")


@dataclass(frozen=True, slots=True)
class Change:
    """What must be booked for one group. `items`: how they stand now; the rest as in `Correction`."""

    originals: tuple[str, ...]
    late: tuple[str, ...]
    agreed_vnd: int
    disputed_vnd: int
    note: str
    items: tuple[ClosedItem, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`changes` to book; `refused`: rows of the closed day that the new files lack or tell otherwise."""

    changes: tuple[Change, ...]
    refused: tuple[str, ...]


def compare(
    frozen: Sequence[ClosedItem],
    corrections: Sequence[Correction],
    again: Sequence[ClosedItem],
    decided: Mapping[str, int],
) -> Comparison:
    """Frozen items and their corrections against a new run. `decided`: item key → amount in force by a decision."""
    standing = {item.key: item for item in in_force(frozen, corrections)}
    refused = tuple(_contradicted(standing.values(), again))
    if refused:
        return Comparison((), refused)
    changes = []
    for before, after in _groups(list(standing.values()), again):
        change = _change(before, after, decided)
        if change is not None:
            changes.append(change)
    return Comparison(tuple(sorted(changes, key=lambda one: one.originals + one.late)), ())


def in_force(frozen: Iterable[ClosedItem], corrections: Iterable[Correction]) -> list[ClosedItem]:
    """Items of a day as corrections have left them, in order of keys."""
    standing = {item.key: item for item in frozen}
    for correction in sorted(corrections, key=lambda one: one.number):
        for key in correction.originals:
            standing.pop(key, None)
        standing.update({item.key: item for item in correction.items})
    return [standing[key] for key in sorted(standing)]


def decision_item(item: ClosedItem, due_vnd: int) -> ClosedItem:
    """The item after a decision: what is due is agreed, nothing is disputed."""
    return replace(item, agreed_vnd=due_vnd, disputed_vnd=0)


def rows_of(item: ClosedItem) -> set[str]:
    """Names of the rows that an item is made of."""
    names = set()
    if item.passed_us >= 0:
        names.add(f"s:{item.plaza}/{item.passage_id}" if item.passage_id else item.key)
    if item.charge_id:
        names.add(f"c:{item.charge_id}")
    return names


def _contradicted(standing: Iterable[ClosedItem], again: Sequence[ClosedItem]) -> Iterable[str]:
    now: dict[str, ClosedItem] = {name: item for item in again for name in rows_of(item)}
    for item in standing:
        for name in sorted(rows_of(item)):
            other = now.get(name)
            if other is None:
                yield f"{name} (item {item.key}) stands in the closed day but not in these files; give complete files"
                continue
            compared = _OF_PROVIDER if name.startswith("c:") else _OF_STATION
            differing = [field for field in compared if getattr(item, field) != getattr(other, field)]
            if differing:
                told = "; ".join(f"{one} {getattr(item, one)} → {getattr(other, one)}" for one in differing)
                yield f"{name} (item {item.key}) is told otherwise now: {told}; a closed row does not change"


def _groups(
    before: Sequence[ClosedItem], after: Sequence[ClosedItem]
) -> list[tuple[list[ClosedItem], list[ClosedItem]]]:
    """Items of both that are linked by rows they share."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for item in (*before, *after):
        first, *rest = sorted(rows_of(item))
        for name in rest:
            leader[find(name)] = find(first)
    groups: dict[str, tuple[list[ClosedItem], list[ClosedItem]]] = defaultdict(lambda: ([], []))
    for side, items in ((0, before), (1, after)):
        for item in items:
            groups[find(min(rows_of(item)))][side].append(item)
    return list(groups.values())


def _change(before: list[ClosedItem], after: list[ClosedItem], decided: Mapping[str, int]) -> Change | None:
    ended = [key for item in before if (key := item.key) in decided]
    agreed = sum(item.agreed_vnd for item in after) - sum(item.agreed_vnd for item in before)
    disputed = sum(item.disputed_vnd for item in after) - sum(item.disputed_vnd for item in before)
    if ended:
        return _after_decision(before, after, ended, agreed)
    known = {name for item in before for name in rows_of(item)}
    late = tuple(sorted(name for item in after for name in rows_of(item) if name not in known))
    if not late and not agreed and not disputed:
        return None
    codes = f"{'+'.join(sorted(item.code for item in before)) or 'nothing'} → {'+'.join(sorted(i.code for i in after))}"
    return Change(tuple(item.key for item in before), late, agreed, disputed, codes, tuple(after))


def _after_decision(before: list[ClosedItem], after: list[ClosedItem], ended: list[str], agreed: int) -> Change | None:
    """A decision stands; rows that came later can only bring more money than it gave."""
    if agreed <= 0:
        return None
    late = tuple(sorted({n for item in after for n in rows_of(item)} - {n for item in before for n in rows_of(item)}))
    items = tuple(replace(item, disputed_vnd=0) for item in after)
    note = f"more than was decided on {' '.join(ended)}"
    return Change(tuple(item.key for item in before), late, agreed, 0, note, items)


def correction_of(
    minutes: Minutes, booked: list[Correction], change: Change, cause: str, dispute_id: str, done: tuple[str, int]
) -> Correction:
    """The next correction of a day. `done`: by whom and when (microseconds)."""
    fee, vat = fee_and_vat(change.agreed_vnd, minutes.fee_bp, minutes.vat_rate_bp)
    return Correction(
        provider=minutes.provider,
        original_day=minutes.day,
        number=len(booked) + 1,
        cause=cause,
        dispute_id=dispute_id,
        originals=change.originals,
        late=change.late,
        agreed_vnd=change.agreed_vnd,
        disputed_vnd=change.disputed_vnd,
        fee_vnd=fee,
        vat_vnd=vat,
        note=change.note,
        booked_by=done[0],
        booked_us=done[1],
        items=change.items,
        previous=booked[-1].digest if booked else "",
    )
