"""Corners of plates: the window around a rough box, and laying a tilted plate flat."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anpr.corners import (
    WINDOW_HEIGHT,
    WINDOW_WIDTH,
    CornerFinder,
    bounds,
    is_convex,
    lay_flat,
    upright,
    window_of,
    window_pixels,
)
from anpr.crop import MARGIN_X, MARGIN_Y
from anpr.models import MODELS
from anpr.training.corner_data import CornerSampler, Scenery, make_stage
from anpr.training.plates import draw_plate, random_look
from anpr.training.scenes import place_plate
from anpr.training.texts import random_spec

SQUARE = np.array([[10, 10], [50, 10], [50, 40], [10, 40]], np.float32)


def _tilted(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A plate, a picture in which it lies tilted, and its corners there."""
    rng = np.random.default_rng(seed)
    spec = random_spec(rng, "car")
    plate = draw_plate(spec, random_look(rng, spec), rng)
    width, height = 200.0, 200.0 * plate.shape[0] / plate.shape[1]
    corners = np.array([[0, 0], [width, 18], [width - 6, 18 + height], [-4, height - 2]], np.float32)
    quad = corners + np.array([150, 90], np.float32)
    picture = np.full((320, 480, 3), 70, np.uint8)
    place_plate(picture, plate, quad.astype(np.float32))
    return plate, picture, quad.astype(np.float32)


def test_a_tilted_plate_laid_flat_is_the_plate() -> None:
    plate, picture, quad = _tilted(3)
    flat = lay_flat(picture, quad)
    across, down = MARGIN_X / (1 + 2 * MARGIN_X), MARGIN_Y / (1 + 2 * MARGIN_Y)
    height, width = flat.shape[:2]
    inner = flat[round(height * down) : round(height * (1 - down)), round(width * across) : round(width * (1 - across))]
    wanted = cv2.resize(plate, (inner.shape[1], inner.shape[0]), interpolation=cv2.INTER_AREA)
    alike = np.corrcoef(cv2.GaussianBlur(inner, (0, 0), 1.5).ravel(), cv2.GaussianBlur(wanted, (0, 0), 1.5).ravel())
    assert alike[0, 1] > 0.93


def test_corners_that_cross_are_not_convex() -> None:
    assert is_convex(SQUARE)
    assert not is_convex(SQUARE[[1, 0, 2, 3]])
    assert not is_convex(SQUARE[::-1])
    assert not is_convex(np.array([[0, 0], [10, 0], [20, 0], [0, 8]], np.float32))
    assert not is_convex(np.zeros((4, 2), np.float32))


@given(x=st.floats(-50, 700), y=st.floats(-50, 500), width=st.floats(0.1, 900), height=st.floats(0.1, 700))
def test_any_box_has_a_window_of_the_networks_size(x: float, y: float, width: float, height: float) -> None:
    frame = np.arange(480 * 640, dtype=np.uint8).reshape(480, 640)
    box = (x, y, x + width, y + height)
    window = window_of(box)
    assert window[0] <= x
    assert window[1] <= y
    assert window[2] >= x + width
    assert window[3] >= y + height
    pixels = window_pixels(frame, window)
    assert pixels.shape == (1, WINDOW_HEIGHT, WINDOW_WIDTH)
    assert np.isfinite(pixels).all()
    assert bounds(upright(box)) == pytest.approx(box, abs=1e-3)


def test_lessons_are_functions_of_their_seed_and_hold_the_plate() -> None:
    grey = np.full((300, 400, 3), 90, np.uint8)
    scenery = [Scenery(grey, ((150.0, 120.0, 250.0, 160.0),), tight=True)]
    stages = [make_stage(scenery, np.random.default_rng((9, number))) for number in range(12)]
    assert {stage.exact for stage in stages} == {True, False}
    one, two = (CornerSampler(stages).sample(4) for _ in range(2))
    assert np.array_equal(one.pixels, two.pixels)
    for seed in range(60):
        lesson = CornerSampler(stages).sample(seed)
        if lesson.plate:
            middle = lesson.corners.mean(axis=0)
            assert (np.abs(middle - 0.5) < 0.35).all()
            assert is_convex(lesson.corners * np.array([WINDOW_WIDTH, WINDOW_HEIGHT], np.float32))


def test_the_shipped_network_finds_corners_from_a_careless_box() -> None:
    finder = CornerFinder(MODELS / "corners.onnx")
    errors = []
    for seed in range(20):
        _, picture, quad = _tilted(seed)
        x1, y1, x2, y2 = bounds(quad)
        found = finder.find(picture, (x1 - 15, y1 + 6, x2 + 9, y2 + 14))
        errors.append(float(np.abs(found.quad - quad).max() / (y2 - y1)))
        assert found.chance > 0.5
    assert float(np.median(errors)) < 0.12


def test_a_plain_wall_is_no_plate() -> None:
    finder = CornerFinder(MODELS / "corners.onnx")
    wall = np.random.default_rng(1).normal(120, 3, (200, 300, 3)).astype(np.uint8)
    assert finder.find(wall, (100, 80, 180, 120)).chance < 0.2
