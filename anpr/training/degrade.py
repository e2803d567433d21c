"""What stands between a plate and its pixels: light, glare, blur, few pixels, noise, JPEG.

Comes in: a BGR image and a seeded generator. Goes out: a worse image of the same size.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]


def degrade(image: Image, rng: np.random.Generator, strength: float = 1.0, plate_px: float = 0.0) -> Image:
    """One random chain of faults; `strength` 0 leaves the image nearly as it is, 1 is the range met on the road.

    Blur is in proportion to `plate_px`, the height of a plate in the image (default: the image is the plate).
    """
    worse = _light(image.astype(np.float32), rng, strength)
    if rng.random() < 0.2 * strength:
        worse = _glare(worse, rng)
    if rng.random() < 0.25 * strength:
        worse = _shadow(worse, rng)
    worse = _blur(worse, rng, strength, plate_px or image.shape[0])
    noise = float(rng.gamma(1.2, 4.0)) * strength
    if noise > 0.5:
        grain = rng.standard_normal(worse.shape[:2], np.float32)[..., None] * noise
        worse = worse + grain
    result = np.clip(worse, 0, 255).astype(np.uint8)
    if rng.random() < 0.08 * strength:  # infrared camera
        result = cv2.cvtColor(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return jpeg(result, int(rng.integers(25, 95))) if rng.random() < 0.7 else result


def jpeg(image: Image, quality: int) -> Image:
    """Through the codec and back."""
    _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _light(image: Floats, rng: np.random.Generator, strength: float) -> Floats:
    gain = float(np.exp(rng.normal(-0.15, 0.42) * strength))
    cast = np.exp(rng.normal(0, 0.07, 3) * strength).astype(np.float32)
    lift = float(rng.normal(0, 18)) * strength
    result = image * (gain * cast) + lift
    if rng.random() < 0.5:
        gamma = float(np.exp(rng.normal(0, 0.35) * strength))
        result = 255 * np.power(np.clip(result, 0, 255) / 255, gamma)
    return result.astype(np.float32)


def _glare(image: Floats, rng: np.random.Generator) -> Floats:
    """A lamp or the sun: a bright soft spot."""
    height, width = image.shape[:2]
    spot: Floats = np.zeros((height, width), np.float32)
    centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
    cv2.circle(spot, centre, max(2, int(height * float(rng.uniform(0.08, 0.4)))), 1.0, -1)
    spot = cv2.GaussianBlur(spot, (0, 0), max(1.0, height * float(rng.uniform(0.05, 0.2))))
    return image + spot[..., None] * float(rng.uniform(40, 190))


def _shadow(image: Floats, rng: np.random.Generator) -> Floats:
    """An edge of shade across the image."""
    height, width = image.shape[:2]
    angle = float(rng.uniform(0, 2 * np.pi))
    across = np.arange(width, dtype=np.float32)[None] - width * float(rng.uniform(0.1, 0.9))
    down = np.arange(height, dtype=np.float32)[:, None] - height * float(rng.uniform(0.1, 0.9))
    side = across * np.cos(angle) + down * np.sin(angle)
    soft = 1 / (1 + np.exp(-np.clip(side / max(1.0, height * 0.03), -30, 30)))
    return np.asarray(image * (1 - (1 - float(rng.uniform(0.35, 0.8))) * soft[..., None]), np.float32)


def _blur(image: Floats, rng: np.random.Generator, strength: float, height: float) -> Floats:
    draw = rng.random()
    if draw < 0.35 * strength:
        sigma = float(rng.uniform(0.3, 1.0)) * max(0.6, height / 40)
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
    if draw < 0.55 * strength:
        return _motion(image, rng, max(2.0, height * float(rng.uniform(0.03, 0.14))))
    return image


def _motion(image: Floats, rng: np.random.Generator, length: float) -> Floats:
    size = int(length) | 1
    kernel: Floats = np.zeros((size, size), np.float32)
    angle = float(rng.uniform(0, np.pi))
    half = size / 2 - 0.5
    start = (round(half - half * np.cos(angle)), round(half - half * np.sin(angle)))
    end = (round(half + half * np.cos(angle)), round(half + half * np.sin(angle)))
    cv2.line(kernel, start, end, 1.0, 1)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.float32)
