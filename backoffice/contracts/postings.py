"""Postings and transactions as the ledger holds them, for all who book: the back office, and settlement's decisions.

In: legs. Out: balanced transactions, reversals that name what they take back, what stands of a passage. Pure. A
transaction that does not add up to zero cannot be made; the same id never stands for two different legs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

CHARGE: Final = "charge"
TOP_UP: Final = "top_up"
OPENING: Final = "opening"
REVERSAL: Final = "reversal"
CORRECTION: Final = "correction"


class LedgerError(ValueError):
    """Something that the ledger must not hold; the text names it."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg. `at_us`: when the money moved (a charge: when the vehicle passed), UTC microseconds."""

    posting_id: str
    passage_id: str
    leg: str
    kind: str
    plaza: str
    account: str
    amount_vnd: int
    provider: str
    at_us: int
    reverses: str = ""
    tariff_version: int = 0


@dataclass(frozen=True, slots=True)
class Transaction:
    """Legs that belong together and add up to zero; anything else is refused here."""

    legs: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if len(self.legs) < 2:
            raise LedgerError(f"a transaction needs two legs or more: {self.legs}")
        left_over = sum(leg.amount_vnd for leg in self.legs)
        if left_over:
            raise LedgerError(f"legs of {self.legs[0].posting_id} add up to {left_over} VND, not to zero")
        if len({leg.posting_id for leg in self.legs}) != len(self.legs):
            raise LedgerError(f"two legs of one transaction share the id {self.legs[0].posting_id}")


def posting_id(subject: str, leg: str) -> str:
    """Id of a leg: the passage (or other subject) and the leg's name."""
    return f"{subject}/{leg}"


def reversal(originals: Sequence[Posting], correction_id: str, at_us: int) -> Transaction:
    """Take back a whole transaction: every leg with the opposite sign, naming the leg that it takes back."""
    again = [leg.posting_id for leg in originals if leg.kind == REVERSAL]
    if again:
        raise LedgerError(f"{again[0]} is a reversal itself; book the passage anew instead of reversing twice")
    return Transaction(tuple(_reversed(leg, correction_id, at_us) for leg in originals))


def _reversed(leg: Posting, correction_id: str, at_us: int) -> Posting:
    return replace(
        leg,
        posting_id=posting_id(leg.posting_id, f"reversal:{correction_id}"),
        kind=REVERSAL,
        amount_vnd=-leg.amount_vnd,
        at_us=at_us,
        reverses=leg.posting_id,
    )


def distinct(postings: Iterable[Posting]) -> dict[str, Posting]:
    """Postings by id; LedgerError when one id stands for two different legs."""
    found: dict[str, Posting] = {}
    for posting in postings:
        known = found.setdefault(posting.posting_id, posting)
        if known != posting:
            raise LedgerError(f"{posting.posting_id} stands for two different legs: {known} and {posting}")
    return found


def standing(legs: Sequence[Posting]) -> tuple[Posting, ...]:
    """Legs that are neither reversals nor taken back by one, by id."""
    found = distinct(legs)
    taken_back = {leg.reverses for leg in found.values()}
    return tuple(found[name] for name in sorted(found) if found[name].kind != REVERSAL and name not in taken_back)
