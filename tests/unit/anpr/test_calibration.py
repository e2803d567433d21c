"""Confidences are made honest by one temperature: found on plates that were held out."""

import numpy as np
import pytest

from anpr.plate import ALPHABET
from anpr.training.calibrate import TEMPERATURES, Held, best_temperature, judged, right_above, surprise

PLACES = 80


def _seen_as(text: str, doubt: float) -> np.ndarray:
    """Log chances of a network that sees `text`, and at its last character the next digit with the chance `doubt`."""
    chances = np.full((PLACES, len(ALPHABET) + 1), 1e-6, np.float32)
    for at in range(PLACES):
        character = text[at // 8] if at % 8 == 0 and at // 8 < len(text) else None
        chances[at, 0 if character is None else ALPHABET.index(character) + 1] = 1.0
    last = 8 * (len(text) - 1)
    other = ALPHABET.index(str((int(text[-1]) + 1) % 10)) + 1
    chances[last] = 1e-6
    chances[last, ALPHABET.index(text[-1]) + 1] = 1 - doubt
    chances[last, other] = doubt
    return np.asarray(np.log(chances / chances.sum(axis=1, keepdims=True)), np.float32)


def _held(text: str, seen: str, doubt: float) -> Held:
    return Held(text, np.stack([_seen_as(seen, doubt)] * 3), (-2.0, -2.0, -2.0))


def test_confidences_that_are_too_high_are_lowered() -> None:
    # 95 % sure each time, right in 8 of 10
    held = [_held("30A12345", "30A12345", 0.05)] * 8 + [_held("30A12346", "30A12345", 0.05)] * 2
    assert {round(chance, 2) for chance, _ in judged(held, 1.0)} == {0.95}
    temperature = best_temperature(held)
    assert temperature > 1.3
    assert judged(held, temperature)[0][0] == pytest.approx(0.8, abs=0.06)
    assert surprise(judged(held, temperature)) == min(surprise(judged(held, one)) for one in TEMPERATURES)


def test_confidences_that_are_too_low_are_raised() -> None:
    held = [_held("30A12345", "30A12345", 0.25)] * 12
    assert judged(held, 1.0)[0][0] == pytest.approx(0.75, abs=0.01)
    assert judged(held, best_temperature(held))[0][0] > 0.88


def test_what_is_above_a_confidence_is_counted() -> None:
    results = [(0.95, True), (0.92, False), (0.9, True), (0.5, False)]
    assert right_above(results, 0.9) == (3, 2)
    assert right_above(results, 0.99) == (0, 0)
