"""Whatever the devices say, in any order, I1–I13 hold, over power failures too."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_controller.app.scenario_result import result_of
from lane_controller.app.scenario_world import World
from lane_controller.core.config import Geometry, PlateFallback
from lane_controller.core.effects import Record
from lane_controller.core.records import PassageClosed
from tests.property.core.worlds import scenario_of, timed

QUIET = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@QUIET
@given(st.lists(timed(), max_size=16), st.sampled_from(list(PlateFallback)), st.sampled_from(list(Geometry)))
def test_any_order_keeps_the_invariants(items: list[Any], fallback: PlateFallback, geometry: Geometry) -> None:
    world = World(scenario_of(items, fallback, geometry=geometry)).run()
    assert world.checker.violations == []
    passages = [e.record.passage for _, e in world.log if isinstance(e, Record) and isinstance(e.record, PassageClosed)]
    assert [p.seq for p in passages] == list(range(1, len(passages) + 1))
    assert len({p.passage_id for p in passages}) == len(passages)


@QUIET
@given(st.lists(timed(), max_size=12))
def test_same_scenario_gives_the_same_bytes(items: list[Any]) -> None:
    first, second = (World(scenario_of(items)).run() for _ in range(2))
    assert first.journal == second.journal
    assert result_of(first) == result_of(second)
