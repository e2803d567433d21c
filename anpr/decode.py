"""From the reader's chances to texts: CTC prefix beam search, and the grammar's say over whole strings. Pure.

Comes in: log chances of shape (places, classes), blank first. Goes out: candidate texts with their chances.
Must never happen: the grammar changes a character that the pixels are sure of. It only weighs whole candidates that
the pixels hold possible (Graves et al. 2006, connectionist temporal classification; prefix search).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anpr.observation import Layout
from anpr.plate import ALPHABET, is_plate, prior

Chances = Mapping[str, float]
BEAM: Final = 12
CHANCE_MIN: Final = 1e-3
"""Classes below this chance at a place are not followed; a plate has at most a few doubtful characters."""


def beam_search(log_chances: NDArray[np.float32], temperature: float = 1.0) -> dict[str, float]:
    """The likeliest texts and the chance of each; the chances sum to at most 1."""
    scaled = log_chances.astype(np.float64) / temperature
    chances = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    # text → (chance of ending in blank, chance of ending in its last character)
    beams: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    for place in chances:
        if place[0] > 1 - CHANCE_MIN:
            beams = {text: ((blank + last) * float(place[0]), 0.0) for text, (blank, last) in beams.items()}
            continue
        beams = _extend(beams, place)
    return {text: blank + last for text, (blank, last) in beams.items()}


def _extend(beams: dict[str, tuple[float, float]], place: NDArray[np.float64]) -> dict[str, tuple[float, float]]:
    followed = [(ALPHABET[index - 1], float(place[index])) for index in np.flatnonzero(place > CHANCE_MIN) if index]
    blank_chance = float(place[0])
    extended: dict[str, tuple[float, float]] = {}
    for text, (blank, last) in beams.items():
        repeated = float(place[ALPHABET.index(text[-1]) + 1]) if text else 0.0
        _add(extended, text, (blank + last) * blank_chance, last * repeated)
        for character, chance in followed:
            # The same character twice needs a blank between; else it is the same one, seen again.
            source = blank if text.endswith(character) else blank + last
            if source > 0:
                _add(extended, text + character, 0.0, source * chance)
    best = sorted(extended.items(), key=lambda item: -sum(item[1]))[:BEAM]
    return dict(best)


def _add(beams: dict[str, tuple[float, float]], text: str, blank: float, last: float) -> None:
    before = beams.get(text, (0.0, 0.0))
    beams[text] = (before[0] + blank, before[1] + last)


def mix(readings: Sequence[Chances], layout: Layout | None = None) -> dict[str, float]:
    """The mean of several readings of one plate, each weighed by how much of it is a plate under the grammar.

    Where good readings disagree, none comes out sure; a cut that shows half a plate hardly counts.
    """
    weights = [max(0.02, _plausible(reading, layout)) for reading in readings]
    total: dict[str, float] = {}
    for weight, reading in zip(weights, readings, strict=True):
        for text, chance in reading.items():
            total[text] = total.get(text, 0.0) + chance * weight / math.fsum(weights)
    return total


def _plausible(reading: Chances, layout: Layout | None) -> float:
    """The share of a reading that is plates under the grammar."""
    return math.fsum(chance for text, chance in reading.items() if is_plate(text, layout))


def weigh(reading: Chances, layout: Layout | None) -> dict[str, float]:
    """Candidates under the grammar's prior, likeliest first.

    What the beam did not follow keeps its share (with the prior of an invalid string): pixels that fit nothing well
    do not become sure by dividing by a small sum.
    """
    weighed = {text: chance * prior(text, layout) for text, chance in reading.items() if text}
    rest = max(0.0, 1.0 - sum(reading.values())) * 0.5
    total = sum(weighed.values()) + rest
    if total <= 0:
        return {}
    # A text outside the grammar stays unsure even if the pixels are clear: most often it is half a plate.
    capped = {text: min(chance / total, _ceiling(text, layout)) for text, chance in weighed.items()}
    return dict(sorted(capped.items(), key=lambda item: (-item[1], item[0])))


def _ceiling(text: str, layout: Layout | None) -> float:
    return 1.0 if prior(text, layout) > 0.01 else 0.3


def character_chances(candidates: Chances) -> tuple[tuple[str, float], ...]:
    """Each character of the best candidate with the share of all candidates of that length that agree on it."""
    if not candidates:
        return ()
    best = next(iter(candidates))
    return tuple(
        (
            character,
            min(1.0, math.fsum(chance for text, chance in candidates.items() if _agrees(text, best, at))),
        )
        for at, character in enumerate(best)
    )


def _agrees(text: str, best: str, at: int) -> bool:
    return len(text) == len(best) and text[at] == best[at]
