"""`settlement verify`: has anything that was closed, corrected or decided been altered?

In: the books, the registered keys, minutes in files. Out: findings, each naming the row. Reads only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from settlement.books import closings, disputes, ledger
from settlement.books.corrections import corrections_of, stored_corrections
from settlement.books.database import BookDatabase
from settlement.books.key_files import RegisteredKeys
from settlement.books.minutes_file import read_minutes
from settlement.clearing import verifying, verifying_disputes
from settlement.clearing.signing import ROLES, holds
from settlement.clearing.stored import ClosingRow, StoredItem
from settlement.clearing.verifying import Finding

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at, and what was found."""

    days: int
    items: int
    corrections: int
    findings: tuple[Finding, ...]


def verify(
    database: BookDatabase, registered: RegisteredKeys, provider: str, day: date | None, minutes: Path | None, say: Say
) -> Checked:
    """Everything of one provider; `day`: only this day's items and signatures, the chain always."""
    rows = closings.closings(database, provider)
    held, _ = verifying.holding(rows)
    keys: dict[str, tuple[str, ...]] = {role: registered.of(role, provider) for role in ROLES}
    corrections = stored_corrections(database, provider)
    found = [*verifying.chain_findings(rows, closings.receipts(database, provider))]
    items: dict[date, list[StoredItem]] = {}
    count = 0
    for one, row in held.items():
        if day not in (None, one):
            continue
        say(f"{provider} {one}")
        stored = closings.stored_items(database, row.digest)
        count += len(stored)
        found += verifying.closing_findings(row, stored, keys)
        if any(correction.original_day == one for correction in corrections):
            items[one] = stored
    found += verifying.correction_findings(corrections, held, items)
    found += verifying.taking_findings(held, corrections)
    if minutes is not None:
        found += _against_files(database, held, keys, provider, minutes)
    return Checked(len(held) if day is None else int(day in held), count, len(corrections), tuple(found))


def verify_disputes(database: BookDatabase) -> list[Finding]:
    """Events, decisions, their postings and corrections, of every provider."""
    known = disputes.dispute_ids(database)
    found, approvals = verifying_disputes.event_findings(disputes.stored_events(database), known)
    corrections = [one for name in closings.providers(database) for one in corrections_of(database, name)]
    legs = ledger.booked_for(database)
    return [*found, *verifying_disputes.consequence_findings(approvals, corrections, legs)]


def _against_files(
    database: BookDatabase, held: dict[date, ClosingRow], keys: dict[str, tuple[str, ...]], provider: str, folder: Path
) -> Iterator[Finding]:
    """Minutes that a party kept: each with both signatures must be the closing of its day, item by item."""
    for path in sorted(folder.glob("minutes-*.json")):
        day = read_minutes(path)
        signatures = {"operator": day.operator_signature, "provider": day.provider_signature}
        named = {"operator": day.minutes.operator_key, "provider": day.minutes.provider_key}
        mine = day.provider == provider and all(
            named[role] in keys[role] and holds(day.minutes, role, named[role], signatures[role]) for role in ROLES
        )
        if not mine:
            continue
        row = held.get(day.day)
        if row is None or row.digest != day.minutes.digest:
            what = f"is not the day that both parties signed ({path.name}, digest {day.minutes.digest[:16]}…)"
            yield Finding(day.minutes.day, f"settlement_closings day={day.day}", what)
            continue
        kept = {item.key: item for item in day.items}
        for stored in closings.stored_items(database, row.digest):
            if kept.get(stored.item.key) != stored.item:
                yield Finding(day.minutes.day, stored.name(row.digest), f"is not as in {path.name}")
