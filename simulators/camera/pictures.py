"""What the simulated camera shows: an empty lane, or a vehicle with a plate in it.

Comes in: what the vehicle is. Goes out: JPEG bytes; the same for the same arguments.
Must never happen: torch or a font file is needed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.observation import Colour, Layout
from anpr.plate import normalise, parse
from anpr.training.degrade import degrade
from anpr.training.scenes import Scene, plate_share, put_plate
from anpr.training.texts import PlateSpec
from anpr.training.vehicles import VEHICLE_CLASSES, VehicleClass, draw_vehicle

Image = NDArray[np.uint8]
WIDTH: Final = 960
HEIGHT: Final = 540
QUALITY: Final = 85
_INK: Final = {"white": "dark", "yellow": "dark", "blue": "light", "red": "light"}
_RED_SERIES: Final = ("NG", "QT")
"""Embassies and international organisations: red on white; other foreigners (NN, CV) black."""


@lru_cache(maxsize=8)
def _lane(width: int, height: int) -> Image:
    """The empty lane: road, kerbs, a booth; the camera never moves, so it is drawn once."""
    rows = np.linspace(150, 95, height)[:, None, None] + np.zeros((1, width, 3))
    image = rows.astype(np.uint8)
    cv2.rectangle(image, (0, 0), (width, height // 4), (190, 170, 150), -1)
    cv2.rectangle(image, (0, height // 8), (width // 6, height * 3 // 4), (120, 125, 130), -1)
    for block in range(14):
        colour = (0, 190, 220) if block % 2 else (25, 25, 25)
        for side in (width // 8, width - width // 8):
            top = height // 4 + block * height // 18
            drift = round((0.5 - side / width) * block * width * 0.02)
            cv2.rectangle(image, (side - drift - 8, top), (side - drift + 8, top + height // 18), colour, -1)
    return image


def idle_picture(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """JPEG of the empty lane."""
    return encode(_lane(width, height))


def render_vehicle(  # noqa: PLR0913, PLR0917  a picture has so many sides
    plate_text: str,
    layout: Layout = "one-line",
    colour: Colour = "white",
    vehicle_class: VehicleClass | str = "car",
    seed: int = 0,
    width: int = WIDTH,
    height: int = HEIGHT,
    strength: float = 0.25,
) -> bytes:
    """JPEG of a vehicle in the lane with this plate; `strength` 0 is a bright day and 1 the worst night.

    Raises ValueError for an unknown class or a text with characters that no plate has.
    """
    if vehicle_class not in VEHICLE_CLASSES:
        raise ValueError(f"vehicle class {vehicle_class!r} is none of {', '.join(VEHICLE_CLASSES)}")
    rng = np.random.default_rng(seed)
    spec = plate_spec(plate_text, layout, colour)
    scene = Scene(_lane(width, height).copy())
    shown = next(name for name in VEHICLE_CLASSES if name == vehicle_class)
    across = width * (0.2 if shown == "motorbike" else 0.46) * float(rng.uniform(0.92, 1.08))
    left = (width - across) / 2 + float(rng.normal(0, 0.02)) * width
    centre = draw_vehicle(scene.image, left, height * 0.12, across, shown, rng)
    centre = (centre[0], min(centre[1], height * 0.9))
    try:
        put_plate(scene, rng, spec, centre, across * plate_share(shown, spec), slack=0.25)
    except KeyError as error:
        raise ValueError(f"{plate_text!r} has the character {error}, which no plate has") from error
    return encode(degrade(scene.image, rng, strength=strength, plate_px=height / 20))


def plate_spec(plate_text: str, layout: Layout, colour: Colour) -> PlateSpec:
    """How a stored text is printed: with dashes and dot, on one or two lines, in its ink."""
    text = normalise(plate_text)
    plates = parse(text, layout)
    vehicle, kind = (plates[0].vehicle, plates[0].kind) if plates else ("car", "")
    split = plates[0].line_break if plates else max(1, len(text) - 5)
    lines = _printed(kind, text[:split], text[split:])
    ink = "red" if colour == "white" and plates and plates[0].series in _RED_SERIES else _INK[colour]
    on_lines = lines if layout == "two-line" else ("-".join(lines),)
    return PlateSpec(text, on_lines, layout, colour, "motorbike" if vehicle == "motorbike" else "car", ink)


def _printed(kind: str, head: str, number: str) -> tuple[str, str]:
    """The two halves as they stand on the plate: 30A 123.45, 29-X1 123.45, 80-441 NG-02, TM 12-34."""
    if kind == "diplomatic":
        return f"{head[:2]}-{head[2:]}", f"{number[:-2]}-{number[-2:]}"
    if kind == "army":
        return head, f"{number[:2]}-{number[2:]}"
    printed = f"{number[:3]}.{number[3:]}" if len(number) == 5 and number.isdigit() else number
    return (f"{head[:2]}-{head[2:]}" if kind == "motorbike" else head), printed


def encode(image: Image) -> bytes:
    """JPEG bytes of a BGR image."""
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return coded.tobytes()
