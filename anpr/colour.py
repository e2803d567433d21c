"""The ground colour of a plate (TT 79/2024: yellow is transport business, blue the state, red the army). Pure.

Comes in: the plate's pixels. Goes out: a colour, or None where the light does not allow one.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.observation import Colour

SATURATION_MIN = 75
"""Below it a ground is white: lamps and evening sun tint white plates up to about 60 of 255."""
LIGHT_MIN = 45
EDGE_X = 0.075
EDGE_Y = 0.12
"""Cut off first: the reader's margins and a little of the plate's rim."""


def ground_colour(crop: NDArray[np.uint8]) -> Colour | None:
    """Colour of the ground of a BGR crop, laid flat with the reader's margins around it.

    Thick characters can cover half of a plate; along its edge there is nearly nothing but ground.
    """
    height, width = crop.shape[:2]
    top, left = round(height * EDGE_Y), round(width * EDGE_X)
    inner = crop[top : max(top + 1, height - top), left : max(left + 1, width - left)]
    small = cv2.resize(inner, (48, 24), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    light = grey > threshold
    edge = np.concatenate([light[:3].ravel(), light[-3:].ravel(), light[3:-3, :3].ravel(), light[3:-3, -3:].ravel()])
    ground = small[light if edge.mean() >= 0.5 else ~light]
    if ground.size == 0 or float(np.median(ground.max(axis=1))) < LIGHT_MIN:
        return None
    middle = np.median(ground, axis=0).astype(np.uint8)[None, None]
    hue, saturation, _ = (int(value) for value in cv2.cvtColor(middle, cv2.COLOR_BGR2HSV)[0, 0])
    if saturation < SATURATION_MIN:
        return "white"
    if 14 <= hue <= 40:
        return "yellow"
    if 92 <= hue <= 135:
        return "blue" if saturation >= SATURATION_MIN + 30 else "white"
    return "red" if hue <= 9 or hue >= 168 else "white"
