"""Letters and digits of a plate as strokes, so that no font file is needed on any machine.

Comes in: a character and a style. Goes out: an anti-aliased mask.
Must never happen: two characters that look alike in every style (0 and D, 8 and B differ by their corners).

A glyph is a list of strokes in the unit box (x to the right, y down). Plates are pressed from steel dies, a stroke of
one width with round ends is near enough; the style varies what differs between makers and decades.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Stroke = list[Point]
Mask = NDArray[np.uint8]
_ARC_POINTS = 14


@dataclass(frozen=True, slots=True)
class Style:
    """What varies between dies."""

    stroke: float = 0.16
    """Stroke width as a share of the glyph's height."""
    squareness: float = 2.4
    """Exponent of the superellipse of round shapes: 2 is a circle, 4 nearly a rectangle."""
    variant: int = 0
    """Chooses among shapes that really occur (4 open or closed, 6 and 9 curled or straight, 1 with a long flag)."""
    slant: float = 0.0
    """Shear: shift of the top as a share of the height."""


def _arc(centre: Point, radii: Point, degrees: tuple[float, float], squareness: float) -> Stroke:
    """Part of a superellipse; 0° is right, 90° is down."""
    angles = np.radians(np.linspace(degrees[0], degrees[1], _ARC_POINTS))
    power = 2.0 / squareness
    return [
        (
            centre[0] + radii[0] * math.copysign(abs(math.cos(a)) ** power, math.cos(a)),
            centre[1] + radii[1] * math.copysign(abs(math.sin(a)) ** power, math.sin(a)),
        )
        for a in angles
    ]


def _bow(top: float, bottom: float, right: float, style: Style) -> Stroke:
    """The bow of B, D, P and R: straight out of the stem, round at the right."""
    middle, half = (top + bottom) / 2, (bottom - top) / 2
    return [(0.0, top), *_arc((right - 0.45, middle), (0.45, half), (-90, 90), style.squareness), (0.0, bottom)]


def _zero(s: Style) -> list[Stroke]:
    return [_arc((0.5, 0.5), (0.5, 0.5), (-90, 270), s.squareness)]


def _one(s: Style) -> list[Stroke]:
    flag = [(0.12, 0.2), (0.18, 0.3), (0.3, 0.14)][s.variant % 3]
    return [[flag, (0.62, 0.0), (0.62, 1.0)]]


def _two(s: Style) -> list[Stroke]:
    return [[*_arc((0.5, 0.29), (0.5, 0.29), (190, 400), s.squareness), (0.0, 1.0), (1.0, 1.0)]]


def _three(s: Style) -> list[Stroke]:
    if s.variant % 4 == 3:
        return [[(0.05, 0), (0.95, 0), (0.45, 0.4), *_arc((0.48, 0.7), (0.5, 0.3), (-80, 160), s.squareness)]]
    upper = _arc((0.48, 0.25), (0.46, 0.25), (195, 450), s.squareness)
    return [[*upper, (0.4, 0.5)], [(0.4, 0.5), *_arc((0.48, 0.75), (0.5, 0.25), (-90, 165), s.squareness)]]


def _four(s: Style) -> list[Stroke]:
    if s.variant % 2:
        return [[(0.72, 1.0), (0.72, 0.0), (0.0, 0.74), (1.0, 0.74)]]
    return [[(0.55, 0.0), (0.0, 0.74), (1.0, 0.74)], [(0.72, 0.42), (0.72, 1.0)]]


def _five(s: Style) -> list[Stroke]:
    return [[(0.95, 0.0), (0.1, 0.0), (0.05, 0.47), *_arc((0.48, 0.68), (0.5, 0.32), (215, 515), s.squareness)]]


def _six(s: Style) -> list[Stroke]:
    loop = _arc((0.5, 0.69), (0.5, 0.31), (-180, 180), s.squareness)
    if s.variant % 3 == 1:
        return [loop, [(0.0, 0.69), (0.18, 0.36), (0.62, 0.0)]]
    return [loop, [(0.0, 0.69), *_arc((0.5, 0.31), (0.5, 0.31), (180, 340), s.squareness)]]


def _seven(s: Style) -> list[Stroke]:
    return [[(0.0, 0.0), (1.0, 0.0), (0.4 - 0.1 * (s.variant % 2), 1.0)]]


def _eight(s: Style) -> list[Stroke]:
    return [
        _arc((0.5, 0.24), (0.44, 0.24), (-90, 270), s.squareness),
        _arc((0.5, 0.74), (0.5, 0.26), (-90, 270), s.squareness),
    ]


def _nine(s: Style) -> list[Stroke]:
    return [[(1 - x, 1 - y) for x, y in stroke] for stroke in _six(s)]


def _c(s: Style) -> list[Stroke]:
    return [
        [
            *_arc((0.5, 0.3), (0.5, 0.3), (340, 180), s.squareness),
            *_arc((0.5, 0.7), (0.5, 0.3), (180, 20), s.squareness),
        ]
    ]


