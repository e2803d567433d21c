"""`settlement keys`: the keys that sign the minutes of a day.

In: the path of a key file. Out: a new key file; the public half and the fingerprint on stdout.
Never: a key file overwritten; the secret half shown.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from settlement.app.books_command import ending

app = typer.Typer(no_args_is_help=True, help="Khóa ký biên bản. Keys that sign the minutes of a day.")


@app.command("new", epilog="Ví dụ: `settlement keys new operator.key`")
def keys_new(path: Annotated[Path, typer.Argument(help="Tệp khóa. File for the new key; never overwritten.")]) -> None:
    """Tạo khóa. Make a signing key (Ed25519, mode 0600) and show its public half and fingerprint.

    Register the public half in the configuration of both parties. Keep the file where only its owner can read it.
    """
    from settlement.books.key_files import EXAMPLE, make_key
    from settlement.clearing.signing import fingerprint

    with ending():
        public = make_key(path)
        typer.echo(f"khóa / key        {path}")
        typer.echo(f"khóa công khai    {public}")
        typer.echo(f"dấu vân tay / fingerprint  {fingerprint(public)}")
        typer.echo(f"ghi vào cấu hình / register it in the configuration: {EXAMPLE}", err=True)


@app.command("show")
def keys_show(path: Annotated[Path, typer.Argument(help="Tệp khóa. A key file.")]) -> None:
    """Xem khóa công khai. Public half and fingerprint of a key file; the secret half is never shown."""
    from settlement.books.key_files import read_key
    from settlement.clearing.signing import fingerprint, public_key

    with ending():
        public = public_key(read_key(path))
        typer.echo(f"khóa công khai    {public}\ndấu vân tay / fingerprint  {fingerprint(public)}")
