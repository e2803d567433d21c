"""The command `lane-controller`: run lanes, look into their journals, explain and prove what is in them.

In: arguments and a configuration file. Out: running lanes, or lists for people and programs. Exit status: 0 well,
1 something is wrong with the data or no lane could start, 2 the arguments or the configuration are wrong.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from lane_controller.app.options import AsJson, Config, Lanes, configured, journal_of
from lane_controller.app.refuse import fail

STOP_WITHIN_S = 10.0

app = typer.Typer(
    help="Lane controller of a toll plaza: opens the barrier, records passages (Bộ điều khiển làn thu phí).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
LAZY = {
    "verify": "verify_command", "capsule": "capsule_command", "replay": "replay", "explain": "explain_command",
    "repair": "repair",
    "simulate": "simulate_command",
}  # fmt: skip
"""Command → module of this package that holds it as a function of the same name."""


@app.command("run")
def run(config: Config, lane: Lanes = None, log_level: str = "INFO") -> None:
    """Run the lanes of a configuration file until interrupted (chạy các làn).

    Example: lane-controller run --config deploy/lane/lanes.toml --lane CM-01
    """
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings, tables = configured(config, lane)
    from lane_controller.app.pace import come_first  # noqa: PLC0415
    from lane_controller.app.wiring import NoLaneError, run_lanes  # noqa: PLC0415 (heavy imports)

    come_first()
    try:
        asyncio.run(_until_stopped(run_lanes(settings, tables)))
    except NoLaneError as error:
        fail(str(error), 1)
    except ValueError as error:  # a stream DSN that cannot be understood
        fail(f"{config}: field stream: {error}", 2)


@app.command("passages")
def passages(
    config: Config, lane: Annotated[str, typer.Option("--lane", help="lane such as CM-01 (làn)")],
    after: Annotated[int, typer.Option(help="only passages with a higher number (seq)")] = 0,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """List the passages in a lane's journal (danh sách lượt xe qua làn), oldest first."""
    from lane_controller.outbox.journal import JournalError, JournalReader  # noqa: PLC0415

    settings, tables = configured(config, [lane])
    try:
        reader = JournalReader(journal_of(settings, tables[0]))
    except JournalError as error:
        fail(str(error), 1)
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


def _mount(arguments: list[str]) -> None:
    """These commands live in modules of their own, loaded only when they are asked for: a lane must start quickly."""
    asked = arguments[0] if arguments else "--help"
    for name, module in LAZY.items():
        if asked in (name, "--help"):
            app.command(name)(getattr(importlib.import_module(f"lane_controller.app.{module}"), name))


def main() -> None:
    """Console entry."""
    _mount(sys.argv[1:])
    app()


if __name__ == "__main__":
    main()
