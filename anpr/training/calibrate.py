"""Measures what a confidence is worth on plates that were held out, and finds the temperature that makes it honest.

Comes in: the models, the pool, the seed of the training (it says what was held out). Goes out: the temperature, and
how often texts are right above a confidence.
Must never happen: a plate that was learned from takes part, or one of the validation photographs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anpr.corners import CornerFinder, bounds, lay_flat
from anpr.crop import widen
from anpr.decode import beam_search
from anpr.observation import Box
from anpr.recognise import CORNER_ROUNDS, FLAT_SCALES, UPRIGHT_SCALE, TextReader, combine
from anpr.training.corner_data import Scenery, careless, load_scenery
from anpr.training.crops import LabelledCrop
from anpr.training.degrade import degrade
from anpr.training.plates import draw_plate, random_look
from anpr.training.scenes import place_plate, plate_quad
from anpr.training.texts import random_spec

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
TEMPERATURES: Final = tuple(round(0.5 + 0.1 * step, 1) for step in range(16))
SURE: Final = 0.90
SURE_RIGHT: Final = 0.995
"""Of texts with a confidence of SURE so many must be right: the lane charges on them without asking."""
SHOTS: Final = 3
"""Each crop held out is photographed so often, each time from elsewhere."""


@dataclass(frozen=True, slots=True)
class Held:
    """One plate that was held out, as the reader saw its cuts (the upright one last)."""

    text: str
    log_chances: Floats
    scores: tuple[float, ...]


def held_plates(models: Path, pool: Path, crops: Sequence[LabelledCrop], rendered: int, seed: int) -> list[Held]:
    """Plates in photographs of the pool whose own plates were not shown to the corner finder either."""
    finder, reader = CornerFinder(models / "corners.onnx"), TextReader(models / "reader.onnx", 1.0)
    scenery = load_scenery(pool)[::12]
    held = []
    for text, picture, box in _pictures(crops, scenery, rendered, seed):
        corners = finder.find(picture, box)
        for _ in range(CORNER_ROUNDS - 1):
            corners = finder.find(picture, bounds(corners.quad))
        height, width = picture.shape[:2]
        left, top, right, bottom = widen(bounds(corners.quad), width, height, UPRIGHT_SCALE)
        cuts = [lay_flat(picture, corners.quad, scale) for scale in FLAT_SCALES]
        log_chances, scores = reader.look([*cuts, picture[top:bottom, left:right]])
        held.append(Held(text, log_chances, tuple(scores)))
    return held


def _pictures(
    crops: Sequence[LabelledCrop], scenery: Sequence[Scenery], rendered: int, seed: int
) -> Iterator[tuple[str, Image, Box]]:
    for number in range(len(crops) * SHOTS + rendered):
        rng = np.random.default_rng((seed, 3, number))
        if number < len(crops) * SHOTS:
            crop = crops[number // SHOTS]
            text, plate = crop.text, crop.image
        else:
            spec = random_spec(rng)
            text, plate = spec.text, draw_plate(spec, random_look(rng, spec), rng)
        picture = scenery[int(rng.integers(0, len(scenery)))].image.copy()
        height, width = picture.shape[:2]
        across = float(np.exp(rng.uniform(np.log(70), np.log(180))))
        quad = plate_quad((width / 2, height / 2), across, plate.shape[1] / plate.shape[0], rng, slack=0.8)
        place_plate(picture, plate, quad, float(rng.uniform(0.7, 1.1)))
        worse = degrade(picture, rng, strength=0.8 * float(rng.random()), plate_px=across / 4)
        yield text, worse, careless(bounds(quad), rng)


def judged(held: Sequence[Held], temperature: float) -> list[tuple[float, bool]]:
    """Confidence and whether the text is right, as `Recogniser` would have it."""
    results = []
    for plate in held:
        cuts = tuple(
            (beam_search(places, temperature), score)
            for places, score in zip(plate.log_chances, plate.scores, strict=True)
        )
        reading = combine(cuts[: len(FLAT_SCALES)])
        if not reading.is_sure:
            reading = combine(cuts)
        best = next(iter(reading.candidates), "")
        results.append((min(1.0, reading.candidates.get(best, 0.0)), best == plate.text))
    return results


def surprise(results: Sequence[tuple[float, bool]]) -> float:
    """Mean negative log chance of what really happened: lowest where confidences are honest."""
    chances = np.array([chance if right else 1 - chance for chance, right in results])
    return float(-np.log(np.clip(chances, 1e-3, 1.0)).mean())


def best_temperature(held: Sequence[Held]) -> float:
    """The one of TEMPERATURES that surprises least, of those at which texts given as sure are so (if there are any)."""
    by_temperature = {temperature: judged(held, temperature) for temperature in TEMPERATURES}
    honest = [temperature for temperature, results in by_temperature.items() if _is_honest(results)]
    return min(honest or TEMPERATURES, key=lambda temperature: surprise(by_temperature[temperature]))


def _is_honest(results: Sequence[tuple[float, bool]]) -> bool:
    count, right = right_above(results, SURE)
    return count == 0 or right >= SURE_RIGHT * count


def right_above(results: Sequence[tuple[float, bool]], confidence: float) -> tuple[int, int]:
    """How many texts have at least this confidence, and how many of those are right."""
    above = [right for chance, right in results if chance >= confidence]
    return len(above), sum(above)
