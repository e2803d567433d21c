"""What ANPR hands out: one reading of one plate.

Comes in: nothing; these are the values that `recognise`, `vote` and `worker` fill.
Goes out: `PlateObservation` to the lane controller, the review page and the command line.
Must never happen: a guess without its confidence. A plate that cannot be read has `text=None`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Layout = Literal["one-line", "two-line"]
Colour = Literal["white", "yellow", "blue", "red"]
Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels of the frame, origin top left."""


def overlap(one: Box, two: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, two))
    return width * height / (areas - width * height)


@dataclass(frozen=True, slots=True)
class PlateObservation:
    """One plate, as seen in one frame or voted over several frames of one vehicle.

    `text` holds letters and digits only (Đ as D), or None when the plate was seen but could not be read.
    `raw_text` is what the reader saw before the grammar had a say; kept for disputes.
    """

    text: str | None
    confidence: float
    """Calibrated chance (0..1) that `text` is exactly right; of the best candidate when `text` is None."""
    layout: Layout | None
    colour: Colour | None
    """Ground colour; yellow is transport business and cannot be told from the text."""
    bbox: Box
    chars: tuple[tuple[str, float], ...]
    """Each character with its own chance (0..1); same length as `text` (or as the best candidate)."""
    raw_text: str = ""
    frame_mono_us: int | None = None
    """Receive time of the frame, monotonic microseconds of this machine; None for files."""
    frame_index: int = 0
    """Which of the frames handed in shows the plate best (for evidence)."""
    frames_read: int = 1
    """How many frames of the vehicle had a plate and took part in the vote."""

    def as_json(self) -> dict[str, Any]:
        """The shape of `anpr read --json` and of the worker's pipe."""
        plate = asdict(self)
        plate["bbox"] = [round(side, 1) for side in self.bbox]
        plate["chars"] = [[char, round(chance, 4)] for char, chance in self.chars]
        plate["confidence"] = round(self.confidence, 4)
        return plate

    @staticmethod
    def from_json(plate: dict[str, Any]) -> PlateObservation:
        """Inverse of `as_json`. Raises KeyError or TypeError on a shape that is not ours."""
        fields = dict(plate)
        x1, y1, x2, y2 = (float(side) for side in fields["bbox"])
        fields["bbox"] = (x1, y1, x2, y2)
        fields["chars"] = tuple((str(char), float(chance)) for char, chance in fields["chars"])
        return PlateObservation(**fields)
