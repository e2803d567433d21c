"""`simulators reader`: a UHF reader on a TCP port.

`app` is mounted by the `simulators` command. In: where to listen, and tags to show or a recording to play. Out: LLRP to
whoever connects.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import typer

from rfid.epc import Epc, EpcError
from rfid.llrp.errors import LlrpError
from simulators.llrp_reader.reader import SimulatedReader
from simulators.llrp_reader.replay import replay

app = typer.Typer(
    help="A UHF reader that speaks LLRP. / Đầu đọc UHF mô phỏng, nói LLRP.",
    invoke_without_command=True,
    add_completion=False,
)


@app.callback()
def reader(
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = "127.0.0.1:5084",
    recording: Annotated[
        Path | None,
        typer.Option("--replay", exists=True, dir_okay=False, help="Play the reader's side of this recording."),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="EPC in hexadecimal to show again and again, repeatable.")
    ] = None,
    every_ms: Annotated[int, typer.Option(min=1, help="How often each tag is read. / Chu kỳ đọc mỗi thẻ.")] = 200,
) -> None:
    """A reader that shows the tags given, or plays a recording to every client, whatever it asks.

    Đầu đọc mô phỏng: đọc đi đọc lại các thẻ đã cho, hoặc phát lại bản ghi.

    Example: simulators reader --listen 127.0.0.1:5084 --tag 3034257BF7194E4000001A85
    """
    host, _, port = listen.rpartition(":")
    if not host or not port.isdigit() or int(port) > 0xFFFF:
        raise typer.BadParameter(f"{listen!r}: write HOST:PORT, for example 127.0.0.1:5084")
    try:
        tags = [Epc.parse(text) for text in tag or ()]
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_play(recording, host, int(port)) if recording else _show(tags, every_ms, host, int(port)))
    except (EpcError, LlrpError, ValueError, OSError) as error:
        typer.echo(f"{recording or listen}: {error}", err=True)
        raise typer.Exit(1) from error


async def _play(recording: Path, host: str, port: int) -> None:
    server = await replay(recording, host, port)
    bound = server.sockets[0].getsockname()
    typer.echo(f"reader listening on {bound[0]}:{bound[1]}")
    async with server:
        await server.serve_forever()


async def _show(tags: list[Epc], every_ms: int, host: str, port: int) -> None:
    async with SimulatedReader(host=host, port=port) as simulated:
        typer.echo(f"reader listening on {simulated.host}:{simulated.port}")
        while True:
            for epc in tags:
                simulated.observe(epc)
            await asyncio.sleep(every_ms / 1000)
