"""Command line of settlement (đối soát).

In: arguments. Out: files, a summary, and an exit status: 0 done, 1 not balanced, 2 input that cannot be used, 3 done
with rejected rows. Messages go to stderr; stdout holds nothing but the answer.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from settlement.app import (
    bisect_command,
    close_command,
    countersign_command,
    dispute_command,
    invoice_command,
    keys_command,
    reconcile_command,
    report_command,
    verify_command,
)
from settlement.app.day_options import Config, Json, Now, Out
from settlement.app.given import configuration_of, date_of, moment_of, unusable
from settlement.intake.problems import UnusableInputError

app = typer.Typer(
    name="settlement",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="""Đối soát và bảng kê doanh thu trạm thu phí. Reconciliation and statements of a toll plaza.

Exit status: **0** done · **1** the totals do not balance · **2** a file or address cannot be used · **3** done, but
some rows could not be read (see `rejected.csv`).""",
)

mapping_app = typer.Typer(no_args_is_help=True, help="Cách đọc tệp của nhà cung cấp. How a provider's file is read.")
app.add_typer(mapping_app, name="mapping")
app.add_typer(report_command.app, name="report")
app.add_typer(invoice_command.app, name="invoice")


def main() -> None:
    """Entry point of the console script."""
    app()


@app.callback()
def _settlement() -> None:
    """Keeps `settlement` a group of commands."""


@app.command(
    epilog="Ví dụ: `settlement statement --day 2026-06-15"
    " --database clickhouse://reader:secret@127.0.0.1:9000/etc --out statement/`"
)
def statement(
    day: Annotated[str, typer.Option("--day", help="Ngày đối soát. Accounting day, e.g. 2026-06-15.")],
    database: Annotated[
        str,
        typer.Option("--database", envvar="ETC_DATABASE", help="clickhouse://user:password@host:port/database"),
    ],
    out: Out,
    config: Config = None,
    plaza: Annotated[
        list[str] | None, typer.Option("--plaza", help="Chỉ trạm này. Only this plaza; may be given again.")
    ] = None,
    now: Now = None,
    json: Json = False,
) -> None:
    """Bảng kê doanh thu ngày. Statement of one accounting day from the back office's ledger.

    Reads passages and postings, compares them one by one, and only if both sides balance writes `statement.xlsx`,
    `statement.pdf`, `passages.csv`, `revenue.csv` and `summary.json`. Otherwise it writes `control_differences.csv`,
    names the passages and exits with status 1.
    """
    from settlement.app import wiring
    from settlement.app.statement import Order, make_statement
    from settlement.files.writing import json_text

    try:
        configuration = configuration_of(config)
        order = Order(date_of("--day", day), frozenset(plaza or ()), moment_of(now), out)
        with wiring.database(database) as connection:
            finished = make_statement(order, connection, configuration, wiring.statement_renderers())
    except (UnusableInputError, OSError) as error:
        unusable(error)
    for line in finished.messages:
        typer.echo(line, err=True)
    if json:
        typer.echo(json_text(finished.summary))
    elif finished.status == 0:
        owed = finished.summary["net_payable_vnd"]
        typer.echo(f"{out}: còn phải trả / net payable {owed} VND", err=True)
    raise typer.Exit(finished.status)


app.command(
    epilog="Ví dụ: `settlement reconcile --station tram.csv --provider vetc.xlsx --mapping canonical"
    " --day 2026-06-15 --out doi-soat/` · `settlement reconcile --database clickhouse://… --provider-code VETC"
    " --provider vetc.xlsx --day 2026-06-15 --out doi-soat/`"
)(reconcile_command.reconcile)


@app.command(
    epilog="Ví dụ: `settlement export --database clickhouse://reader:secret@127.0.0.1:9000/etc --provider-code VETC"
    " --day 2026-06-15 --out tram-VETC.csv`"
)
def export(
    day: Annotated[str, typer.Option("--day", help="Ngày đối soát. Accounting day, e.g. 2026-06-15.")],
    database: Annotated[
        str,
        typer.Option("--database", envvar="ETC_DATABASE", help="clickhouse://user:password@host:port/database"),
    ],
    out: Annotated[Path, typer.Option("--out", help="Tệp CSV của trạm. File for the passages.")],
    charges: Annotated[
        Path | None, typer.Option("--charges", help="Tệp CSV của sổ cái. File for what the ledger charged.")
    ] = None,
    provider_code: Annotated[
        str, typer.Option("--provider-code", help="Chỉ nhà cung cấp này. Only rows of this provider.")
    ] = "",
    config: Config = None,
) -> None:
    """Xuất lượt xe của một ngày. Passages of an accounting day as canonical CSV, for a provider to reconcile.

    A day before and after is in the file too, because matching looks beyond the cut-off.
    """
    from settlement.app import wiring
    from settlement.app.export import export as write
    from settlement.intake.columns import Side

    try:
        configuration = configuration_of(config)
        wanted = wiring.wanted(date_of("--day", day), provider_code, configuration)
        with wiring.database(database) as connection:
            for side, path in ((Side.STATION, out), (Side.PROVIDER, charges)):
                if path is not None:
                    typer.echo(f"{path}: {write(connection, side, wanted, path)} dòng / rows", err=True)
    except (UnusableInputError, OSError) as error:
        unusable(error)


@mapping_app.command("list")
def mapping_list() -> None:
    """Các mapping có sẵn. Mappings that come with settlement."""
    from settlement.intake.mapping import load, names

    for name in names():
        typer.echo(f"{name:16} {load(name).description}")


@mapping_app.command("try", epilog="Ví dụ: `settlement mapping try vetc-0615.xlsx --mapping my-provider.toml`")
def mapping_try(
    file: Annotated[Path, typer.Argument(help="Tệp CSV hoặc XLSX. A file to read.")],
    mapping: Annotated[str | None, typer.Option("--mapping", help="Name of a mapping or path of a .toml.")] = None,
    side: Annotated[str, typer.Option("--side", help="provider or station.")] = "provider",
    config: Config = None,
) -> None:
    """Thử đọc một tệp. Show what a mapping makes of a file: columns, first rows, rejected rows. Writes nothing.

    To write a mapping of your own, start from `settlement/intake/mappings/minh-hoa.toml`.
    """
    from settlement.app.mapping_trial import try_mapping
    from settlement.intake.columns import Side
    from settlement.intake.mapping import load

    try:
        if side not in (one.value for one in Side):
            raise UnusableInputError(f"--side: provider or station, not {side!r}")
        status, lines = try_mapping(file, Side(side), load(mapping), configuration_of(config))
    except (UnusableInputError, OSError) as error:
        unusable(error)
    for line in lines:
        typer.echo(line)
    raise typer.Exit(status)


app.command(
    "close",
    epilog="Ví dụ: `settlement close 2026-06-15 --provider VETC --station tram.csv --charges vetc.csv"
    " --config cau-hinh.json --operator-key operator.key --database clickhouse://… --out bien-ban/`",
)(close_command.close)
app.command(
    "countersign",
    epilog="Ví dụ: `settlement countersign minutes-VETC-2026-06-15.json --key vetc.key"
    " --charges vetc.csv --config cau-hinh.json`",
)(countersign_command.countersign)
app.command("late")(close_command.late)
app.add_typer(keys_command.app, name="keys")
app.command(
    "verify", epilog="Ví dụ: `settlement verify --config cau-hinh.json --database clickhouse://… --minutes bien-ban/`"
)(verify_command.verify)
app.add_typer(dispute_command.app, name="dispute")
app.add_typer(dispute_command.users_app, name="users")
app.command(
    "bisect",
    epilog="Ví dụ: `settlement bisect --mine vetc.csv --peer https://tram.example --provider VETC"
    " --day 2026-06-15 --token-file tram.token`",
)(bisect_command.bisect)
app.command(
    "serve", epilog="Ví dụ: `settlement serve --database clickhouse://… --users users.json --listen 127.0.0.1:18080`"
)(bisect_command.serve)
