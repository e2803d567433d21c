"""Has anything been done to disputes that nobody was allowed to do? Events, decisions, postings, corrections. Pure.

In: events and postings as they stand, corrections, ids of the disputes that there are. Out: findings that name the row.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from backoffice.contracts.postings import Posting
from settlement.clearing.closed_day import Correction
from settlement.clearing.consequence import legs_from
from settlement.clearing.dispute import Event, Standing, StepError, event_from, step
from settlement.clearing.late_rows import DECISION
from settlement.clearing.verifying import Finding

EventRow = tuple[str, int, str, str]
"""(dispute id, number, content, digest) as they stand."""


def event_findings(rows: Iterable[EventRow], known: Iterable[str]) -> tuple[list[Finding], dict[str, Event]]:
    """(findings, approval of each decided dispute). `known`: ids of all disputes of closed days."""
    groups: dict[str, list[EventRow]] = defaultdict(list)
    for row in rows:
        groups[row[0]].append(row)
    there = set(known)
    found: list[Finding] = []
    approvals: dict[str, Event] = {}
    for name, events in groups.items():
        if name not in there:
            found.append(Finding(_day(name), f"settlement_dispute_events {name}", "there is no such dispute"))
        standing = Standing()
        for row in events:
            try:
                standing = step(standing, _event(row))
            except (StepError, ValueError) as error:
                found.append(Finding(_day(name), f"settlement_dispute_events {name} number={row[1]}", str(error)))
                break
        if standing.approval is not None:
            approvals[name] = standing.approval
    return found, approvals


def _event(row: EventRow) -> Event:
    event = event_from(json.loads(row[2]))
    if (event.dispute_id, event.number) != row[:2]:
        raise ValueError(f"its content is that of {event.dispute_id} number {event.number}")
    if event.digest != row[3]:
        raise ValueError("was altered: its digest is another")
    return event


def _day(name: str) -> str:
    return f"{name[:4]}-{name[4:6]}-{name[6:8]}"


def consequence_findings(
    approvals: Mapping[str, Event], corrections: Sequence[Correction], postings: Sequence[Posting] | None
) -> Iterator[Finding]:
    """Each decision is booked once, as it was approved; nothing is booked for a dispute without an approval.

    `postings`: all legs booked for disputes; None where the database holds no ledger.
    """
    booked = {leg.posting_id: leg for leg in postings or ()}
    due = {leg.posting_id: leg for event in approvals.values() for leg in legs_from(event.legs)}
    for name, event in approvals.items():
        for leg in legs_from(event.legs) if postings is not None else ():
            if booked.get(leg.posting_id) != leg:
                what = "is missing" if leg.posting_id not in booked else "is not as it was approved"
                what = f"{what} (dispute {name}); run `settlement dispute resume`" if "missing" in what else what
                yield Finding(_day(name), f"postings {leg.posting_id}", what)
        made = [one for one in corrections if one.dispute_id == name]
        if len(made) != 1:
            what = f"approved, and {len(made)} corrections booked; run `settlement dispute resume`"
            yield Finding(_day(name), f"settlement_corrections of dispute {name}", what)
    for posting_id in sorted(booked.keys() - due.keys()):
        yield Finding("", f"postings {posting_id}", "booked for a dispute, but nobody approved it")
    for one in corrections:
        if one.cause == DECISION and one.dispute_id not in approvals:
            what = f"names a decision on {one.dispute_id}, but nobody approved it"
            yield Finding(one.original_day, f"settlement_corrections {one.correction_id}", what)
