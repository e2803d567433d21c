"""Lessons for the corner finder: plates whose corners are known, seen through a detector's careless box.

Comes in: a seed, and the pool of photographs where there is one. Goes out: a window's pixels, the corners in shares of
the window, whether they are corners or only the sides of an upright box, and whether there is a plate at all.
Must never happen: a plate of the photograph beside the one that was laid over it (it would be unlearned).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.corners import WINDOW_HEIGHT, WINDOW_WIDTH, Quad, bounds, upright, window_of, window_pixels
from anpr.observation import Box
from anpr.training.degrade import degrade
from anpr.training.plates import draw_plate, random_look
from anpr.training.scenes import place_plate, plate_quad, road
from anpr.training.texts import PlateSpec, random_spec

Image = NDArray[np.uint8]
PLATE_PX = 96.0
"""Width of a plate on a stage: somewhat more than it gets in the network's window."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A grey cut of a picture around one plate. Not `exact`: the corners are those of the upright box around it."""

    image: Image
    quad: Quad
    exact: bool


@dataclass(frozen=True, slots=True)
class CornerSample:
    """One lesson. `corners` in shares of the window, shape (4, 2)."""

    pixels: NDArray[np.float32]
    corners: NDArray[np.float32]
    exact: bool
    plate: bool


@dataclass(frozen=True, slots=True)
class Scenery:
    """A photograph and the boxes of the plates in it. Tight boxes teach; loose ones only say what to cover."""

    image: Image
    boxes: tuple[Box, ...]
    tight: bool


def load_scenery(pool: Path) -> list[Scenery]:
    """The pool's photographs of vehicles. Raises OSError when the folder is not a pool."""
    return [*_foreign(pool / "openalpr_endtoend"), *_parked(pool / "vn_det_384")]


def _foreign(folder: Path) -> Iterator[Scenery]:
    for line in (folder / "labels.jsonl").read_text().splitlines():
        label = json.loads(line)
        image = cv2.imread(str(folder / label["file"]))
        if image is not None:
            boxes = tuple(tuple(float(side) for side in plate["bbox"]) for plate in label["plates"])
            yield Scenery(np.asarray(image, np.uint8), boxes, tight=True)  # type: ignore[arg-type]


