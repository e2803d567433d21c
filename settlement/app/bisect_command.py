"""`settlement bisect` and `settlement serve`: the commands.

In: arguments. Out: keys that differ and the number of hashes exchanged; or a process that answers. Exit status of
bisect: 0 nothing differs, 1 something does, 2 cannot be used, 4 the other party has to answer first (files).
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from settlement.app.books_command import ending
from settlement.app.close_options import Config, Mapping
from settlement.app.given import configuration_of, date_of
from settlement.intake.problems import UnusableInputError

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

    from settlement.app.bisect import Compared
    from settlement.books.trees import Trees
    from settlement.clearing.key_tree import KeyTree
    from settlement.intake.columns import Side
    from settlement.reconcile.accounting_day import Cutoff

_TOKEN = "ETC_SETTLEMENT_TOKEN"  # noqa: S105  name of a variable
_SHOWN = 200
_ASKING = 4


def bisect(  # noqa: PLR0913, PLR0917  one parameter per option
    mine: Annotated[Path, typer.Option("--mine", help="Dữ liệu của mình. Your own rows (CSV or XLSX).")],
    side: Annotated[str, typer.Option("--side", help="provider or station: which rows these are.")] = "provider",
    peer: Annotated[str, typer.Option("--peer", help="Địa chỉ của bên kia. URL of their `settlement serve`.")] = "",
    provider: Annotated[str, typer.Option("--provider", help="Mã nhà cung cấp, with --peer.")] = "",
    day: Annotated[str | None, typer.Option("--day", help="Ngày đối soát. Only this accounting day.")] = None,
    token_file: Annotated[Path | None, typer.Option("--token-file", help="Tệp mã của bên kia cấp.")] = None,
    ask: Annotated[Path | None, typer.Option("--ask", help="Tệp hỏi. Write questions here, to be sent.")] = None,
    told: Annotated[Path | None, typer.Option("--told", help="Tệp trả lời. The answer that came back.")] = None,
    answer: Annotated[Path | None, typer.Option("--answer", help="Tệp hỏi của bên kia. Their questions.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Where the answer is written.")] = Path("answer.json"),
    config: Config = None,
    mapping: Mapping = None,
) -> None:
    """So hai bên bằng mã băm. Find the rows on which both parties differ, without showing any row.

    Over the network: `--peer URL`. By file: `--ask q.json` writes questions; the other side answers with
    `--answer q.json --out a.json`; then `--told a.json --ask q.json` goes on, until nothing is left to ask.
    """
    from settlement.app import bisect as comparing

    with ending():
        tree = _tree(mine, side, day, config, mapping)
        if answer is not None:
            count = comparing.write_answer(answer, tree, out)
            typer.echo(f"{out}: {count} mã băm / hashes; send it back")
            return
        if peer:
            if day is None or not provider:
                raise UnusableInputError("--peer needs --provider and --day")
            other = comparing.Peer(peer, _token(token_file), provider, str(date_of("--day", day)))
            try:
                compared = comparing.compare(tree, other.ask, other.names)
            finally:
                other.close()
        else:
            compared = _by_file(tree, ask, told)
    _show(compared, len(tree))


def _by_file(tree: KeyTree, ask: Path | None, told: Path | None) -> Compared:
    from settlement.app import bisect as comparing
    from settlement.clearing.bisection import search

    nodes, keys = comparing.read_told(told) if told is not None else ({}, {})
    found = search(tree, nodes)
    unnamed = [place for place in found.only_theirs if place not in keys]
    if (found.ask or (unnamed and not keys)) and ask is None:
        raise UnusableInputError("something is left to ask: name a file with --ask")
    if ask is not None and (found.ask or (unnamed and not keys)):
        comparing.write_question(ask, nodes, found)
        typer.echo(f"{ask}: {len(found.ask)} câu hỏi / ranges to ask; let the other side answer and come back (--told)")
        raise typer.Exit(_ASKING)
    theirs = tuple(sorted(keys.get(place, place) for place in found.only_theirs))
    return comparing.Compared(found.differing, found.only_mine, theirs, found.hashes, 0)


def serve(  # noqa: PLR0913, PLR0917  one parameter per option
    users: Annotated[Path, typer.Option("--users", envvar="ETC_SETTLEMENT_USERS", help="Tệp người dùng.")],
    database: Annotated[
        str, typer.Option("--database", envvar="ETC_DATABASE", help="Closed days and disputes of this database.")
    ] = "",
    rows: Annotated[
        Path | None, typer.Option("--rows", help="Chỉ so mã băm của tệp này. Only hashes of these rows, no database.")
    ] = None,
    side: Annotated[str, typer.Option("--side", help="provider or station: which rows these are.")] = "station",
    listen: Annotated[str, typer.Option("--listen", help="HOST:PORT; TLS belongs in front.")] = "127.0.0.1:18080",
    config: Config = None,
    mapping: Mapping = None,
    deadline_days: Annotated[
        int, typer.Option("--deadline-days", min=1, help="Hạn xử lý, ngày. Deadline of disputes; 15 is a demo value.")
    ] = 15,
) -> None:
    """Máy chủ của đối soát. Serve closed days, disputes and hashes as JSON over HTTP.

    Everybody needs a token (`settlement users new`). With `--rows` only hashes of one file are told, say to the other
    party's `settlement bisect`.
    """
    from settlement.app.serving import run

    with ending():
        if not database and rows is None:
            raise UnusableInputError("give --database, or --rows")
        tree = None if rows is None else _tree_by_day(rows, side, config, mapping)
        run(users, database, tree, listen, deadline_days)


def _tree_by_day(rows: Path, side: str, config: Path | None, mapping: str | None) -> Trees:
    from functools import lru_cache

    from settlement.books.trees import tree_of_rows

    told, which, cutoff = _rows(rows, side, config, mapping)

    @lru_cache(maxsize=4)
    def tree(provider: str, day: date) -> KeyTree:
        return tree_of_rows(told, which, day, cutoff)

    return tree


def _tree(rows: Path, side: str, day: str | None, config: Path | None, mapping: str | None) -> KeyTree:
    from settlement.books.trees import tree_of_rows

    told, which, cutoff = _rows(rows, side, config, mapping)
    return tree_of_rows(told, which, None if day is None else date_of("--day", day), cutoff)


def _rows(rows: Path, side: str, config: Path | None, mapping: str | None) -> tuple[pl.DataFrame, Side, Cutoff]:
    from settlement.app.close_sources import read_side, told
    from settlement.app.inputs import of_file
    from settlement.intake.columns import Side
    from settlement.intake.mapping import load

    if side not in (one.value for one in Side):
        raise UnusableInputError(f"--side: provider or station, not {side!r}")
    configuration = configuration_of(config)
    which = Side(side)
    table = read_side(of_file(rows), which, load(mapping), configuration)
    if table.rejects:
        typer.echo(f"{rows.name}: {len(table.rejects)} dòng bị loại / rejected rows are not compared", err=True)
    return told(table, which, configuration), which, configuration.cutoff


def _token(path: Path | None) -> str:
    try:
        return (path.read_text(encoding="utf-8") if path else os.environ.get(_TOKEN, "")).strip()
    except OSError as error:
        raise UnusableInputError(f"--token-file {path}: {error.strerror}") from error


def _show(compared: Compared, rows: int) -> None:
    for label, keys in (
        ("khác / differs", compared.differing), ("chỉ mình có / only here", compared.only_mine),
        ("chỉ bên kia có / only there", compared.only_theirs),
    ):  # fmt: skip
        for key in keys[:_SHOWN]:
            typer.echo(f"{label:28} {key}")
        if len(keys) > _SHOWN:
            typer.echo(f"{label:28} … và / and {len(keys) - _SHOWN} more")
    counted = f"{compared.hashes:,} mã băm / hashes exchanged"
    typer.echo(f"{compared.count} khác / differences among {rows:,} rows, {counted}")
    raise typer.Exit(1 if compared.count else 0)
