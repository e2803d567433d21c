"""The accounting day at its edges, and its column form against the plain one."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.reconcile.accounting_day import Cutoff, day_column, day_of, window_of

TEN = Cutoff(time(22, 0))
MIDNIGHT = Cutoff(time(0, 0))


@pytest.mark.parametrize(
    ("moment", "cutoff", "day"),
    [
        ("2026-06-15T21:59:59.999999+07:00", TEN, date(2026, 6, 15)),
        ("2026-06-15T22:00:00+07:00", TEN, date(2026, 6, 16)),
        ("2026-06-15T15:00:00+00:00", TEN, date(2026, 6, 16)),
        ("2026-06-15T23:59:59+07:00", MIDNIGHT, date(2026, 6, 15)),
        ("2026-06-16T00:00:00+07:00", MIDNIGHT, date(2026, 6, 16)),
        ("2026-12-31T22:00:00+07:00", TEN, date(2027, 1, 1)),
        ("2026-06-15T00:00:00+07:00", Cutoff(time(0, 1)), date(2026, 6, 15)),
        ("2026-06-15T00:01:00+07:00", Cutoff(time(0, 1)), date(2026, 6, 16)),
    ],
)
def test_the_cutoff_belongs_to_the_next_day(moment: str, cutoff: Cutoff, day: date) -> None:
    assert day_of(datetime.fromisoformat(moment), cutoff) == day


moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))  # noqa: DTZ001
cutoffs = st.times().map(lambda t: Cutoff(t.replace(second=0, microsecond=0)))


@given(moments, cutoffs)
def test_every_moment_lies_in_the_window_of_its_day_alone(moment: datetime, cutoff: Cutoff) -> None:
    day = day_of(moment, cutoff)
    start, end = window_of(day, cutoff)
    assert start <= moment < end
    assert end == window_of(day + timedelta(days=1), cutoff)[0]
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert pl.DataFrame({"t": [micros]}).select(day_column(pl.col("t"), cutoff))["t"][0] == day
