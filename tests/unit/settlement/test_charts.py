"""Axes and names of charts: round steps, every number readable, no name over another."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from settlement.reports.document import Chart, Column, Kind, Section
from settlement.reports.drawing import draw, nice_step
from settlement.reports.typeface import register
from settlement.reports.wording import excel_axis, grouped
from tests.unit.settlement.test_wording import shown


@given(st.integers(0, 10**13))
def test_steps_are_round_and_few(largest: int) -> None:
    step = nice_step(largest)
    assert str(step)[0] in "125"
    assert set(str(step)[1:]) <= {"0"}
    assert largest / step <= 5
    assert step == 1 or largest / step > 2, "not so large that the bars lie flat"


@given(st.integers(0, 5 * 10**11))
def test_an_axis_in_excel_shows_its_marks_with_dots(largest: int) -> None:
    step = nice_step(largest)
    for mark in range(0, largest + step, step):
        assert shown(excel_axis(largest), mark) == grouped(mark)


@given(st.integers(1, 400))
def test_names_under_the_bars_never_run_into_each_other(count: int) -> None:
    register()
    first = date(2026, 1, 1)
    rows = tuple((first + timedelta(days=n), n) for n in range(count))
    columns = (Column("Ngày", "day", Kind.DATE), Column("Lượt xe", "passages", Kind.COUNT))
    drawing = draw(Section("s", "s", columns, rows, chart=Chart("Lưu lượng", 1)), Chart("Lưu lượng", 1), 760)
    bars = next(one for one in drawing.contents if hasattr(one, "categoryAxis"))
    names = bars.categoryAxis.categoryNames
    assert len(names) == len(bars.data[0]) == count
    assert 1 <= sum(bool(name) for name in names) <= 40
    assert names[0] == "01/01"
