"""Draws what was read into a copy of the picture, for people to look at.

Comes in: a BGR image and its plates. Goes out: a BGR image.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.observation import PlateObservation

Image = NDArray[np.uint8]
_READ, _UNREAD = (60, 200, 60), (40, 40, 230)


def draw_plates(image: Image, plates: Sequence[PlateObservation]) -> Image:
    """Boxes with text and confidence; red where the plate was seen and not read."""
    drawn = image.copy()
    size = max(0.4, image.shape[1] / 1400)
    for plate in plates:
        x1, y1, x2, y2 = (round(side) for side in plate.bbox)
        colour = _READ if plate.text else _UNREAD
        cv2.rectangle(drawn, (x1, y1), (x2, y2), colour, max(1, round(size * 2)))
        label = f"{plate.text or '?'} {plate.confidence:.2f}"
        (width, height), _ = cv2.getTextSize(label, 0, size, max(1, round(size * 2)))
        top = y1 - 4 if y1 - 4 - height > 0 else y2 + height + 4
        cv2.rectangle(drawn, (x1, top - height - 2), (x1 + width, top + 4), (0, 0, 0), -1)
        cv2.putText(drawn, label, (x1, top), 0, size, colour, max(1, round(size * 2)), cv2.LINE_AA)
    return drawn
