"""Bar charts for paper: one quiet colour, light lines, both axes named, numbers as 1.234.567.

In: a section with a chart. Out: a reportlab drawing. Must say nothing that the table does not say; colour carries no
meaning, so that a grey copy reads the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.shapes import Drawing, Group, String
from reportlab.lib import colors
from reportlab.lib.units import mm

from settlement.reports.document import Cell, Chart, Section
from settlement.reports.typeface import BOLD, REGULAR
from settlement.reports.wording import day_text, grouped, moment_text

BAR_COLOUR: Final = "3B6EA5"
"""Contrast of 5.2 : 1 against white."""
_GRID: Final = colors.HexColor("#D5DCE4")
_AXIS: Final = colors.HexColor("#5B6770")
_HEIGHT_MM: Final = 62
_TICKS: Final = 5
_LETTER_PT: Final = 3.4
"""Width of a letter under the bars; names that would run into each other are set aslant."""
_BAR_MAX: Final = 60
"""Points; a broad bar looks like a larger number."""
_VALUES_SHOWN: Final = 31
"""Numbers above the bars: with more bars they run into each other."""
_NAMES_SHOWN: Final = 40
_DIGIT_PT: Final = 3.2
"""Width of a digit of the numbers above the bars."""


def draw(section: Section, chart: Chart, width: float) -> Drawing:
    """The chart of `section`, `width` points wide."""
    values = [value for row in section.rows if isinstance(value := row[chart.value_column], int)]
    names = _thinned([_name(row[chart.label_column]) for row in section.rows])
    drawing = Drawing(width, _HEIGHT_MM * mm)
    drawing.add(String(0, (_HEIGHT_MM - 4) * mm, chart.title, fontName=BOLD, fontSize=8.5))
    bars = _bars(values, names, width)
    drawing.add(bars)
    column = section.columns[chart.label_column]
    middle = bars.x + bars.width / 2
    drawing.add(String(middle, 1 * mm, column.vietnamese, fontName=REGULAR, fontSize=7, textAnchor="middle"))
    drawing.add(_upright(chart.unit or section.columns[chart.value_column].vietnamese, bars.y + bars.height / 2))
    return drawing


def _upright(text: str, height: float) -> Group:
    group = Group(String(0, 0, text, fontName=REGULAR, fontSize=7, textAnchor="middle"))
    group.translate(3 * mm, height)
    group.rotate(90)
    return group


def _thinned(names: Sequence[str]) -> list[str]:
    """Every name, or every second, third … where there are too many to stand side by side."""
    step = -(-len(names) // _NAMES_SHOWN)
    return [name if number % step == 0 else "" for number, name in enumerate(names)]


def _name(value: Cell) -> str:
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return day_text(value)[:5]
    return "" if value is None else str(value)


def _bars(values: Sequence[int], names: Sequence[str], width: float) -> VerticalBarChart:
    bars = VerticalBarChart()
    bars.x = round(9 * mm + _LETTER_PT * len(grouped(_highest(values))))
    bars.width = round(width - bars.x - 2 * mm)
    share = bars.width / len(names)
    slanted = max(len(name) for name in names) * _LETTER_PT > share
    bars.y = round((17 if slanted else 11) * mm)
    bars.height = round(_HEIGHT_MM * mm - bars.y - 9 * mm)
    bars.data = [list(values)]
    bars.bars[0].fillColor = colors.HexColor(f"#{BAR_COLOUR}")
    bars.bars[0].strokeColor = None
    bars.barSpacing = 0
    _space(bars, share)
    _name_axis(bars, names, slanted=slanted)
    _value_axis(bars, values)
    if len(values) <= _VALUES_SHOWN and share > _DIGIT_PT * len(grouped(max(values, default=0))):
        bars.barLabelFormat = lambda value: grouped(round(value))
        bars.barLabels.fontName, bars.barLabels.fontSize, bars.barLabels.nudge = REGULAR, 5.5, 5
    return bars


def _space(bars: Any, share: float) -> None:
    """A bar of 1 and the space beside it; reportlab stretches both to the width."""
    bars.barWidth, bars.groupSpacing = 1, max(0.3, share / _BAR_MAX - 1)


def _name_axis(bars: VerticalBarChart, names: Sequence[str], *, slanted: bool) -> None:
    axis = bars.categoryAxis
    axis.categoryNames = list(names)
    axis.labels.fontName, axis.labels.fontSize = REGULAR, 6
    axis.strokeColor = _AXIS
    axis.visibleTicks = 0
    if slanted:
        axis.labels.angle, axis.labels.boxAnchor = 20, "ne"


def _value_axis(bars: VerticalBarChart, values: Sequence[int]) -> None:
    axis = bars.valueAxis
    step = nice_step(max(values, default=0))
    axis.valueMin, axis.valueStep = 0, step
    axis.valueMax = _highest(values)
    axis.labels.fontName, axis.labels.fontSize = REGULAR, 6
    axis.labelTextFormat = lambda value: grouped(round(value))
    axis.visibleGrid, axis.gridStrokeColor, axis.gridStrokeWidth = 1, _GRID, 0.4
    axis.visibleAxis = axis.visibleTicks = 0


def _highest(values: Sequence[int]) -> int:
    """The line above the highest bar."""
    step = nice_step(max(values, default=0))
    return step * max(1, -(-max(values, default=0) // step))


def nice_step(largest: int) -> int:
    """Distance of the lines: 1, 2 or 5 times a power of ten, so that about `_TICKS` of them reach `largest`."""
    step = 1
    while step * _TICKS < largest:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return step
