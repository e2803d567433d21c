"""`simulators camera`: one camera as a process.

Shows random vehicles, or the photographs of a folder, for ever.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=False, help="A camera that streams MJPEG / Camera giả lập")
SUFFIXES = frozenset({".jpg", ".jpeg"})


@app.callback(invoke_without_command=True)
def camera(
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free port and prints it")] = 8554,
    frames: Annotated[Path | None, typer.Option(help="Folder of JPEG photographs to show in turn")] = None,
    each_s: Annotated[float, typer.Option(min=0.05, help="How long a vehicle stands in the picture")] = 3.0,
    seed: Annotated[int, typer.Option(help="Of the random vehicles")] = 1,
    rate_hz: Annotated[float, typer.Option(min=0.5, max=60)] = 9.0,
) -> None:
    """Serve /stream.mjpg and /snapshot.jpg until stopped.

    Example: simulators camera --port 8554 --frames photographs/
    """
    with_pictures = _photographs(frames) if frames is not None else _vehicles(seed)
    try:
        asyncio.run(_run(host, port, rate_hz, with_pictures, each_s))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    except OSError as error:
        raise typer.BadParameter(f"cannot listen on {host}:{port} ({error}); choose another --port") from error


async def _run(host: str, port: int, rate_hz: float, pictures: Iterator[bytes | None], each_s: float) -> None:
    from simulators.camera.server import SimulatedCamera  # noqa: PLC0415

    served = SimulatedCamera(host, port, rate_hz=rate_hz)
    await served.start()
    typer.echo(f"camera at {served.url}")
    try:
        for picture in pictures:
            served.show(picture)
            await asyncio.sleep(each_s)
    finally:
        await served.close()


def _photographs(folder: Path) -> Iterator[bytes | None]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise typer.BadParameter(f"{folder} holds no .jpg; name a folder of photographs")
    return (path.read_bytes() for path in itertools.cycle(files))


def _vehicles(seed: int) -> Iterator[bytes | None]:
    import numpy as np  # noqa: PLC0415

    from anpr.training.texts import random_spec  # noqa: PLC0415
    from simulators.camera.pictures import render_vehicle  # noqa: PLC0415

    for number in itertools.count():
        rng = np.random.default_rng((seed, number))
        spec = random_spec(rng, "car")
        vehicle = str(rng.choice(["car", "van", "truck", "bus"]))
        yield render_vehicle(spec.text, spec.layout, spec.colour, vehicle, seed=seed * 100_000 + number)
        yield None
