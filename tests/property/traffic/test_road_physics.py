"""Rules of the simulated road that hold for every seed and every behaviour of the arm."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.traffic.arrivals import arrivals
from simulators.traffic.fleet import make_fleet
from simulators.traffic.geometry import NON_STOP, ONE_STOP, Geometry
from simulators.traffic.radio import TagRead
from simulators.traffic.road import EdgeSeen, Road, Sighting, VehicleEntered, VehicleLeft

FLEET = make_fleet(1, 200)
SEEDS = st.integers(0, 10_000)
GEOMETRIES = st.sampled_from([ONE_STOP, NON_STOP])


def road_with(geometry: Geometry, seed: int, vehicles: int, factor: float = 12.0) -> Road:
    """A road to which the first `vehicles` of a seeded run are on their way."""
    road = Road(geometry, seed)
    coming = arrivals(seed, FLEET, 1, factor)
    for _ in range(vehicles):
        road.add(next(coming))
    return road


def drive(road: Road, arm: list[tuple[bool, int]]) -> list[Sighting]:
    """Run through phases of (open, milliseconds); the signal is green while the arm is open."""
    seen: list[Sighting] = []
    for is_open, lasts_ms in arm:
        seen += road.advance(road.now_ms + lasts_ms, is_open, is_open)
        check_order(road)
    return seen


def check_order(road: Road) -> None:
    """No two vehicles overlap."""
    for ahead, behind in zip(road.drivers, road.drivers[1:], strict=False):
        assert behind.motion.front_m < ahead.rear_m


ARMS = st.lists(st.tuples(st.booleans(), st.integers(50, 6_000)), min_size=1, max_size=25)


@given(GEOMETRIES, SEEDS, ARMS)
@settings(max_examples=15, deadline=None)
def test_same_seed_and_same_arm_give_the_same_sightings(
    geometry: Geometry, seed: int, arm: list[tuple[bool, int]]
) -> None:
    assert drive(road_with(geometry, seed, 6), arm) == drive(road_with(geometry, seed, 6), arm)


@given(GEOMETRIES, SEEDS)
@settings(max_examples=15, deadline=None)
def test_nobody_reaches_the_arm_while_it_is_closed(geometry: Geometry, seed: int) -> None:
    road = road_with(geometry, seed, 5)
    seen = drive(road, [(False, 3_000)] * 60)
    assert not [one for one in seen if isinstance(one, EdgeSeen) and one.sensor in {"l2", "lc2", "l3"}]
    assert all(one.motion.front_m <= geometry.stop_line_m + 1e-6 for one in road.drivers)
    assert road.drivers[0].motion.front_m > geometry.stop_line_m - 0.05, "the first vehicle waits at the stop line"


@given(GEOMETRIES, SEEDS, ARMS)
@settings(max_examples=15, deadline=None)
def test_every_vehicle_crosses_in_order_when_the_arm_at_last_stays_open(
    geometry: Geometry, seed: int, arm: list[tuple[bool, int]]
) -> None:
    road = road_with(geometry, seed, 5)
    seen = drive(road, [*arm, *[(True, 4_000)] * 60])
    entered = [one.arrival.number for one in seen if isinstance(one, VehicleEntered)]
    left = [one.arrival.number for one in seen if isinstance(one, VehicleLeft)]
    assert entered == left == [1, 2, 3, 4, 5]
    assert not any(road.levels.values())


@given(GEOMETRIES, SEEDS, ARMS)
@settings(max_examples=15, deadline=None)
def test_edges_alternate_and_a_passing_vehicle_goes_l1_l2_l3(
    geometry: Geometry, seed: int, arm: list[tuple[bool, int]]
) -> None:
    road = road_with(geometry, seed, 1)
    edges = [one for one in drive(road, [*arm, *[(True, 4_000)] * 20]) if isinstance(one, EdgeSeen)]
    for sensor in geometry.sensors:
        levels = [one.active for one in edges if one.sensor == sensor]
        assert levels, f"{sensor} saw nothing"
        assert levels == [index % 2 == 0 for index in range(len(levels))]
    first_on = {sensor: next(one.at_ms for one in edges if one.sensor == sensor) for sensor in geometry.sensors}
    assert first_on["l1"] <= first_on["lc1"] < first_on["l2"] < first_on["lc2"] < first_on["l3"]


@given(GEOMETRIES, SEEDS)
@settings(max_examples=15, deadline=None)
def test_a_tagged_vehicle_is_heard_often_enough_to_be_credible(geometry: Geometry, seed: int) -> None:
    """At least three reads at -68 dBm or better within one second (lane rules, "Tag evidence")."""
    road = road_with(geometry, seed, 3)
    seen = drive(road, [(True, 5_000)] * 30)
    for arrival in (one.arrival for one in seen if isinstance(one, VehicleLeft)):
        tag = arrival.vehicle.tag
        times = [one.at_ms for one in seen if isinstance(one, TagRead) and tag is not None and one.epc == tag.epc]
        if tag is None:
            assert not times
        else:
            assert any(later - earlier < 1_000 for earlier, later in zip(times, times[2:], strict=False))


@given(GEOMETRIES, SEEDS, ARMS)
@settings(max_examples=6, deadline=None)
def test_the_camera_sees_the_vehicle_that_switches_l1_on(
    geometry: Geometry, seed: int, arm: list[tuple[bool, int]]
) -> None:
    """Otherwise a plate would be charged to the wrong vehicle."""
    road = road_with(geometry, seed, 4)
    for is_open, lasts_ms in [*arm, *[(True, 4_000)] * 20]:
        for _ in range(lasts_ms // 10):
            seen = road.advance(road.now_ms + 10, is_open, is_open)
            if EdgeSeen(road.now_ms, "l1", True) in seen:
                arriving = [one for one in road.drivers if one.motion.front_m >= geometry.sensors["l1"].begin_m][-1]
                backing = arriving.motion.speed_m_s < 0
                # One that backs onto L1 may have its front past the view: then nobody is seen, never somebody else.
                assert road.in_view() is arriving or (backing and road.in_view() is None)
