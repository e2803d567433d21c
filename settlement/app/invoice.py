"""`settlement invoice export`: data for electronic invoices of a day or a month.

In: a period, a database, settings, a folder. Out: XML and JSON, and a monthly list as a report; exit status 0, or 1
and no file where passages and ledger disagree. The sum of the invoices is the ledger's revenue, to the đồng.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from settlement.app.report import Made, Render, found_untied, refusal, write_document
from settlement.clearing.invoices import Invoice, Party, per_month, per_pass
from settlement.clearing.terms import NoVatRateError
from settlement.files.invoice_files import InvoiceBatch, NotTheLedgerError, as_json, as_xml
from settlement.files.writing import write_bytes
from settlement.intake.aggregates import Aggregates, Database, Scope
from settlement.intake.configuration import Configuration
from settlement.intake.problems import UnusableInputError
from settlement.intake.report_settings import ReportSettings
from settlement.reports import invoice_list

UNKNOWN_SELLER: Final = Party("Chưa cấu hình (set parties.operator)")
_READINGS: Final = 3


@dataclass(frozen=True, slots=True)
class InvoiceOrder:
    """`month` (`2026-06`): one invoice per account and month; None: one per pass."""

    scope: Scope
    month: str | None
    now: datetime
    out: Path


def export(
    order: InvoiceOrder,
    database: Database,
    configuration: Configuration,
    settings: ReportSettings,
    renderers: Mapping[str, Render],
) -> Made:
    """Read, tie to the ledger, write."""
    aggregates = Aggregates(database, order.scope)
    untied = found_untied(aggregates)
    if untied:
        return Made(1, (), refusal(untied))
    batch = _read(order, aggregates, configuration, settings)
    order.out.mkdir(parents=True, exist_ok=True)
    name = f"invoices_{order.month or order.scope.period.first}"
    files = [order.out / f"{name}.xml", order.out / f"{name}.json"]
    for path, content in zip(files, (as_xml(batch), as_json(batch)), strict=True):
        write_bytes(path, content)
    if order.month:
        place = settings.place(order.scope.plazas or aggregates.plazas() or configuration.plazas)
        document = invoice_list.document(batch.invoices, order.scope.period.text, place, order.now, batch.demonstration)
        files += write_document(document, order.out, f"invoice-list_{order.month}", ("xlsx", "pdf"), renderers)
    return Made(0, tuple(files))


def _read(
    order: InvoiceOrder, aggregates: Aggregates, configuration: Configuration, settings: ReportSettings
) -> InvoiceBatch:
    """While lanes report, passages arrive between two queries: they are read again."""
    for reading in range(1, _READINGS + 1):
        try:
            return _batch(order, aggregates, configuration, settings)
        except NotTheLedgerError as error:
            if reading == _READINGS:
                raise UnusableInputError(f"{error}; is the back office still taking passages in? Try again") from error
        except NoVatRateError as error:
            raise UnusableInputError(f"--config: {error}") from error
    raise AssertionError("unreachable")  # pragma: no cover


def _batch(
    order: InvoiceOrder, aggregates: Aggregates, configuration: Configuration, settings: ReportSettings
) -> InvoiceBatch:
    ledger = aggregates.ledger()
    return InvoiceBatch(
        mode="month" if order.month else "pass",
        period=order.scope.period,
        cutoff=f"{order.scope.cutoff.at:%H:%M}",
        seller=settings.parties.get("operator", UNKNOWN_SELLER),
        goods=settings.goods,
        invoices=tuple(_invoices(order, aggregates, configuration, settings)),
        adjustments=tuple(aggregates.adjustments()),
        ledger_vnd=sum(line.revenue_vnd for line in ledger),
        corrections_vnd=sum(line.corrections_vnd for line in ledger),
        demonstration=configuration.terms.demonstration,
    )


def _invoices(
    order: InvoiceOrder, aggregates: Aggregates, configuration: Configuration, settings: ReportSettings
) -> list[Invoice]:
    passes = aggregates.passes()
    if order.month is None:
        return per_pass(passes, configuration.terms, settings.buyers)
    return per_month(order.month, passes, configuration.terms, settings.buyers, settings.goods.transactions_max)
