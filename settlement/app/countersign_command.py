"""`settlement countersign`: the provider checks the operator's minutes and signs them.

In: minutes, the provider's key, its own rows. Out: signed minutes in a file; exit status 0 signed, 1 refused (every
objection is listed), 2 something that cannot be used.
Never: a signature under minutes that the provider objects to.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from settlement.app.books_command import ending, say
from settlement.app.close_options import Charges, Config, Mapping
from settlement.app.given import configuration_of
from settlement.app.minutes_shown import show_minutes


def countersign(
    minutes: Annotated[Path, typer.Argument(help="Biên bản của đơn vị vận hành. Minutes that the operator signed.")],
    key: Annotated[Path, typer.Option("--key", help="Khóa của nhà cung cấp. Key file of the provider.")],
    config: Config = None,
    charges: Charges = None,
    mapping: Mapping = None,
    out: Annotated[Path, typer.Option("--out", help="Thư mục. Folder for the signed minutes.")] = Path("countersigned"),
) -> None:
    """Nhà cung cấp kiểm tra và ký. Check the operator's minutes, compare them with your own rows, and sign.

    Needs no database. The configuration registers the operator's public key. With `--charges` the joint root is
    computed from your own rows: the signature then says that both hold the same agreed passages.
    """
    from settlement.app.close import RefusedError
    from settlement.app.close_sources import read_side, told
    from settlement.app.countersign import countersigned, objections
    from settlement.app.inputs import of_file
    from settlement.books import key_files
    from settlement.books.minutes_file import file_name, read_minutes, write_minutes
    from settlement.clearing.signing import public_key
    from settlement.intake.columns import Side
    from settlement.intake.mapping import load

    with ending():
        registered = key_files.registered_keys(config)
        day = read_minutes(minutes)
        private = key_files.read_key(key)
        rows = None
        if charges is not None:
            configuration = configuration_of(config)
            table = read_side(of_file(charges), Side.PROVIDER, load(mapping), configuration)
            rows = told(table, Side.PROVIDER, configuration)
        found = objections(day, registered.operator, rows)
        if day.minutes.provider_key != public_key(private):
            found.append("the minutes name another key of the provider than this one")
        if found:
            raise RefusedError("không ký / not signed", *found[:50])
        if rows is None:
            say("chưa so với dữ liệu của mình / not compared with your own rows: give --charges")
        signed = countersigned(day, private)
        path = out / file_name(day.provider, day.minutes.day)
        write_minutes(path, signed)
        show_minutes(day.minutes)
        typer.echo(f"đã ký / signed: {path}; send it back for `settlement close --countersigned`")
