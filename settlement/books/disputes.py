"""Disputes of closed days: found from the items, carried on by events, ended by a decision that is booked once.

In: what people do. Out: disputes as they stand. An event is written once per number: of two people who act at the same
moment one is told so. The approval is the commit point: what it books is fixed in it and can be written any number of
times; killed in between, the next command finishes it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from settlement.books import closings, ledger
from settlement.books.corrections import corrections_of, write_corrections
from settlement.books.database import BookDatabase
from settlement.clearing import consequence
from settlement.clearing.closed_day import ITEM_FIELDS, ClosedItem, Correction, canonical, minutes_from
from settlement.clearing.dispute import (
    DECIDED,
    SETTLED,
    Event,
    Standing,
    StepError,
    dispute_id,
    event_from,
    fold,
    needs_decision,
    step,
)
from settlement.clearing.late_rows import DECISION, Change, correction_of, decision_item, in_force

_ATTEMPTS: Final = 10
_ITEM_COLUMNS: Final = ", ".join(f"i.{name}" for name in ITEM_FIELDS)


class ConflictError(StepError):
    """Somebody else acted on the dispute first; look again."""


class UnknownDisputeError(LookupError):
    """There is no dispute with this id."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute as it stands. `item`: as corrections have left it; `first`: as it was when the dispute began."""

    dispute_id: str
    provider: str
    day: date
    opened_us: int
    first: ClosedItem
    item: ClosedItem
    standing: Standing

    @property
    def state(self) -> str:
        """State of the machine, or settled where late rows left nothing to decide."""
        undecided = self.standing.state != DECIDED
        return SETTLED if undecided and not needs_decision(self.item) else self.standing.state


def disputes(database: BookDatabase, provider: str | None = None, day: date | None = None) -> list[Dispute]:
    """Every dispute, by day and item."""
    events = _events(database, None if day is None else f"{day:%Y%m%d}-")
    names = closings.providers(database) if provider is None else [provider]
    return [found for name in names for found in _of_provider(database, name, day, events)]


def dispute(database: BookDatabase, name: str) -> Dispute:
    """One dispute; UnknownDisputeError where there is none."""
    try:
        day = date(int(name[:4]), int(name[4:6]), int(name[6:8]))
    except ValueError as error:
        raise UnknownDisputeError(f"{name!r} is no id of a dispute such as 20260615-3fa94c0b71de") from error
    found = next((one for one in disputes(database, day=day) if one.dispute_id == name), None)
    if found is None:
        raise UnknownDisputeError(f"no dispute {name}; see `settlement dispute list`")
    return found


def dispute_ids(database: BookDatabase) -> list[str]:
    """Ids of all disputes that there are, whatever stands in the table of events."""
    return [
        found.dispute_id for name in closings.providers(database) for found in _of_provider(database, name, None, {})
    ]


def stored_events(database: BookDatabase) -> list[tuple[str, int, str, str]]:
    """(dispute id, number, content, digest) as they stand."""
    sql = (
        "SELECT dispute_id, number, content, digest FROM settlement_dispute_events ORDER BY dispute_id, number, digest"
    )
    return [(row[0], row[1], row[2], row[3]) for row in database.rows(sql)]


def act(database: BookDatabase, found: Dispute, event: Event) -> Dispute:
    """Write one event. StepError: it may not happen. ConflictError: somebody was first."""
    if found.state == SETTLED:
        raise StepError("rows that came late settled this dispute; there is nothing to decide any more")
    numbered = next_event(found, event)
    standing = step(found.standing, numbered)
    columns: dict[str, list[Any]] = {
        "dispute_id": [numbered.dispute_id], "number": [numbered.number],
        "content": [canonical(asdict(numbered)).decode()], "digest": [numbered.digest],
    }  # fmt: skip
    database.insert("settlement_dispute_events", columns, token=f"{numbered.dispute_id}/{numbered.number}")
    sql = "SELECT digest FROM settlement_dispute_events WHERE dispute_id = %(id)s AND number = %(number)s"
    held = database.rows(sql, {"id": numbered.dispute_id, "number": numbered.number})
    if [row[0] for row in held] != [numbered.digest]:
        raise ConflictError("somebody else acted on this dispute at the same time; look at it again")
    return replace(found, standing=standing)


def next_event(found: Dispute, event: Event) -> Event:
    """The event with its number and the digest of the one before."""
    events = found.standing.events
    return replace(
        event, dispute_id=found.dispute_id, number=len(events) + 1, previous=events[-1].digest if events else ""
    )


def approve(database: BookDatabase, found: Dispute, user: str, at_us: int, text: str = "") -> Dispute:
    """Approve what was proposed and book its consequence: ledger, and a correction for the next open day."""
    proposal = found.standing.proposal
    if proposal is None:
        raise StepError(f"approve: nothing is proposed (the dispute is {found.state})")
    ruling = consequence.Ruling(found.dispute_id, found.provider, proposal.due_vnd, at_us)
    legs = ledger.legs_of(database, found.item.passage_id)
    booked = consequence.transactions(found.item, ruling, legs)
    event = Event(
        "", 0, "approve", user, at_us, text, decision=proposal.decision, due_vnd=proposal.due_vnd,
        legs=consequence.legs_text(booked),
    )  # fmt: skip
    decided = act(database, found, event)
    finish(database, decided)
    return decided


