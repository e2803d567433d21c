"""One vehicle, several frames: which text do they give together. Pure.

Comes in: the plate seen in each frame, with its confidence. Goes out: one observation.
Must never happen: the order of the frames matters; many doubtful frames make a sure one by number alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from anpr.observation import PlateObservation

AGREEMENT: Final = 0.5
"""Weight of every further frame: frames of one vehicle share its dirt and its light, so they err alike."""
SAME_ERROR: Final = 0.02
"""Chance that a wrong reading hits just the other candidate (one of some 50 confusable neighbours)."""
CERTAIN: Final = 1 - 1e-6


def vote(frames: Sequence[PlateObservation], read_confidence: float) -> PlateObservation | None:
    """The vehicle's plate, or None when no frame shows one; text None when the frames together are not sure.

    A single frame comes back unchanged.
    """
    if not frames:
        return None
    if len(frames) == 1:
        return frames[0]
    scores = _scores(frames)
    winner = max(scores, key=lambda text: (scores[text], text))
    confidence = scores[winner]
    best = max(
        (frame for frame in frames if candidate(frame) == winner),
        key=lambda frame: (frame.confidence, frame.frame_index),
    )
    layouts = [frame.layout for frame in frames if candidate(frame) == winner]
    return replace(
        best,
        text=winner if winner and confidence >= read_confidence else None,
        confidence=confidence,
        layout=max(sorted(set(layouts), key=str), key=layouts.count),
        frames_read=len(frames),
    )


def candidate(frame: PlateObservation) -> str:
    """The frame's best text, also where it was too doubtful to be handed out."""
    return frame.text or "".join(character for character, _ in frame.chars)


def _scores(frames: Sequence[PlateObservation]) -> dict[str, float]:
    """Chance of each candidate (naive Bayes over frames, with a weight that falls with the number of frames)."""
    weight = (1 + AGREEMENT * (len(frames) - 1)) / len(frames)
    logs: dict[str, float] = {}
    for text in {candidate(frame) for frame in frames}:
        logs[text] = weight * math.fsum(sorted(_log_chance(frame, text) for frame in frames))
    # Neither of the candidates: every frame is wrong in its own way.
    neither = weight * math.fsum(sorted(math.log(1 - min(frame.confidence, CERTAIN)) for frame in frames))
    highest = max(*logs.values(), neither)
    total = math.fsum(sorted(math.exp(value - highest) for value in logs.values())) + math.exp(neither - highest)
    return {text: math.exp(value - highest) / total for text, value in logs.items()}


def _log_chance(frame: PlateObservation, text: str) -> float:
    confidence = min(max(frame.confidence, 1 - CERTAIN), CERTAIN)
    return math.log(confidence if candidate(frame) == text else (1 - confidence) * SAME_ERROR)