def _g(s: Style) -> list[Stroke]:
    bar = [(1.0, 0.72), (1.0, 0.54), (0.55, 0.54)]
    return [*_c(s), bar if s.variant % 2 else [(1.0, 1.0), *bar]]


def _m(s: Style) -> list[Stroke]:
    return [[(0.0, 1.0), (0.0, 0.0), (0.5, 0.7 + 0.3 * (s.variant % 2)), (1.0, 0.0), (1.0, 1.0)]]


def _s(s: Style) -> list[Stroke]:
    upper = _arc((0.5, 0.25), (0.48, 0.25), (340, 90), s.squareness)
    return [[*upper, *_arc((0.5, 0.75), (0.5, 0.25), (-90, 160), s.squareness)]]


def _u(s: Style) -> list[Stroke]:
    return [[(0.0, 0.0), *_arc((0.5, 0.68), (0.5, 0.32), (180, 0), s.squareness), (1.0, 0.0)]]


def _y(s: Style) -> list[Stroke]:
    return [[(0.0, 0.0), (0.5, 0.52), (1.0, 0.0)], [(0.5, 0.52), (0.5, 1.0)]]


_STEM: Stroke = [(0.0, 0.0), (0.0, 1.0)]
_GLYPHS: Final[dict[str, Callable[[Style], list[Stroke]]]] = {
    "0": _zero,
    "1": _one,
    "2": _two,
    "3": _three,
    "4": _four,
    "5": _five,
    "6": _six,
    "7": _seven,
    "8": _eight,
    "9": _nine,
    "A": lambda s: [[(0.0, 1.0), (0.5, 0.0), (1.0, 1.0)], [(0.19, 0.68), (0.81, 0.68)]],
    "B": lambda s: [_STEM, _bow(0.0, 0.48, 0.92, s), _bow(0.48, 1.0, 1.0, s)],
    "C": _c,
    "D": lambda s: [_STEM, _bow(0.0, 1.0, 1.0, s)],
    "Đ": lambda s: [_STEM, _bow(0.0, 1.0, 1.0, s), [(-0.15, 0.5), (0.4, 0.5)]],
    "E": lambda s: [[(1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0)], [(0.0, 0.48), (0.85, 0.48)]],
    "F": lambda s: [[(1.0, 0.0), (0.0, 0.0), (0.0, 1.0)], [(0.0, 0.5), (0.85, 0.5)]],
    "G": _g,
    "H": lambda s: [_STEM, [(1.0, 0.0), (1.0, 1.0)], [(0.0, 0.5), (1.0, 0.5)]],
    "K": lambda s: [_STEM, [(1.0, 0.0), (0.0, 0.62)], [(0.32, 0.42), (1.0, 1.0)]],
    "L": lambda s: [[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]],
    "M": _m,
    "N": lambda s: [[(0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (1.0, 0.0)]],
    "P": lambda s: [_STEM, _bow(0.0, 0.54, 1.0, s)],
    "Q": lambda s: [*_zero(s), [(0.6, 0.7), (1.0, 1.0)]],
    "R": lambda s: [_STEM, _bow(0.0, 0.52, 1.0, s), [(0.45, 0.52), (1.0, 1.0)]],
    "S": _s,
    "T": lambda s: [[(0.0, 0.0), (1.0, 0.0)], [(0.5, 0.0), (0.5, 1.0)]],
    "U": _u,
    "V": lambda s: [[(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)]],
    "X": lambda s: [[(0.0, 0.0), (1.0, 1.0)], [(1.0, 0.0), (0.0, 1.0)]],
    "Y": _y,
    "Z": lambda s: [[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]],
    "-": lambda s: [[(0.1, 0.5), (0.9, 0.5)]],
    ".": lambda s: [[(0.5, 0.5), (0.5, 0.501)]],
}


def draw_glyph(mask: Mask, character: str, box: tuple[float, float, float, float], style: Style) -> None:
    """Draws one character in white into `mask` so that the ink fills `box` (x, y, width, height in pixels).

    Raises KeyError for a character that no plate carries.
    """
    x, y, width, height = box
    # In a narrow glyph a bold stroke would close the counters: 8 and B would run together.
    thickness = max(
        1, round(min(style.stroke * height, 0.29 * width) if character not in "-." else style.stroke * height)
    )
    inset = thickness / 2
    strokes = []
    for stroke in _GLYPHS[character](style):
        points = np.array(stroke)
        across = x + inset + points[:, 0] * max(width - thickness, 0.0) + style.slant * height * (0.5 - points[:, 1])
        down = y + inset + points[:, 1] * max(height - thickness, 0.0)
        strokes.append(np.round(np.stack([across, down], axis=1) * 8).astype(np.int32))
    cv2.polylines(mask, strokes, False, 255, thickness, cv2.LINE_AA, 3)
