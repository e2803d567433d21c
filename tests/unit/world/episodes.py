"""Small episodes for the tests of the simulated world."""

from collections.abc import Iterable
from dataclasses import replace

from lane_controller.world.draw import draw
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.plan import EpisodePlan

P = WorldParameters()


def plan(index: int = 0, vehicles: int = 12, faults: Iterable[str] = (), seed: int = 3) -> EpisodePlan:
    """The first vehicles of an episode, without neighbours."""
    whole = draw(seed, index, P, list(faults))
    last_s = whole.vehicles[vehicles - 1].at_s
    early = tuple(fault for fault in whole.faults if fault.at_s < last_s)
    return replace(whole, vehicles=whole.vehicles[:vehicles], passers=(), faults=early)
