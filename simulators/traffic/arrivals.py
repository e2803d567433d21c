"""Who comes when, and into which lane.

In: a fleet, a seed and the number of lanes. Out: an endless, seeded run of arrivals with rising times. Headways are
exponential with a floor, as free traffic has them; some vehicles follow the one before closely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from simulators.traffic.fleet import Vehicle

PEAK_HOUR_VEHICLES: Final = 200.0
"""Vehicles in the peak hour over both directions (domain facts 4.6): the traffic at factor 1."""

HEADWAY_MIN_MS: Final = 300
"""No two vehicles of the plaza arrive closer than this, whatever the factor."""

CLOSE_FOLLOWER_SHARE: Final = 0.01
CLOSE_GAP_M: Final = 1.5
GAP_M: Final = (3.2, 5.0)
"""Distance that drivers keep when they stand behind another: the least and the most."""

REUSE_AFTER: Final = 0.5
"""A vehicle comes again only after this share of the fleet has passed."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A vehicle at the beginning of a lane's approach, `at_ms` after the run began."""

    number: int
    at_ms: int
    lane: int
    vehicle: Vehicle
    speed_kmh: float
    gap_m: float
    follows_closely: bool


def arrivals(seed: int, fleet: Sequence[Vehicle], lanes: int, factor: float) -> Iterator[Arrival]:
    """Endless arrivals; `factor` 1 is the peak hour of the plaza, 2 twice as many vehicles in the same time."""
    if not fleet or lanes < 1 or factor <= 0:
        raise ValueError(f"need a fleet, a lane and a factor above 0: {len(fleet)} vehicles, {lanes}, {factor}")
    random = Random(f"arrivals-{seed}")
    waiting = list(range(len(fleet)))
    random.shuffle(waiting)
    mean_ms = 3_600_000 / (PEAK_HOUR_VEHICLES * factor)
    at_ms = 0.0
    number = 0
    while True:
        number += 1
        at_ms += max(HEADWAY_MIN_MS, random.expovariate(1 / mean_ms))
        index = waiting.pop(random.randrange(max(1, int(len(waiting) * (1 - REUSE_AFTER)))))
        waiting.append(index)
        yield _arrival(random, number, int(at_ms), fleet[index], lanes)


def _arrival(random: Random, number: int, at_ms: int, vehicle: Vehicle, lanes: int) -> Arrival:
    follows_closely = random.random() < CLOSE_FOLLOWER_SHARE
    return Arrival(
        number=number,
        at_ms=at_ms,
        lane=random.randrange(lanes),
        vehicle=vehicle,
        speed_kmh=round(min(18.0, max(7.0, random.gauss(13.0, 2.0))), 1),
        gap_m=CLOSE_GAP_M if follows_closely else round(random.uniform(*GAP_M), 1),
        follows_closely=follows_closely,
    )
