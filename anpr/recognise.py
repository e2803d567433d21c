"""Reads every plate of a frame: detector, corners, reader, grammar, colour. One thread, no torch.

Comes in: a BGR frame. Goes out: `PlateObservation`s, the most prominent plate first.
Must never happen: a text below the measured confidence leaves as if it were read.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anpr.checkpoints import FILES, RUNS
from anpr.colour import ground_colour
from anpr.corners import CornerFinder, Corners, Quad, bounds, lay_flat
from anpr.crop import reader_input, widen
from anpr.decode import Chances, beam_search, character_chances, mix, weigh
from anpr.detect import Detection, PlateDetector
from anpr.engine import Engine, Floats, open_network
from anpr.models import MODELS, ModelSettings, load_settings
from anpr.observation import Box, Layout, PlateObservation, overlap

Image = NDArray[np.uint8]
FLAT_SCALES: Final = (1.0, 2.2)
"""Every plate is read in several cuts: laid flat, with the margins that training knows and with wider ones, and as it
stands in the frame where those leave a doubt. A text that stands only in one of the cuts is a text to doubt."""
UPRIGHT_SCALE: Final = 1.0
CORNER_ROUNDS: Final = 2
"""The second look starts from the first one's corners, and so has the plate in the middle of its window."""
PLATE_CHANCE_MIN: Final = 0.1
SECOND_CHANCE_MIN: Final = 0.8
SAME_PLATE_MIN: Final = 0.3
"""Overlap (intersection over union) from which two boxes turn out to be one plate."""
SURE: Final = 0.98
"""Cuts that agree so surely need no further one."""


Cut = tuple[Chances, float]
"""What one cut alone says: its texts with their chances, and its score for two lines over one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of one plate: candidates with chances (likeliest first) and the layout."""

    candidates: dict[str, float]
    raw_text: str
    layout: Layout
    cuts: tuple[Cut, ...]

    @property
    def is_sure(self) -> bool:
        """Whether a further cut would change nothing."""
        return next(iter(self.candidates.values()), 0.0) >= SURE


def combine(cuts: tuple[Cut, ...]) -> Reading:
    """One reading from cuts of one and the same plate."""
    layout: Layout = "two-line" if sum(score for _, score in cuts) > 0 else "one-line"
    mixed = mix([chances for chances, _ in cuts], layout)
    raw_text = max(mixed, key=lambda text: (mixed[text], text))
    return Reading(weigh(mixed, layout), raw_text, layout, cuts)


class TextReader:
    """The CTC network; not to be shared between threads."""

    def __init__(self, model: Path, temperature: float, engine: Engine | None = None) -> None:
        self._network = open_network(model, engine)
        self._temperature = temperature

    def look(self, crops: list[Image]) -> tuple[Floats, list[float]]:
        """Log chances of shape (crops, places, classes), and each crop's score for two lines over one."""
        log_chances, layout_scores = self._network(np.stack([reader_input(crop) for crop in crops]))
        return log_chances, (layout_scores[:, 1] - layout_scores[:, 0]).tolist()

    def read(self, crops: list[Image], before: tuple[Cut, ...] = ()) -> Reading:
        """Reads cuts of one and the same plate; `before` are those that were read already."""
        log_chances, scores = self.look(crops)
        texts = [beam_search(places, self._temperature) for places in log_chances]
        return combine((*before, *zip(texts, scores, strict=True)))


