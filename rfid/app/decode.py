"""`rfid decode FILE`: show what is in recorded LLRP bytes.

In: a file of frames, one after another, of either direction. Out: one JSON object per frame. A frame that cannot be
read is named with its number and offset; the others are shown, and the exit status says that something was wrong.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from rfid.llrp.codec import decode_frame
from rfid.llrp.describe import describe_frame
from rfid.llrp.errors import DecodeError, FramingError
from rfid.llrp.framing import FrameBuffer


def decode(
    recording: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Recorded LLRP bytes.")
    ],
) -> None:
    """Print each LLRP frame of a recording as one JSON object.

    In từng khung LLRP trong bản ghi thành một đối tượng JSON.

    Example: rfid decode capture.bin | head
    """
    buffer, at, number, bad = FrameBuffer(), 0, 0, 0
    try:
        for number, raw in enumerate(buffer.feed(recording.read_bytes()), start=1):
            bad += not _show(recording, number, at, raw)
            at += len(raw)
        rest = f"{len(buffer)} bytes of an unfinished frame" if len(buffer) else ""
    except FramingError as error:
        rest = str(error)
    if rest:
        typer.echo(f"{recording}: after frame {number}, offset {at}: {rest}", err=True)
    if rest or bad:
        raise typer.Exit(1)


def _show(recording: Path, number: int, at: int, raw: bytes) -> bool:
    try:
        typer.echo(json.dumps(describe_frame(decode_frame(raw))))
    except DecodeError as error:
        typer.echo(f"{recording}: frame {number}, offset {at}: {error}", err=True)
        return False
    return True
