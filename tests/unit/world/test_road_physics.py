"""The road keeps physics: nobody drives through a closed arm or through another vehicle, edges fit the bodies."""

from dataclasses import replace
from itertools import pairwise

import pytest

from lane_controller.core.events import SensorChanged
from lane_controller.core.values import Sensor
from lane_controller.world.agenda import US
from lane_controller.world.draw import draw
from lane_controller.world.episode import Episode
from lane_controller.world.plan import EpisodePlan, Manner
from lane_controller.world.vehicle import Vehicle
from tests.unit.world.episodes import P, plan

PUSHY = replace(P, close_follower_share=0.15, hesitate_share=0.03, turn_back_share=0.03, refuse_share=0.2)


CATCHES_UP = plan(seed=2026, index=812)
"""The seventh comes on while the sixth, who stood before him, has only just set off."""


@pytest.mark.parametrize("drawn", [*(draw(9, index, PUSHY, ["power_cut"]) for index in (0, 1, 2)), CATCHES_UP])
def test_nobody_overlaps_and_nobody_jumps(drawn: EpisodePlan) -> None:
    world = Episode(replace(drawn, passers=()), PUSHY)
    worst, fastest = [10.0], [0.0]
    last: dict[int, tuple[int, float]] = {}

    def look(_: object) -> None:
        places = [(one, one.place(world.agenda.now_us)[0]) for one in world.road.vehicles]
        for (ahead, x), (_behind, y) in pairwise(places):
            worst[0] = min(worst[0], x - ahead.plan.length_m - y)
        for one, x in places:
            at_us, before = last.get(one.plan.number, (world.agenda.now_us, x))
            seconds = (world.agenda.now_us - at_us) / US
            fastest[0] = max(fastest[0], abs(x - before) / seconds if seconds else 0.0)
            last[one.plan.number] = (world.agenda.now_us, x)
        world.agenda.after(0.1, look)

    world.agenda.after(0.1, look)
    run = world.run()
    assert run.evidence.unfinished == 0
    assert worst[0] > 0.2, "vehicles touch"
    assert fastest[0] < 12.0, "a vehicle jumps"


def test_the_arm_is_open_over_everybody_who_does_not_ram_it() -> None:
    world = Episode(plan(vehicles=40), P)
    over: list[tuple[Vehicle, float]] = []
    world.road.on_l2 = lambda vehicle: over.append((vehicle, world.plc.arm.openness(world.agenda.now_us)))
    world.run()
    law_abiding = [open_ for vehicle, open_ in over if vehicle.plan.manner is not Manner.RAM]
    assert len(law_abiding) >= 35
    assert min(open_ for v, open_ in over if not v.plan.motorcycle and v.plan.manner is not Manner.RAM) > 0.5


def test_every_crossing_gives_its_edges_in_order() -> None:
    world = Episode(plan(vehicles=6), P, trace=True)
    run = world.run()
    edges = [event for _, event, _ in run.trace if isinstance(event, SensorChanged)]
    for sensor in Sensor:
        levels = [edge.on for edge in edges if edge.sensor is sensor]
        assert levels[::2] == [True] * len(levels[::2])
        assert levels[1::2] == [False] * len(levels[1::2])
    assert len(run.evidence.crossings) == 6


def test_a_vehicle_a_hair_past_two_things_at_one_place_is_told_of_both() -> None:
    """The thirty-second's front came onto L3 as it stopped gaining speed, and its rear never left anything."""
    run = Episode(draw(2029, 3750, P, ()), P).run()
    assert run.evidence.unfinished == 0
