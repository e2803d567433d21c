"""Whoever really drove from L1 to the arm is never taken for somebody else, however it drove.

In: ways of driving made of pieces (speed up, keep, brake, stand), both geometries, any length. The instants at which
bumpers reach the sensors are what the lane is told, as edges of the PLC are, to the microsecond.
"""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lane_controller.core.config import Geometry, configure
from lane_controller.core.events import ClassMeasured
from lane_controller.core.instant import Now
from lane_controller.core.reach import ROOM_M, AtArm, foreign_curtain, may_be, may_be_back, may_have_passed_lc1
from lane_controller.core.records import StageTimes
from lane_controller.core.state import Line, Road, Sensors, Standing, Track
from lane_controller.core.values import VehicleKind

STEP_S = 0.01
TOP_M_S = {Geometry.G1: 8.0, Geometry.G2: 15.0}
PIECE = st.tuples(st.floats(0.2, 3.0), st.floats(-4.5, 2.8))
"""(seconds, m/s²): harder braking than any driver likes, and a strong car."""


def drive(begins_m_s: float, pieces: list[tuple[float, float]], top_m_s: float, until_m: float) -> list[float]:
    """Metres done at every step, from L1 on, until so far; a driver who stands goes on in the end."""
    way, speed, done = 0.0, begins_m_s, [0.0]
    rates = [rate for seconds, rate in pieces for _ in range(round(seconds / STEP_S))]
    while way < until_m:
        rate = rates.pop(0) if rates else 1.5
        faster = min(top_m_s, max(0.0, speed + rate * STEP_S))
        way += (speed + faster) / 2 * STEP_S
        speed = faster
        done.append(way)
    return done


def reached_us(done: list[float], place_m: float) -> int:
    """When the front was there, between two steps as far as it was between them."""
    after = next(i for i, way in enumerate(done) if way >= place_m)
    if after == 0:
        return 0
    share = (place_m - done[after - 1]) / (done[after] - done[after - 1])
    return round((after - 1 + share) * STEP_S * 1e6)


@settings(deadline=None)
@given(
    st.sampled_from(list(Geometry)),
    st.floats(3.2, 19.0),
    st.floats(0.5, 8.0),
    st.lists(PIECE, max_size=6),
    st.booleans(),
    st.booleans(),
)
def test_who_drove_to_the_arm_may_be_there(
    geometry: Geometry, length_m: float, begins_m_s: float, pieces: list[tuple[float, float]], measured: bool, l3: bool
) -> None:
    l2_m, cfg = 2.0 + ROOM_M[geometry], configure(geometry)
    done = drive(begins_m_s, pieces, TOP_M_S[geometry], max(l2_m + 3.0, 2.0 + length_m))
    lc1_us, l2_us, rear_us = (reached_us(done, place) for place in (2.0, l2_m, 2.0 + length_m))
    gone = rear_us <= l2_us
    on = Line(on=not gone, since_us=rear_us if gone else 0)
    sensors = Sensors(l1=on, lc1=replace(on, since_us=rear_us if gone else lc1_us))
    track = Track(1, Standing.WAITING, StageTimes(l1_on=Now(0, 0)), on_l1=not gone, came_us=0, lc1_on_us=lc1_us)
    track = replace(track, lc1_broken=True, rear_us=rear_us if gone else None)
    if measured:
        track = replace(track, measured=ClassMeasured(None, VehicleKind.FOUR_WHEEL, length_m))
    at = AtArm(l2_us, reached_us(done, l2_m + 1.0), reached_us(done, l2_m + 3.0)) if l3 else AtArm(l2_us)
    assert may_be(track, at, Road(lc1_proven=True), sensors, cfg)
    assert not foreign_curtain(track, sensors)


@settings(deadline=None)
@given(st.floats(3.2, 19.0), st.floats(0.5, 7.0), st.lists(PIECE, max_size=6), st.booleans())
def test_who_drove_past_lc1_has_passed_it(
    length_m: float, begins_m_s: float, pieces: list[tuple[float, float]], measured: bool
) -> None:
    done = drive(begins_m_s, pieces, TOP_M_S[Geometry.G1] - 0.5, 2.0 + length_m)
    lc1_us, rear_us = reached_us(done, 2.0), reached_us(done, 2.0 + length_m)
    track = Track(1, Standing.WAITING, StageTimes(l1_on=Now(0, 0)), came_us=0, lc1_on_us=lc1_us)
    if measured:
        track = replace(track, measured=ClassMeasured(None, VehicleKind.FOUR_WHEEL, length_m))
    for geometry in Geometry:
        assert may_have_passed_lc1(track, rear_us, configure(geometry))


@settings(deadline=None)
@given(
    st.sampled_from(list(Geometry)),
    st.floats(3.2, 19.0),
    st.floats(0.5, 8.0),
    st.lists(PIECE, max_size=6),
    st.tuples(st.floats(1.0, 4.9), st.floats(0.5, 3.0), st.floats(0.3, 2.9)),
    st.booleans(),
)
def test_who_drove_past_lc1_and_backed_may_be_back(
    geometry: Geometry,
    length_m: float,
    begins_m_s: float,
    pieces: list[tuple[float, float]],
    back: tuple[float, float, float],
    measured: bool,
) -> None:
    done = drive(begins_m_s, pieces, TOP_M_S[geometry], 2.5 + length_m)
    lc1_us, rear_us = reached_us(done, 2.0), reached_us(done, 2.0 + length_m)
    leaves_m_s = 0.5e6 / (reached_us(done, 2.5 + length_m) - rear_us)
    brakes, gear_s, backs = back
    stops_s = leaves_m_s / brakes
    back_us = rear_us + round((stops_s + gear_s + (leaves_m_s * stops_s / backs) ** 0.5) * 1e6)
    track = Track(1, Standing.WAITING, StageTimes(l1_on=Now(0, 0)), on_l1=False, lc1_on_us=lc1_us, rear_us=rear_us)
    if measured:
        track = replace(track, measured=ClassMeasured(None, VehicleKind.FOUR_WHEEL, length_m))
    assert may_be_back(track, back_us, configure(geometry))


@settings(deadline=None)
@given(st.sampled_from(list(Geometry)), st.floats(3.2, 5.5), st.integers(50_000, 400_000), st.floats(1.0, 6.0))
def test_who_left_l1_in_this_moment_is_not_at_the_arm(
    geometry: Geometry, length_m: float, since_us: int, speed_m_s: float
) -> None:
    """A car of ordinary length, at any ordinary speed, needs longer from the end of L1 to L2 in a lane of 17 m."""
    room = ROOM_M[geometry]
    assume(room - length_m > (speed_m_s + 4.0) * 0.4 + 2.0)
    lc1_us = round(2.0 / speed_m_s * 1e6)
    rear_us = round((2.0 + length_m) / speed_m_s * 1e6)
    track = Track(1, Standing.WAITING, StageTimes(l1_on=Now(0, 0)), on_l1=False, came_us=0, lc1_on_us=lc1_us)
    track = replace(track, rear_us=rear_us, measured=ClassMeasured(1, VehicleKind.FOUR_WHEEL, length_m))
    assert not may_be(track, AtArm(rear_us + since_us), Road(lc1_proven=True), Sensors(), configure(geometry))
