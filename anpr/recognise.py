"""Reads every plate of a frame: detector, reader, grammar, colour. ONNX Runtime, one thread, no torch.

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

from anpr.colour import ground_colour
from anpr.crop import reader_input, widen
from anpr.decode import beam_search, character_chances, mix, weigh
from anpr.detect import Detection, PlateDetector, open_session
from anpr.models import MODELS, ModelSettings, load_settings
from anpr.observation import Layout, PlateObservation

Image = NDArray[np.uint8]
MARGIN_SCALES: Final = (1.0, 2.2, 3.5)
"""Every plate is read in three cuts, from exact to wide: the detector's box is more often too tight than too wide, and
a text that stands only in one of the cuts is a text to doubt. Measured on the validation photographs."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of one plate: candidates with chances (likeliest first) and the layout."""

    candidates: dict[str, float]
    raw_text: str
    layout: Layout


class TextReader:
    """The CTC network; not to be shared between threads."""

    def __init__(self, model: Path, temperature: float) -> None:
        self._session = open_session(model)
        self._input = self._session.get_inputs()[0].name
        self._temperature = temperature

    def read(self, crops: list[Image]) -> Reading:
        """Reads cuts of one and the same plate."""
        pixels = np.stack([reader_input(crop) for crop in crops])
        log_chances, layout_scores = self._session.run(None, {self._input: pixels})
        layout: Layout = "two-line" if float((layout_scores[:, 1] - layout_scores[:, 0]).mean()) > 0 else "one-line"
        mixed = mix([beam_search(places, self._temperature) for places in log_chances], layout)
        raw_text = max(mixed, key=lambda text: (mixed[text], text))
        return Reading(weigh(mixed, layout), raw_text, layout)


class Recogniser:
    """Detector and reader of one model folder."""

    def __init__(self, folder: Path | None = None, settings: ModelSettings | None = None) -> None:
        models = folder or Path(os.environ.get("ETC_ANPR_MODELS", MODELS))
        self.settings = settings or load_settings(models)
        self._detector = PlateDetector(
            models / "detector.onnx", self.settings.detector_side, self.settings.detector_score
        )
        self._reader = TextReader(models / "reader.onnx", self.settings.temperature)

    def plates(self, frame: Image) -> list[PlateObservation]:
        """Every plate of the frame; the largest and surest first."""
        observed = [self._observe(frame, found) for found in self._detector.detect(frame)]
        return sorted(observed, key=_prominence, reverse=True)

    def _observe(self, frame: Image, found: Detection) -> PlateObservation:
        height, width = frame.shape[:2]
        crops = []
        for scale in MARGIN_SCALES:
            left, top, right, bottom = widen(found.box, width, height, scale)
            crops.append(frame[top:bottom, left:right])
        reading = self._reader.read(crops)
        best = next(iter(reading.candidates), None)
        confidence = min(reading.candidates[best], 1.0) if best is not None else 0.0
        return PlateObservation(
            text=best if confidence >= self.settings.read_confidence else None,
            confidence=confidence,
            layout=reading.layout,
            colour=ground_colour(crops[0]),
            bbox=found.box,
            chars=character_chances(reading.candidates),
            raw_text=reading.raw_text,
        )


def _prominence(plate: PlateObservation) -> tuple[bool, float]:
    x1, y1, x2, y2 = plate.bbox
    return plate.text is not None, (x2 - x1) * (y2 - y1) * (0.2 + plate.confidence)