class Recogniser:
    """The three networks of one model folder; with the engine `ultralytics` those of a runs folder.

    The thresholds come from the model folder in both cases: they were measured with its networks.
    """

    def __init__(
        self,
        folder: Path | None = None,
        settings: ModelSettings | None = None,
        engine: Engine | None = None,
        weights: Path | None = None,
    ) -> None:
        models = folder or Path(os.environ.get("ETC_ANPR_MODELS", MODELS))
        self.settings = settings or load_settings(models)
        files = _files(models, engine, weights)
        self._detector = PlateDetector(
            files["detector"], self.settings.detector_side, self.settings.detector_score, engine
        )
        self._corners = CornerFinder(files["corners"], engine)
        self._reader = TextReader(files["reader"], self.settings.temperature, engine)

    def plates(self, frame: Image) -> list[PlateObservation]:
        """Every plate of the frame; the largest and surest first.

        Where nothing is read, the frame is looked at once more as one from near: at half the size, and as if it were a
        plate itself; and where that gives nothing either, at fainter boxes. An empty lane costs a quarter more for it.
        """
        found = self._detector.look(frame)
        plates = self._read(frame, self._detector.likely(found), PLATE_CHANCE_MIN)
        # One after the other: a faint box on a part of a near plate would stand in the whole plate's way.
        for further in (self._near, self._faint):
            if any(plate.text for plate in plates):
                break
            again = further(frame, found)
            read = [plate for plate in again if plate.text]
            plates = [
                *read,
                *(plate for plate in plates or again if plate.text is None and not _is_among(plate.bbox, read)),
            ]
        return sorted(plates, key=_prominence, reverse=True)

    def _near(self, frame: Image, _: list[Detection]) -> list[PlateObservation]:
        height, width = frame.shape[:2]
        near = self._detector.likely(self._detector.look(frame, from_near=True))
        whole = Detection((0.0, 0.0, float(width), float(height)), 0.0)
        return self._read(frame, [*near, whole], SECOND_CHANCE_MIN)

    def _faint(self, frame: Image, found: list[Detection]) -> list[PlateObservation]:
        return self._read(frame, self._detector.faint(found), SECOND_CHANCE_MIN)

    def _read(self, frame: Image, found: list[Detection], chance_min: float) -> list[PlateObservation]:
        height, width = frame.shape[:2]
        plates: list[PlateObservation] = []
        for detection in found:
            corners = self._find(frame, detection.box)
            outline = _inside(bounds(corners.quad), width, height)
            if corners.chance >= chance_min and not _is_among(outline, plates):
                plates.append(self._observe(frame, corners.quad, outline))
        return plates

    def _find(self, frame: Image, box: Box) -> Corners:
        corners = self._corners.find(frame, box)
        for _ in range(CORNER_ROUNDS - 1):
            corners = self._corners.find(frame, bounds(corners.quad))
        return corners

    def _observe(self, frame: Image, quad: Quad, box: Box) -> PlateObservation:
        flat = [lay_flat(frame, quad, scale) for scale in FLAT_SCALES]
        reading = self._reader.read(flat)
        if not reading.is_sure:
            left, top, right, bottom = widen(box, frame.shape[1], frame.shape[0], UPRIGHT_SCALE)
            reading = self._reader.read([frame[top:bottom, left:right]], reading.cuts)
        best = next(iter(reading.candidates), None)
        confidence = min(reading.candidates[best], 1.0) if best is not None else 0.0
        return PlateObservation(
            text=best if confidence >= self.settings.read_confidence else None,
            confidence=confidence,
            layout=reading.layout,
            colour=ground_colour(flat[0]),
            bbox=box,
            chars=character_chances(reading.candidates),
            raw_text=reading.raw_text,
        )


def _files(models: Path, engine: Engine | None, weights: Path | None) -> dict[str, Path]:
    """Each network's file for the engine."""
    if engine is Engine.ULTRALYTICS:
        return {stage: (weights or RUNS) / file for stage, file in FILES.items()}
    return {stage: models / f"{stage}.onnx" for stage in FILES}


def _is_among(box: Box, plates: list[PlateObservation]) -> bool:
    return any(overlap(box, plate.bbox) > SAME_PLATE_MIN for plate in plates)


def _inside(box: Box, width: int, height: int) -> Box:
    return max(0.0, box[0]), max(0.0, box[1]), min(float(width), box[2]), min(float(height), box[3])


def _prominence(plate: PlateObservation) -> tuple[bool, float]:
    x1, y1, x2, y2 = plate.bbox
    return plate.text is not None, (x2 - x1) * (y2 - y1) * (0.2 + plate.confidence)
