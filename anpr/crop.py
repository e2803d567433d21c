"""From a detected box to the reader's input; training uses the same function, so that both see the same thing.

Comes in: a BGR frame and a box in its pixels. Goes out: the reader's grey input, normalised.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.observation import Box

INPUT_WIDTH: Final = 160
INPUT_HEIGHT: Final = 64
"""One-line plates are stretched and two-line plates widened to it: a line of characters is at least 28 pixels high."""
MARGIN_X: Final = 0.06
MARGIN_Y: Final = 0.10
"""Added on each side, as a share of the box: a detector that cuts a character off cannot be mended later."""


def widen(box: Box, frame_width: int, frame_height: int, scale: float = 1.0) -> tuple[int, int, int, int]:
    """The box with its margins, in whole pixels inside the frame, at least 2 by 2."""
    x1, y1, x2, y2 = box
    across, down = (x2 - x1) * MARGIN_X * scale, (y2 - y1) * MARGIN_Y * scale
    left = min(max(0, int(np.floor(x1 - across))), frame_width - 2)
    top = min(max(0, int(np.floor(y1 - down))), frame_height - 2)
    right = max(left + 2, min(frame_width, int(np.ceil(x2 + across))))
    bottom = max(top + 2, min(frame_height, int(np.ceil(y2 + down))))
    return left, top, right, bottom


def reader_input(crop: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey, INPUT_HEIGHT × INPUT_WIDTH, mean 0 and deviation 1, so that night and day look alike; shape (1, H, W)."""
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) if crop.ndim == 3 else crop
    shrinks = crop.shape[1] > INPUT_WIDTH or crop.shape[0] > INPUT_HEIGHT
    fitted = cv2.resize(
        grey, (INPUT_WIDTH, INPUT_HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    ).astype(np.float32)
    return np.asarray((fitted - fitted.mean())[None] / (fitted.std() + 4.0), np.float32)
