"""A read or report that is taken quickly (core/hearing.py) leaves the same lane and effects as the whole step does."""

from collections import Counter
from dataclasses import replace

import pytest

from lane_controller.core import hearing
from lane_controller.core import lane as core
from lane_controller.core.effects import Effect
from lane_controller.core.events import Event, TagSeen
from lane_controller.core.instant import Now
from lane_controller.core.state import Lane
from lane_controller.world.draw import draw
from lane_controller.world.episode import run_plan
from lane_controller.world.parameters import FAULTS, WorldParameters

P = replace(WorldParameters(), shielded_share=0.1, two_tags_share=0.2, returns_share=0.1, untagged_share=0.2)


@pytest.mark.parametrize(("seed", "stray"), [(1, 1.0), (2, 30.0), (9, 300.0), (4, 1.0)])
def test_quick_steps_are_the_whole_step(seed: int, stray: float, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: Counter[tuple[str, bool]] = Counter()
    quick = dict(core.QUICK)
    wanted = True

    def again(lane: Lane, event: Event, now: Now) -> hearing.Stepped | None:
        found: hearing.Stepped | None = quick[type(event)](lane, event, now) if wanted else None
        taken[type(event).__name__, found is not None] += wanted
        if found is not None and isinstance(event, TagSeen):
            taken["new", True] += event.epc not in lane.radio.tags
            taken["credible", True] += found[0].radio.tags[event.epc].credible is now
            taken["forgotten", True] += not set(found[0].radio.tags).issuperset(lane.radio.tags)
        return found

    def step(lane: Lane, event: Event, now: Now) -> tuple[Lane, tuple[Effect, ...]]:
        nonlocal wanted
        wanted = True
        made = core.step(lane, event, now)
        if type(event) in quick:
            wanted = False
            whole = core.step(lane, event, now)
            assert made == whole, event
            assert list(made[0].timers) == list(whole[0].timers), event  # their order is in the marks of the journal
        return made

    monkeypatch.setattr(core, "QUICK", dict.fromkeys(quick, again))
    plan = draw(seed, 0, P.scaled(stray), FAULTS)
    run_plan(replace(plan, vehicles=plan.vehicles[:40]), P, step)
    for kind in ("TagSeen", "NeighbourHeard", "ListHeartbeat", "SensorChanged"):
        assert taken[kind, True] > 0
        assert taken[kind, False] > 0 or kind == "ListHeartbeat"
    for kind in ("new", "credible", "forgotten"):
        assert taken[kind, True] > 0, "no read of this kind that nobody waited for"
