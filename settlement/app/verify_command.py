"""`settlement verify`: the command.

In: arguments. Out: findings on stdout; exit status 0 none, 1 something was altered, 2 cannot be used.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from settlement.app.books_command import books_of, ending, say
from settlement.app.close_options import Config, Database
from settlement.app.given import date_of
from settlement.intake.problems import UnusableInputError


def verify(
    database: Database,
    config: Config = None,
    provider: Annotated[
        str | None, typer.Option("--provider", help="Chỉ nhà cung cấp này. Only this provider; default: all.")
    ] = None,
    day: Annotated[str | None, typer.Option("--day", help="Chỉ ngày này. Only this day; default: all.")] = None,
    minutes: Annotated[
        Path | None, typer.Option("--minutes", help="Thư mục biên bản đã ký. Folder with minutes kept as files.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="In JSON. Print the findings as JSON.")] = False,
) -> None:
    """Kiểm tra ngày đã chốt. Show that no closed day was altered, or name the rows that were.

    Computes every item's hash, the root, the totals, both signatures and the chain from day to day anew, and compares
    them with what was signed; then corrections, disputes and their postings. Keys come from `--config`. Minutes that
    a party kept (`--minutes`) also show a day that was deleted with every trace of it.
    """
    from settlement.app import verify as verifying
    from settlement.books import closings
    from settlement.books.key_files import registered_keys

    with ending():
        registered = registered_keys(config)
        if not registered.operator:
            raise UnusableInputError("--config: registers no keys; signatures can only be judged by registered keys")
        chosen = None if day is None else date_of("--day", day)
        if minutes is not None and not minutes.is_dir():
            raise UnusableInputError(f"--minutes {minutes}: no folder")
        with books_of(database) as books:
            names = closings.providers(books) if provider is None else [provider]
            checked = {name: verifying.verify(books, registered, name, chosen, minutes, say) for name in names}
            about_disputes = verifying.verify_disputes(books)
    findings = [*(finding for one in checked.values() for finding in one.findings), *about_disputes]
    findings = [finding for finding in findings if chosen is None or finding.day in ("", str(chosen))]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            typer.echo(f"{finding.day}  {finding.row}: {finding.what}")
        for name, one in checked.items():
            typer.echo(f"{name}: {one.days} ngày / days, {one.items:,} items, {one.corrections} corrections")
        typer.echo(f"{len(findings)} phát hiện / findings" if findings else "không có gì bị sửa / nothing was altered")
    raise typer.Exit(1 if findings else 0)
