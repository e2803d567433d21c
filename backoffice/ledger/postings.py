"""Postings and transactions: what a charge, a top-up or a correction books. Pure.

In: charges and amounts. Out: balanced transactions whose posting ids are a function of what they book, so that booking
twice changes nothing. Debit is positive, credit negative. A transaction that does not add up to zero cannot be made.
Service fee and VAT are not booked per passage: they are rounded once per statement, by settlement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from backoffice.contracts import ledger

CHARGE: Final = "charge"
TOP_UP: Final = "top_up"
OPENING: Final = "opening"
REVERSAL: Final = "reversal"
CORRECTION: Final = "correction"


class Charge(Protocol):
    """What rating gives for a passage that debits somebody; an empty account: the amount stands in suspense."""

    @property
    def passage_id(self) -> str:
        """Passage that is charged."""

    @property
    def plaza(self) -> str:
        """Plaza that earned the toll."""

    @property
    def provider(self) -> str:
        """Issuer of the tag."""

    @property
    def account(self) -> str:
        """Traffic account that pays, or empty."""

    @property
    def amount_vnd(self) -> int:
        """Whole VND from 0."""

    @property
    def tariff_version(self) -> int:
        """Tariff that was in force."""


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


def charge(charged: Charge, at_us: int) -> Transaction:
    """A passage: debit who pays (or suspense), credit what the provider owes the operator."""
    payer = ledger.customer(charged.account) if charged.account else ledger.suspense(charged.plaza)
    payable = ledger.operator_payable(charged.plaza, charged.provider)
    name, plaza, provider = charged.passage_id, charged.plaza, charged.provider
    amount, version = charged.amount_vnd, charged.tariff_version
    debit = Posting(
        posting_id(name, "customer"), name, "customer", CHARGE, plaza, payer, amount, provider, at_us, "", version
    )
    credit = Posting(
        posting_id(name, "payable"), name, "payable", CHARGE, plaza, payable, -amount, provider, at_us, "", version
    )
    return Transaction((debit, credit))


def top_up(account: str, provider: str, amount_vnd: int, subject: str, at_us: int, kind: str = TOP_UP) -> Transaction:
    """Money paid in: debit cash-in, credit the customer. `subject` names the payment: the same one books once."""
    if amount_vnd <= 0:
        raise LedgerError(f"a top-up of {amount_vnd} VND; the amount must be above 0")
    cash = ledger.cash_in(provider)
    customer = ledger.customer(account)
    return Transaction(
        (
            Posting(posting_id(subject, "cash"), "", "cash", kind, "", cash, amount_vnd, provider, at_us),
            Posting(posting_id(subject, "customer"), "", "customer", kind, "", customer, -amount_vnd, provider, at_us),
        )
    )


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


def corrected_charge(charged: Charge, correction_id: str, at_us: int) -> Transaction:
    """What is booked in place of a reversed charge, on the day of the correction."""
    legs = charge(charged, at_us).legs
    named = (
        replace(p, posting_id=posting_id(p.posting_id, f"correction:{correction_id}"), kind=CORRECTION) for p in legs
    )
    return Transaction(tuple(named))


def distinct(postings: Iterable[Posting]) -> dict[str, Posting]:
    """Postings by id; LedgerError when one id stands for two different legs."""
    found: dict[str, Posting] = {}
    for posting in postings:
        known = found.setdefault(posting.posting_id, posting)
        if known != posting:
            raise LedgerError(f"{posting.posting_id} stands for two different legs: {known} and {posting}")
    return found


def balances(postings: Iterable[Posting]) -> dict[str, int]:
    """Sum of the distinct legs of each account; a customer's available money is the negative of it."""
    sums: dict[str, int] = {}
    for posting in distinct(postings).values():
        sums[posting.account] = sums.get(posting.account, 0) + posting.amount_vnd
    return sums
