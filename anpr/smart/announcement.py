"""What a smart camera announced about one vehicle.

In: nothing. Out: frozen values. Never: a passage. A camera that loses a vehicle from sight has not seen it pass.
Source: hardware.md section 3 (duplicates, corrections and reordering are normal: key by the camera's track id).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

TEXT_MAX = 16


class Stage(StrEnum):
    """Where in the camera's view of a vehicle this announcement stands."""

    NEW = "new"
    UPDATE = "update"
    LOST = "lost"


class AnnouncementError(ValueError):
    """The camera's message cannot be used; the text names the field. `reason` is a fixed word for the counter."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PlateAnnouncement:
    """One message. `text` None: a vehicle whose plate the camera could not read."""

    track: str
    """The camera's own id of the vehicle; empty where it gives none (then every message is a vehicle of its own)."""
    stage: Stage
    text: str | None
    """Letters and digits only, Đ as D."""
    confidence: float
    """0 to 1 as the camera says; nobody has calibrated it."""
    chars: tuple[tuple[str, float], ...] = ()
    at: datetime | None = None
    """The camera's clock; evidence, never used for order."""
    images: tuple[bytes, ...] = ()
