"""`backoffice serve`: ingest, lists, pages, evidence and metrics in one process.

In: a settings file. Out: a ready line, then service until SIGTERM or SIGINT; exit 2 when the settings cannot be used.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from backoffice.app.database_command import unusable
from backoffice.app.settings import Settings, SettingsError, load

Config = Annotated[Path, typer.Option("--config", help="Settings file (TOML).")]


def serve(
    config: Config = Path("backoffice.toml"),
    ingest_only: Annotated[
        bool, typer.Option("--ingest-only", help="Only take passages: a further process beside a serving one.")
    ] = False,
) -> None:
    """Run the back office (chạy hệ thống trung tâm).

    The settings file, with everything that has no default:

        database = "clickhouse://etc:PASSWORD@127.0.0.1:19000/etc"

        stream = "sqlite:///var/lib/etc/stream.sqlite3"      # or kafka://host:9092

        data_dir = "/var/lib/etc/backoffice"                 # evidence files, lock

    and, as they are when left out: plaza = "CM", providers = ["VETC", "VDTC"], cutoff = "22:00",
    lane_stale_after_s = 5, [http] listen = "127.0.0.1:8080" evidence_limit_bytes = 20000000,
    [lists] publish = true heartbeat_s = 3, [seal_keys] CM-01 = "hex of the lane's public key".
    """
    settings = settings_or_exit(config)
    from backoffice.app.wiring import serve as run  # noqa: PLC0415 - a second of imports that other commands need not wait for

    try:
        asyncio.run(_until_told(run(settings, lambda url: print(f"ready: {url}", flush=True), ingest_only=ingest_only)))
    except SettingsError as error:
        unusable(f"{config}: {error}")


def settings_or_exit(config: Path) -> Settings:
    """The settings, or exit 2 with one line."""
    try:
        return load(config)
    except SettingsError as error:
        unusable(str(error))


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return
