"""`rfid watch HOST:PORT`: print what a reader observes until stopped.

In: an address and when to stop. Out: one line per observation, a table for people or JSON for programs. News of the
connection goes to standard output too, so that a recording of it is complete.
"""

import asyncio
import contextlib
import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from rfid.llrp.client import PORT, LlrpClient
from rfid.llrp.settings import ReaderSettings
from rfid.observation import ReaderObservation, TagObservation

HEADER = f"{'EPC':<32} {'bits':>4} {'ant':>3} {'dBm':>6} {'seen':>4}  reader time"


def watch(
    address: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help=f"The reader; the port is {PORT} if left out.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per line. / Mỗi dòng một đối tượng JSON.")
    ] = False,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after this many tags. / Dừng sau số thẻ này.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="Stop after this long. / Dừng sau số giây này.")] = None,
    session: Annotated[int, typer.Option(min=0, max=1, help="Gen2 session: 0 reads a tag again at once, 1 later.")] = 0,
    antenna: Annotated[
        list[int] | None, typer.Option(min=1, max=0xFFFF, help="Antenna to use, repeatable; all if left out.")
    ] = None,
    tid: Annotated[bool, typer.Option("--tid", help="Also read the tag identifier (slower). / Đọc cả TID.")] = False,
) -> None:
    """Print tags as the reader sees them, and when the reader comes and goes.

    In ra từng thẻ khi đầu đọc thấy, và khi đầu đọc kết nối hoặc mất kết nối.

    The reader is configured for a lane: every read is reported at once, keepalive every second. A lost reader is
    called again until you stop with Ctrl-C, --count or --seconds.

    Example: rfid watch 192.168.1.20 --count 10
    """
    host, port = _address(address)
    settings = ReaderSettings(antennas=tuple(antenna or (0,)), session=session, read_tid=tid)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(LlrpClient(host, port, settings, reader=address), as_json, count, seconds))


async def _watch(client: LlrpClient, as_json: bool, count: int | None, seconds: float | None) -> None:
    show = json_line if as_json else text_line
    if not as_json:
        print(HEADER, flush=True)
    left = count
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), client:
            async for observation in client:
                print(show(observation), flush=True)
                if left is not None and isinstance(observation, TagObservation):
                    left -= 1
                    if left == 0:
                        return


def json_line(observation: ReaderObservation) -> str:
    """One observation as a JSON object; `kind` is the name of its class, times are ISO 8601."""
    return json.dumps({"kind": type(observation).__name__, **asdict(observation)}, default=_json_value)


def text_line(observation: ReaderObservation) -> str:
    """One observation as a line of the table, or of news in words."""
    if not isinstance(observation, TagObservation):
        values = asdict(observation)
        rest = " ".join(f"{name}={value}" for name, value in values.items() if name != "received_mono_us")
        return f"-- {type(observation).__name__} {rest}"
    rssi = "" if observation.rssi_dbm is None else f"{observation.rssi_dbm:.1f}"
    stamp = observation.reader_utc.isoformat() if observation.reader_utc else _uptime(observation.reader_uptime_us)
    tid = f"  TID {observation.tid}" if observation.tid else ""
    return (
        f"{observation.epc:<32} {observation.epc_bits:>4} {observation.antenna:>3} {rssi:>6} "
        f"{observation.seen_count:>4}  {stamp}{tid}"
    )


def _uptime(uptime_us: int | None) -> str:
    return "-" if uptime_us is None else f"up {uptime_us / 1e6:.6f} s"


def _json_value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def _address(text: str) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port`; BadParameter otherwise."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(PORT)
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise typer.BadParameter(f"{text!r} is no address: write HOST or HOST:PORT, for example 192.168.1.20:{PORT}")
    return host.strip("[]"), int(port)
