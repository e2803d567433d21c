"""Whole pictures with plates in them, and where the plates are: the detector's lessons and the simulated camera.

Comes in: a seeded generator, photographs as background where there are some. Goes out: an image and its plates.
Must never happen: a legible plate in the picture that is not in the list (the detector would unlearn it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from anpr.observation import Box
from anpr.training.degrade import degrade
from anpr.training.plates import draw_plate, random_look
from anpr.training.texts import PlateSpec, random_spec
from anpr.training.vehicles import PLATE_WIDTH, VEHICLE_CLASSES, VehicleClass, draw_vehicle

Image = NDArray[np.uint8]
Quad = NDArray[np.float32]
_CLASS_SHARES: Final = (0.36, 0.12, 0.14, 0.08, 0.08, 0.22)


@dataclass(slots=True)
class Scene:
    """A picture and the plates in it: what they say and their corners (clockwise from top left, pixels)."""

    image: Image
    plates: list[tuple[PlateSpec, Quad]] = field(default_factory=list)


def bounds(quad: Quad) -> Box:
    """The upright box around four corners."""
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def road(width: int, height: int, rng: np.random.Generator) -> Image:
    """Sky, buildings, road, lane marks, signs with text: what surrounds a vehicle."""
    small = rng.normal(0, 1, (4, 5, 3)) * 18 + rng.uniform(30, 210)
    image = np.asarray(np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255), np.uint8)
    horizon = int(height * float(rng.uniform(0.15, 0.5)))
    grey = int(rng.integers(40, 150))
    cv2.rectangle(image, (0, horizon), (width, height), (grey, grey, grey + 4), -1)
    for _ in range(int(rng.integers(2, 12))):
        _clutter(image, rng)
    for _ in range(int(rng.integers(0, 4))):
        _kerb(image, rng)
    if rng.random() < 0.35:
        _overlay_text(image, rng)
    return image


def _clutter(image: Image, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
    w, h = int(width * float(rng.uniform(0.03, 0.35))), int(height * float(rng.uniform(0.03, 0.35)))
    blue, green, red = (int(value) for value in rng.integers(0, 256, 3))
    if rng.random() < 0.7:
        cv2.rectangle(image, (x, y), (x + w, y + h), (blue, green, red), -1)
    else:
        cv2.ellipse(image, (x, y), (w // 2 + 1, h // 2 + 1), 0, 0, 360, (blue, green, red), -1, cv2.LINE_AA)
    if rng.random() < 0.3:  # a sign or a shop's board: letters on a plain ground, but no plate
        word = "".join(rng.choice(list("ABCDEGHIKLMNOPQRSTUVXY "), int(rng.integers(2, 14))))
        cv2.putText(
            image,
            word,
            (x + 2, y + max(6, h // 2)),
            int(rng.integers(0, 5)),
            max(0.25, h / 60),
            (255 - blue, 255 - green, 255 - red),
            max(1, h // 30),
            cv2.LINE_AA,
        )


def _kerb(image: Image, rng: np.random.Generator) -> None:
    """Black and yellow blocks, red and white booms: stripes that are no plates."""
    height, width = image.shape[:2]
    one, two = ((0, 200, 230), (20, 20, 20)) if rng.random() < 0.5 else ((230, 230, 230), (40, 30, 200))
    start = rng.uniform(0, 1, 2) * [width, height]
    step = rng.normal(0, 1, 2) * width * 0.05
    for block in range(int(rng.integers(4, 12))):
        begin, end = start + step * block, start + step * (block + 1)
        ends = [(round(float(p[0])), round(float(p[1]))) for p in (begin, end)]
        cv2.line(image, ends[0], ends[1], one if block % 2 else two, max(2, int(height * 0.02)), cv2.LINE_AA)


def _overlay_text(image: Image, rng: np.random.Generator) -> None:
    """The camera's own line of date and time."""
    day, month, year = rng.integers(1, 32), rng.integers(1, 13), rng.integers(10, 30)
    stamp = f"{day:02d}/{month:02d}/20{year} {rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}"
    at = (int(image.shape[1] * float(rng.uniform(0, 0.5))), int(image.shape[0] * float(rng.choice([0.06, 0.95]))))
    cv2.putText(image, stamp, at, 0, image.shape[1] / 900, (40, 230, 230), max(1, image.shape[1] // 400), cv2.LINE_AA)


def place_plate(image: Image, plate: Image, quad: Quad, light: float = 1.0) -> None:
    """Lays a flat plate into the picture so that its corners meet `quad`."""
    height, width = plate.shape[:2]
    shrink = float(np.ptp(quad[:, 0])) / width
    if shrink < 0.6:
        size = (max(8, int(width * shrink * 1.2)), max(6, int(height * shrink * 1.2)))
        plate = np.asarray(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), np.uint8)
        height, width = plate.shape[:2]
    x1, y1, x2, y2 = (round(side) for side in bounds(quad))
    left, top = max(0, x1 - 1), max(0, y1 - 1)
    right, bottom = min(image.shape[1], x2 + 2), min(image.shape[0], y2 + 2)
    if right - left < 2 or bottom - top < 2:
        return
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    homography = cv2.getPerspectiveTransform(corners, (quad - [left, top]).astype(np.float32))
    size = (right - left, bottom - top)
    warped = cv2.warpPerspective(plate, homography, size).astype(np.float32) * light
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), homography, size)[..., None] / 255.0
    window = image[top:bottom, left:right]
    window[:] = np.clip(window * (1 - mask) + warped * mask, 0, 255).astype(np.uint8)


