"""Finds plates in a frame: the YOLO detector, one thread, no torch.

Comes in: a BGR frame. Goes out: boxes in its pixels with scores, best first.
Must never happen: two boxes for one plate.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.engine import Engine, open_network
from anpr.observation import Box

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
STRIDE: Final = 32
GREY: Final = 114
"""What ultralytics fills the margins with in training."""
OVERLAP_MAX: Final = 0.4
PLATES_MAX: Final = 8
READ_MAX: Final = 3
"""Plates that are read: a lane shows one vehicle, and every further plate costs its time."""
RELATIVE_MIN: Final = 0.3
"""Beside a clear plate, boxes of less than this share of its score are grilles and signs."""
FAINT_SHARE: Final = 0.2
"""Of the score of a likely plate: of 240 rendered plates 237 reach that, and all of them twice this share of it."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A plate's upright box in pixels of the frame, and how sure the detector is (0..1)."""

    box: Box
    score: float


class PlateDetector:
    """One detector; not to be shared between threads."""

    def __init__(self, model: Path, long_side: int, score_min: float, engine: Engine | None = None) -> None:
        self._network = open_network(model, engine)
        self._long_side, self._score_min = long_side, score_min

    def look(self, frame: Image, *, from_near: bool = False) -> list[Detection]:
        """Every box that may be a plate, best first, the faint ones too; `likely` and `faint` part them.

        `from_near` looks at half the size, where a plate from very near looks like the plates that the network knows.
        """
        tensor, scale = letterbox(frame, self._long_side // 2 if from_near else self._long_side)
        (output,) = self._network(tensor)
        boxes, scores = decode_boxes(output[0], FAINT_SHARE * self._score_min)
        height, width = frame.shape[:2]
        found = []
        for index in suppress_overlaps(boxes, scores)[:PLATES_MAX]:
            x1, y1, x2, y2 = (float(side) / scale for side in boxes[index])
            box = (max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2))
            if box[2] - box[0] >= 4 and box[3] - box[1] >= 4:
                found.append(Detection(box, float(scores[index])))
        return found

    def likely(self, found: list[Detection]) -> list[Detection]:
        """The plates to read at once, at most READ_MAX."""
        enough = max(self._score_min, RELATIVE_MIN * found[0].score) if found else 0.0
        return [detection for detection in found if detection.score >= enough][:READ_MAX]

    def faint(self, found: list[Detection]) -> list[Detection]:
        """What else may be a plate, at most READ_MAX: worth a look where nothing likely could be read."""
        likely = self.likely(found)
        return [detection for detection in found if detection not in likely][:READ_MAX]


def letterbox(frame: Image, long_side: int) -> tuple[Floats, float]:
    """The network's input (1, 3, H, W; RGB, 0..1), H and W the next multiples of 32, and the scale that was applied.

    Only as much margin as the stride asks for: a 16:9 frame costs little more than half of a square one.
    """
    height, width = frame.shape[:2]
    scale = long_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    fitted = _shrink(frame, size)
    padded = np.full((-(-size[1] // STRIDE) * STRIDE, -(-size[0] // STRIDE) * STRIDE, 3), GREY, np.uint8)
    padded[: size[1], : size[0]] = fitted
    return np.asarray(cv2.dnn.blobFromImage(padded, 1 / 255, swapRB=True), np.float32), scale


def _shrink(frame: Image, size: tuple[int, int]) -> Image:
    """To the size; by halves first, which is several times as fast as one large step and averages all pixels too."""
    while frame.shape[1] >= 2 * size[0] and frame.shape[0] >= 2 * size[1]:
        half = (frame.shape[1] // 2, frame.shape[0] // 2)
        frame = np.asarray(cv2.resize(frame, half, interpolation=cv2.INTER_AREA), np.uint8)
    shrinks = frame.shape[1] > size[0]
    fitted = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(fitted, np.uint8)


def decode_boxes(output: Floats, score_min: float) -> tuple[Floats, Floats]:
    """Corner boxes and scores from the raw head: rows centre x, centre y, width, height, score; one column a place."""
    scores = output[4:].max(axis=0)
    kept = scores >= score_min
    centre, size = output[:2, kept], output[2:4, kept]
    return np.concatenate([centre - size / 2, centre + size / 2]).T, scores[kept]


def suppress_overlaps(boxes: Floats, scores: Floats) -> list[int]:
    """Indices of the boxes to keep, best first: a box that overlaps a better one is the same plate."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    for index in np.argsort(-scores, kind="stable"):
        corner_1 = np.maximum(boxes[index, :2], boxes[kept, :2])
        corner_2 = np.minimum(boxes[index, 2:], boxes[kept, 2:])
        shared = np.prod(np.clip(corner_2 - corner_1, 0, None), axis=1)
        smaller = np.minimum(areas[index], areas[kept])
        overlap = np.maximum(shared / (areas[index] + areas[kept] - shared), 0.7 * shared / smaller)
        if not (overlap > OVERLAP_MAX).any():
            kept.append(int(index))
    return kept
