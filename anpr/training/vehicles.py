"""A vehicle's front or rear as a drawing: enough shapes that a plate is found by being a plate, not by being alone.

Comes in: an image to draw on, a place, a class of vehicle, a seeded generator. Goes out: where the plate belongs.
"""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
VehicleClass = Literal["car", "van", "truck", "bus", "trailer", "motorbike"]
VEHICLE_CLASSES: Final[tuple[VehicleClass, ...]] = ("car", "van", "truck", "bus", "trailer", "motorbike")

_SHAPES: Final = {
    # height / width of the whole, top edge of the glass, bottom edge of the glass, plate's centre (shares of height)
    "car": (0.75, 0.06, 0.4, 0.74),
    "van": (0.95, 0.05, 0.42, 0.8),
    "truck": (1.1, 0.08, 0.45, 0.86),
    "bus": (1.15, 0.05, 0.55, 0.86),
    "trailer": (1.05, 0.0, 0.0, 0.84),
    "motorbike": (1.5, 0.02, 0.2, 0.55),
}
PLATE_WIDTH: Final = {"one-line": 0.29, "two-line": 0.185}
"""Plate's width as a share of the vehicle's: 520 mm and 330 mm on 1.8 m."""


def draw_vehicle(
    image: Image, left: float, top: float, width: float, vehicle: VehicleClass, rng: np.random.Generator
) -> tuple[float, float]:
    """Draws a vehicle of `width` pixels and gives the centre where its plate belongs."""
    ratio, glass_top, glass_bottom, plate_at = _SHAPES[vehicle]
    height = width * ratio
    paint = _paint(rng)
    _shadow_below(image, left, top + height, width)
    if vehicle == "motorbike":
        _motorbike(image, left, top, width, height, rng)
    else:
        _body(image, left, top, width, height, paint)
        if vehicle == "trailer":
            _doors(image, left, top, width, height, paint, rng)
        else:
            _glass(image, left, top, width, height, (glass_top, glass_bottom), rng)
        _lamps(image, left, top, width, height, rng)
        _grille(image, left, top, width, height, rng)
    offset = float(rng.normal(0, 0.02)) * width if vehicle != "trailer" else float(rng.uniform(-0.2, 0.2)) * width
    return left + width / 2 + offset, top + height * (plate_at + float(rng.normal(0, 0.03)))


def _paint(rng: np.random.Generator) -> tuple[int, int, int]:
    palette = [
        (235, 235, 235),
        (25, 25, 28),
        (160, 160, 165),
        (40, 35, 150),
        (120, 60, 25),
        (60, 170, 210),
        (60, 90, 50),
    ]
    chosen = np.array(palette[int(rng.integers(0, len(palette)))]) + rng.normal(0, 14, 3)
    blue, green, red = (int(np.clip(value, 0, 255)) for value in chosen)
    return blue, green, red


def _polygon(image: Image, points: list[tuple[float, float]], colour: tuple[int, int, int]) -> None:
    cv2.fillPoly(image, [np.round(np.array(points)).astype(np.int32)], colour, cv2.LINE_AA)


def _shade(colour: tuple[int, int, int], factor: float) -> tuple[int, int, int]:
    blue, green, red = (int(min(255, value * factor)) for value in colour)
    return blue, green, red


def _shadow_below(image: Image, left: float, bottom: float, width: float) -> None:
    axes = (max(1, round(width * 0.55)), max(1, round(width * 0.06)))
    cv2.ellipse(image, (round(left + width / 2), round(bottom)), axes, 0, 0, 360, (20, 20, 22), -1, cv2.LINE_AA)


def _body(image: Image, x: float, y: float, w: float, h: float, paint: tuple[int, int, int]) -> None:
    shoulder, waist = 0.16 * w, y + 0.42 * h
    outline = [(x + shoulder, y), (x + w - shoulder, y), (x + w - 0.02 * w, waist), (x + w, y + 0.85 * h)]
    outline += [
        (x + w - 0.03 * w, y + 0.97 * h),
        (x + 0.03 * w, y + 0.97 * h),
        (x, y + 0.85 * h),
        (x + 0.02 * w, waist),
    ]
    _polygon(image, outline, paint)
    for side in (x + 0.04 * w, x + 0.8 * w):
        cv2.rectangle(
            image, (round(side), round(y + 0.9 * h)), (round(side + 0.16 * w), round(y + h)), (18, 18, 18), -1
        )
    bumper = [(x, y + 0.66 * h), (x + w, y + 0.66 * h), (x + w * 0.98, y + 0.93 * h), (x + 0.02 * w, y + 0.93 * h)]
    _polygon(image, bumper, _shade(paint, 0.82))


