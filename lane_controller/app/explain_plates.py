"""Had the camera read another plate, none, or the same one with another confidence.

In: the scene of a vehicle. Out: one variant for each such change.
Pure. Never a plate whose row nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lane_controller.app.explain_scene import Scene, Variant, with_added, with_changed
from lane_controller.core.config import PlateFallback
from lane_controller.core.events import Event, PlateRead
from lane_controller.core.fusion import plates_agree

SURE: Final = 0.99
OTHER_PLATE: Final = "00X00000"


def plate_changes(scene: Scene) -> Iterator[Variant]:
    """The plate that the row tells, another one, none; the same one around the confidences that count."""
    registered, sure = scene.finding.plate_registered, scene.config.plate_sure
    read = scene.plates[-1] if scene.plates else None
    text = read.text if read is not None else None
    shown = f"{sure:.2f}"
    if registered is not None and not (plates_agree(text, registered) and read is not None and read.confidence >= sure):
        yield _with_plate(scene, "plate_agrees", registered, SURE, {"plate": registered})
    if registered is not None and (text is None or plates_agree(text, registered)):
        yield _with_plate(scene, "plate_other", OTHER_PLATE, SURE, {"confidence": shown})
    if read is not None and text is not None:
        yield from _confidence(scene, read, text)
        yield _with_plate(scene, "plate_absent", None, 0.0, {"plate": text})


def _confidence(scene: Scene, read: PlateRead, text: str) -> Iterator[Variant]:
    """The same characters, just above and just below the confidences from which they count."""
    limits = [scene.config.plate_sure]
    if scene.config.plate_fallback is PlateFallback.ALLOW:
        limits.append(scene.config.plate_charge)
    for limit in limits:
        values = {"plate": text, "confidence": f"{limit:.2f}"}
        if read.confidence >= limit:
            yield _with_plate(scene, "plate_less_sure", text, limit - 0.01, values)
        else:
            yield _with_plate(scene, "plate_surer", text, limit, values)


def _with_plate(scene: Scene, key: str, text: str | None, confidence: float, values: dict[str, str]) -> Variant:
    entry = scene.entry(scene.finding.epc)
    row = entry if entry is not None and plates_agree(text, entry.plate) else None
    known = next((read.entry for read in scene.plates if text is not None and read.text == text), row)

    def change(event: Event) -> Event:
        if not isinstance(event, PlateRead) or event not in scene.plates:
            return event
        return replace(event, text=text, confidence=confidence, chars=(), entry=known)

    if scene.plates:
        return with_changed(scene, key, values, change)
    return with_added(scene, key, values, PlateRead(text, confidence, entry=known, track=scene.vehicle.track))
