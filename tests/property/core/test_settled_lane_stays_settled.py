"""What a step leaves out could not have changed anything: drawing every conclusion anew gives the same lane.

The lane draws no conclusion again from the same pieces before its next deadline. Here a second lane is never allowed to
rely on that (`settled` is taken from it before each step), and time alone is let pass between deadlines.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_controller.app.scenario_world import World
from lane_controller.core.config import PlateFallback
from lane_controller.core.effects import CancelTimer, Effect, StartTimer
from lane_controller.core.events import Booted, TimerFired
from lane_controller.core.instant import Now
from lane_controller.core.lane import start, step
from lane_controller.core.state import Lane
from tests.property.core.worlds import scenario_of, timed
from tests.unit.core.worlds import SCENARIOS, run

WATCHED = "stuck:L1"
"""A tag that kept L1 in use is forgotten at the next look at the tags, not at an instant: this watch may start late."""


def seen(lane: Lane, t: int) -> Lane:
    """The lane without what may differ: whether it is settled, and what is forgotten at the next look."""
    oldest = t - lane.config.tag_memory_ms * 1000
    radio = lane.radio
    tags = {epc: tag for epc, tag in radio.tags.items() if tag.last_us >= oldest or tag.owner is not None}
    neighbours = {epc: heard for epc, heard in radio.neighbours.items() if heard.last_us >= oldest}
    timers = {key: at for key, at in lane.timers.items() if key != WATCHED}
    return replace(lane, settled=False, timers=timers, radio=replace(radio, tags=tags, neighbours=neighbours))


def told(effects: tuple[Effect, ...]) -> list[Effect]:
    """Effects without that watch."""
    return [e for e in effects if not (isinstance(e, StartTimer | CancelTimer) and e.key == WATCHED)]


def compare(world: World) -> None:
    """Both lanes over all events of a world."""
    quick = slow = start(world.scenario.config)
    for event, now in world.capsule:
        if isinstance(event, Booted):
            quick = slow = start(world.scenario.config)
        quick, some = step(quick, event, now)
        slow, every = step(replace(slow, settled=False), event, now)
        assert told(some) == told(every), event
        assert seen(quick, now.mono_us) == seen(slow, now.mono_us), event


def wait(world: World, share: float) -> None:
    """Between an event and the next deadline nothing happens by itself, whenever one looks."""
    lane = start(world.scenario.config)
    for event, now in world.capsule:
        lane, _ = step(lane, event, now)
        ends = min(lane.timers.values(), default=now.mono_us + 60_000_000)
        us = round((ends - 1 - now.mono_us) * share)
        if us < 0 or not lane.settled:
            continue
        later = Now(now.mono_us + us, now.utc_us + us)
        waited, effects = step(replace(lane, settled=False), TimerFired("nothing"), later)
        assert told(effects) == [], event
        assert (waited.tracks, waited.arm, waited.desk, waited.shown) == (lane.tracks, lane.arm, lane.desk, lane.shown)


@pytest.mark.parametrize("file", SCENARIOS[::4], ids=lambda file: file.stem.split("-")[0])
def test_scenario_is_the_same_without_leaving_anything_out(file: Path) -> None:
    world = run(file)
    compare(world)
    wait(world, 0.5)
    wait(world, 1.0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(timed(), max_size=14), st.sampled_from(list(PlateFallback)), st.floats(0, 1))
def test_any_order_is_the_same_without_leaving_anything_out(
    items: list[Any], fallback: PlateFallback, share: float
) -> None:
    world = World(scenario_of(items, fallback)).run()
    compare(world)
    wait(world, share)
