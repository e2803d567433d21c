"""One flat plate as an image: ground, characters, edge, bolts, dirt.

Comes in: a `PlateSpec` and a seeded generator. Goes out: a BGR image of the whole plate, nothing around it.
Sizes: QCVN 08:2024/BCA and the older plates that are still on the road (the tables below).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.training.glyphs import Mask, Style, draw_glyph
from anpr.training.texts import PlateSpec

Image = NDArray[np.uint8]

SIZES_MM: Final = {
    ("car", "one-line"): ((520, 110), (470, 110)),
    ("car", "two-line"): ((330, 165), (280, 200)),
    ("motorbike", "two-line"): ((190, 140), (190, 140)),
}
GROUNDS_BGR: Final = {
    "white": (232, 232, 230),
    "yellow": (30, 190, 240),
    "blue": (150, 70, 20),
    "red": (40, 30, 190),
}
INKS_BGR: Final = {"dark": (35, 32, 30), "light": (235, 235, 235), "red": (40, 30, 200)}
_WIDTH_OF: Final = {"1": 0.72, "-": 0.5, ".": 0.3, " ": 0.4, "M": 1.12, "Đ": 1.1}


@dataclass(frozen=True, slots=True)
class PlateLook:
    """Everything about a plate that its text does not say."""

    style: Style
    size_mm: tuple[int, int]
    glyph_height: float
    """Share of the line's height."""
    fill: float
    """Share of the plate's width that the longest line takes."""
    gap: float
    """Space between glyphs as a share of a glyph's width."""
    separators: bool
    border: float
    ground_shift: tuple[float, float, float]


def random_look(rng: np.random.Generator, spec: PlateSpec) -> PlateLook:
    """A maker's and an owner's choice."""
    style = Style(
        stroke=float(rng.uniform(0.1, 0.19)),
        squareness=float(rng.uniform(2.0, 3.6)),
        variant=int(rng.integers(0, 12)),
        slant=float(rng.normal(0, 0.015)),
    )
    sizes = SIZES_MM[spec.vehicle if spec.layout == "two-line" else "car", spec.layout]
    shift = rng.normal(0, 6, 3) + rng.normal(0, 12)
    return PlateLook(
        style=style,
        size_mm=sizes[int(rng.integers(0, 2))],
        glyph_height=float(rng.uniform(0.74, 0.9)),
        fill=float(rng.uniform(0.84, 0.95)),
        gap=float(rng.uniform(0.12, 0.34)),
        separators=bool(rng.random() < 0.93),
        border=float(rng.choice([0.0, 0.008, 0.014], p=[0.25, 0.45, 0.3])),
        ground_shift=(float(shift[0]), float(shift[1]), float(shift[2])),
    )


class Type(Protocol):
    """Characters from elsewhere than the strokes of `glyphs`."""

    def can_set(self, text: str) -> bool:
        """Whether it has every character of the text."""

    def draw(
        self, mask: Mask, character: str, box: tuple[float, float, float, float], rng: np.random.Generator
    ) -> None:
        """Sets one character into a box (x, y, width, height) of the mask."""


def draw_plate(
    spec: PlateSpec, look: PlateLook, rng: np.random.Generator, height_px: int = 0, letters: Type | None = None
) -> Image:
    """The plate, flat and evenly lit; 64 pixels to a line unless `height_px` says otherwise.

    In the type of `letters` where that has all the characters, else in strokes.
    """
    if letters is not None and not letters.can_set(spec.text):
        letters = None
    height = height_px or 64 * len(spec.lines)
    width = round(height * look.size_mm[0] / look.size_mm[1])
    ground = np.clip(np.array(GROUNDS_BGR[spec.colour]) + look.ground_shift, 0, 255)
    plate = np.empty((height, width, 3), np.float32)
    plate[:] = ground
    ink = np.clip(np.array(INKS_BGR[spec.ink]) + rng.normal(0, 10, 3) + (rng.random() < 0.15) * 50, 0, 255)
    mask = _characters(spec, look, rng, (height, width), letters)
    _edge(mask, look)
    alpha = (mask.astype(np.float32) / 255)[..., None]
    plate += (ink - plate) * alpha
    _emboss(plate, mask, rng)
    _bolts(plate, rng)
    if rng.random() < 0.35:
        _dirt(plate, rng)
    return np.clip(plate, 0, 255).astype(np.uint8)


