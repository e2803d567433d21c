"""What a decision on a dispute books: refund, recovery, acceptance. Pure.

In: the item, the decided amount, what stands of the passage in the ledger. Out: balanced transactions whose posting ids
are functions of the dispute and the leg, so that nothing is booked twice. Kinds are `reversal` and `correction` alone;
`operator_payable` is never credited without a passage.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from backoffice.contracts import ledger
from backoffice.contracts.postings import CORRECTION, Posting, Transaction, posting_id, reversal, standing
from settlement.clearing.closed_day import ClosedItem, canonical

RECOVERY: Final = "recovery"
REFUND: Final = "refund"
ACCEPTANCE: Final = "acceptance"
DECISIONS: Final = {
    RECOVERY: "truy thu: nhà cung cấp trả số tiền của trạm / the provider pays what the station claims",
    REFUND: "hoàn tiền: trả lại người dùng phần đã thu thừa / what was taken too much goes back to the road user",
    ACCEPTANCE: "chấp nhận: theo số của nhà cung cấp / the operator accepts the provider's figure",
}


class DecisionError(ValueError):
    """A decision that this item does not allow; the text says which it does."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision as it is booked: `due_vnd` is what the provider owes the operator for the item from now on."""

    dispute_id: str
    provider: str
    due_vnd: int
    at_us: int


def posted_vnd(item: ClosedItem) -> int:
    """What the provider has taken and not given back."""
    return item.left_vnd if item.status == "posted" else 0


def due_of(item: ClosedItem, decision: str, amount_vnd: int | None) -> int:
    """What becomes due by a decision; `amount_vnd` None: the decision's own figure. DecisionError where not allowed."""
    figures = {RECOVERY: item.claim_vnd, REFUND: item.agreed_vnd, ACCEPTANCE: posted_vnd(item)}
    if decision not in figures:
        raise DecisionError(f"decision {decision!r}: one of {', '.join(DECISIONS)}")
    due = figures[decision] if amount_vnd is None else amount_vnd
    most = max(item.claim_vnd, posted_vnd(item), item.agreed_vnd + item.disputed_vnd)
    if not 0 <= due <= most:
        raise DecisionError(f"{due:,} VND: for this item 0 to {most:,} VND can be decided")
    if decision == RECOVERY and due <= item.agreed_vnd:
        raise DecisionError(f"recovery: {due:,} VND is not above what is agreed ({item.agreed_vnd:,} VND)")
    if decision == REFUND and due >= posted_vnd(item):
        raise DecisionError(f"refund: the provider holds {posted_vnd(item):,} VND; nothing above {due:,} to give back")
    return due


def transactions(item: ClosedItem, ruling: Ruling, legs: Sequence[Posting]) -> tuple[Transaction, ...]:
    """Everything that the decision books. `legs`: all postings of the item's passage, of any time."""
    booked: list[Transaction] = []
    originals = standing(legs) if item.passed_us >= 0 else ()
    if originals:
        booked.append(reversal(originals, f"dispute:{ruling.dispute_id}", ruling.at_us))
    if ruling.due_vnd:
        booked.append(_due(item, ruling, originals))
    too_much = posted_vnd(item) - ruling.due_vnd
    if too_much > 0:
        disputed = ledger.disputed(item.plaza, ruling.provider)
        booked.append(
            _pair(item, ruling, ("taken", disputed), ("refund", ledger.refund_due(ruling.provider)), too_much, "")
        )
    return tuple(booked)


def _due(item: ClosedItem, ruling: Ruling, originals: Sequence[Posting]) -> Transaction:
    payer = max(originals, key=lambda leg: leg.amount_vnd).account if originals else ""
    debit = ("customer", payer) if payer else ("disputed", ledger.disputed(item.plaza, ruling.provider))
    if item.passage_id:
        credit = ("payable", ledger.operator_payable(item.plaza, ruling.provider))
    else:
        credit = ("accepted", ledger.accepted_toll(item.plaza, ruling.provider))
    return _pair(item, ruling, debit, credit, ruling.due_vnd, item.passage_id)


def _pair(
    item: ClosedItem, ruling: Ruling, debit: tuple[str, str], credit: tuple[str, str], amount_vnd: int, passage_id: str
) -> Transaction:
    subject = f"dispute:{ruling.dispute_id}"
    return Transaction(
        tuple(
            Posting(
                posting_id=posting_id(subject, leg), passage_id=passage_id, leg=leg, kind=CORRECTION, plaza=item.plaza,
                account=account, amount_vnd=amount, provider=ruling.provider, at_us=ruling.at_us,
            )
            for (leg, account), amount in ((debit, amount_vnd), (credit, -amount_vnd))
        )
    )  # fmt: skip


def legs_text(booked: Sequence[Transaction]) -> str:
    """Legs as an approval keeps them."""
    return canonical([asdict(leg) for transaction in booked for leg in transaction.legs]).decode()


def legs_from(text: str) -> tuple[Posting, ...]:
    """Legs of an approval; ValueError where the text holds none."""
    try:
        return tuple(Posting(**leg) for leg in json.loads(text or "[]"))
    except TypeError as error:
        raise ValueError(f"not legs of a decision: {error}") from error
