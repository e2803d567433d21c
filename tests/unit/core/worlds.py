"""Where the scenarios are, and how to run one."""

from functools import cache
from pathlib import Path

from lane_controller.app.scenario_file import load
from lane_controller.app.scenario_world import World

DATA = Path(__file__).parents[2] / "data" / "scenarios"
SCENARIOS = sorted(DATA.rglob("*.yaml"))


@cache
def run(file: Path) -> World:
    """A world in which the scenario has been played; nobody changes it afterwards, so it is played once."""
    return World(load(file)).run()


def named(scenario_id: str) -> Path:
    """The file of a scenario."""
    return next(file for file in SCENARIOS if file.name.startswith(f"{scenario_id}-"))
