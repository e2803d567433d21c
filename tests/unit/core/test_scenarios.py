"""Every scenario gives what it expects, keeps the invariants, and gives the same bytes again from its own capsule."""

import json
from pathlib import Path

import pytest

from lane_controller.app.scenario_result import result_of
from lane_controller.core.effects import Effect
from lane_controller.core.lane import start, step
from lane_controller.core.plain import event_from_plain, to_plain
from tests.unit.core.worlds import SCENARIOS, run


def test_scenarios_are_there() -> None:
    assert len(SCENARIOS) > 100


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem.split("-")[0])
def test_scenario_gives_what_it_expects(file: Path) -> None:
    assert result_of(run(file))["differences"] == []


@pytest.mark.parametrize("file", SCENARIOS[::7], ids=lambda file: file.stem.split("-")[0])
def test_capsule_replays_to_the_same_effects(file: Path) -> None:
    world = run(file)
    lane = start(world.scenario.config)
    effects: list[Effect] = []
    for event, now in world.capsule:
        lane, made = step(lane, event_from_plain(json.loads(json.dumps(to_plain(event)))), now)
        effects += made
    assert effects == [effect for _, effect in world.log]
