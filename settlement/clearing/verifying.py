"""Has a closed day been altered? Everything is computed anew and compared with what was signed. Pure.

In: rows as they stand in the tables, the registered keys. Out: findings, each naming the row. What the parties signed
is trusted, nothing else: a leaf hash that somebody recomputed beside an altered item helps him nothing, because the
register of the day must still give the signed root.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from settlement.clearing.closed_day import Correction, Minutes, correction_from, minutes_from
from settlement.clearing.closing import arithmetic, contradictions, fee_and_vat, read_register
from settlement.clearing.key_tree import KeyTree
from settlement.clearing.late_rows import in_force
from settlement.clearing.signing import ROLES, fingerprint, holds
from settlement.clearing.stored import ClosingRow, CorrectionRow, StoredItem

Keys = Mapping[str, tuple[str, ...]]
"""role → public keys that the configuration registers for it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was signed: of which day, which row, what about it."""

    day: str
    row: str
    what: str


def closing_findings(row: ClosingRow, items: Sequence[StoredItem], keys: Keys) -> Iterator[Finding]:
    """One closed day: minutes, signatures, sums, every item."""
    day = row.day.isoformat()
    try:
        minutes = minutes_from(row.minutes)
    except ValueError as error:
        yield Finding(day, row.name, f"its minutes cannot be read: {error}")
        return
    yield from (Finding(day, row.name, what) for what in _minutes_findings(row, minutes, keys))
    whole = True
    for finding in item_findings(row, minutes, items):
        whole = False
        yield finding
    if whole:
        wrong = contradictions(minutes, [stored.item for stored in items])
        yield from (Finding(day, row.name, what) for what in wrong if what not in arithmetic(minutes))


def _minutes_findings(row: ClosingRow, minutes: Minutes, keys: Keys) -> Iterator[str]:
    if minutes.signed_bytes.decode() != row.minutes:
        yield "its minutes are not in canonical form: the text was altered"
    if minutes.digest != row.digest:
        yield f"its digest is not that of its minutes ({minutes.digest[:16]}…)"
    if (minutes.provider, minutes.day) != (row.provider, row.day.isoformat()):
        yield f"its minutes are those of {minutes.provider} {minutes.day}"
    told = {
        "operator": (row.operator_key, minutes.operator_key, row.operator_signature),
        "provider": (row.provider_key, minutes.provider_key, row.provider_signature),
    }
    for role in ROLES:
        column, named, signature = told[role]
        if column != named:
            yield f"the {role}'s key beside the minutes is not the one that they name"
        if named not in keys.get(role, ()):
            yield f"signed for the {role} with a key that is not registered ({_short(named)})"
        if not holds(minutes, role, named, signature):
            yield f"the {role}'s signature does not hold: the minutes or the signature were altered"
    yield from arithmetic(minutes)


def _short(key: str) -> str:
    try:
        return fingerprint(key)
    except ValueError:
        return key[:16]


def item_findings(row: ClosingRow, minutes: Minutes, items: Sequence[StoredItem]) -> Iterator[Finding]:
    """Every item against the register, the register against the signed root."""
    day = row.day.isoformat()
    try:
        register = read_register(row.register)
    except ValueError as error:
        yield Finding(day, row.name, f"column register: {error}")
        register = {}
    if KeyTree(register).root != minutes.item_root:
        yield Finding(day, row.name, "column register: it does not give the signed root; it was altered")
        # The signed root alone still judges the items as a whole; what stands beside them judges each.
        register = {stored.item.key: stored.leaf for stored in items}
        if KeyTree(register).root != minutes.item_root:
            yield Finding(day, row.name, "the leaf hashes beside the items do not give the signed root either")
    keys = {stored.item.leaf: stored.item.key for stored in items}
    renamed = sorted(key for key, leaf in register.items() if keys.get(leaf, key) != key)
    for key in renamed:
        # A leaf hash binds its key: the item that has this hash is the signed one, the register's word for it is not.
        yield Finding(day, row.name, f"column register: the key {key} was altered")
    register = {keys[leaf] if key in renamed else key: leaf for key, leaf in register.items()}
    yield from _against_register(row, register, items)


def _against_register(row: ClosingRow, register: Mapping[str, str], items: Sequence[StoredItem]) -> Iterator[Finding]:
    day = row.day.isoformat()
    counts = Counter(stored.item.key for stored in items)
    rank = {key: number for number, key in enumerate(sorted(register), start=1)}
    for stored in items:
        key, name = stored.item.key, stored.name(row.digest)
        if key not in register:
            yield Finding(day, name, "was added: the signed day does not have it")
            continue
        if counts[key] > 1:
            yield Finding(day, name, f"stands {counts[key]} times")
        if stored.item.leaf != register[key]:
            also = ", and the leaf hash beside it was made to fit" if stored.item.leaf == stored.leaf else ""
            yield Finding(day, name, f"was altered: its content does not have the signed leaf hash{also}")
        elif stored.leaf != register[key]:
            yield Finding(day, name, "the leaf hash beside it was altered")
        if stored.number != rank[key]:
            yield Finding(day, name, f"was reordered: it is number {rank[key]} of the day")
    for key in sorted(register.keys() - counts.keys()):
        yield Finding(day, f"settlement_items run={row.digest[:16]}… key={key}", "is missing")


def holding(rows: Iterable[ClosingRow]) -> tuple[dict[date, ClosingRow], list[ClosingRow]]:
    """(the closing of each day, further rows). Of several the earliest made holds, then the smallest digest."""
    days: dict[date, list[ClosingRow]] = defaultdict(list)
    for row in rows:
        days[row.day].append(row)
    ordered = {day: sorted(found, key=lambda row: (_made_us(row), row.digest)) for day, found in days.items()}
    return (
        {day: ordered[day][0] for day in sorted(ordered)},
        [row for day in sorted(ordered) for row in ordered[day][1:]],
    )


def chain_findings(rows: Sequence[ClosingRow], receipts: Iterable[tuple[date, str]]) -> Iterator[Finding]:
    """From day to day: nothing missing, nothing twice, each naming the one before."""
    held, further = holding(rows)
    for row in further:
        yield Finding(row.day.isoformat(), row.name, "a second closing of the day was added")
    before: ClosingRow | None = None
    for day, row in held.items():
        named = _previous(row)
        if before is not None and day != before.day + timedelta(days=1):
            gap = before.day + timedelta(days=1)
            what = f"the closing of {gap} is missing" + ("" if day - gap == timedelta(days=1) else f" (to {day})")
            yield Finding(gap.isoformat(), f"settlement_closings day={gap}", what)
        elif before is None and named:
            what = f"the closing before it ({named[:16]}…) is missing"
            yield Finding(day.isoformat(), row.name, what)
        elif before is not None and named != before.digest:
            what = (
                f"names {named[:16]}… as the closing of {before.day}, which is {before.digest[:16]}…: one was replaced"
            )
            yield Finding(day.isoformat(), row.name, what)
        before = row
    digests = {(row.day, row.digest) for row in rows}
    for day, digest in receipts:
        if (day, digest) not in digests:
            what = f"is missing or was replaced: the day was closed as {digest[:16]}…"
            yield Finding(day.isoformat(), f"settlement_closings day={day}", what)


def _made_us(row: ClosingRow) -> int:
    try:
        return minutes_from(row.minutes).made_us
    except ValueError:
        return 0


def _previous(row: ClosingRow) -> str:
    try:
        return minutes_from(row.minutes).previous
    except ValueError:
        return ""


def correction_findings(
    rows: Sequence[CorrectionRow], held: Mapping[date, ClosingRow], items: Mapping[date, Sequence[StoredItem]]
) -> Iterator[Finding]:
    """Corrections of one provider: numbered without a hole, chained, and following from the items they correct.

    `items`: those of the original days that are to be looked at closely.
    """
    days: dict[date, list[CorrectionRow]] = defaultdict(list)
    for row in rows:
        days[row.original_day].append(row)
    for day, found in sorted(days.items()):
        corrections: list[Correction] = []
        for position, row in enumerate(found, start=1):
            for what in _correction_row(row, position, corrections):
                yield Finding(day.isoformat(), row.name, what)
        if day not in held:
            yield Finding(day.isoformat(), found[0].name, "corrects a day that is not closed")
        elif day in items and len(corrections) == len(found):
            yield from _following(day, corrections, held[day], items[day])


def _correction_row(row: CorrectionRow, position: int, before: list[Correction]) -> Iterator[str]:
    if row.number != position:
        yield f"number {position} of the day is missing, or this one stands twice"
    try:
        one = correction_from(json.loads(row.content))
    except ValueError as error:
        yield f"cannot be read: {error}"
        return
    if one.digest != row.digest:
        yield "was altered: its digest is another"
    if (one.provider, one.original_day, one.number) != (row.provider, row.original_day.isoformat(), row.number):
        yield f"its content is that of {one.correction_id}"
    if one.previous != (before[-1].digest if before else ""):
        yield "does not name the correction before it: one of the two was altered"
    before.append(one)


def _following(
    day: date, corrections: Sequence[Correction], row: ClosingRow, items: Sequence[StoredItem]
) -> Iterator[Finding]:
    try:
        minutes = minutes_from(row.minutes)
    except ValueError:
        return
    frozen = [stored.item for stored in items]
    for position, one in enumerate(corrections):
        standing = {item.key: item for item in in_force(frozen, corrections[:position])}
        name = f"settlement_corrections {one.correction_id}"
        unknown = [key for key in one.originals if key not in standing]
        if unknown:
            yield Finding(day.isoformat(), name, f"names items that the day does not have: {' '.join(unknown)}")
            continue
        agreed = sum(item.agreed_vnd for item in one.items) - sum(standing[key].agreed_vnd for key in one.originals)
        fee, vat = fee_and_vat(one.agreed_vnd, minutes.fee_bp, minutes.vat_rate_bp)
        for what, said, due in (
            ("agreed_vnd", one.agreed_vnd, agreed), ("fee_vnd", one.fee_vnd, fee), ("vat_vnd", one.vat_vnd, vat),
        ):  # fmt: skip
            if said != due:
                yield Finding(day.isoformat(), name, f"{what} is {said}, it must be {due}")


def taking_findings(held: Mapping[date, ClosingRow], rows: Sequence[CorrectionRow]) -> Iterator[Finding]:
    """Each correction is taken in once, as it was booked, by a later day."""
    booked = {(row.original_day.isoformat(), row.number): row for row in rows}
    taken: dict[str, str] = {}
    for day, row in held.items():
        try:
            corrections = minutes_from(row.minutes).corrections
        except ValueError:
            continue
        for one in corrections:
            stored = booked.get((one.original_day, one.number))
            if stored is None:
                yield Finding(
                    one.original_day, f"settlement_corrections {one.correction_id}", f"is missing; {day} took it in"
                )
            elif stored.digest != one.digest:
                yield Finding(one.original_day, stored.name, f"was altered: {day} took it in as {one.digest[:16]}…")
            if one.correction_id in taken:
                what = f"takes in {one.correction_id}, which {taken[one.correction_id]} took in before"
                yield Finding(day.isoformat(), row.name, what)
            if one.original_day >= day.isoformat():
                yield Finding(day.isoformat(), row.name, f"takes in {one.correction_id}, of a day that is not earlier")
            taken.setdefault(one.correction_id, day.isoformat())
