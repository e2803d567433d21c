"""Characters cut out of plates: under their own name or not at all."""

import cv2
import numpy as np

from anpr.training.crops import LabelledCrop
from anpr.training.glyphs import Style, draw_glyph
from anpr.training.photographed_glyphs import characters_of, harvest
from anpr.training.plates import draw_plate, random_look
from anpr.training.texts import random_spec


def _crop(seed: int, kind: str = "motorbike") -> LabelledCrop:
    rng = np.random.default_rng(seed)
    spec = random_spec(rng, kind)
    plate = draw_plate(spec, random_look(rng, spec), rng)
    return LabelledCrop(cv2.GaussianBlur(plate, (0, 0), 1.0), spec.text, spec.layout)


def _stroke(character: str) -> np.ndarray:
    mask = np.zeros((48, 28), np.uint8)
    draw_glyph(mask, character, (0, 0, 28, 48), Style())
    return mask.astype(float)


def test_what_is_cut_out_of_clean_plates_has_the_shape_of_its_name() -> None:
    taken = other_shape = 0
    for seed in range(60):
        cut = characters_of(_crop(seed))
        for character, mask in cut:
            if character in "1DO0":  # a bar's width is free; Đ is stored as D
                continue
            shape = cv2.resize(mask, (28, 48)).astype(float)
            alike = {other: np.corrcoef(shape.ravel(), _stroke(other).ravel())[0, 1] for other in "23457KXTLAV"}
            if character in alike:
                other_shape += max(alike, key=alike.__getitem__) != character and alike[character] < 0.5
                taken += 1
    assert taken > 40
    assert other_shape <= 0.05 * taken  # a dash that touches a letter


def test_a_crop_with_another_number_of_characters_gives_none() -> None:
    whole = next(crop for seed in range(60) if characters_of(crop := _crop(seed)))
    assert characters_of(LabelledCrop(whole.image, whole.text[:-1] + "12", whole.layout)) == []
    assert characters_of(LabelledCrop(whole.image, "not a plate", whole.layout)) == []
    assert characters_of(LabelledCrop(np.full((60, 90, 3), 200, np.uint8), whole.text, whole.layout)) == []


def test_rendered_plates_are_set_in_the_type_that_was_cut_out() -> None:
    bank = harvest([_crop(seed) for seed in range(200)])
    spec = next(
        spec
        for seed in range(500)
        if bank.can_set((spec := random_spec(np.random.default_rng(seed), "car")).text) and spec.layout == "one-line"
    )
    look = random_look(np.random.default_rng(1), spec)
    photographed = draw_plate(spec, look, np.random.default_rng(2), letters=bank)
    strokes = draw_plate(spec, look, np.random.default_rng(2))
    assert photographed.shape == strokes.shape
    assert not np.array_equal(photographed, strokes)
    smooth = [cv2.GaussianBlur(plate, (0, 0), 4).ravel().astype(float) for plate in (photographed, strokes)]
    assert np.corrcoef(*smooth)[0, 1] > 0.8
    assert not bank.can_set("?")