def _characters(
    spec: PlateSpec, look: PlateLook, rng: np.random.Generator, shape: tuple[int, int], letters: Type | None
) -> Mask:
    height, width = shape
    mask: Mask = np.zeros(shape, np.uint8)
    margin = height * (0.06 if len(spec.lines) == 2 else 0.08)
    line_height = (height - 2 * margin) / len(spec.lines)
    for row, line in enumerate(spec.lines):
        glyph_height = line_height * look.glyph_height
        centre_y = margin + (row + 0.5) * line_height
        fill = look.fill if row == len(spec.lines) - 1 else look.fill * float(rng.uniform(0.62, 0.85))
        for character, box in _places(mask, line, look, (width / 2, centre_y), (width * fill, glyph_height)):
            if letters is None:
                draw_glyph(mask, character, box, look.style)
            else:
                letters.draw(mask, character.replace("Đ", "D"), box, rng)
    return mask


def _places(
    mask: Mask, line: str, look: PlateLook, centre: tuple[float, float], room: tuple[float, float]
) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    """Where each character of a line belongs; dashes and dots are drawn on the way."""
    advances = [_WIDTH_OF.get(character, 1.0) * (1 + look.gap) for character in line]
    # A glyph is at most so wide; short lines leave room at the sides instead of growing fat.
    unit = min(room[0] / (sum(advances) - look.gap), room[1] * 0.62)
    x = centre[0] - unit * (sum(advances) - look.gap) / 2
    for character, advance in zip(line, advances, strict=True):
        width = unit * (advance - look.gap * _WIDTH_OF.get(character, 1.0))
        top = centre[1] - room[1] / 2
        if character in "-." and look.separators:
            _separator(mask, character, (x, top, width, room[1]), look.style)
        elif character not in " -.":
            yield character, (x, top, width, room[1])
        x += unit * advance


def _separator(mask: Mask, character: str, box: tuple[float, float, float, float], style: Style) -> None:
    x, y, width, height = box
    dot = style.stroke * height
    middle = y + height * (0.5 if character == "-" or style.variant % 3 else 0.9)
    draw_glyph(mask, character, (x, middle - dot / 2, width, dot), Style(stroke=0.9, variant=style.variant))


def _edge(mask: Mask, look: PlateLook) -> None:
    if look.border:
        height, width = mask.shape
        inset, line = max(1, round(width * 0.008)), max(1, round(width * look.border))
        cv2.rectangle(mask, (inset, inset), (width - 1 - inset, height - 1 - inset), 255, line, cv2.LINE_AA)


def _emboss(plate: NDArray[np.float32], mask: Mask, rng: np.random.Generator) -> None:
    """Raised characters catch the light on one side."""
    strength = float(rng.uniform(0, 30))
    lit = np.roll(mask, 1, axis=0).astype(np.float32) - mask.astype(np.float32)
    plate += (lit / 255 * strength)[..., None]


def _bolts(plate: NDArray[np.float32], rng: np.random.Generator) -> None:
    height, width = plate.shape[:2]
    if rng.random() < 0.5:
        return
    grey = float(rng.uniform(30, 210))
    places = [(0.22, 0.08), (0.78, 0.08), (0.22, 0.92), (0.78, 0.92), (0.04, 0.5), (0.96, 0.5)]
    for across, down in places:
        if rng.random() < 0.5:
            at = (round(width * across), round(height * down))
            cv2.circle(
                plate, at, max(1, round(height * float(rng.uniform(0.02, 0.05)))), (grey, grey, grey), -1, cv2.LINE_AA
            )


def _dirt(plate: NDArray[np.float32], rng: np.random.Generator) -> None:
    height, width = plate.shape[:2]
    for _ in range(int(rng.integers(1, 12))):
        at = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        radius = max(1, int(height * float(rng.uniform(0.01, 0.09))))
        patch = plate[max(0, at[1] - radius) : at[1] + radius, max(0, at[0] - radius) : at[0] + radius]
        patch += (rng.uniform(60, 150) - patch) * float(rng.uniform(0.1, 0.6))
