"""Data for electronic invoices: one per pass, or one per buyer and month with its passes.

In: charged passages, VAT by date, buyers. Out: invoices whose totals are the fares, with the VAT that they contain
(rounded half up once per invoice and rate). This is data for an invoice, never a certified one: number, series, code of
the tax authority and signature belong to the system that issues it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from settlement.clearing.terms import Terms, half_up

_BASIS = 10_000


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys; an empty tax code is not known."""

    name: str
    tax_code: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Goods:
    """How the goods line reads, and how many passes one invoice may hold (what one provider is known to allow)."""

    name: str = "Phí sử dụng dịch vụ đường bộ"
    unit: str = "lượt"
    transactions_max: int = 1_000


BUILTIN_GOODS: Final = Goods()


@dataclass(frozen=True, slots=True)
class Pass:
    """A charged passage. `account` empty: nobody is known to pay yet."""

    passage_id: str
    day: date
    passed_at: datetime
    plaza: str
    lane: str
    vehicle_class: int
    plate: str
    account: str
    provider: str
    fare_vnd: int


@dataclass(frozen=True, slots=True)
class VatPart:
    """What of an invoice stands under one rate: `total_vnd` = `before_tax_vnd` + `vat_vnd`."""

    rate_bp: int
    total_vnd: int
    vat_vnd: int

    @property
    def before_tax_vnd(self) -> int:
        """The price without the tax."""
        return self.total_vnd - self.vat_vnd


@dataclass(frozen=True, slots=True)
class Invoice:
    """`key` names it for ever: the passage, or month, account and part."""

    key: str
    account: str
    buyer: Party | None
    passes: tuple[Pass, ...]
    vat: tuple[VatPart, ...]

    @property
    def total_vnd(self) -> int:
        """What the buyer paid, tax within."""
        return sum(part.total_vnd for part in self.vat)

    @property
    def vat_vnd(self) -> int:
        """Tax within the total."""
        return sum(part.vat_vnd for part in self.vat)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A correction of the ledger within the period: the pass that it is about, and by how much its price changed."""

    passage_id: str
    booked_at: datetime
    change_vnd: int


def per_pass(passes: Sequence[Pass], terms: Terms, buyers: Mapping[str, Party]) -> list[Invoice]:
    """One invoice per charged passage, in their order."""
    return [_invoice(one.passage_id, one.account, (one,), terms, buyers) for one in passes]


def per_month(
    month: str, passes: Sequence[Pass], terms: Terms, buyers: Mapping[str, Party], most: int
) -> list[Invoice]:
    """Invoices of a month (`2026-06`) by account, each of at most `most` passes; without account: one per pass."""
    groups: dict[str, list[Pass]] = defaultdict(list)
    for one in passes:
        groups[one.account].append(one)
    nobody = groups.pop("", [])
    invoices = [
        _invoice(f"{month}/{account}/{number // most + 1}", account, tuple(mine[number : number + most]), terms, buyers)
        for account, mine in sorted(groups.items())
        for number in range(0, len(mine), most)
    ]
    return invoices + per_pass(nobody, terms, buyers)


def _invoice(key: str, account: str, passes: tuple[Pass, ...], terms: Terms, buyers: Mapping[str, Party]) -> Invoice:
    totals: dict[int, int] = defaultdict(int)
    for one in passes:
        totals[terms.vat_rate_bp(one.day)] += one.fare_vnd
    parts = (VatPart(rate, total, half_up(total * rate, _BASIS + rate)) for rate, total in sorted(totals.items()))
    return Invoice(key, account, buyers.get(account), passes, tuple(parts))
