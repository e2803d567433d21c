"""`lane-controller replay`: scenario files against the real lane core on virtual time.

In: scenario files. Out: one line or one JSON object per scenario; exit status 0 as expected, 1 a difference, 2 not a
scenario.
Never: a result that depends on the machine or the day.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from lane_controller.app.scenario_file import ScenarioError, load
from lane_controller.app.scenario_result import Result, result_of
from lane_controller.app.scenario_world import World


def replay(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Scenario files (YAML).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per scenario.")] = False,
) -> None:
    """Replay scenario files against the lane core. / Chạy lại các kịch bản làn.

    A scenario says what the devices of one lane report and what the lane must make of it. Devices and arm are
    simulated,
    time is virtual, the core is the one that runs in the plaza. The invariants I1–I13 are checked in every run.

    \b
    Exit status: 0 all as expected, 1 a difference, 2 a file is not a scenario (with file, line and what is wrong).
    Example:     lane-controller replay tests/data/scenarios/*.yaml
    """
    status = 0
    for file in files:
        try:
            result = replay_file(file)
        except ScenarioError as error:
            typer.echo(f"error: {error}", err=True)
            status = 2
            continue
        typer.echo(json.dumps(result, ensure_ascii=False) if as_json else line_of(result))
        if not result["ok"]:
            status = max(status, 1)
    raise typer.Exit(status)


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