def plate_quad(
    centre: tuple[float, float], width: float, ratio: float, rng: np.random.Generator, slack: float = 1.0
) -> Quad:
    """Corners of a plate `width` pixels wide and `ratio` times as wide as high, turned and foreshortened at random."""
    half = np.array([width / 2, width / ratio / 2])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    corners = corners + corners[:, ::-1] * [float(rng.normal(0, 0.06)), float(rng.normal(0, 0.04))] * slack
    angle = float(np.radians(rng.normal(0, 4) if rng.random() < 0.85 else rng.uniform(-22, 22))) * slack
    turned: NDArray[np.float64] = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned[:, 0] *= float(rng.uniform(0.75, 1.05)) if slack else 1.0
    depth = 1 + (turned / width) @ rng.normal(0, 0.08, 2) * slack
    return np.asarray(turned / depth[:, None] + centre, np.float32)


def put_plate(
    scene: Scene,
    rng: np.random.Generator,
    spec: PlateSpec,
    centre: tuple[float, float],
    width: float,
    slack: float = 1.0,
) -> None:
    """One more plate, unless it would cover one that is already there."""
    look = random_look(rng, spec)
    quad = plate_quad(centre, width, look.size_mm[0] / look.size_mm[1], rng, slack)
    x1, y1, x2, y2 = bounds(quad)
    for _, other in scene.plates:
        left, top, right, bottom = bounds(other)
        if x1 < right and left < x2 and y1 < bottom and top < y2:
            return
    light = float(rng.uniform(0.65, 1.1)) if slack else 1.0
    place_plate(scene.image, draw_plate(spec, look, rng), quad, light)
    scene.plates.append((spec, quad))


def random_scene(rng: np.random.Generator, width: int = 416, height: int = 312) -> Scene:
    """A drawn street with one to three vehicles, in any weather; now and then none, or a plate from near by."""
    scene = Scene(road(width, height, rng))
    draw = rng.random()
    if draw < 0.1:
        spec = random_spec(rng)
        put_plate(scene, rng, spec, (width / 2, height / 2), width * float(rng.uniform(0.4, 0.85)))
    elif draw < 0.95:
        _traffic(scene, rng, int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1])))
    scene.image = degrade(scene.image, rng, strength=float(rng.random()), plate_px=width / 12)
    return scene


def _traffic(scene: Scene, rng: np.random.Generator, count: int) -> None:
    """All vehicles first and the plates after, so that no vehicle hides a plate that is in the list."""
    height, width = scene.image.shape[:2]
    wanted = []
    for _ in range(count):
        vehicle = VEHICLE_CLASSES[int(rng.choice(len(VEHICLE_CLASSES), p=_CLASS_SHARES))]
        across = (
            width * float(np.exp(rng.uniform(np.log(0.25), np.log(1.1)))) * (0.5 if vehicle == "motorbike" else 1.0)
        )
        left, top = float(rng.uniform(-0.2, 1.0)) * (width - across * 0.6), float(rng.uniform(-0.15, 0.5)) * height
        centre = draw_vehicle(scene.image, left, top, across, vehicle, rng)
        spec = random_spec(rng, "motorbike" if vehicle == "motorbike" else None)
        wanted.append((spec, centre, across * plate_share(vehicle, spec) * float(rng.uniform(0.8, 1.3))))
    for spec, centre, plate_width in wanted:
        if 0 < centre[0] < width and 0 < centre[1] < height:
            put_plate(scene, rng, spec, centre, plate_width)


def plate_share(vehicle: VehicleClass, spec: PlateSpec) -> float:
    """The plate's width as a share of the vehicle's width."""
    return 0.4 if vehicle == "motorbike" else PLATE_WIDTH[spec.layout]


def replated_photograph(photograph: Image, boxes: list[Box], rng: np.random.Generator) -> Scene:
    """A real photograph with foreign plates, each covered by a rendered Vietnamese one."""
    scene = Scene(photograph.copy())
    for x1, y1, x2, y2 in boxes:
        spec = random_spec(rng)
        width = max((x2 - x1) * float(rng.uniform(0.95, 1.15)), (y2 - y1) * 1.35)
        put_plate(scene, rng, spec, ((x1 + x2) / 2, (y1 + y2) / 2), width)
    scene.image = degrade(scene.image, rng, strength=0.6 * float(rng.random()), plate_px=24)
    return scene
