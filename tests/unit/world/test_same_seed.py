"""Same seed, same bytes: however often, in however many processes; another seed, another run."""

import json

import pytest
from typer.testing import CliRunner

from lane_controller.app.main import app
from lane_controller.app.simulate_command import simulate
from lane_controller.app.simulate_pool import run_episodes
from lane_controller.world.draw import draw
from lane_controller.world.parameters import FAULTS
from tests.unit.world.episodes import P

if not any(command.name == "simulate" for command in app.registered_commands):
    app.command("simulate")(simulate)


def run(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, ["simulate", *arguments, "--json", "--no-shrink"])
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    for name in ("seconds", "core_seconds", "processes"):
        del found[name]
    return found


def test_one_and_two_processes_give_the_same_bytes() -> None:
    alone = run("--seed", "11", "--passages", "150")
    assert json.dumps(alone) == json.dumps(run("--seed", "11", "--passages", "150", "--processes", "2"))
    assert alone["passages"] in range(150, 400)
    assert alone["invariants_broken"] == 0


def test_another_seed_is_another_run() -> None:
    quiet = lambda tally: None  # noqa: E731
    first = run_episodes(1, 90, 1, (), P, quiet)
    assert first.digest == run_episodes(1, 90, 1, (), P, quiet).digest
    assert first.digest != run_episodes(2, 90, 1, (), P, quiet).digest


def test_faults_that_are_off_change_no_vehicle() -> None:
    assert draw(4, 7, P, FAULTS).vehicles == draw(4, 7, P, ()).vehicles


@pytest.mark.parametrize("wrong", [["--faults", "earthquake"], ["--passages", "0"]])
def test_wrong_arguments_end_with_status_2(wrong: list[str]) -> None:
    assert CliRunner().invoke(app, ["simulate", *wrong]).exit_code == 2