def finish(database: BookDatabase, found: Dispute) -> Correction | None:
    """Book what an approval decided, as far as it is not booked yet; the correction that was written now."""
    approval = found.standing.approval
    if approval is None:
        return None
    legs = consequence.legs_from(approval.legs)
    if legs:
        ledger.write_legs(database, legs)
    for _ in range(_ATTEMPTS):
        booked = corrections_of(database, found.provider, found.day)
        if any(one.dispute_id == found.dispute_id for one in booked):
            return None
        made = _correction(database, found, approval, booked)
        if write_corrections(database, [made]):
            return made
    raise ConflictError("others book corrections of this day all the time; run `settlement dispute resume`")


def finish_all(database: BookDatabase, provider: str | None = None) -> list[Correction]:
    """Book what was approved but not booked because a program was killed."""
    waiting = [found for found in disputes(database, provider) if found.standing.state == DECIDED]
    names = {found.provider for found in waiting}
    done = {one.dispute_id for name in names for one in corrections_of(database, name)}
    made = [finish(database, found) for found in waiting if found.dispute_id not in done]
    return [one for one in made if one is not None]


def _correction(database: BookDatabase, found: Dispute, approval: Event, booked: list[Correction]) -> Correction:
    frozen = closings.closed_day(database, found.provider, found.day)
    if frozen is None:
        raise UnknownDisputeError(f"{found.day} of {found.provider} is not closed")
    standing = {item.key: item for item in in_force(frozen.items, booked)}
    item = standing[found.item.key]
    due = max(approval.due_vnd, item.agreed_vnd) if item.disputed_vnd == 0 else approval.due_vnd
    change = Change(
        originals=(item.key,),
        late=(),
        agreed_vnd=due - item.agreed_vnd,
        disputed_vnd=-item.disputed_vnd,
        note=f"{approval.decision} {found.dispute_id}",
        items=(decision_item(item, due),),
    )
    return correction_of(frozen.minutes, booked, change, DECISION, found.dispute_id, (approval.user, approval.at_us))


def _events(database: BookDatabase, prefix: str | None) -> dict[str, list[Event]]:
    sql = "SELECT dispute_id, content FROM settlement_dispute_events"
    sql += " WHERE startsWith(dispute_id, %(prefix)s)" if prefix else ""
    found: dict[str, list[Event]] = defaultdict(list)
    for name, content in database.rows(sql + " ORDER BY dispute_id, number", {"prefix": prefix or ""}):
        found[name].append(event_from(json.loads(content)))
    return found


def _of_provider(
    database: BookDatabase, provider: str, day: date | None, events: dict[str, list[Event]]
) -> Iterable[Dispute]:
    corrections: dict[str, list[Correction]] = defaultdict(list)
    for one in corrections_of(database, provider, day):
        corrections[one.original_day].append(one)
    for closed, opened_us, frozen in _disputed_items(database, provider, day):
        later = corrections[closed.isoformat()]
        first = {item.key: (item, opened_us) for item in frozen}
        for one in later:
            for item in one.items:
                if needs_decision(item):
                    first.setdefault(item.key, (item, one.booked_us))
        now = _now(frozen, later)
        for key in sorted(first):
            name = dispute_id(provider, closed.isoformat(), key)
            item, began_us = first[key]
            standing = fold(events.get(name, []))
            ended = replace(item, disputed_vnd=0)
            yield Dispute(name, provider, closed, began_us, item, now.get(key, ended), standing)


def _now(frozen: list[ClosedItem], corrections: list[Correction]) -> dict[str, ClosedItem]:
    """As `in_force`, for the disputed items and whatever corrections brought."""
    return {item.key: item for item in in_force(frozen, corrections)}


def _disputed_items(
    database: BookDatabase, provider: str, day: date | None
) -> list[tuple[date, int, list[ClosedItem]]]:
    """(day, when it was closed, its items in dispute) of every closed day."""
    chosen = "" if day is None else "AND day = %(day)s"
    sql = f"SELECT DISTINCT day FROM settlement_closings WHERE provider = %(provider)s {chosen} ORDER BY day"  # noqa: S608
    values = {"provider": provider, "day": day or ""}
    days = {}
    for (closed,) in database.rows(sql, values):
        closing = closings.closing_of(database, provider, closed)
        if closing is not None:
            days[closing.digest] = (closed, minutes_from(closing.minutes).made_us)
    items: dict[str, list[ClosedItem]] = defaultdict(list)
    if days:
        sql = f"""
        SELECT i.run, {_ITEM_COLUMNS} FROM settlement_items AS i
        WHERE i.run IN %(runs)s AND i.disputed_vnd > 0 ORDER BY i.run, i.key
        """  # noqa: S608
        for row in database.rows(sql, {"runs": tuple(days)}):
            items[row[0]].append(ClosedItem(*row[1:]))
    return [(closed, made_us, items[run]) for run, (closed, made_us) in days.items()]
