"""Contact sheets of what is rendered, for `anpr render`.

Comes in: what to show, a seed, a count. Goes out: one BGR image; the same for the same arguments.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.training.crops import CropSampler
from anpr.training.plates import draw_plate, random_look
from anpr.training.scenes import random_scene
from anpr.training.texts import random_spec

Image = NDArray[np.uint8]
_TILES = {"plates": (300, 170, 5), "crops": (160, 84, 8), "scenes": (416, 340, 4)}
_CAPTION = 20


def contact_sheet(what: str, seed: int, count: int) -> Image:
    """`count` tiles of plates, crops or scenes. Raises KeyError for anything else."""
    width, height, columns = _TILES[what]
    tiles = []
    for number in range(-(-count // columns) * columns):
        tile = np.zeros((height, width, 3), np.uint8)
        if number < count:
            image, caption = _tile(what, seed * 100_000 + number)
            scale = min(width / image.shape[1], (height - _CAPTION) / image.shape[0], 1.0)
            fitted = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            tile[: fitted.shape[0], : fitted.shape[1]] = fitted
            cv2.putText(tile, caption, (3, height - 5), 0, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
        tiles.append(tile)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def _tile(what: str, seed: int) -> tuple[Image, str]:
    rng = np.random.default_rng(seed)
    if what == "plates":
        spec = random_spec(rng)
        return draw_plate(spec, random_look(rng, spec), rng), f"{spec.text} {spec.layout} {spec.colour}"
    if what == "crops":
        sample = CropSampler([], []).sample(seed)
        grey = np.clip(sample.pixels[0] * 50 + 128, 0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8), sample.text
    scene = random_scene(rng)
    for _, quad in scene.plates:
        cv2.polylines(scene.image, [quad.astype(np.int32)], True, (0, 0, 255), 1, cv2.LINE_AA)
    return scene.image, " ".join(spec.text for spec, _ in scene.plates)
