"""Confidence bounds: against values of the literature and against their own definition."""

from math import comb

import pytest

from lane_controller.world.bounds import bounds


@pytest.mark.parametrize(
    ("count", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (3, 1000, 0.0006, 0.0087),
    ],
)
def test_tables_of_clopper_and_pearson(count: int, trials: int, low: float, high: float) -> None:
    assert bounds(count, trials) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_nothing_in_a_million_is_the_rule_of_three() -> None:
    low, high = bounds(0, 1_000_000)
    assert low == 0.0
    assert high == pytest.approx(3.689e-6, rel=1e-3)  # -ln(0.025) / n: two-sided 95 %


@pytest.mark.parametrize(("count", "trials"), [(2, 40), (7, 60), (31, 64)])
def test_each_tail_is_half_of_what_is_left(count: int, trials: int) -> None:
    low, high = bounds(count, trials)
    at_least = sum(comb(trials, k) * low**k * (1 - low) ** (trials - k) for k in range(count, trials + 1))
    at_most = sum(comb(trials, k) * high**k * (1 - high) ** (trials - k) for k in range(count + 1))
    assert at_least == pytest.approx(0.025, rel=1e-6)
    assert at_most == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize(("count", "trials"), [(0, 0), (-1, 5), (6, 5)])
def test_no_count_of_trials_is_refused(count: int, trials: int) -> None:
    with pytest.raises(ValueError, match="no count"):
        bounds(count, trials)
