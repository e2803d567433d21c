"""`lane-controller simulate`: a seeded world of traffic, devices and faults around the real lane core, and its judge.

In: a seed and a number of passages. Out: counts per million with bounds and causes, as text or as one JSON object;
progress on stderr. Exit status: 0 no invariant broken, 1 one was, 2 the arguments are wrong.
Never: a result that depends on the number of processes or on the machine (`seconds` apart).
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from lane_controller.app.refuse import fail
from lane_controller.app.simulate_failure import repeat, show_failures
from lane_controller.app.simulate_pool import run_episodes
from lane_controller.app.simulate_report import report_lines
from lane_controller.app.simulate_sweep import sweep as run_sweep
from lane_controller.world.parameters import FAULTS, WorldParameters


def simulate(  # noqa: PLR0913, PLR0917 - options of a command
    seed: Annotated[int, typer.Option("--seed", help="same seed, same run (hạt giống ngẫu nhiên)")] = 1,
    passages: Annotated[
        int, typer.Option("--passages", min=1, help="run until so many passages (số lượt xe)")
    ] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object (in JSON)")] = False,
    processes: Annotated[int, typer.Option("--processes", min=1, help="work in parallel (số tiến trình)")] = 1,
    faults: Annotated[str, typer.Option("--faults", help="all, none, or kinds with commas (loại sự cố)")] = "all",
    sweep: Annotated[bool, typer.Option("--sweep", help="how it grows with strays, plates, tags (khảo sát)")] = False,
    episode: Annotated[int | None, typer.Option("--episode", min=0, help="only this one (chỉ một đợt)")] = None,
    trace: Annotated[bool, typer.Option("--trace", help="with --episode: every event (in từng sự kiện)")] = False,
    shrinks: Annotated[bool, typer.Option("--shrink/--no-shrink", help="make failures small (thu nhỏ lỗi)")] = True,
    folder: Annotated[Path | None, typer.Option("--out", help="folder for scenarios of failures (thư mục)")] = None,
) -> None:
    """Simulate a lane with traffic and faults, and judge it by the ground truth (mô phỏng làn thu phí).

    Vehicles with speed, gap and length drive through lobes, loops and curtains; readers, PLC, power, clock, list and
    arm fail; drivers and staff behave as people do. The lane core is the one that runs in the plaza, time is virtual.
    What went wrong is counted against what really happened, with 95 % bounds per million passages.

    \b
    Example: lane-controller simulate --seed 7 --passages 100000 --processes 2
    Repeat:  lane-controller simulate --seed 7 --episode 12 --trace
    Table of the world's parameters and results: docs/lane-simulation.md
    """
    kinds = _kinds(faults)
    if sweep:
        run_sweep(seed, passages, processes, kinds, as_json)
        return
    if episode is not None:
        raise typer.Exit(repeat(seed, episode, kinds, trace=trace, shrinks=shrinks, folder=folder))
    began, before_s = time.perf_counter(), _core_s()
    tally = run_episodes(seed, passages, processes, kinds, WorldParameters())
    seconds, core_s = time.perf_counter() - began, _core_s() - before_s
    if as_json:
        took = {"processes": processes, "core_seconds": round(core_s, 2), "seconds": round(seconds, 2)}
        typer.echo(json.dumps({**tally.plain(), "faults_on": kinds, **took}, ensure_ascii=False))
    else:
        typer.echo("\n".join(report_lines(tally, kinds, seconds, core_s)))
    show_failures(tally, kinds, shrinks=shrinks, folder=folder)
    raise typer.Exit(1 if tally.failed else 0)


def _core_s() -> float:
    """Time that processors spent on this process and on those it waited for."""
    return sum(os.times()[:4])


def _kinds(text: str) -> list[str]:
    if text in ("all", "none"):
        return list(FAULTS) if text == "all" else []
    kinds = [word.strip() for word in text.split(",") if word.strip()]
    unknown = [kind for kind in kinds if kind not in FAULTS]
    if unknown:
        fail(f"--faults {text}: {', '.join(unknown)} is none of all, none, {', '.join(FAULTS)}", 2)
    return kinds
