"""What a user does to a dispute, whether by command or over HTTP: the rights, then the event, then what follows.

In: a user, a dispute's id, what is wanted. Out: the dispute as it stands afterwards. Nobody acts without the right to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from settlement.books import disputes
from settlement.books.database import BookDatabase
from settlement.books.users import ACTORS, APPROVERS, User
from settlement.clearing.consequence import due_of
from settlement.clearing.dispute import Event, StepError

RIGHTS: Final[Mapping[str, tuple[str, ...]]] = {
    "assign": ACTORS,
    "evidence": ACTORS,
    "propose": ACTORS,
    "withdraw": ACTORS,
    "approve": APPROVERS,
    "reject": APPROVERS,
}


class NotAllowedError(Exception):
    """The user's role does not give the right."""


def perform(
    database: BookDatabase, name: str, user: User, kind: str, given: Mapping[str, Any], now_us: int
) -> disputes.Dispute:
    """Do it. `given`: owner, link, text, decision, amount_vnd, as far as `kind` needs them."""
    roles = RIGHTS.get(kind)
    if roles is None:
        raise StepError(f"{kind}: one of {', '.join(RIGHTS)}")
    if user.role not in roles:
        raise NotAllowedError(f"{user.name} is {user.role}; {kind} needs one of {', '.join(roles)}")
    found = disputes.dispute(database, name)
    text = str(given.get("text") or "")
    if kind == "approve":
        return disputes.approve(database, found, user.name, now_us, text)
    due_vnd = 0
    if kind == "propose":
        due_vnd = due_of(found.item, str(given.get("decision") or ""), given.get("amount_vnd"))
    event = Event(
        "", 0, kind, user.name, now_us, text, owner=str(given.get("owner") or ""), link=str(given.get("link") or ""),
        decision=str(given.get("decision") or ""), due_vnd=due_vnd,
    )  # fmt: skip
    return disputes.act(database, found, event)
