"""`simulators reader`: a UHF reader on a TCP port.

`app` is mounted by the `simulators` command. In: where to listen and what to play. Out: LLRP to whoever connects.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import typer

from simulators.llrp_reader.replay import replay

app = typer.Typer(
    help="A UHF reader that speaks LLRP. / Đầu đọc UHF mô phỏng, nói LLRP.",
    invoke_without_command=True,
    add_completion=False,
)


@app.callback()
def reader(
    recording: Annotated[
        Path, typer.Option("--replay", exists=True, dir_okay=False, help="Recording whose reader side is played.")
    ],
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = "127.0.0.1:5084",
) -> None:
    """Play the reader's side of a recorded session to every client, whatever it asks."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit():
        raise typer.BadParameter(f"{listen!r}: write HOST:PORT, for example 127.0.0.1:5084")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(recording, host, int(port)))


async def _serve(recording: Path, host: str, port: int) -> None:
    server = await replay(recording, host, port)
    bound = server.sockets[0].getsockname()
    typer.echo(f"reader listening on {bound[0]}:{bound[1]}")
    async with server:
        await server.serve_forever()
