"""Closed days and disputes as JSON objects.

In: values of the books. Out: dictionaries of plain values, the same for commands and HTTP. Times are ISO 8601 UTC.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from settlement.books.disputes import Dispute
from settlement.clearing.closed_day import ClosedDay, moment_of
from settlement.clearing.dispute import ASSIGNED, DAY_US, OPEN, PROPOSED, STATES, STEPS, age_days

PENDING: Final = (OPEN, ASSIGNED, PROPOSED)


def matches(found: Dispute, state: str) -> bool:
    """Whether a dispute is in a state; `all`: any, `pending`: a person has to act."""
    return state in ("all", found.state) or (state == "pending" and found.state in PENDING)


def dispute_view(found: Dispute, now_us: int, deadline_days: int) -> dict[str, Any]:
    """Everything about one dispute."""
    standing = found.standing
    deadline_us = found.opened_us + deadline_days * DAY_US
    pending = found.state in PENDING
    proposal = standing.proposal if found.state == PROPOSED else None
    return {
        "dispute_id": found.dispute_id,
        "provider": found.provider,
        "day": found.day.isoformat(),
        "key": found.first.key,
        "code": found.first.code,
        "state": found.state,
        "state_vi": STATES[found.state],
        "owner": standing.owner,
        "opened_at": _time(found.opened_us),
        "age_days": age_days(found.opened_us, now_us),
        "deadline": _time(deadline_us),
        "overdue": pending and now_us > deadline_us,
        "disputed_vnd": found.item.disputed_vnd if pending else found.first.disputed_vnd,
        "agreed_vnd": found.item.agreed_vnd,
        "evidence": list(standing.evidence),
        "proposal": None if proposal is None else _proposal(asdict(proposal)),
        "decision": None if standing.approval is None else _proposal(asdict(standing.approval)),
        "legs": json.loads(standing.approval.legs) if standing.approval else [],
        "may": sorted(kind for state, kind in STEPS if state == standing.state) if pending else [],
        "item": asdict(found.item),
        "events": [
            {**{k: v for k, v in asdict(one).items() if v and k != "legs"}, "at": _time(one.at_us)}
            for one in standing.events
        ],
    }


def _proposal(event: dict[str, Any]) -> dict[str, Any]:
    return {name: event[name] for name in ("decision", "due_vnd", "user", "text")}


def _time(us: int) -> str:
    moment = moment_of(us)
    return "" if moment is None else moment.isoformat().replace("+00:00", "Z")


def day_view(day: ClosedDay) -> dict[str, Any]:
    """Minutes and signatures of a closed day; items only where they were read."""
    return {
        "provider": day.provider,
        "day": day.minutes.day,
        "digest": day.minutes.digest,
        "closed_at": _time(day.minutes.made_us),
        "net_vnd": day.net_vnd,
        "signatures": {"operator": day.operator_signature, "provider": day.provider_signature},
        "minutes": day.minutes.content,
        **({"items": [asdict(item) for item in day.items]} if day.items else {}),
    }
