"""The command `lane-controller`: run lanes, look into their journals, prove that nothing was touched.

In: arguments and a configuration file. Out: running lanes, or lists for people and programs. Exit status: 0 well,
1 something is wrong with the data or no lane could start, 2 the arguments or the configuration are wrong.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from lane_controller.app.settings import LaneTable, Settings, SettingsError, load

STOP_WITHIN_S = 10.0

app = typer.Typer(
    help="Lane controller of a toll plaza: opens the barrier, records passages (Bộ điều khiển làn thu phí).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Config = Annotated[Path, typer.Option("--config", help="TOML file of the lanes (tệp cấu hình)")]
Lanes = Annotated[list[str] | None, typer.Option("--lane", help="only this lane; may be repeated (chỉ làn này)")]
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object per line")]


@app.command("run")
def run(config: Config, lane: Lanes = None, log_level: str = "INFO") -> None:
    """Run the lanes of a configuration file until interrupted (chạy các làn).

    Example: lane-controller run --config deploy/lane/lanes.toml --lane CM-01
    """
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings, tables = _configured(config, lane)
    from lane_controller.app.wiring import NoLaneError, run_lanes  # noqa: PLC0415 (heavy imports)

    try:
        asyncio.run(_until_stopped(run_lanes(settings, tables)))
    except NoLaneError as error:
        _fail(str(error), 1)
    except ValueError as error:  # a stream DSN that cannot be understood
        _fail(f"{config}: field stream: {error}", 2)


@app.command("verify")
def verify(config: Config, lane: Lanes = None, as_json: AsJson = False) -> None:
    """Check hash chain and seals of the journals (kiểm tra nhật ký): names what is missing, altered or out of order.

    Exit status 1 when anything is found.
    """
    from lane_controller.outbox.verify import verify_journal  # noqa: PLC0415

    settings, tables = _configured(config, lane)
    broken = False
    for table in tables:
        report = verify_journal(_journal(settings, table))
        broken = broken or bool(report.findings)
        if as_json:
            print(json.dumps({"lane": table.id, "epoch": table.epoch, **report.as_json()}, ensure_ascii=False))
            continue
        print(f"{table.id}: {report.summary()}")
        for finding in report.findings:
            print(f"  {finding.kind}: {finding.text}")
    raise typer.Exit(1 if broken else 0)


@app.command("passages")
def passages(
    config: Config, lane: Annotated[str, typer.Option("--lane", help="lane such as CM-01 (làn)")],
    after: Annotated[int, typer.Option(help="only passages with a higher number (seq)")] = 0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the passages in a lane's journal (danh sách lượt xe qua làn), oldest first."""
    from lane_controller.outbox.journal import JournalError, JournalReader  # noqa: PLC0415

    settings, tables = _configured(config, [lane])
    try:
        reader = JournalReader(_journal(settings, tables[0]))
    except JournalError as error:
        _fail(str(error), 1)
    for passage in reader.passages(after):
        message = json.loads(passage.message)
        if as_json:
            print(json.dumps(message, ensure_ascii=False))
            continue
        plate = message.get("plate") or message.get("registered_plate") or "-"
        flags = " ".join(message["flags"])
        print(
            f"{passage.seq:>7}  {passage.passage_id}  {message['passed_at_utc']}  {passage.outcome:<9}"
            f" {passage.fare_vnd:>9,} VND  {plate:<10} {flags}"
        )


def _configured(config: Path, lanes: list[str] | None) -> tuple[Settings, tuple[LaneTable, ...]]:
    try:
        settings = load(config)
        return settings, settings.chosen(lanes or [])
    except SettingsError as error:
        _fail(str(error), 2)


def _journal(settings: Settings, table: LaneTable) -> Path:
    from lane_controller.outbox.journal import journal_path  # noqa: PLC0415

    return journal_path(settings.data_dir, table.id, table.epoch)


def _fail(text: str, status: int) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(status)


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run until SIGTERM or SIGINT, then let everything close."""
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        task.cancel()
        # Whatever does not close in time is ended: the journal is safe at any instant.
        loop.call_later(STOP_WITHIN_S, os._exit, 1)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        return


def _mount_replay(arguments: list[str]) -> None:
    """`replay` lives in a module of its own, loaded only when it is asked for: a lane must start quickly."""
    wanted = not arguments or arguments[0] in ("replay", "--help")
    if not wanted or importlib.util.find_spec("lane_controller.app.replay") is None:
        return
    replay = importlib.import_module("lane_controller.app.replay")
    app.command("replay")(replay.replay)


def main() -> None:
    """Console entry."""
    _mount_replay(sys.argv[1:])
    app()


if __name__ == "__main__":
    main()
