"""Characters cut out of real plates, so that rendered plates can be set in the type that stands on the road.

Comes in: real crops with confirmed texts. Goes out: for each character some masks of it as photographed.
Must never happen: a mask under the wrong name. A crop gives its characters only when there are as many as its text
says, line by line, all of them about equally high and in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.plate import parse
from anpr.training.crops import LabelledCrop
from anpr.training.glyphs import Mask

Grey = NDArray[np.uint8]
LINE_PX: Final = 72
ALIKE_MIN: Final = 0.5
GLYPHS_MAX: Final = 60
"""Masks kept of one character; digits are common, series letters are not."""


class GlyphBank:
    """Masks by character."""

    def __init__(self, masks: dict[str, list[Mask]]) -> None:
        self.masks = masks

    def can_set(self, text: str) -> bool:
        """Whether every character of the text has been photographed."""
        return all(self.masks.get(character) for character in text)

    def draw(
        self, mask: Mask, character: str, box: tuple[float, float, float, float], rng: np.random.Generator
    ) -> None:
        """Sets one character into `box` (x, y, width, height in pixels of `mask`)."""
        masks = self.masks[character]
        x, y, width, height = (round(side) for side in box)
        if width < 1 or height < 1:
            return
        glyph = cv2.resize(masks[int(rng.integers(0, len(masks)))], (width, height), interpolation=cv2.INTER_LINEAR)
        window = mask[max(0, y) : y + height, max(0, x) : x + width]
        np.maximum(window, glyph[max(0, -y) :, max(0, -x) :][: window.shape[0], : window.shape[1]], out=window)


def harvest(crops: Sequence[LabelledCrop]) -> GlyphBank:
    """The characters of all crops that can be taken apart without doubt."""
    masks: dict[str, list[Mask]] = {}
    for crop in crops:
        for character, mask in characters_of(crop):
            masks.setdefault(character, []).append(mask)
    return GlyphBank({character: _typical(found)[:GLYPHS_MAX] for character, found in masks.items()})


def _typical(masks: list[Mask]) -> list[Mask]:
    """Without those that look like none of the others: a dash that has grown onto a letter, half a letter."""
    small = np.stack([cv2.resize(mask, (14, 24)).astype(np.float32).ravel() for mask in masks])
    middle = np.median(small, axis=0)
    kept = [mask for mask, one in zip(masks, small, strict=True) if float(np.corrcoef(one, middle)[0, 1]) > ALIKE_MIN]
    return kept or masks[:1]


def characters_of(crop: LabelledCrop) -> list[tuple[str, Mask]]:
    """Each character of one crop with its mask; empty when there is any doubt."""
    plates = parse(crop.text, crop.layout)
    if not plates:
        return []
    breaks = {len(crop.text)} if crop.layout == "one-line" else {plate.line_break for plate in plates}
    grey = cv2.cvtColor(crop.image, cv2.COLOR_BGR2GRAY)
    lines = 1 if crop.layout == "one-line" else 2
    scale = LINE_PX * lines / grey.shape[0]
    grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
    found = _components(grey)
    slope = _slope(found, lines, grey.shape[0])
    if abs(slope) > 0.015:
        matrix = np.array([[1, 0, 0], [-slope, 1, slope * grey.shape[1] / 2]])
        grey = np.asarray(
            cv2.warpAffine(grey, matrix, (grey.shape[1], grey.shape[0]), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        found = _components(grey)
    rows = _rows(found, lines, grey.shape[0])
    if sum(map(len, rows)) != len(crop.text) or len(rows[0]) not in breaks:
        return []
    cut = []
    for row, line in zip(rows, (crop.text[: len(rows[0])], crop.text[len(rows[0]) :]), strict=False):
        heights = [box[3] for box in row]
        if max(heights) > 1.25 * min(heights):
            return []
        cut += [
            (character, mask)
            for character, box in zip(line, row, strict=True)
            if (mask := _mask(grey, box)) is not None
        ]
    return cut


def _components(grey: Grey) -> list[tuple[int, int, int, int]]:
    """Dark blots that are as high as a character: x, y, width, height."""
    size = 2 * (LINE_PX // 2) + 1
    dark = cv2.adaptiveThreshold(
        cv2.GaussianBlur(grey, (0, 0), 1.0), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, size, 12
    )
    count, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4)
    boxes = []
    for x, y, width, height, _ in stats[1:count]:
        if 0.5 * LINE_PX <= height <= 0.95 * LINE_PX and 0.08 * LINE_PX <= width <= 0.75 * LINE_PX:
            boxes.append((int(x), int(y), int(width), int(height)))
    return boxes


def _rows(boxes: list[tuple[int, int, int, int]], lines: int, height: int) -> list[list[tuple[int, int, int, int]]]:
    rows: list[list[tuple[int, int, int, int]]] = [[] for _ in range(lines)]
    for box in sorted(boxes):
        rows[min(lines - 1, int((box[1] + box[3] / 2) * lines / height))].append(box)
    return rows


def _slope(boxes: list[tuple[int, int, int, int]], lines: int, height: int) -> float:
    """How much the last line falls to the right, from the feet of its characters."""
    row = _rows(boxes, lines, height)[-1]
    if len(row) < 4:
        return 0.0
    across = np.array([x + width / 2 for x, _, width, _ in row])
    feet = np.array([y + tall for _, y, _, tall in row])
    return float(np.polyfit(across, feet, 1)[0])


def _mask(grey: Grey, box: tuple[int, int, int, int]) -> Mask | None:
    """Ink from 0 to 255 between the ground's and the ink's own light; None where they hardly differ."""
    x, y, width, height = box
    part = grey[y : y + height, x : x + width].astype(np.float32)
    around = grey[max(0, y - 3) : y + height + 3, max(0, x - 3) : x + width + 3]
    ground, ink = float(np.percentile(around, 88)), float(np.percentile(part, 8))
    if ground - ink < 50:
        return None
    return np.asarray(255 * np.clip((ground - part) / (ground - ink) * 1.15 - 0.1, 0, 1), np.uint8)
