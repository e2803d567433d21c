"""The command `simulators plaza`: starts a whole plaza, shows its passages, keeps it running, stops it cleanly.

In: a data directory, how to drive. Out: every program as a process of its own, the address of the live page, a ticker.
Ctrl-C or SIGTERM stops all of them in order; none is ever left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import shutil
import signal
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simulators.plaza import programs
from simulators.plaza.fill import Inhabitants, inhabitants, remember, write_accounts
from simulators.plaza.layout import Layout, lay_out, write_backoffice_toml, write_lanes_toml, write_world_json
from simulators.plaza.supervisor import PlazaError, Supervisor
from simulators.plaza.ticker import tick

OURS: Final = ("accounts.csv", "backoffice", "clickhouse", "lanes", "logs", "plaza.json", "run", "secrets")
"""What --fresh removes, beside the stream's files; anything else in the directory is not ours."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for."""

    data: Path
    port: int
    lanes: int
    speed: float
    seed: int


def plaza(
    speed: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=20.0,
            help="How dense traffic is: 1 is the peak hour (about 200 vehicles/h), 4 four times as many. "
            "Vehicles, arms and timers always move in real time (mật độ xe).",
        ),
    ] = 4.0,
    seed: Annotated[int, typer.Option(help="Seed of traffic, and of the fleet of a new directory.")] = 1,
    data: Annotated[Path, typer.Option(help="Directory of everything; a second run goes on there.")] = Path("data"),
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the page; the next free one if taken.")] = 8080,
    lanes: Annotated[int, typer.Option(min=1, max=12, help="Number of lanes (số làn).")] = 4,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier run left (xóa dữ liệu cũ).")] = False,
) -> None:
    """A whole toll plaza with simulated vehicles (cả một trạm thu phí với xe mô phỏng).

    Starts broker, database, back office, lane controllers and the world as processes of their own, prints the address
    of the live page, and shows every passage. Ctrl-C stops everything. Logs are in DATA/logs.

    Example: simulators plaza --speed 6 --data /tmp/plaza --fresh
    """
    try:
        with _alone(data):
            if fresh:
                _clear(data)
            asyncio.run(_until_stopped(_run(Wish(data, port, lanes, speed, seed))))
    except (PlazaError, OSError, ValueError) as error:
        typer.echo(f"simulators plaza: {error}", err=True)
        raise typer.Exit(1) from error


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One plaza per directory."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "plaza.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PlazaError(f"another plaza runs in {data}; stop it, or name another directory with --data") from None
        yield


def _clear(data: Path) -> None:
    for path in (*(data / name for name in OURS), *data.glob("stream.sqlite3*")):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run until a signal; a second signal changes nothing, stopping is already under way."""
    task = asyncio.ensure_future(work)
    told: list[int] = []

    def stop(number: int) -> None:
        told.append(number)
        if len(told) == 1:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        if not told:
            raise


async def _run(wish: Wish) -> None:
    begun = time.monotonic()
    layout = lay_out(wish.data, wish.lanes, wish.port)
    supervisor = Supervisor(layout.logs, typer.echo)
    typer.echo(f"Trạm thu phí mô phỏng / simulated toll plaza; data in {layout.data}")
    try:
        await _start(supervisor, layout, wish, begun)
        typer.echo("Lượt xe / passages:")
        await tick(layout.page, typer.echo)
    finally:
        typer.echo("Đang dừng / stopping …")
        await supervisor.stop()
        typer.echo("Đã dừng / stopped.")


async def _start(supervisor: Supervisor, layout: Layout, wish: Wish, begun: float) -> None:
    known = inhabitants(layout.data, wish.seed)
    office_toml, lanes_toml = write_backoffice_toml(layout), write_lanes_toml(layout)
    drive = {
        "speed": wish.speed,
        "seed": wish.seed + known.runs,
        "fleet_seed": known.fleet_seed,
        "fleet_size": known.fleet_size,
        "list_entries": known.tags,
    }
    world_json = write_world_json(layout, drive)
    await supervisor.bring_up(
        programs.broker(layout),
        programs.database(layout),
        programs.back_office(layout, office_toml),
        programs.world(layout, world_json),
    )
    _announce(layout, begun)
    await asyncio.gather(
        _fill(supervisor, layout, office_toml, known),
        supervisor.bring_up(programs.lanes(layout, lanes_toml)),
    )


def _announce(layout: Layout, begun: float) -> None:
    took_s = time.monotonic() - begun
    typer.echo(f"\n  Trang giám sát / live page: {layout.page}   ({took_s:.0f} s)\n")


async def _fill(supervisor: Supervisor, layout: Layout, config: Path, known: Inhabitants) -> None:
    """Tariff and accounts, once per directory; the lanes wait for both by themselves."""
    if not known.on_the_list:
        typer.echo(f"  … bảng giá, {known.tags} thẻ / tariff, {known.tags} tags")
        accounts = write_accounts(layout.data, known)
        await asyncio.gather(
            supervisor.once("tariff", programs.publish_tariff(config)),
            supervisor.once("accounts", programs.import_accounts(config, accounts)),
        )
    remember(layout.data, replace(known, on_the_list=True, runs=known.runs + 1))
