"""The two networks as ONNX files, and the settings that were measured together with them (`settings.json`).

Model card: docs/model-card-anpr.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Numbers that belong to one pair of weights; measured, not chosen by taste."""

    detector_side: int
    """Long side of the detector's input in pixels, a multiple of 32."""
    detector_score: float
    """Boxes below this score are no plates."""
    read_confidence: float
    """Texts below this confidence are handed out as 'no read'."""
    temperature: float
    """Divides the reader's log chances; above 1 where the network is too sure of itself."""


def load_settings(folder: Path = MODELS) -> ModelSettings:
    """The settings beside the weights. Raises OSError or ValueError when the folder is not a model folder."""
    return ModelSettings(**json.loads((folder / "settings.json").read_text()))
