"""The list of a month's invoice data (bảng kê) as a `Document`.

In: invoices. Out: a line per invoice with the tax within. It lists data for invoices, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from settlement.clearing.invoices import Invoice
from settlement.clearing.vnd_words import vnd_in_words
from settlement.reports.document import Cell, Column, Document, Fact, Kind, Section
from settlement.reports.wording import DEMONSTRATION, grouped, percent

NOTE: Final = "Dữ liệu để lập hóa đơn điện tử, không phải hóa đơn (data for invoices, not certified invoices)."


def document(invoices: Sequence[Invoice], period: str, place: str, made_at: datetime, demonstration: bool) -> Document:
    """The list; `demonstration`: the VAT rates are those of no contract."""
    total = sum(invoice.total_vnd for invoice in invoices)
    vat = sum(invoice.vat_vnd for invoice in invoices)
    return Document(
        title=f"Bảng kê dữ liệu hóa đơn điện tử {period}",
        english="List of data for electronic invoices",
        warning=DEMONSTRATION if demonstration else "",
        facts=(
            Fact("Trạm", "Plaza", place),
            Fact("Kỳ (ngày đối soát)", "Period (accounting days)", period),
            Fact("Tính chất", "Nature", NOTE),
            Fact("Số dữ liệu hóa đơn", "Invoices", grouped(len(invoices))),
            Fact("Số lượt xe", "Passages", grouped(sum(len(invoice.passes) for invoice in invoices))),
            Fact("Tiền trước thuế", "Before tax", amount_vnd=total - vat),
            Fact("Thuế GTGT", "VAT", amount_vnd=vat),
            Fact("Tổng cộng", "Total", amount_vnd=total, strong=True),
            Fact("Bằng chữ", "In words", vnd_in_words(total)),
        ),
        sections=(_list(invoices, total, vat), _rates(invoices)),
        made_at=made_at,
        place=place,
        period=f"Kỳ {period}",
    )


def _list(invoices: Sequence[Invoice], total: int, vat: int) -> Section:
    columns = (
        Column("Khóa", "key", width=1.7),
        Column("Người mua", "buyer", width=2.0),
        Column("Mã số thuế", "tax code"),
        Column("Lượt xe", "passages", Kind.COUNT, 0.7),
        Column("Trước thuế", "before tax", Kind.VND),
        Column("Thuế GTGT", "VAT", Kind.VND),
        Column("Tổng cộng", "total", Kind.VND),
        Column("Bằng chữ", "in words", width=2.6),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            one.key,
            one.buyer.name if one.buyer else (one.account or "–"),
            one.buyer.tax_code if one.buyer else "",
            len(one.passes),
            one.total_vnd - one.vat_vnd,
            one.vat_vnd,
            one.total_vnd,
            vnd_in_words(one.total_vnd),
        )
        for one in invoices
    ]
    passages = sum(len(one.passes) for one in invoices)
    sums: tuple[Cell, ...] = ("Cộng", None, None, passages, total - vat, vat, total, None)
    return Section("Từng hóa đơn", "Invoices", columns, rows, sums, note=NOTE)


def _rates(invoices: Sequence[Invoice]) -> Section:
    columns = (
        Column("Thuế suất", "VAT rate"),
        Column("Trước thuế", "before tax", Kind.VND),
        Column("Thuế GTGT", "VAT", Kind.VND),
        Column("Tổng cộng", "total", Kind.VND),
    )
    parts = [part for one in invoices for part in one.vat]
    rows: list[tuple[Cell, ...]] = []
    for rate in sorted({part.rate_bp for part in parts}):
        total = sum(part.total_vnd for part in parts if part.rate_bp == rate)
        vat = sum(part.vat_vnd for part in parts if part.rate_bp == rate)
        rows.append((percent(rate), total - vat, vat, total))
    return Section("Theo thuế suất", "By VAT rate", columns, rows)
