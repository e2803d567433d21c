"""The table of transitions is the machine: no scenario does what it does not have, and the page is fresh."""

from pathlib import Path

import pytest

from lane_controller.core.lane import start, step
from lane_controller.core.machine import GONE, NEW, VEHICLE_PAIRS, markdown, node
from lane_controller.core.state import Lane
from tests.unit.core.worlds import SCENARIOS, run

PAGE = Path(__file__).parents[3] / "docs" / "lane-machine.md"


def moves(before: Lane, after: Lane) -> set[tuple[str, str]]:
    old = {track.id: node(track) for track in before.tracks}
    new = {track.id: node(track) for track in after.tracks}
    ids = {*old, *new}
    return {(old.get(i, NEW), new.get(i, GONE)) for i in ids if old.get(i) != new.get(i)}


def moves_of(file: Path) -> set[tuple[str, str]]:
    world = run(file)
    lane = start(world.scenario.config)
    seen: set[tuple[str, str]] = set()
    for event, now in world.capsule:
        if type(event).__name__ == "Booted":
            lane = start(world.scenario.config)
        before = lane
        lane, _ = step(lane, event, now)
        seen |= moves(before, lane)
    return seen


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem.split("-")[0])
def test_every_transition_is_in_the_table(file: Path) -> None:
    assert moves_of(file) <= VEHICLE_PAIRS


def test_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "run: python -m lane_controller.app.machine_page"
