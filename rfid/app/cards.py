"""`rfid cards`: show card readers, and cards as they are tapped.

In: the name of a reader and when to stop. Out: one line per observation, for people or JSON for programs. Exit status 2
when --list finds no PC/SC service or pyscard.
"""

import asyncio
import contextlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rfid.pcsc.keyfile import CardKeyError, read_application
from rfid.pcsc.monitor import CardMonitor
from rfid.pcsc.observation import CardObservation, CardSeen
from rfid.pcsc.service import CardService, ServiceError


def cards(
    reader: Annotated[str, typer.Option(help="How the reader's name begins; the first one if left out.")] = "",
    listing: Annotated[bool, typer.Option("--list", help="Only list the readers. / Chỉ liệt kê đầu đọc.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines. / Mỗi dòng một đối tượng.")] = False,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after this many cards. / Dừng sau số thẻ này.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="Stop after this long. / Dừng sau số giây này.")] = None,
    application: Annotated[
        Path | None, typer.Option(help="Key file of our card application (TOML); cards then prove themselves.")
    ] = None,
) -> None:
    """Show cards as they are tapped at a PC/SC reader, and when the reader comes and goes.

    Hiển thị thẻ khi chạm vào đầu đọc PC/SC, và khi đầu đọc kết nối hoặc mất kết nối.

    proof=uid: only a number, which can be copied. proof=key: the card knows the key that belongs to its number (DESFire
    EV2/EV3, AES). Only proof=key may open a barrier. / Chỉ thẻ có proof=key mới được mở thanh chắn.

    Example: rfid cards --reader "ACS ACR122U" --count 1
    """
    try:
        if listing:
            _list(as_json)
            return
        wanted = read_application(application) if application else None
    except (ServiceError, CardKeyError) as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(2) from error
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(CardMonitor(reader, wanted), as_json, count, seconds))


def _list(as_json: bool) -> None:
    with CardService() as service:
        names = service.readers()
    if as_json:
        print(json.dumps(names))
        return
    print("\n".join(names) if names else "no card reader is connected / chưa có đầu đọc thẻ nào")


async def _watch(monitor: CardMonitor, as_json: bool, count: int | None, seconds: float | None) -> None:
    left = count
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), monitor:
            async for observation in monitor:
                print(json_line(observation) if as_json else text_line(observation), flush=True)
                if left is not None and isinstance(observation, CardSeen):
                    left -= 1
                    if left == 0:
                        return


def json_line(observation: CardObservation) -> str:
    """One observation as a JSON object; `kind` is the name of its class."""
    return json.dumps({"kind": type(observation).__name__, **asdict(observation)})


def text_line(observation: CardObservation) -> str:
    """One observation in words."""
    if isinstance(observation, CardSeen):
        return f"{observation.uid:<20} proof={observation.proof:<6} {observation.detail}  ({observation.reader})"
    values = asdict(observation)
    rest = " ".join(f"{name}={value}" for name, value in values.items() if name != "received_mono_us")
    return f"-- {type(observation).__name__} {rest}"
