"""Samples for the reader: rendered and real plates, seen through a random camera and cut out by a random detector.

Comes in: a seed, and where there are real crops their images and texts. Goes out: the reader's input, the text, the
layout. Every sample is a function of its seed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.crop import MARGIN_X, MARGIN_Y, reader_input
from anpr.observation import Layout
from anpr.plate import is_plate, normalise
from anpr.training.degrade import degrade
from anpr.training.plates import draw_plate, random_look
from anpr.training.texts import random_spec

Image = NDArray[np.uint8]
Quad = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LabelledCrop:
    """A real plate, cut out, with the text that two readers agreed on."""

    image: Image
    text: str
    layout: Layout


@dataclass(frozen=True, slots=True)
class Sample:
    """One input of the reader (1 × H × W) with its answer."""

    pixels: NDArray[np.float32]
    text: str
    layout: Layout


def load_crops(folder: Path, excluded: frozenset[str]) -> list[LabelledCrop]:
    """The confirmed crops of a `labels.jsonl` folder, without plates whose text is in `excluded`.

    `excluded` keeps the validation honest: the pool and the validation photographs come from the same car parks.
    """
    crops = []
    for line in (folder / "labels.jsonl").read_text().splitlines():
        label = json.loads(line)
        text = normalise(label["text"])
        if not label["second_reader_agrees"] or not is_plate(text, label["layout"]) or near(text, excluded):
            continue
        image = cv2.imread(str(folder / label["file"]))
        if image is not None:
            crops.append(LabelledCrop(np.asarray(image, np.uint8), text, label["layout"]))
    return crops


def near(text: str, excluded: frozenset[str]) -> bool:
    """Whether `text` is one of `excluded`, but for one character replaced (a misread label of the same plate)."""
    if text in excluded:
        return True
    return any(
        len(other) == len(text) and sum(a != b for a, b in zip(text, other, strict=True)) <= 1 for other in excluded
    )


class CropSampler:
    """Draws samples; `real_share` of them from real crops when there are any."""

    def __init__(self, crops: list[LabelledCrop], backgrounds: list[Image], real_share: float = 0.4) -> None:
        self._crops = crops
        self._one_line = [crop for crop in crops if crop.layout == "one-line"]
        self.backgrounds = backgrounds
        self._real_share = real_share if crops else 0.0

    def sample(self, seed: int) -> Sample:
        """The sample of a seed."""
        rng = np.random.default_rng(seed)
        if rng.random() < self._real_share:
            # One-line plates are a tenth of the pool and most of what a toll lane sees.
            pool = self._one_line if self._one_line and rng.random() < 0.3 else self._crops
            crop = pool[int(rng.integers(0, len(pool)))]
            pixels = self._photograph(crop.image, rng, slack=0.5)
            return Sample(pixels, crop.text, crop.layout)
        spec = random_spec(rng)
        plate = draw_plate(spec, random_look(rng, spec), rng)
        return Sample(self._photograph(plate, rng, slack=1.0), spec.text, spec.layout)

    @staticmethod
    def plain(crop: LabelledCrop) -> Sample:
        """A real crop as it is, for measuring."""
        return Sample(reader_input(crop.image), crop.text, crop.layout)

    def _photograph(self, plate: Image, rng: np.random.Generator, slack: float) -> NDArray[np.float32]:
        height, width = plate.shape[:2]
        quad = _random_quad(width, height, rng, slack)
        target_height = float(np.clip(np.exp(rng.normal(3.75, 0.55)), 13 if width > height * 2.2 else 22, 140))
        left, top = quad.min(axis=0)
        right, bottom = quad.max(axis=0)
        scale = target_height / (bottom - top)
        box_width, box_height = (right - left) * scale, (bottom - top) * scale
        # The detector's box is never exact: the margins of `widen`, and up to a sixth more or a little less.
        pad = [
            float(margin + rng.normal(0.0, 0.035)) * side
            if rng.random() < 0.85
            else float(rng.uniform(-0.03, 0.3)) * side
            for margin, side in (
                (MARGIN_X, box_width),
                (MARGIN_Y, box_height),
                (MARGIN_X, box_width),
                (MARGIN_Y, box_height),
            )
        ]
        placed = (quad - [left, top]) * scale + [pad[0], pad[1]]
        size = (max(8, round(box_width + pad[0] + pad[2])), max(8, round(box_height + pad[1] + pad[3])))
        crop = self._composite(plate, placed.astype(np.float32), size, rng)
        return reader_input(degrade(crop, rng, strength=float(np.sqrt(rng.random()))))

    def _composite(self, plate: Image, placed: Quad, size: tuple[int, int], rng: np.random.Generator) -> Image:
        height, width = plate.shape[:2]
        shrink = float(np.ptp(placed[:, 0])) / width
        if shrink < 0.6:  # warpPerspective does not average; a small plate would alias
            plate = np.asarray(
                cv2.resize(
                    plate,
                    (max(8, int(width * shrink * 1.3)), max(6, int(height * shrink * 1.3))),
                    interpolation=cv2.INTER_AREA,
                ),
                np.uint8,
            )
            height, width = plate.shape[:2]
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        homography = cv2.getPerspectiveTransform(corners, placed)
        crop = self._background(size, rng)
        warped = cv2.warpPerspective(plate, homography, size, flags=cv2.INTER_LINEAR)
        mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), homography, size)[..., None] / 255.0
        return np.asarray(crop * (1 - mask) + warped * mask, np.uint8)

    def _background(self, size: tuple[int, int], rng: np.random.Generator) -> Image:
        if self.backgrounds and rng.random() < 0.6:
            source = self.backgrounds[int(rng.integers(0, len(self.backgrounds)))]
            x = int(rng.integers(0, max(1, source.shape[1] - 60)))
            y = int(rng.integers(0, max(1, source.shape[0] - 40)))
            return np.asarray(cv2.resize(source[y : y + 40, x : x + 60], size), np.uint8)
        coarse = rng.integers(0, 256, 3) * rng.uniform(0.2, 1) + rng.normal(
            0, 30, (int(rng.integers(1, 4)), int(rng.integers(1, 5)), 3)
        )
        return np.asarray(
            cv2.resize(np.clip(coarse, 0, 255).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR), np.uint8
        )


def _random_quad(width: int, height: int, rng: np.random.Generator, slack: float) -> Quad:
    """The plate's corners in the picture: foreshortened, turned, sheared, and in perspective."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - [width / 2, height / 2]
    corners *= [float(np.exp(rng.normal(0, 0.12))), 1.0]
    sheared = corners + corners[:, ::-1] * [float(rng.normal(0, 0.08)) * slack, float(rng.normal(0, 0.045)) * slack]
    angle = float(np.radians(rng.normal(0, 4.0) if rng.random() < 0.8 else rng.uniform(-18, 18))) * (0.5 + 0.5 * slack)
    turned = sheared @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    depth = 1 + (turned / [width, height]) @ rng.normal(0, 0.09, 2) * slack
    return np.asarray(turned / depth[:, None], np.float32)
