"""`settlement report`: one command per report, and `list`.

In: arguments. Out: files and an exit status: 0 done, 1 passages and ledger disagree, 2 something that cannot be used.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from settlement.app.given import configuration_of, date_of, moment_of, unusable
from settlement.app.report_names import BOOK_REPORTS, DISCREPANCIES, ELSEWHERE, MINUTES, PERIOD_REPORTS, Report
from settlement.intake.problems import UnusableInputError

if TYPE_CHECKING:
    from settlement.app.report import Made
    from settlement.clearing.tallies import Period

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="""Báo cáo của một kỳ: XLSX, PDF, CSV. Reports of a period, from the back office's tables.

Days are accounting days (ngày đối soát) and begin at the configured cut-off. Sums are made by the database; a report
that shows money is written only where every passage agrees with its postings (else exit status **1**).""",
)
_FORMATS = ("xlsx", "pdf", "csv")
_Database = Annotated[
    str, typer.Option("--database", envvar="ETC_DATABASE", help="clickhouse://user:password@host:port/database")
]
_From = Annotated[str, typer.Option("--from", help="Ngày đầu. First accounting day, e.g. 2026-06-01.")]
_To = Annotated[str | None, typer.Option("--to", help="Ngày cuối. Last accounting day; default: the first.")]
_Plaza = Annotated[list[str] | None, typer.Option("--plaza", help="Chỉ trạm này. Only this plaza; may be given again.")]
_Config = Annotated[
    Path | None,
    typer.Option("--config", help="Cấu hình (JSON); see docs/settlement/reports.md. Default: demonstration values."),
]
_Out = Annotated[Path, typer.Option("--out", help="Thư mục kết quả. Folder for the files; made if missing.")]
_Now = Annotated[
    str | None, typer.Option("--now", help="Thời điểm lập, e.g. 2026-07-01T08:00:00+07:00. Default: the clock.")
]
_Format = Annotated[str, typer.Option("--format", help="xlsx, pdf, csv; separated by commas.")]


@app.command("list")
def list_reports() -> None:
    """Các báo cáo có sẵn. Every report: name, title, and the question that it answers."""
    from rich.console import Console
    from rich.table import Table

    table = Table("Tên / name", "Báo cáo / report", "Trả lời / answers")
    for report in (*PERIOD_REPORTS, *BOOK_REPORTS):
        names = f"{report.name}\n[dim]{report.alias}[/dim]"
        table.add_row(names, f"{report.title}\n{report.english}", f"{report.question}\n{report.answer}")
    for command, vietnamese, english in ELSEWHERE:
        table.add_row(f"[bold]{command}[/bold]", vietnamese, english)
    Console(soft_wrap=False).print(table)


def _command(report: Report) -> Callable[..., None]:
    def make(  # noqa: PLR0913, PLR0917  one parameter per option
        database: _Database,
        first: _From,
        out: _Out,
        last: _To = None,
        plaza: _Plaza = None,
        kinds: _Format = "xlsx,pdf,csv",
        config: _Config = None,
        now: _Now = None,
    ) -> None:
        _make(report, database, (first, last), out, plaza or [], kinds, config, now)

    make.__doc__ = f"{report.title}. {report.question}\n\n{report.english}: {report.answer}"
    return make


for _report in PERIOD_REPORTS:
    _example = (
        f"Ví dụ: `settlement report {_report.name} --from 2026-06-01 --to 2026-06-30"
        " --database clickhouse://reader:secret@127.0.0.1:9000/etc --out bao-cao/`"
    )
    app.command(_report.name, epilog=_example)(_command(_report))
    app.command(_report.alias, epilog=_example, hidden=True)(_command(_report))


_Month = Annotated[str, typer.Option("--month", help="Tháng. Month, e.g. 2026-06.")]
_Provider = Annotated[str, typer.Option("--provider", help="Mã nhà cung cấp. Code of the provider, e.g. VETC.")]
_Providers = Annotated[
    list[str] | None, typer.Option("--provider", help="Chỉ nhà cung cấp này. Only this provider; may be given again.")
]


def month_minutes(  # noqa: PLR0913, PLR0917  one parameter per option
    database: _Database,
    provider: _Provider,
    month: _Month,
    out: _Out,
    draft: Annotated[
        bool, typer.Option("--draft", help="Bản nháp dù còn ngày chưa chốt. Allow open days; marked on every page.")
    ] = False,
    paid_before: Annotated[
        int, typer.Option("--paid-before-vnd", help="Đã trả trước kỳ. Paid before the month, whole VND.")
    ] = 0,
    paid: Annotated[int, typer.Option("--paid-vnd", help="Đã trả trong kỳ. Paid within the month, whole VND.")] = 0,
    kinds: _Format = "xlsx,pdf,csv",
    config: _Config = None,
    now: _Now = None,
) -> None:
    """Biên bản đối soát tháng. Tháng này nhà cung cấp còn phải trả bao nhiêu?

    Minutes of a month: opening balance, each closed day, corrections with the rows that they correct, VAT by rate,
    disputes carried, net payable, signatures. A month with open days is refused (exit status **1**) unless --draft.
    """
    from settlement.app import wiring
    from settlement.app.book_reports import MonthOrder, make_month
    from settlement.intake.report_settings import load_report_settings

    try:
        year, number = _month(month)
        order = MonthOrder(
            provider, year, number, moment_of(now), out, formats_of(kinds), draft=draft, paid=(paid_before, paid)
        )
        settings = load_report_settings(config)
        with wiring.books(database) as connection:
            made = make_month(order, connection, settings, wiring.report_renderers())
    except (UnusableInputError, OSError) as error:
        unusable(error)
    say(made)


def discrepancies(  # noqa: PLR0913, PLR0917  one parameter per option
    database: _Database,
    first: _From,
    out: _Out,
    last: _To = None,
    provider: _Providers = None,
    kinds: _Format = "xlsx,pdf,csv",
    config: _Config = None,
    now: _Now = None,
) -> None:
    """Bảng tổng hợp sai lệch. Hai bên lệch nhau ở đâu?

    Discrepancies of closed days by class, day and lane, and every item with both sides. Open days are named.
    """
    from settlement.app import wiring
    from settlement.app.book_reports import DifferenceOrder, make_discrepancies
    from settlement.intake.report_settings import load_report_settings

    try:
        order = DifferenceOrder(tuple(provider or ()), day_period(first, last), moment_of(now), out, formats_of(kinds))
        settings = load_report_settings(config)
        with wiring.books(database) as connection:
            made = make_discrepancies(order, connection, settings, wiring.report_renderers())
    except (UnusableInputError, OSError) as error:
        unusable(error)
    say(made)


for _report, _run, _options in (
    (MINUTES, month_minutes, "--provider VETC --month 2026-06"),
    (DISCREPANCIES, discrepancies, "--from 2026-06-01 --to 2026-06-30"),
):
    _example = (
        f"Ví dụ: `settlement report {_report.name} {_options}"
        " --database clickhouse://reader:secret@127.0.0.1:9000/etc --out bao-cao/`"
    )
    app.command(_report.name, epilog=_example)(_run)
    app.command(_report.alias, epilog=_example, hidden=True)(_run)


def _month(text: str) -> tuple[int, int]:
    period = month_period(text)
    return period.first.year, period.first.month


def month_period(text: str) -> Period:
    """2026-06: its accounting days."""
    from settlement.clearing.month import month_days
    from settlement.clearing.tallies import Period

    if len(text) != len("2026-06"):
        raise UnusableInputError(f"--month: write a month such as 2026-06, not {text!r}")
    first = date_of("--month", f"{text}-01")
    return Period(first, month_days(first.year, first.month)[-1])


def say(made: Made) -> None:
    """Messages to stderr, names of files to stdout; ends with the status."""
    for line in made.messages:
        typer.echo(line, err=True)
    for path in made.files:
        typer.echo(str(path))
    raise typer.Exit(made.status)


def day_period(first: str, last: str | None) -> Period:
    """Accounting days from `first` to `last`, both included."""
    from settlement.clearing.tallies import Period

    begin = date_of("--from", first)
    end = begin if last is None else date_of("--to", last)
    if end < begin:
        raise UnusableInputError(f"--to: {end} lies before --from {begin}")
    return Period(begin, end)


def formats_of(text: str) -> tuple[str, ...]:
    """`xlsx, pdf` → the formats, in our order; UnusableInputError names one that we do not have."""
    asked = [part.strip().lower() for part in text.split(",") if part.strip()]
    strange = [part for part in asked if part not in _FORMATS]
    if strange or not asked:
        raise UnusableInputError(f"--format: {', '.join(strange) or 'nothing'}; choose of {', '.join(_FORMATS)}")
    return tuple(kind for kind in _FORMATS if kind in asked)


def _make(  # noqa: PLR0913, PLR0917
    report: Report, database: str, days: tuple[str, str | None], out: Path, plazas: list[str], kinds: str,
    config: Path | None, now: str | None,
) -> None:  # fmt: skip
    from settlement.app import wiring
    from settlement.app.report import Order, make_report
    from settlement.clearing.tallies import NotTiedError
    from settlement.intake.aggregates import Scope
    from settlement.intake.report_settings import load_report_settings

    try:
        configuration = configuration_of(config)
        settings = load_report_settings(config)
        scope = Scope(day_period(*days), configuration.cutoff, settings.shifts, tuple(plazas))
        order = Order(report, scope, moment_of(now), out, formats_of(kinds))
        with wiring.database(database) as connection:
            made = make_report(order, connection, configuration, settings, wiring.report_renderers())
    except (UnusableInputError, NotTiedError, OSError) as error:
        unusable(error)
    say(made)
