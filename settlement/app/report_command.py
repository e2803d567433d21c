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
from settlement.app.report_names import ELSEWHERE, PERIOD_REPORTS, Report
from settlement.intake.problems import UnusableInputError

if TYPE_CHECKING:
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
    for report in PERIOD_REPORTS:
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
        _make(report, database, _period(first, last), out, plaza or [], kinds, config, now)

    make.__doc__ = f"{report.title}. {report.question}\n\n{report.english}: {report.answer}"
    return make


for _report in PERIOD_REPORTS:
    _example = (
        f"Ví dụ: `settlement report {_report.name} --from 2026-06-01 --to 2026-06-30"
        " --database clickhouse://reader:secret@127.0.0.1:9000/etc --out bao-cao/`"
    )
    app.command(_report.name, epilog=_example)(_command(_report))
    app.command(_report.alias, epilog=_example, hidden=True)(_command(_report))


def _period(first: str, last: str | None) -> Period:
    from settlement.clearing.tallies import Period

    try:
        begin = date_of("--from", first)
        return Period(begin, begin if last is None else date_of("--to", last))
    except (UnusableInputError, ValueError) as error:
        unusable(error)


def formats_of(text: str) -> tuple[str, ...]:
    """`xlsx, pdf` → the formats, in our order; UnusableInputError names one that we do not have."""
    asked = [part.strip().lower() for part in text.split(",") if part.strip()]
    strange = [part for part in asked if part not in _FORMATS]
    if strange or not asked:
        raise UnusableInputError(f"--format: {', '.join(strange) or 'nothing'}; choose of {', '.join(_FORMATS)}")
    return tuple(kind for kind in _FORMATS if kind in asked)


def _make(  # noqa: PLR0913, PLR0917
    report: Report, database: str, period: Period, out: Path, plazas: list[str], kinds: str, config: Path | None,
    now: str | None,
) -> None:  # fmt: skip
    from settlement.app import wiring
    from settlement.app.report import Order, make_report
    from settlement.clearing.tallies import NotTiedError
    from settlement.intake.aggregates import Scope
    from settlement.intake.report_settings import load_report_settings

    try:
        configuration = configuration_of(config)
        settings = load_report_settings(config)
        scope = Scope(period, configuration.cutoff, settings.shifts, tuple(plazas))
        order = Order(report, scope, moment_of(now), out, formats_of(kinds))
        with wiring.database(database) as connection:
            made = make_report(order, connection, configuration, settings, wiring.report_renderers())
    except (UnusableInputError, NotTiedError, OSError) as error:
        unusable(error)
    for line in made.messages:
        typer.echo(line, err=True)
    for path in made.files:
        typer.echo(str(path))
    raise typer.Exit(made.status)
