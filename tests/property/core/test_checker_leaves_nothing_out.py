"""The checker looks only at what an event may have changed, and finds what looking at everything finds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_controller.app.scenario_world import World
from lane_controller.core.effects import CommandBarrier, Effect, Record, SetSignal
from lane_controller.core.events import BarrierReported, Event
from lane_controller.core.instant import Now
from lane_controller.core.invariants import Checker
from lane_controller.core.lane import start, step
from lane_controller.core.values import Aspect, BarrierAction, Cause
from tests.property.core.worlds import scenario_of, timed
from tests.unit.core.worlds import SCENARIOS, run

CLOSE = CommandBarrier("x", BarrierAction.CLOSE, Cause.CLEAR, None, 2_000)
OPEN = CommandBarrier("y", BarrierAction.OPEN, Cause.PASSAGE, "nobody", 2_000)

Spoil = Callable[[int, tuple[Effect, ...]], tuple[Effect, ...]]
SPOILS: tuple[Spoil, ...] = (
    lambda i, effects: effects,
    lambda i, effects: (*effects, SetSignal(Aspect.GREEN)) if i % 7 == 0 else effects,
    lambda i, effects: (*effects, CLOSE) if i % 11 == 0 else effects,
    lambda i, effects: (*effects, OPEN) if i % 13 == 0 else effects,
    lambda i, effects: tuple(e for e in effects if not isinstance(e, Record)),
    lambda i, effects: tuple(e for e in effects if not isinstance(e, CommandBarrier | SetSignal)),
    lambda i, effects: effects + effects,
)
"""What a wrong lane would do: green, closed and opened at any time, records and commands left out or doubled."""


class Whole(Checker):
    """Looks at everything after every event."""

    def see(self, event: Event, effects: tuple[Effect, ...], now: Now) -> None:
        self.see_cut(event, effects, now)
        self._after(now)


def found(world: World, spoil: Spoil) -> tuple[list[str], list[str]]:
    lane, both = start(world.scenario.config), (Checker(world.scenario.config), Whole(world.scenario.config))
    for i, (event, now) in enumerate(world.capsule):
        lane, effects = step(lane, event, now)
        for checker in both:
            checker.see(event, spoil(i, effects), now)
    return both[0].violations, both[1].violations


@pytest.mark.parametrize("file", SCENARIOS[::3], ids=lambda file: file.stem.split("-")[0])
def test_every_wrong_lane_is_found_as_by_the_whole(file: Path) -> None:
    world, seen = run(file), 0
    for spoil in SPOILS:
        some, every = found(world, spoil)
        assert some == every
        seen += len(every)
    assert seen or not any(isinstance(event, BarrierReported) and event.open_limit for event, _ in world.capsule)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(timed(), max_size=14), st.sampled_from(SPOILS))
def test_any_order_is_found_as_by_the_whole(items: list[Any], spoil: Spoil) -> None:
    some, every = found(World(scenario_of(items)).run(), spoil)
    assert some == every