def _glass(
    image: Image, x: float, y: float, w: float, h: float, span: tuple[float, float], rng: np.random.Generator
) -> None:
    top, bottom = y + span[0] * h, y + span[1] * h
    grey = int(rng.integers(25, 110))
    pane = [(x + 0.21 * w, top), (x + 0.79 * w, top), (x + 0.9 * w, bottom), (x + 0.1 * w, bottom)]
    _polygon(image, pane, (grey + 12, grey + 5, grey))
    for _ in range(int(rng.integers(0, 3))):  # registration stickers behind the glass
        at = (round(x + w * float(rng.uniform(0.2, 0.75))), round(bottom - h * float(rng.uniform(0.04, 0.1))))
        cv2.rectangle(image, at, (at[0] + max(2, round(0.05 * w)), at[1] + max(2, round(0.04 * h))), (80, 160, 200), -1)


def _lamps(image: Image, x: float, y: float, w: float, h: float, rng: np.random.Generator) -> None:
    rear = rng.random() < 0.5
    colour = (40, 30, int(rng.integers(120, 256))) if rear else (225, 235, 240)
    axes = (max(1, round(w * float(rng.uniform(0.06, 0.12)))), max(1, round(h * float(rng.uniform(0.03, 0.08)))))
    for side in (0.13, 0.87):
        cv2.ellipse(image, (round(x + side * w), round(y + 0.54 * h)), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)


def _grille(image: Image, x: float, y: float, w: float, h: float, rng: np.random.Generator) -> None:
    left, right = x + w * float(rng.uniform(0.22, 0.35)), x + w * float(rng.uniform(0.65, 0.78))
    top, bottom = y + 0.47 * h, y + h * float(rng.uniform(0.58, 0.68))
    grey = int(rng.integers(10, 90))
    cv2.rectangle(image, (round(left), round(top)), (round(right), round(bottom)), (grey, grey, grey), -1)
    for bar in np.linspace(top, bottom, int(rng.integers(2, 7))):
        cv2.line(
            image, (round(left), round(bar)), (round(right), round(bar)), (grey + 90,) * 3, max(1, round(h * 0.008))
        )
    cv2.circle(
        image, (round(x + w / 2), round((top + bottom) / 2)), max(1, round(0.035 * w)), (190, 190, 195), -1, cv2.LINE_AA
    )
    if rng.random() < 0.4:  # maker's name, dealer's sticker
        word = "".join(rng.choice(list("ABCEHIKMNORSTUVXYZ0123456789"), int(rng.integers(3, 8))))
        cv2.putText(
            image,
            word,
            (round(x + 0.15 * w), round(y + 0.46 * h)),
            0,
            w / 500,
            (210, 210, 215),
            max(1, round(w / 250)),
            cv2.LINE_AA,
        )


def _doors(
    image: Image, x: float, y: float, w: float, h: float, paint: tuple[int, int, int], rng: np.random.Generator
) -> None:
    """A container's rear: corrugation, lock rods, a long painted number that is no plate."""
    for rib in np.linspace(x + 0.05 * w, x + 0.95 * w, int(rng.integers(4, 12))):
        cv2.line(
            image,
            (round(rib), round(y)),
            (round(rib), round(y + 0.65 * h)),
            _shade(paint, 0.7),
            max(1, round(w * 0.008)),
        )
    number = "".join(rng.choice(list("ABCDEFGHKLMNPRSTUVXYZ"), 4)) + "".join(rng.choice(list("0123456789"), 7))
    cv2.putText(
        image,
        number,
        (round(x + 0.4 * w), round(y + 0.2 * h)),
        0,
        w / 450,
        _shade(paint, 1.6),
        max(1, round(w / 200)),
        cv2.LINE_AA,
    )


def _motorbike(image: Image, x: float, y: float, w: float, h: float, rng: np.random.Generator) -> None:
    centre = x + w / 2
    dark = int(rng.integers(15, 70))
    _polygon(
        image,
        [
            (centre - 0.3 * w, y + 0.15 * h),
            (centre + 0.3 * w, y + 0.15 * h),
            (centre + 0.22 * w, y + 0.5 * h),
            (centre - 0.22 * w, y + 0.5 * h),
        ],
        _paint(rng),
    )
    cv2.ellipse(
        image,
        (round(centre), round(y + 0.3 * h)),
        (round(0.14 * w), round(0.06 * h)),
        0,
        0,
        360,
        (40, 30, 220),
        -1,
        cv2.LINE_AA,
    )
    cv2.rectangle(
        image, (round(centre - 0.09 * w), round(y + 0.5 * h)), (round(centre + 0.09 * w), round(y + h)), (dark,) * 3, -1
    )
    cv2.line(
        image,
        (round(x), round(y + 0.12 * h)),
        (round(x + w), round(y + 0.12 * h)),
        (dark,) * 3,
        max(2, round(0.04 * w)),
    )
