"""Random small days: the columnar code and the naive reading of the rules agree on every cell."""

import random
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.settlement.runs import SAMPLES, differences, run
from tests.integration.settlement.test_samples import rows_of
from tests.property.settlement import oracle
from tests.property.settlement.days import NOW, random_day, write_day

DAYS = (date(2026, 6, 15), date(2026, 6, 16))
"""The random minutes lie on both sides of the cut-off between them."""
CUTOFF_MINUTES = 22 * 60


@pytest.mark.parametrize("day", DAYS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_the_rules_agree_with_trying_everything(tmp_path: Path, seed: int, day: date) -> None:
    stations, providers = random_day(seed)
    files = write_day(tmp_path, stations, providers)
    ended = run(*files, tmp_path / "out", day, NOW)
    items = oracle.reconcile(stations, providers, NOW, CUTOFF_MINUTES)
    wanted = oracle.summary(items, day)
    assert ended.status == 0, ended.messages
    assert {key: ended.summary[key] for key in wanted} == wanted
    assert [tuple(row) for row in differences(tmp_path / "out")[1:]] == oracle.listed(items, day)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), shuffler=st.randoms(use_true_random=False))
def test_any_order_of_rows_gives_the_same_bytes(tmp_path: Path, seed: int, shuffler: random.Random) -> None:
    stations, providers = random_day(seed)
    run(*write_day(tmp_path, stations, providers), tmp_path / "a", None, NOW)
    shuffler.shuffle(stations)
    shuffler.shuffle(providers)
    run(*write_day(tmp_path, stations, providers), tmp_path / "b", None, NOW)
    for name in ("summary.json", "differences.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_naive_reading_agrees_with_the_sample_days() -> None:
    """The oracle itself is held against what the specification gives."""
    for sample in SAMPLES[:2]:
        stations, providers = (rows_of(sample.folder / name) for name in ("station.csv", "provider.csv"))
        items = oracle.reconcile(stations, providers, sample.now, CUTOFF_MINUTES)
        wanted = oracle.summary(items, sample.day)
        assert {key: sample.summary[key] for key in wanted} == wanted
        assert oracle.listed(items, sample.day) == [tuple(row) for row in sample.differences[1:]]
