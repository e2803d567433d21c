"""Postings and transactions: what a charge, a top-up or a correction books. Pure.

In: charges and amounts. Out: balanced transactions whose posting ids are a function of what they book, so that booking
twice changes nothing. Debit is positive, credit negative. A transaction that does not add up to zero cannot be made.
Service fee and VAT are not booked per passage: they are rounded once per statement, by settlement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from backoffice.contracts import ledger
from backoffice.contracts.postings import (
    CHARGE,
    CORRECTION,
    OPENING,
    REVERSAL,
    TOP_UP,
    LedgerError,
    Posting,
    Transaction,
    distinct,
    posting_id,
    reversal,
)

__all__ = [
    "CHARGE", "CORRECTION", "OPENING", "REVERSAL", "TOP_UP", "Charge", "LedgerError", "Posting", "Transaction",
    "balances", "charge", "corrected_charge", "distinct", "posting_id", "reversal", "top_up",
]  # fmt: skip


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


def corrected_charge(charged: Charge, correction_id: str, at_us: int) -> Transaction:
    """What is booked in place of a reversed charge, on the day of the correction."""
    legs = charge(charged, at_us).legs
    named = (
        replace(p, posting_id=posting_id(p.posting_id, f"correction:{correction_id}"), kind=CORRECTION) for p in legs
    )
    return Transaction(tuple(named))


def balances(postings: Iterable[Posting]) -> dict[str, int]:
    """Sum of the distinct legs of each account; a customer's available money is the negative of it."""
    sums: dict[str, int] = {}
    for posting in distinct(postings).values():
        sums[posting.account] = sums.get(posting.account, 0) + posting.amount_vnd
    return sums
