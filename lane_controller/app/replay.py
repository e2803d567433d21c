"""`lane-controller replay`: scenario files and capsules against the real lane core on virtual time.

In: scenario files, capsules of real passages. Out: one line or one JSON object per file; exit status 0 as expected, 1 a
difference, 2 neither a scenario nor a capsule.
Never: a result that depends on the machine or the day.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from lane_controller.app import capsule_command
from lane_controller.app.capsule_file import CapsuleError, is_capsule
from lane_controller.app.scenario_file import load
from lane_controller.app.scenario_result import Result, result_of
from lane_controller.app.scenario_world import World
from lane_controller.app.scenario_yaml import ScenarioError


def replay(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenario files (YAML) or capsules (JSON).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per scenario.")] = False,
) -> None:
    """Replay scenario files or capsules against the lane core. / Chạy lại các kịch bản làn, các lượt xe đã xuất.

    A scenario says what the devices of one lane report and what the lane must make of it. Devices and arm are
    simulated, time is virtual, the core is the one that runs in the plaza. The invariants I1–I13 are checked in every
    run.

    A capsule (`lane-controller capsule`) holds one real passage: it must run to the same bytes that were recorded. The
    first record that differs is named. The record_hash that is printed is the one in the back office.

    \b
    Exit status: 0 all as expected, 1 a difference, 2 a file is neither (with file, line and what is wrong).
    Example:     lane-controller replay tests/data/scenarios/*.yaml CM-01-e1-000123.json
    """
    status = 0
    for file in files:
        try:
            ok, line = _replay_capsule(file, as_json) if _is_capsule(file) else _replay_scenario(file, as_json)
        except (ScenarioError, CapsuleError) as error:
            typer.echo(f"error: {error}", err=True)
            status = 2
            continue
        typer.echo(line)
        if not ok:
            status = max(status, 1)
    raise typer.Exit(status)


def _is_capsule(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return is_capsule(opened.read(64))
    except OSError:
        return False  # the scenario's reader says what is wrong


def _replay_capsule(file: Path, as_json: bool) -> tuple[bool, str]:
    found, comparison = capsule_command.replay_capsule(file)
    told = capsule_command.as_json(found, comparison)
    line = json.dumps(told, ensure_ascii=False) if as_json else capsule_command.line_of(found, comparison)
    return comparison.ok, line


def _replay_scenario(file: Path, as_json: bool) -> tuple[bool, str]:
    result = replay_file(file)
    return result["ok"], json.dumps(result, ensure_ascii=False) if as_json else line_of(result)


def replay_file(file: Path) -> Result:
    """Run one scenario. Errors: ScenarioError."""
    return result_of(World(load(file)).run())


def line_of(result: Result) -> str:
    """`S01 ok`, or `S01 FAILED` with the first difference."""
    if result["ok"]:
        return f"{result['scenario']} ok"
    first, *others = result["differences"]
    more = f" (and {len(others)} more)" if others else ""
    return f"{result['scenario']} FAILED {first}{more}"


if __name__ == "__main__":
    typer.run(replay)
