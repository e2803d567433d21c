"""I10: a step of the wall clock at any instant changes no passage, no command and no sign."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_controller.app.scenario_file import load
from lane_controller.app.scenario_result import result_of
from lane_controller.app.scenario_timeline import Entry
from lane_controller.app.scenario_world import World
from tests.unit.core.worlds import named


def without_step(result: dict[str, Any]) -> dict[str, Any]:
    return {**result, "flags": [flag for flag in result["flags"] if flag != "CLOCK_STEP"]}


@pytest.mark.parametrize("scenario_id", ["S01", "S13", "S42", "S61", "R13a", "T11"])
@settings(max_examples=8, deadline=None)
@given(at_us=st.integers(0, 9_000_000), step_us=st.integers(-7_200_000_000, 7_200_000_000))
def test_wall_clock_step_moves_nothing(scenario_id: str, at_us: int, step_us: int) -> None:
    scenario = load(named(scenario_id))
    step = Entry(at_us, "clock_step", {"step_us": step_us})
    stepped = replace(scenario, timeline=sorted([*scenario.timeline, step], key=lambda entry: entry.at_us))
    assert without_step(result_of(World(stepped).run())) == result_of(World(scenario).run())
