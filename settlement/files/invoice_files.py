"""Data for electronic invoices as XML (form: `invoice.xsd`) and JSON.

In: an `InvoiceBatch`. Out: bytes; equal batches give equal bytes. Both say in their first field that this is data, not
a certified invoice. The sum of the invoices is the ledger's revenue of the period: the batch is refused otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from settlement.clearing.invoices import Adjustment, Goods, Invoice, Party, Pass
from settlement.clearing.tallies import Period
from settlement.clearing.vnd_words import vnd_in_words

FORM: Final = 1
NOTICE: Final = (
    "Dữ liệu để lập hóa đơn điện tử, không phải hóa đơn. Data for an electronic invoice, not a certified invoice:"
    " number, series, tax authority code and signature come from the system that issues it."
)
NOBODY: Final = "Chưa rõ người mua (buyer not known)"
_LOCAL: Final = timezone(timedelta(hours=7))
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Node = tuple[str, dict[str, str], "list[Node] | str"]
"""An element: name, attributes, children or text."""


class NotTheLedgerError(ValueError):
    """The invoices do not add up to the ledger."""


@dataclass(frozen=True, slots=True)
class InvoiceBatch:
    """Invoices of a period. `mode`: `pass` or `month`. `ledger_vnd`, `corrections_vnd`: what the ledger booked."""

    mode: str
    period: Period
    cutoff: str
    seller: Party
    goods: Goods
    invoices: tuple[Invoice, ...]
    adjustments: tuple[Adjustment, ...]
    ledger_vnd: int
    corrections_vnd: int
    demonstration: bool

    def __post_init__(self) -> None:
        total = sum(invoice.total_vnd for invoice in self.invoices)
        changes = sum(one.change_vnd for one in self.adjustments)
        if (total, changes) != (self.ledger_vnd, self.corrections_vnd):
            raise NotTheLedgerError(
                f"invoices {total} VND, ledger {self.ledger_vnd} VND;"
                f" adjustments {changes} VND, ledger {self.corrections_vnd} VND"
            )


def as_json(batch: InvoiceBatch) -> bytes:
    """The batch as one JSON object."""
    content = {
        "form": FORM,
        "notice": NOTICE,
        "mode": batch.mode,
        "demonstration": batch.demonstration,
        "period": {"first": str(batch.period.first), "last": str(batch.period.last), "cutoff": batch.cutoff},
        "seller": _party_json(batch.seller),
        "invoices": [_invoice_json(invoice, batch.goods) for invoice in batch.invoices],
        "adjustments": [
            {"passage_id": a.passage_id, "booked_at": _time(a.booked_at), "change_vnd": a.change_vnd}
            for a in batch.adjustments
        ],
        "totals": _totals(batch),
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _party_json(party: Party | None, account: str = "") -> dict[str, str]:
    known = party or Party(f"Tài khoản {account}" if account else NOBODY)
    content = {"name": known.name, "tax_code": known.tax_code, "address": known.address, "account": account}
    return {key: value for key, value in content.items() if value}


def _invoice_json(invoice: Invoice, goods: Goods) -> dict[str, Any]:
    return {
        "key": invoice.key,
        "buyer": _party_json(invoice.buyer, invoice.account),
        "lines": [_line_json(number, one, goods) for number, one in enumerate(invoice.passes, start=1)],
        "vat": [
            {"rate_bp": p.rate_bp, "before_tax_vnd": p.before_tax_vnd, "vat_vnd": p.vat_vnd, "total_vnd": p.total_vnd}
            for p in invoice.vat
        ],
        "before_tax_vnd": invoice.total_vnd - invoice.vat_vnd,
        "vat_vnd": invoice.vat_vnd,
        "total_vnd": invoice.total_vnd,
        "in_words": vnd_in_words(invoice.total_vnd),
    }


def _line_json(number: int, one: Pass, goods: Goods) -> dict[str, Any]:
    content = {
        "number": number,
        "goods": goods.name,
        "unit": goods.unit,
        "quantity": 1,
        "passage_id": one.passage_id,
        "passed_at": _time(one.passed_at),
        "plaza": one.plaza,
        "lane": one.lane,
        "class": one.vehicle_class,
        "plate": one.plate,
        "provider": one.provider,
        "amount_vnd": one.fare_vnd,
    }
    return {key: value for key, value in content.items() if value not in ("", 0) or key == "amount_vnd"}


def _totals(batch: InvoiceBatch) -> dict[str, int]:
    total = sum(invoice.total_vnd for invoice in batch.invoices)
    vat = sum(invoice.vat_vnd for invoice in batch.invoices)
    return {
        "invoices": len(batch.invoices),
        "passages": sum(len(invoice.passes) for invoice in batch.invoices),
        "before_tax_vnd": total - vat,
        "vat_vnd": vat,
        "total_vnd": total,
        "ledger_revenue_vnd": batch.ledger_vnd,
        "ledger_corrections_vnd": batch.corrections_vnd,
    }


def as_xml(batch: InvoiceBatch) -> bytes:
    """The batch in the form of `invoice.xsd`."""
    attributes = {"form": str(FORM), "mode": batch.mode, "demonstration": str(batch.demonstration).lower()}
    period = {"first": str(batch.period.first), "last": str(batch.period.last), "cutoff": batch.cutoff}
    children: list[Node] = [
        ("Notice", {}, NOTICE),
        ("Seller", {}, _party_xml(_party_json(batch.seller))),
        ("Period", period, []),
        *(_invoice_xml(invoice, batch.goods) for invoice in batch.invoices),
        *(_adjustment_xml(one) for one in batch.adjustments),
        ("Totals", {}, _totals_xml(batch)),
    ]
    lines = "\n".join(_written(("InvoiceData", attributes, children), 0))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{lines}\n'.encode()


def _invoice_xml(invoice: Invoice, goods: Goods) -> Node:
    buyer: Node = ("Buyer", {}, _party_xml(_party_json(invoice.buyer, invoice.account)))
    lines = [_line_xml(number, one, goods) for number, one in enumerate(invoice.passes, start=1)]
    vat: list[Node] = [
        ("Vat", {"rateBasisPoints": str(p.rate_bp)}, _amounts(p.total_vnd, p.vat_vnd)) for p in invoice.vat
    ]
    words: Node = ("InWords", {}, vnd_in_words(invoice.total_vnd))
    return "Invoice", {"key": invoice.key}, [buyer, *lines, *vat, *_amounts(invoice.total_vnd, invoice.vat_vnd), words]


def _amounts(total_vnd: int, vat_vnd: int) -> list[Node]:
    return [
        ("BeforeTax", {}, str(total_vnd - vat_vnd)), ("VatAmount", {}, str(vat_vnd)), ("Total", {}, str(total_vnd)),
    ]  # fmt: skip


def _party_xml(party: dict[str, str]) -> list[Node]:
    names = {"name": "Name", "tax_code": "TaxCode", "address": "Address", "account": "Account"}
    return [(names[key], {}, value) for key, value in party.items()]


def _line_xml(number: int, one: Pass, goods: Goods) -> Node:
    names = {
        "goods": "Goods", "unit": "Unit", "quantity": "Quantity", "passage_id": "PassageId", "passed_at": "PassedAt",
        "plaza": "Plaza", "lane": "Lane", "class": "Class", "plate": "Plate", "provider": "Provider",
        "amount_vnd": "Amount",
    }  # fmt: skip
    content = _line_json(number, one, goods)
    return "Line", {"number": str(number)}, [(names[key], {}, str(content[key])) for key in names if key in content]


def _adjustment_xml(one: Adjustment) -> Node:
    booked = ("BookedAt", dict[str, str](), _time(one.booked_at))
    return "Adjustment", {}, [("PassageId", {}, one.passage_id), booked, ("Change", {}, str(one.change_vnd))]


def _totals_xml(batch: InvoiceBatch) -> list[Node]:
    totals = _totals(batch)
    return [
        ("Invoices", {}, str(totals["invoices"])),
        ("Passages", {}, str(totals["passages"])),
        *_amounts(totals["total_vnd"], totals["vat_vnd"]),
        ("LedgerRevenue", {}, str(batch.ledger_vnd)),
        ("LedgerCorrections", {}, str(batch.corrections_vnd)),
    ]


def _written(node: Node, depth: int) -> Iterator[str]:
    name, attributes, content = node
    space = " " * depth
    head = name + "".join(f" {key}={quoteattr(_clean(value))}" for key, value in attributes.items())
    if isinstance(content, str):
        yield f"{space}<{head}>{escape(_clean(content))}</{name}>"
    elif not content:
        yield f"{space}<{head}/>"
    else:
        yield f"{space}<{head}>"
        for child in content:
            yield from _written(child, depth + 1)
        yield f"{space}</{name}>"


def _clean(text: str) -> str:
    # XML 1.0 cannot hold control characters; a plate read by a camera never has them, a name in a file may.
    return _NOT_XML.sub("\ufffd", text)


def _time(moment: datetime) -> str:
    return moment.astimezone(_LOCAL).isoformat()
