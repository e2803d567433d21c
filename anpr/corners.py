"""Finds a plate's four corners inside a detector's box and lays the plate flat: a small network, one thread, no torch.

Comes in: a BGR frame and a rough box. Goes out: four corners in the frame's pixels (clockwise from top left), the
chance that there is a plate at all, and the flat plate.
Must never happen: corners that cross each other (the plate would be read mirrored); then the upright box stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.crop import INPUT_HEIGHT, INPUT_WIDTH, MARGIN_X, MARGIN_Y
from anpr.engine import Engine, open_network
from anpr.observation import Box

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Quad = NDArray[np.float32]
"""Shape (4, 2): x and y of the top left, top right, bottom right and bottom left corner."""
WINDOW_WIDTH: Final = 128
WINDOW_HEIGHT: Final = 96
FLAT_WIDTH_MAX: Final = 640
"""A plate is laid flat with its own pixels up to here; more than four times the reader's input adds nothing."""


@dataclass(frozen=True, slots=True)
class Corners:
    """Where a plate lies exactly."""

    quad: Quad
    chance: float
    """That there is a plate (0..1)."""


class CornerFinder:
    """The corner network; not to be shared between threads."""

    def __init__(self, model: Path, engine: Engine | None = None) -> None:
        self._network = open_network(model, engine)

    def find(self, frame: Image, box: Box) -> Corners:
        """The corners of the plate in a rough box."""
        window = window_of(box)
        pixels = window_pixels(frame, window)
        shares, scores = self._network(pixels[None])
        size = np.array([window[2] - window[0], window[3] - window[1]], np.float32)
        quad = np.asarray(shares[0] * size + np.array(window[:2], np.float32), np.float32)
        chance = float(1 / (1 + np.exp(-float(scores[0]))))
        return Corners(quad if is_convex(quad) else upright(box), chance)


def window_of(box: Box) -> tuple[int, int, int, int]:
    """What the network sees of a box: half as much again on each side, at least a third of the longer side more.

    In whole pixels; may reach beyond the frame.
    """
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    half_width, half_height = (1.5 * width + 0.3 * height) / 2, (1.5 * height + 0.3 * width) / 2
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    left, top = int(np.floor(x - half_width)), int(np.floor(y - half_height))
    right, bottom = int(np.ceil(x + half_width)), int(np.ceil(y + half_height))
    return left, top, max(right, left + 4), max(bottom, top + 4)


def window_pixels(frame: Image, window: tuple[int, int, int, int]) -> Floats:
    """The network's input (1, WINDOW_HEIGHT, WINDOW_WIDTH), grey, mean 0, deviation 1; edge pixels beyond the frame."""
    height, width = frame.shape[:2]
    left, top, right, bottom = window
    part = frame[max(0, top) : max(0, min(bottom, height)), max(0, left) : max(0, min(right, width))]
    if part.size == 0:
        return np.zeros((1, WINDOW_HEIGHT, WINDOW_WIDTH), np.float32)
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY) if part.ndim == 3 else part
    beyond = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    if any(beyond):
        grey = cv2.copyMakeBorder(grey, *beyond, cv2.BORDER_REPLICATE)
    shrinks = grey.shape[1] > WINDOW_WIDTH or grey.shape[0] > WINDOW_HEIGHT
    fitted = cv2.resize(
        grey, (WINDOW_WIDTH, WINDOW_HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    ).astype(np.float32)
    return np.asarray((fitted - fitted.mean())[None] / (fitted.std() + 4.0), np.float32)


def upright(box: Box) -> Quad:
    """A box as corners."""
    x1, y1, x2, y2 = box
    return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]], np.float32)


def bounds(quad: Quad) -> Box:
    """The upright box around four corners."""
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def is_convex(quad: Quad) -> bool:
    """Whether the corners go once around, clockwise (y down), with no angle flat."""
    sides = np.roll(quad, -1, axis=0) - quad
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    lengths = np.linalg.norm(sides, axis=1) * np.linalg.norm(following, axis=1)
    return bool((turns > 0.2 * lengths).all() and (np.linalg.norm(sides, axis=1) >= 3).all())


def lay_flat(frame: Image, quad: Quad, scale: float = 1.0) -> Image:
    """The plate as seen from in front, with the reader's margins times `scale` around it."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    width = float(np.clip((sides[0] + sides[2]) / 2, INPUT_WIDTH / 2, FLAT_WIDTH_MAX))
    height = float(np.clip((sides[1] + sides[3]) / 2, INPUT_HEIGHT / 2, FLAT_WIDTH_MAX))
    across, down = width * MARGIN_X * scale, height * MARGIN_Y * scale
    flat = np.array(
        [[across, down], [across + width, down], [across + width, down + height], [across, down + height]], np.float32
    )
    size = (max(8, round(width + 2 * across)), max(8, round(height + 2 * down)))
    homography = cv2.getPerspectiveTransform(quad.astype(np.float32), flat)
    laid = cv2.warpPerspective(frame, homography, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)
