"""Beam search against the definition of CTC: the sum over all paths."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from anpr.decode import beam_search, character_chances, mix, weigh
from anpr.plate import ALPHABET

CLASSES = len(ALPHABET) + 1


def _by_definition(chances: np.ndarray, used: int) -> dict[str, float]:
    """Every path of the first `used` classes, collapsed and summed."""
    totals: dict[str, float] = {}
    for path in itertools.product(range(used), repeat=len(chances)):
        kept = [c for at, c in enumerate(path) if c and (at == 0 or path[at - 1] != c)]
        text = "".join(ALPHABET[c - 1] for c in kept)
        totals[text] = totals.get(text, 0.0) + float(np.prod([chances[at, c] for at, c in enumerate(path)]))
    return totals


@given(st.integers(0, 10_000))
@hypothesis_settings(max_examples=40, deadline=None)
def test_beam_search_sums_the_paths_of_each_text(seed: int) -> None:
    rng = np.random.default_rng(seed)
    used, places = 3, 5
    chances = np.full((places, CLASSES), 1e-9)
    chances[:, :used] = rng.dirichlet(np.ones(used) * 0.7, places)
    chances /= chances.sum(axis=1, keepdims=True)
    found = beam_search(np.log(chances).astype(np.float32))
    wanted = _by_definition(chances, used)
    best = max(wanted, key=lambda text: wanted[text])
    assert max(found, key=lambda text: found[text]) == best or found[best] == pytest.approx(
        max(found.values()), abs=0.02
    )
    assert found[best] == pytest.approx(wanted[best], abs=0.02)
    assert sum(found.values()) <= 1 + 1e-6


def _sure(text: str, sureness: float = 0.99) -> dict[str, float]:
    return {text: sureness}


def test_a_repeated_digit_needs_the_blank_between() -> None:
    chances = np.full((5, CLASSES), 1e-6)
    for place, character in enumerate(["3", "", "3", "3", "0"]):
        chances[place, ALPHABET.index(character) + 1 if character else 0] = 1.0
    assert max(beam_search(np.log(chances)).items(), key=lambda item: item[1])[0] == "330"


def test_grammar_decides_between_candidates_that_the_pixels_leave_open() -> None:
    candidates = weigh({"3OA12345": 0.5, "30A12345": 0.45}, "one-line")
    assert next(iter(candidates)) == "30A12345"
    assert candidates["30A12345"] > 0.85


def test_grammar_does_not_change_what_the_pixels_are_sure_of() -> None:
    candidates = weigh({"46A12345": 0.999, "48A12345": 0.0}, "one-line")
    assert next(iter(candidates)) == "46A12345"
    assert candidates["46A12345"] <= 0.3, "an unused province is a read error: never handed out as sure"


def test_a_flat_reading_is_not_made_sure_by_dividing() -> None:
    candidates = weigh({"30A12345": 0.02}, "one-line")
    assert candidates["30A12345"] < 0.1


def test_cuts_that_disagree_are_doubted() -> None:
    mixed = mix([_sure("30A12345"), _sure("30A12346"), _sure("30A12345")])
    assert max(weigh(mixed, "one-line").values()) < 0.75


def test_character_chances_point_at_the_doubtful_place() -> None:
    chances = character_chances(weigh({"30A12345": 0.6, "30A12346": 0.38}, "one-line"))
    assert [character for character, _ in chances] == list("30A12345")
    assert chances[-1][1] < 0.7 < chances[0][1]