def _parked(folder: Path) -> Iterator[Scenery]:
    for path in sorted((folder / "images").glob("*.jpg")):
        image = cv2.imread(str(path))
        if image is None:
            continue
        height, width = image.shape[:2]
        boxes: list[Box] = []
        for line in (folder / "labels" / f"{path.stem}.txt").read_text().splitlines():
            x, y, w, h = (float(word) for word in line.split()[1:5])
            boxes.append(((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height))
        yield Scenery(np.asarray(image, np.uint8), tuple(boxes), tight=False)


def make_stage(scenery: Sequence[Scenery], rng: np.random.Generator) -> Stage:
    """A rendered plate over a real one (or on a drawn street), or now and then the real foreign plate itself."""
    if scenery and rng.random() < 0.85:
        scene = scenery[int(rng.integers(0, len(scenery)))]
        if scene.boxes:
            box = scene.boxes[int(rng.integers(0, len(scene.boxes)))]
            if scene.tight and rng.random() < 0.4:
                return _real_stage(scene.image, box)
            return _replated_stage(scene.image, box, rng)
    return _drawn_stage(rng)


def make_stages(scenery: Sequence[Scenery], seed: tuple[int, ...], count: int, processes: int) -> list[Stage]:
    """So many stages, each of its own seed, made by so many processes."""
    with ProcessPoolExecutor(processes) as beside:
        made = partial(_share, scenery, seed)
        shares = list(beside.map(made, (range(first, count, processes) for first in range(processes))))
    return [shares[number % processes][number // processes] for number in range(count)]


def _share(scenery: Sequence[Scenery], seed: tuple[int, ...], numbers: Sequence[int]) -> list[Stage]:
    return [make_stage(scenery, np.random.default_rng((*seed, number))) for number in numbers]


def _real_stage(image: Image, box: Box) -> Stage:
    cut, scale, origin = _cut(image, box)
    quad = (upright(box) - origin) * scale
    return Stage(np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), np.uint8), quad.astype(np.float32), exact=False)


def _replated_stage(image: Image, box: Box, rng: np.random.Generator) -> Stage:
    x1, y1, x2, y2 = box
    cut, scale, origin = _cut(image, box)
    spec = random_spec(rng)
    while (x2 - x1) < 2.2 * (y2 - y1) and spec.layout == "one-line":  # would leave the real plate peeping out below
        spec = random_spec(rng)
    centre = (np.array([(x1 + x2) / 2, (y1 + y2) / 2]) - origin) * scale
    width = max((x2 - x1) * float(rng.uniform(1.0, 1.25)), (y2 - y1) * 1.4) * scale
    return _with_plate(cut, spec, (float(centre[0]), float(centre[1])), width, rng)


def _drawn_stage(rng: np.random.Generator) -> Stage:
    size = round(PLATE_PX * 3)
    image = road(size, size, rng)
    if rng.random() < 0.6:  # the paint of one vehicle all around
        paint = rng.integers(0, 256, 3) * 1.0
        image = np.clip(image * 0.15 + paint * 0.85, 0, 255).astype(np.uint8)
    width = PLATE_PX * float(rng.uniform(0.7, 1.3))
    return _with_plate(image, random_spec(rng), (size / 2, size / 2), width, rng)


def _with_plate(
    image: Image, spec: PlateSpec, centre: tuple[float, float], width: float, rng: np.random.Generator
) -> Stage:
    look = random_look(rng, spec)
    quad = plate_quad(centre, width, look.size_mm[0] / look.size_mm[1], rng, slack=1.3)
    if rng.random() < 0.35:
        _frame(image, quad, rng)
    place_plate(image, draw_plate(spec, look, rng), quad, float(rng.uniform(0.6, 1.1)))
    worse = degrade(image, rng, strength=0.8 * float(rng.random()), plate_px=width / 4)
    return Stage(np.asarray(cv2.cvtColor(worse, cv2.COLOR_BGR2GRAY), np.uint8), quad, exact=True)


def _frame(image: Image, quad: Quad, rng: np.random.Generator) -> None:
    """A holder around the plate, dark or chromed: the corners wanted are the plate's own."""
    middle = quad.mean(axis=0)
    wider = middle + (quad - middle) * float(rng.uniform(1.04, 1.16))
    grey = int(rng.choice([20, 45, 190]))
    cv2.fillConvexPoly(image, np.round(wider).astype(np.int32), (grey, grey, grey), cv2.LINE_AA)


def _cut(image: Image, box: Box) -> tuple[Image, float, NDArray[np.float64]]:
    """Surroundings of a box, scaled so that the plate is about PLATE_PX wide; the scale and the cut's origin."""
    height, width = image.shape[:2]
    side = 3.2 * max(box[2] - box[0], box[3] - box[1])
    left, top = max(0, int((box[0] + box[2] - side) / 2)), max(0, int((box[1] + box[3] - side) / 2))
    right, bottom = min(width, int(left + side)), min(height, int(top + side))
    scale = PLATE_PX / max(8.0, box[2] - box[0])
    cut = cv2.resize(
        image[top:bottom, left:right], None, fx=scale, fy=scale,
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
    )  # fmt: skip
    return np.asarray(cut, np.uint8).copy(), scale, np.array([left, top], np.float64)


class CornerSampler:
    """Draws lessons from stages that were made once; every lesson is a function of its seed."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages

    def sample(self, seed: int) -> CornerSample:
        """The lesson of a seed."""
        rng = np.random.default_rng(seed)
        stage = self._stages[int(rng.integers(0, len(self._stages)))]
        plate = bool(rng.random() < 0.85)
        image, quad = _turned(stage, rng) if stage.exact else (stage.image, stage.quad)
        box = careless(bounds(quad), rng) if plate else _elsewhere(bounds(quad), image.shape, rng)
        window = window_of(box)
        size = np.array([window[2] - window[0], window[3] - window[1]], np.float32)
        corners = (quad - np.array(window[:2], np.float32)) / size
        pixels = window_pixels(image, window)
        return CornerSample(_worse(pixels, rng), corners.astype(np.float32), stage.exact, plate)


def careless(box: Box, rng: np.random.Generator) -> Box:
    """As a small detector boxes plates: off by a tenth of a side, too wide more often than too tight."""
    x1, y1, x2, y2 = box
    wild = 2.0 if rng.random() < 0.2 else 1.0
    width = (x2 - x1) * float(np.exp(rng.normal(0.08, 0.16 * wild)))
    height = (y2 - y1) * float(np.exp(rng.normal(0.12, 0.2 * wild)))
    x = (x1 + x2) / 2 + (x2 - x1) * float(rng.normal(0, 0.07 * wild))
    y = (y1 + y2) / 2 + (y2 - y1) * float(rng.normal(0, 0.09 * wild))
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _elsewhere(box: Box, shape: tuple[int, ...], rng: np.random.Generator) -> Box:
    """A box of such a size beside the plate."""
    width, height = box[2] - box[0], box[3] - box[1]
    scale = float(np.exp(rng.uniform(-1.0, 0.2)))
    angle = float(rng.uniform(0, 2 * np.pi))
    x = (box[0] + box[2]) / 2 + np.cos(angle) * width * (0.7 + 0.6 * scale)
    y = (box[1] + box[3]) / 2 + np.sin(angle) * height * (0.9 + 0.9 * scale)
    x, y = float(np.clip(x, 0, shape[1])), float(np.clip(y, 0, shape[0]))
    if abs(x - (box[0] + box[2]) / 2) < width * 0.45 and abs(y - (box[1] + box[3]) / 2) < height * 0.45:
        x = box[0] - width * 0.5 if x < shape[1] / 2 else box[2] + width * 0.5
    return x - width * scale / 2, y - height * scale / 2, x + width * scale / 2, y + height * scale / 2


def _turned(stage: Stage, rng: np.random.Generator) -> tuple[Image, Quad]:
    """The stage seen by a camera that is not level, and closer or farther in one direction."""
    height, width = stage.image.shape[:2]
    angle = float(rng.normal(0, 5.0))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    matrix[0, 1] += float(rng.normal(0, 0.05))
    matrix[1, 0] += float(rng.normal(0, 0.03))
    turned = cv2.warpAffine(stage.image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    quad = stage.quad @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(turned, np.uint8), np.asarray(quad, np.float32)


def _worse(pixels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    plane = pixels[0]
    if rng.random() < 0.3:
        plane = np.asarray(cv2.GaussianBlur(plane, (0, 0), float(rng.uniform(0.5, 2.0))), np.float32)
    if rng.random() < 0.4:
        plane = plane + rng.standard_normal((WINDOW_HEIGHT, WINDOW_WIDTH), np.float32) * float(rng.uniform(0.02, 0.25))
    if rng.random() < 0.3:
        lowest = plane.min()
        plane = (plane - lowest + 0.05) ** float(np.exp(rng.normal(0, 0.35)))
    return np.asarray((plane - plane.mean())[None] / (plane.std() + 0.02), np.float32)
