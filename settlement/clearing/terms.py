"""Terms of the contract that turn agreed revenue into money owed.

In: agreed VND and an accounting day. Out: fee, VAT part and net payable, each rounded half up exactly once
(reconciliation, Money). Rates come from configuration; the demonstration values are those of no contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

_BASIS = 10_000


class NoVatRateError(ValueError):
    """The configuration names no VAT rate for an accounting day."""


@dataclass(frozen=True, slots=True)
class VatStep:
    """A VAT rate in basis points, in force from a date on."""

    since: date
    rate_bp: int


@dataclass(frozen=True, slots=True)
class Terms:
    """Service fee in basis points, VAT steps in rising order, signed corrections of closed days."""

    fee_bp: int
    vat: tuple[VatStep, ...]
    corrections_vnd: int = 0
    demonstration: bool = False
    """True where at least one value is the built-in one: shown wherever the values show."""

    def vat_rate_bp(self, day: date) -> int:
        """Rate in force on an accounting day; NoVatRateError before the first step."""
        rates = [step.rate_bp for step in self.vat if step.since <= day]
        if not rates:
            raise NoVatRateError(f"no VAT rate for {day}: the first step begins later; add one to `vat`")
        return rates[-1]


DEMONSTRATION = Terms(
    fee_bp=650,
    vat=(VatStep(date.min, 1000), VatStep(date(2025, 7, 1), 800), VatStep(date(2027, 1, 1), 1000)),
    demonstration=True,
)
"""Values without a configuration file (reconciliation, Configuration): for demonstration only."""


@dataclass(frozen=True, slots=True)
class Payable:
    """What a statement ends in, whole VND. `vat_vnd` lies within `agreed_vnd` and is not deducted."""

    agreed_vnd: int
    fee_vnd: int
    vat_vnd: int
    corrections_vnd: int
    net_vnd: int


def half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest integer, halves away from zero."""
    if numerator < 0:
        return -half_up(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def payable(agreed_vnd: int, corrections_vnd: int, day: date, terms: Terms) -> Payable:
    """Fee and VAT part of `agreed_vnd`, and what is left to pay after `corrections_vnd` (added, signed)."""
    fee = half_up(agreed_vnd * terms.fee_bp, _BASIS)
    rate = terms.vat_rate_bp(day)
    vat = half_up(agreed_vnd * rate, _BASIS + rate)
    return Payable(agreed_vnd, fee, vat, corrections_vnd, agreed_vnd - fee + corrections_vnd)
