"""`settlement invoice`: data for electronic invoices.

In: arguments. Out: files and an exit status: 0 done, 1 passages and ledger disagree, 2 something that cannot be used.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from settlement.app.given import configuration_of, moment_of, unusable
from settlement.app.report_command import day_period, month_period, say
from settlement.intake.problems import UnusableInputError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Dữ liệu hóa đơn điện tử. Data for electronic invoices: not certified invoices.

Number, series, code of the tax authority and signature come from the system that issues invoices; this gives it
sellers, buyers, lines, VAT and amounts in words. The form of the XML is `settlement/files/invoice.xsd`.""",
)


@app.callback()
def _invoice() -> None:
    """Keeps `invoice` a group of commands."""


@app.command(
    epilog="Ví dụ: `settlement invoice export --month 2026-06 --config tram.json"
    " --database clickhouse://reader:secret@127.0.0.1:9000/etc --out hoa-don/`"
)
def export(
    database: Annotated[
        str, typer.Option("--database", envvar="ETC_DATABASE", help="clickhouse://user:password@host:port/database")
    ],
    out: Annotated[Path, typer.Option("--out", help="Thư mục kết quả. Folder for the files; made if missing.")],
    day: Annotated[
        str | None, typer.Option("--day", help="Ngày đối soát: một hóa đơn mỗi lượt. A day: one per pass.")
    ] = None,
    month: Annotated[
        str | None, typer.Option("--month", help="Tháng: một hóa đơn mỗi tài khoản. A month: one per account.")
    ] = None,
    plaza: Annotated[
        list[str] | None, typer.Option("--plaza", help="Chỉ trạm này. Only this plaza; may be given again.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help="Cấu hình (JSON): parties, buyers, vat; docs/settlement/reports.md.")
    ] = None,
    now: Annotated[
        str | None, typer.Option("--now", help="Thời điểm lập, e.g. 2026-07-01T08:00:00+07:00. Default: the clock.")
    ] = None,
) -> None:
    """Xuất dữ liệu hóa đơn (XML, JSON). Invoice data of a day, one per pass, or of a month, one per account.

    A month also gives a list as XLSX and PDF. Refused (exit status **1**) where a passage and its postings differ: the
    sum of the invoices is the ledger's revenue, and corrections stand beside it as adjustments.
    """
    from settlement.app import wiring
    from settlement.app.invoice import InvoiceOrder
    from settlement.app.invoice import export as write
    from settlement.intake.aggregates import Scope
    from settlement.intake.report_settings import load_report_settings

    try:
        if (day is None) == (month is None):
            raise UnusableInputError("give --day or --month")
        period = day_period(day, None) if day is not None else month_period(month or "")
        configuration = configuration_of(config)
        settings = load_report_settings(config)
        scope = Scope(period, configuration.cutoff, settings.shifts, tuple(plaza or ()))
        order = InvoiceOrder(scope, month, moment_of(now), out)
        with wiring.database(database) as connection:
            made = write(order, connection, configuration, settings, wiring.report_renderers())
    except (UnusableInputError, OSError) as error:
        unusable(error)
    say(made)
