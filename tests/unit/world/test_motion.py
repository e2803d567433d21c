"""Motion: no jump in place, and the instant of a place is where the vehicle then is."""

from hypothesis import given
from hypothesis import strategies as st

from lane_controller.world import motion as mv

speeds = st.floats(0.0, 12.0)
RATES = (6.0, 1.6, 3.0)


@given(v=speeds, way=st.floats(0.5, 60.0), share=st.floats(0.01, 0.99))
def test_a_stop_is_reached_and_every_place_before_it_at_its_instant(v: float, way: float, share: float) -> None:
    motion = mv.stopping(5.0, -60.0, v, -60.0 + way, RATES)
    end_s, end_m, end_v, _ = motion.pieces[-1]
    assert abs(end_m - (-60.0 + way)) < 1e-6
    assert end_v == 0.0
    x = -60.0 + way * share
    at = motion.reaches(x, 5.0)
    assert at is not None
    assert 5.0 <= at <= end_s + 1e-6
    assert abs(motion.at(at)[0] - x) < 1e-5


@given(v=speeds, wanted=speeds, way=st.floats(0.1, 80.0))
def test_going_on_reaches_every_place_ahead(v: float, wanted: float, way: float) -> None:
    motion = mv.going(2.0, 0.0, v, wanted, 1.6)
    at = motion.reaches(way, 2.0)
    if max(v, wanted) < 1e-6:
        return
    assert at is not None
    assert abs(motion.at(at)[0] - way) < 1e-5


@given(v=speeds, way=st.floats(0.5, 60.0), t=st.floats(0.0, 40.0))
def test_pieces_join_without_a_jump(v: float, way: float, t: float) -> None:
    motion = mv.stopping(0.0, 0.0, v, way, RATES)
    for at, x, speed, _ in motion.pieces[1:]:
        before_x, before_v = motion.at(at - 1e-9)
        assert abs(before_x - x) < 1e-5
        assert abs(before_v - speed) < 1e-4
    assert motion.at(t)[0] <= way + 1e-6


def test_backing_goes_back_and_never_reaches_what_is_ahead() -> None:
    motion = mv.backing(0.0, 0.0, -7.0)
    assert motion.reaches(1.0, 0.0) is None
    at = motion.reaches(-3.5, 0.0)
    assert at is not None
    assert abs(motion.at(at)[0] + 3.5) < 1e-9
    assert motion.at(100.0) == (-7.0, 0.0)


@given(v=speeds, w=speeds, ahead_m=st.floats(0.0, 30.0), way=st.floats(1.0, 60.0), goes=st.booleans())
def test_the_nearest_that_two_come_is_the_least_of_all_instants(
    v: float, w: float, ahead_m: float, way: float, goes: bool
) -> None:
    ahead = mv.going(0.0, ahead_m, v, 6.0, 1.6) if goes else mv.stopping(0.0, ahead_m, v, ahead_m + way, RATES)
    behind = mv.stopping(0.0, 0.0, w, way, RATES)
    lags = [ahead.at(i / 100)[0] - behind.at(i / 100)[0] for i in range(50, 4000)]
    nearest = mv.nearest(ahead, behind, 0.5)
    assert nearest <= min(lags) + 1e-6
    assert nearest >= min(lags) - 0.13, "12 m/s for a hundredth of a second"
