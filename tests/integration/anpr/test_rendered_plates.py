"""Rendered plates of every kind in the simulated lane, of seeds that no training and no choice has seen."""

from collections import Counter

import numpy as np
import pytest

from anpr.image import decode_image
from anpr.recognise import Recogniser
from anpr.training.texts import random_spec
from simulators.camera.pictures import render_vehicle

SEED = 83_000_000
"""The training draws from seeds below 70 million, the held-out checks from a thousand million on."""
COUNT = 300
KINDS = ("car", "car", "car", "motorbike", "special", "diplomatic", "army", "temporary", "car", "special")
COMMON = frozenset({"car", "special", "temporary"})
COMMON_EXACT_MIN = 0.985
EXACT_MIN = 0.98
"""Of all kinds, army and diplomatic plates among them."""
WRONG_MAX = 0.01


@pytest.mark.timeout(600)
def test_rendered_plates_of_every_kind() -> None:
    recogniser = Recogniser()
    outcomes: Counter[str] = Counter()
    common: Counter[str] = Counter()
    colours: Counter[bool] = Counter()
    missed = []
    for number in range(COUNT):
        kind = KINDS[number % len(KINDS)]
        spec = random_spec(np.random.default_rng(SEED + number), kind)
        vehicle = "motorbike" if spec.vehicle == "motorbike" else ("car", "van", "truck", "bus", "trailer")[number % 5]
        jpeg = render_vehicle(spec.text, spec.layout, spec.colour, vehicle, seed=SEED + number, strength=0.1)
        plates = recogniser.plates(decode_image(jpeg))
        texts = [plate.text for plate in plates if plate.text]
        outcome = "exact" if texts == [spec.text] else "wrong" if texts else "no read"
        outcomes[outcome] += 1
        common[outcome] += kind in COMMON
        if plates:
            colours[plates[0].colour == spec.colour] += 1
        if outcome != "exact":
            missed.append((kind, spec.text, spec.layout, texts, [plate.raw_text for plate in plates]))
    assert common["exact"] >= COMMON_EXACT_MIN * common.total(), missed
    assert outcomes["exact"] >= EXACT_MIN * COUNT, missed
    assert outcomes["wrong"] <= WRONG_MAX * COUNT, missed
    assert colours[True] >= 0.97 * colours.total()
