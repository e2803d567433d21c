"""What the reader learns from, put together: rendered plates, real crops, foreign ones, photographed characters.

Comes in: the pool's folder (or none), the labels whose plates are not to be learned, an earlier round's models.
Goes out: the sampler, and the real crops held out. Must never happen: a plate is held out under one photograph and
learned under another.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.recognise import TextReader
from anpr.training.crops import CropSampler, LabelledCrop, Reread, load_crops, load_foreign
from anpr.training.photographed_glyphs import harvest

Image = NDArray[np.uint8]
BACKGROUNDS_MAX = 200


@dataclass(frozen=True, slots=True)
class ReaderLessons:
    """One training's material."""

    sampler: CropSampler
    held_out: list[LabelledCrop]
    summary: str


def reader_lessons(pool: Path | None, exclude: Path | None, reread: Path | None, seed: int) -> ReaderLessons:
    """Raises OSError when a folder is given that is not a pool or has no models."""
    if pool is None:
        return ReaderLessons(CropSampler([], []), [], "rendered plates only")
    folder, excluded = pool / "vn_plate_crops", excluded_texts(exclude)
    confirmed = load_crops(folder, excluded)
    held = _held(confirmed, seed)
    crops = load_crops(folder, excluded, _judge(reread)) if reread else confirmed
    learned = [crop for crop in crops if crop.text not in held]
    letters, foreign = harvest(learned), load_foreign(pool / "openalpr_endtoend")
    backgrounds = _backgrounds(pool)
    held_out = [crop for crop in confirmed if crop.text in held]
    summary = (
        f"{len(learned)} real crops learned, {len(held_out)} held out, {len(foreign)} foreign ones, "
        f"{sum(map(len, letters.masks.values()))} characters cut out, {len(backgrounds)} backgrounds"
    )
    return ReaderLessons(CropSampler(learned, backgrounds, foreign=foreign, letters=letters), held_out, summary)


def held_out_crops(pool: Path, exclude: Path | None, seed: int) -> list[LabelledCrop]:
    """The real crops that a training with this seed does not see."""
    confirmed = load_crops(pool / "vn_plate_crops", excluded_texts(exclude))
    held = _held(confirmed, seed)
    return [crop for crop in confirmed if crop.text in held]


def _held(confirmed: list[LabelledCrop], seed: int) -> set[str]:
    """A twelfth of the plates, never of the files: one plate stands on many photographs.

    Of those that two readers agreed on, so that every round holds out the same.
    """
    texts = sorted({crop.text for crop in confirmed if not {"N", "R"} & set(crop.text)})
    random.Random(seed).shuffle(texts)
    return set(texts[: len(texts) // 12])


def _backgrounds(pool: Path) -> list[Image]:
    paths = sorted((pool / "openalpr_endtoend" / "images").glob("*.jpg"))[:BACKGROUNDS_MAX]
    return [np.asarray(image, np.uint8) for path in paths if (image := cv2.imread(str(path))) is not None]


def _judge(models: Path) -> Reread:
    reader = TextReader(models / "reader.onnx", temperature=1.0)

    def read(image: Image) -> tuple[str, float]:
        candidates = reader.read([image]).candidates
        best = next(iter(candidates), "")
        return best, candidates.get(best, 0.0)

    return read


def excluded_texts(labels: Path | None) -> frozenset[str]:
    """The texts of a labels.jsonl, further plates of its pictures included."""
    if labels is None:
        return frozenset()
    texts = set()
    for line in labels.read_text().splitlines():
        label = json.loads(line)
        texts.update([label["text"], *(other["text"] for other in label.get("others", []))])
    return frozenset(texts)
