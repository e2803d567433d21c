"""Measures readings against labelled photographs. Pure: readings and labels in, figures out.

A labelled plate is *exact* when the reading at its place has its text, *wrong* when it has another text, and *no read*
when there is no reading at its place or one that withholds its text.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anpr.observation import Box, PlateObservation, overlap
from anpr.plate import normalise

OVERLAP_MIN: Final = 0.2
"""Intersection over union that makes a reading one of a labelled plate; labels are drawn by hand."""
FOUR_WHEEL: Final = frozenset({"car", "pickup", "truck", "bus", "van", "trailer"})


@dataclass(frozen=True, slots=True)
class Label:
    """One photograph of a labels.jsonl; `others` are further plates in it that are labelled as well."""

    file: str
    text: str
    bbox: Box
    layout: str
    vehicle: str
    domain: str
    others: tuple[tuple[str, Box], ...] = ()
    more_unlabelled: bool = False

    @staticmethod
    def from_json(line: dict[str, Any]) -> Label:
        """Raises KeyError, naming the field, when a required one is missing."""
        return Label(
            file=line["file"],
            text=normalise(line["text"]),
            bbox=_box(line["bbox"]),
            layout=line["layout"],
            vehicle=line.get("vehicle", "unknown"),
            domain=line.get("domain", "unknown"),
            others=tuple((normalise(other["text"]), _box(other["bbox"])) for other in line.get("others", [])),
            more_unlabelled=bool(line.get("more_plates_unlabelled", False)),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one labelled plate."""

    label: Label
    outcome: str
    """exact, wrong or no-read"""
    read: str | None
    best: str
    confidence: float
    found: bool
    extra_texts: int
    """Texts read where no plate is labelled."""
    ms: float


def _box(sides: Sequence[float]) -> Box:
    x1, y1, x2, y2 = (float(side) for side in sides)
    return x1, y1, x2, y2


def judge(label: Label, plates: Sequence[PlateObservation], ms: float) -> Result:
    """Compares one photograph's readings with its label."""
    at_place = max(plates, key=lambda plate: overlap(plate.bbox, label.bbox), default=None)
    if at_place is not None and overlap(at_place.bbox, label.bbox) < OVERLAP_MIN:
        at_place = None
    labelled = [label.bbox, *(box for _, box in label.others)]
    extra = sum(
        plate.text is not None and all(overlap(plate.bbox, box) < OVERLAP_MIN for box in labelled) for plate in plates
    )
    if at_place is None or at_place.text is None:
        outcome = "no-read"
    else:
        outcome = "exact" if at_place.text == label.text else "wrong"
    return Result(
        label=label,
        outcome=outcome,
        read=at_place.text if at_place else None,
        best="".join(character for character, _ in at_place.chars) if at_place else "",
        confidence=at_place.confidence if at_place else 0.0,
        found=at_place is not None,
        extra_texts=0 if label.more_unlabelled else extra,
        ms=ms,
    )


def edit_distance(one: str, two: str) -> int:
    """Levenshtein."""
    row = list(range(len(two) + 1))
    for at, character in enumerate(one, 1):
        previous, row[0] = row[0], at
        for other_at, other in enumerate(two, 1):
            previous, row[other_at] = (
                row[other_at],
                min(row[other_at] + 1, row[other_at - 1] + 1, previous + (character != other)),
            )
    return row[-1]


def summarise(results: Sequence[Result]) -> dict[str, Any]:
    """Figures of a set of results; shares of n, times in milliseconds."""
    n = len(results)
    if n == 0:
        return {"n": 0}
    times = sorted(result.ms for result in results)
    characters = sum(len(result.label.text) for result in results)
    errors = sum(min(len(result.label.text), edit_distance(result.label.text, result.best)) for result in results)
    return {
        "n": n,
        **{
            outcome: round(sum(r.outcome == outcome for r in results) / n, 4)
            for outcome in ("exact", "wrong", "no-read")
        },
        "found": round(sum(result.found for result in results) / n, 4),
        "characters": round(1 - errors / characters, 4),
        "extra_texts": sum(result.extra_texts for result in results),
        "ms_median": round(statistics.median(times), 1),
        "ms_p95": round(times[min(n - 1, int(0.95 * n))], 1),
    }


def breakdown(results: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """All, four-wheel, and by domain, vehicle and layout."""
    groups: dict[str, list[Result]] = {"all": list(results)}
    groups["four-wheel"] = [result for result in results if result.label.vehicle in FOUR_WHEEL]
    for kind in ("domain", "vehicle", "layout"):
        for value in sorted({getattr(result.label, kind) for result in results}):
            groups[f"{kind} {value}"] = [result for result in results if getattr(result.label, kind) == value]
    return {name: summarise(members) for name, members in groups.items()}


def sweep(results: Iterable[Result], thresholds: Sequence[float]) -> list[tuple[float, float, float]]:
    """For each confidence threshold the share exact and the share wrong, as if texts below it were withheld."""
    judged = list(results)
    rows = []
    for threshold in thresholds:
        kept = [result for result in judged if result.found and result.confidence >= threshold]
        exact = sum(result.best == result.label.text for result in kept)
        rows.append((threshold, exact / len(judged), (len(kept) - exact) / len(judged)))
    return rows
