"""`simulators card`: hold a card to the virtual PC/SC reader, and take it away again.

In: the port on which the virtual reader (vpcd) listens, what card it is, for how long. Out: a card in the field of a
real pcscd. Wire: 16-bit big-endian length and body; bodies of one byte are control (0 off, 1 on, 2 reset, 4 get ATR).
"""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path
from typing import Annotated

import typer

from rfid.pcsc.keyfile import CardKeyError, read_application
from simulators.card.picc import Picc

GET_ATR = 4
app = typer.Typer(help="A contactless card at a virtual PC/SC reader (thẻ không tiếp xúc).", no_args_is_help=True)


@app.callback()
def parts() -> None:
    """Keeps `tap` a word of its own."""


@app.command()
def tap(
    uid: Annotated[str, typer.Option(help="Number of the card, 4, 7 or 10 bytes in hexadecimal.")],
    port: Annotated[int, typer.Option(help="Where the virtual reader listens.")] = 35963,
    seconds: Annotated[float, typer.Option(help="How long the card stays.")] = 1.0,
    application: Annotated[Path | None, typer.Option(help="Key file; the card then has its own key of it.")] = None,
    wrong_key: Annotated[bool, typer.Option(help="A forged card: the application, without its key.")] = False,
) -> None:
    """Hold one card to the reader (chạm thẻ)."""
    try:
        card = _card(bytes.fromhex(uid), application, wrong_key)
    except (CardKeyError, ValueError) as error:
        typer.echo(f"--uid or --application cannot be used: {error}", err=True)
        raise typer.Exit(2) from error
    with socket.create_connection(("127.0.0.1", port), timeout=5) as reader:
        hold(reader, card, seconds)


def _card(uid: bytes, application: Path | None, wrong_key: bool) -> Picc:
    if application is None:
        return Picc(uid)
    wanted = read_application(application)
    key = bytes(16) if wrong_key else wanted.key_of(uid)
    return Picc(uid, wanted.aid, key, wanted.key_number)


def hold(reader: socket.socket, card: Picc, seconds: float) -> None:
    """Answer the reader for so long; then the caller closes, which is the card taken away."""
    reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        reader.settimeout(left)
        try:
            message = _receive(reader)
        except (TimeoutError, ConnectionError):
            return
        if len(message) > 1:
            _send(reader, card.answer(message))
        elif message == bytes([GET_ATR]):
            _send(reader, card.atr)


def _send(reader: socket.socket, body: bytes) -> None:
    reader.sendall(struct.pack(">H", len(body)) + body)


def _receive(reader: socket.socket) -> bytes:
    (length,) = struct.unpack(">H", _exactly(reader, 2))
    return _exactly(reader, length)


def _exactly(reader: socket.socket, count: int) -> bytes:
    held = b""
    while len(held) < count:
        # Without quick acknowledgements every exchange with this reader waits 40 ms for the delayed one.
        reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = reader.recv(count - len(held))
        if not part:
            raise ConnectionError("the reader is gone")
        held += part
    return held
