"""A dispute over an item of a closed day (xử lý sai lệch): what may happen to it, and how it stands. Pure.

In: events in order. Out: the state, or `StepError`. The table `STEPS` says everything: what is not in it cannot happen.
No decision is made by one person alone: who approves or rejects is never who proposed (four eyes).
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from settlement.clearing.closed_day import ClosedItem, canonical

OPEN: Final = "open"
ASSIGNED: Final = "assigned"
PROPOSED: Final = "proposed"
DECIDED: Final = "decided"
SETTLED: Final = "settled"
"""Not reached by an event: rows that came late left nothing to decide."""
STATES: Final = {
    OPEN: "chưa ai nhận",
    ASSIGNED: "đang xử lý",
    PROPOSED: "chờ duyệt",
    DECIDED: "đã quyết định",
    SETTLED: "hết tranh chấp",
}
STEPS: Final[Mapping[tuple[str, str], str]] = {
    (OPEN, "assign"): ASSIGNED,
    (OPEN, "evidence"): OPEN,
    (ASSIGNED, "assign"): ASSIGNED,
    (ASSIGNED, "evidence"): ASSIGNED,
    (ASSIGNED, "propose"): PROPOSED,
    (PROPOSED, "evidence"): PROPOSED,
    (PROPOSED, "withdraw"): ASSIGNED,
    (PROPOSED, "reject"): ASSIGNED,
    (PROPOSED, "approve"): DECIDED,
}
"""(state, event) → state. DECIDED and SETTLED have no way out: a decision is never undone."""
AGES_DAYS: Final = (0, 1, 3, 7, 15)
"""Ageing: a dispute stands under the largest of these that it has reached."""
DAY_US: Final = 24 * 3600 * 1_000_000


class StepError(ValueError):
    """Something that may not happen to a dispute; the text says why and what may."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a person did. `number`: from 1 within the dispute; `previous`: digest of the one before, or empty.

    `owner`: of assign. `link`: of evidence. `decision`, `due_vnd`: of propose and approve. `legs`: of approve, what it
    books in the ledger, as `consequence.legs_text` writes it.
    """

    dispute_id: str
    number: int
    kind: str
    user: str
    at_us: int
    text: str = ""
    owner: str = ""
    link: str = ""
    decision: str = ""
    due_vnd: int = 0
    legs: str = ""
    previous: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over every field."""
        return hashlib.sha256(canonical(asdict(self))).hexdigest()


def event_from(content: Mapping[str, Any]) -> Event:
    """The event of a JSON object; ValueError where it is none."""
    names = {one.name: int if one.type == "int" else str for one in fields(Event)}
    if content.keys() != names.keys() or any(type(content[name]) is not kind for name, kind in names.items()):
        raise ValueError("not an event of a dispute")
    return Event(**content)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a dispute stands after its events."""

    state: str = OPEN
    owner: str = ""
    proposal: Event | None = None
    approval: Event | None = None
    evidence: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()


def dispute_id(provider: str, day: str, key: str) -> str:
    """Names the dispute over an item of a day: `20260615-3fa94c0b71de`."""
    return f"{day.replace('-', '')}-{hashlib.sha256(canonical([provider, day, key])).hexdigest()[:12]}"


def fold(events: Sequence[Event]) -> Standing:
    """The standing after all events; StepError at the first that may not have happened."""
    standing = Standing()
    for event in events:
        standing = step(standing, event)
    return standing


def step(standing: Standing, event: Event) -> Standing:
    """One event more."""
    state = STEPS.get((standing.state, event.kind))
    if state is None:
        may = sorted(kind for at, kind in STEPS if at == standing.state)
        raise StepError(f"{event.kind}: not possible while {standing.state}; possible: {', '.join(may) or 'nothing'}")
    _numbered(standing, event)
    _complete(standing, event)
    return Standing(
        state=state,
        owner=event.owner or standing.owner,
        proposal=event if event.kind == "propose" else standing.proposal if state in (PROPOSED, DECIDED) else None,
        approval=event if event.kind == "approve" else standing.approval,
        evidence=(*standing.evidence, event.link) if event.kind == "evidence" else standing.evidence,
        events=(*standing.events, event),
    )


def _numbered(standing: Standing, event: Event) -> None:
    last = standing.events[-1] if standing.events else None
    if event.number != len(standing.events) + 1 or event.previous != (last.digest if last else ""):
        raise StepError(f"event {event.number} does not follow the one before")


def _complete(standing: Standing, event: Event) -> None:
    if not event.user.strip():
        raise StepError("say who does this")
    needed = {"assign": "owner", "evidence": "link", "propose": "text", "reject": "text"}.get(event.kind)
    if needed and not getattr(event, needed).strip():
        raise StepError(f"{event.kind}: {needed} is missing")
    proposal = standing.proposal
    if event.kind in ("approve", "reject") and proposal and same_person(proposal.user, event.user):
        raise StepError(f"{event.user} proposed this; another person must {event.kind} it (bốn mắt / four eyes)")
    if event.kind == "withdraw" and proposal and not same_person(proposal.user, event.user):
        raise StepError(f"only {proposal.user} can withdraw this; another person can reject it")
    proposed = proposal and (proposal.decision, proposal.due_vnd)
    if event.kind == "approve" and (event.decision, event.due_vnd) != proposed:
        raise StepError("what is approved is not what was proposed")


def same_person(one: str, other: str) -> bool:
    """Names compare without letter case, width and spaces."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def age_days(opened_us: int, now_us: int) -> int:
    """The ageing step that a dispute has reached: 0, 1, 3, 7 or 15."""
    days = max(0, now_us - opened_us) // DAY_US
    return max(step for step in AGES_DAYS if step <= days)


def needs_decision(item: ClosedItem) -> bool:
    """Whether an item is in dispute."""
    return item.disputed_vnd > 0
