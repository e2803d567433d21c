"""Samples for the reader: rendered and real plates, seen through a random camera and cut out by a random detector.

Comes in: a seed, and where there are real crops their images and texts. Goes out: the reader's input, the text, the
layout. Every sample is a function of its seed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.crop import MARGIN_X, MARGIN_Y, reader_input
from anpr.observation import Layout
from anpr.plate import ALPHABET, is_plate, normalise
from anpr.training.degrade import degrade
from anpr.training.plates import Type, draw_plate, random_look
from anpr.training.texts import PlateSpec, random_spec

Image = NDArray[np.uint8]
Quad = NDArray[np.float32]
PLATES: Final = 32
SHOTS: Final = 3
RARE: Final = 18
ONE_LINE_PX: Final = (32.0, 13.0)
TWO_LINE_PX: Final = (42.5, 22.0)
"""Median and least height of a plate in the picture: a lane camera sees both kinds 60 to 130 pixels wide."""


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


Reread = Callable[[Image], tuple[str, float]]
"""An earlier reader of our own: its text of a crop and the chance it gives it."""
CONTRADICTED: Final = 0.9
CONFIRMED: Final = 0.5


def load_crops(folder: Path, excluded: frozenset[str], reread: Reread | None = None) -> list[LabelledCrop]:
    """The confirmed crops of a `labels.jsonl` folder, without plates whose text is in `excluded`.

    `excluded` keeps the validation honest: the pool and the validation photographs come from the same car parks.
    `reread` has a say where it is given: it confirms doubtful labels that it reads alike, and throws out those that
    it surely reads otherwise.
    """
    crops = []
    for line in (folder / "labels.jsonl").read_text().splitlines():
        label = json.loads(line)
        text = normalise(label["text"])
        trusted = _trusted(text, label)
        if not (trusted or reread) or not is_plate(text, label["layout"]) or near(text, excluded):
            continue
        image = cv2.imread(str(folder / label["file"]))
        if image is None:
            continue
        crop = LabelledCrop(np.asarray(image, np.uint8), text, label["layout"])
        if reread is None or _stands(crop, trusted, reread):
            crops.append(crop)
    return crops


def _trusted(text: str, label: dict[str, Any]) -> bool:
    """Two readers agree, or the second one could not: it knows neither N nor R, which stand on one plate in twenty."""
    if label["second_reader_agrees"]:
        return True
    series = re.fullmatch(r"\d\d([NR]\d?)\d{4,5}", text)
    return series is not None


def _stands(crop: LabelledCrop, trusted: bool, reread: Reread) -> bool:
    text, chance = reread(crop.image)
    return (text == crop.text and chance >= CONFIRMED) or (trusted and (text == crop.text or chance < CONTRADICTED))


def load_foreign(folder: Path) -> list[LabelledCrop]:
    """European and Brazilian plates of one line: real light and real metal for characters seldom seen in the pool."""
    crops = []
    for line in (folder / "labels.jsonl").read_text().splitlines():
        label = json.loads(line)
        image = cv2.imread(str(folder / label["file"])) if label["region"] != "us" else None
        for plate in label["plates"] if image is not None else []:
            text = normalise(plate["text"])
            x1, y1, x2, y2 = (max(0, round(side)) for side in plate["bbox"])
            if set(text) <= set(ALPHABET) and 5 <= len(text) <= 9 and x2 - x1 > 2.6 * (y2 - y1):
                crops.append(LabelledCrop(np.asarray(image[y1:y2, x1:x2], np.uint8), text, "one-line"))  # type: ignore[index]
    return crops


def near(text: str, excluded: frozenset[str]) -> bool:
    """Whether `text` is one of `excluded`, but for one character replaced (a misread label of the same plate)."""
    if text in excluded:
        return True
    return any(
        len(other) == len(text) and sum(a != b for a, b in zip(text, other, strict=True)) <= 1 for other in excluded
    )


class CropSampler:
    """Draws samples; `real_share` of them from real crops when there are any, the rest rendered.

    Of the rendered ones four in ten are set in the type of `letters`, where it is given.
    """

    def __init__(
        self,
        crops: list[LabelledCrop],
        backgrounds: list[Image],
        real_share: float = 0.4,
        foreign: Sequence[LabelledCrop] = (),
        letters: Type | None = None,
    ) -> None:
        self._crops, self._foreign = crops, foreign
        self._one_line = [crop for crop in crops if crop.layout == "one-line"]
        self._rare = _with_rare_letters(crops)
        self.backgrounds = backgrounds
        self._real_share = real_share if crops else 0.0
        self._letters = letters
        self._drawn: dict[int, tuple[PlateSpec, Image]] = {}

    def sample(self, seed: int) -> Sample:
        """The sample of a seed."""
        rng = np.random.default_rng(seed)
        if rng.random() < self._real_share:
            crop = self._real(rng)
            pixels = self._photograph(crop.image, rng, slack=0.5 * _slack(rng))
            return Sample(pixels, crop.text, crop.layout)
        spec, plate = self._rendered(seed)
        return Sample(self._photograph(plate, rng, slack=_slack(rng)), spec.text, spec.layout)

    def _rendered(self, seed: int) -> tuple[PlateSpec, Image]:
        """A flat plate, the same for SHOTS seeds PLATES apart: drawing one costs three times what a shot of it does."""
        number = seed // (PLATES * SHOTS) * PLATES + seed % PLATES
        if number not in self._drawn:
            if len(self._drawn) >= 2 * PLATES:
                self._drawn.clear()
            rng = np.random.default_rng((number, 5))
            spec = random_spec(rng)
            letters = self._letters if rng.random() < 0.4 else None
            self._drawn[number] = spec, draw_plate(spec, random_look(rng, spec), rng, letters=letters)
        return self._drawn[number]

    def _real(self, rng: np.random.Generator) -> LabelledCrop:
        """One-line plates are a tenth of the pool and most of what a toll lane sees."""
        draw = rng.random()
        pool: Sequence[LabelledCrop] = self._crops
        if self._foreign and draw < 0.1:
            pool = self._foreign
        elif self._one_line and draw < 0.33:
            pool = self._one_line
        elif self._rare and draw < 0.45:
            pool = self._rare
        return pool[int(rng.integers(0, len(pool)))]

    @staticmethod
    def plain(crop: LabelledCrop) -> Sample:
        """A real crop as it is, for measuring."""
        return Sample(reader_input(crop.image), crop.text, crop.layout)

    def _photograph(self, plate: Image, rng: np.random.Generator, slack: float) -> NDArray[np.float32]:
        height, width = plate.shape[:2]
        quad = _random_quad(width, height, rng, slack)
        typical, least = ONE_LINE_PX if width > height * 2.2 else TWO_LINE_PX
        target_height = float(np.clip(typical * np.exp(rng.normal(0, 0.55)), least, 140))
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


def _with_rare_letters(crops: Sequence[LabelledCrop]) -> list[LabelledCrop]:
    """Crops with a letter that fewer than one in RARE carries."""
    counts = Counter(character for crop in crops for character in set(crop.text))
    rare = {character for character, count in counts.items() if count * RARE < len(crops)}
    return [crop for crop in crops if rare & set(crop.text)]


def _slack(rng: np.random.Generator) -> float:
    """Half of the plates lie nearly flat, as the corner finder hands them over, half as careless boxes show them."""
    return 0.3 if rng.random() < 0.5 else 1.0


def _random_quad(width: int, height: int, rng: np.random.Generator, slack: float) -> Quad:
    """The plate's corners in the picture: foreshortened, turned, sheared, and in perspective."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - [width / 2, height / 2]
    corners *= [float(np.exp(rng.normal(0, 0.12))), 1.0]
    sheared = corners + corners[:, ::-1] * [float(rng.normal(0, 0.08)) * slack, float(rng.normal(0, 0.045)) * slack]
    angle = float(np.radians(rng.normal(0, 4.0) if rng.random() < 0.8 else rng.uniform(-18, 18))) * (0.5 + 0.5 * slack)
    turned = sheared @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    depth = 1 + (turned / [width, height]) @ rng.normal(0, 0.09, 2) * slack
    return np.asarray(turned / depth[:, None], np.float32)
