"""Is the station's side of a day complete? Numbering without holes, everything sealed, seals past the end of the day.

In: what the back office holds of each lane around the day. Out: findings that keep the day open, and what the lanes
vouch for. Nothing is assumed: a lane that says nothing is a finding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from settlement.clearing.closed_day import SealedRun

GOOD = "good"
LaneEpoch = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Crossings:
    """Passages of one lane and epoch within the day: lowest and highest number, and how many."""

    place: LaneEpoch
    first_seq: int
    last_seq: int
    count: int


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers that are missing, next to or within the day."""

    place: LaneEpoch
    first_seq: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class StoredSeal:
    """A lane's seal with the back office's verdict."""

    place: LaneEpoch
    first_seq: int
    last_seq: int
    sealed_us: int
    head_hash: str
    public_key: str
    signature: str
    verdict: str
    detail: str


@dataclass(frozen=True, slots=True)
class StationSide:
    """Everything that the back office tells about the lanes of the day's plazas."""

    crossings: tuple[Crossings, ...]
    holes: tuple[Hole, ...]
    seals: tuple[StoredSeal, ...]
    lanes: tuple[tuple[str, str], ...]
    """(plaza, lane) of every lane that ever sent a passage or a seal."""


def findings(side: StationSide, plazas: Sequence[str], end_us: int) -> list[str]:
    """What is missing, one sentence each; empty where the day is complete."""
    return [
        *_silent_plazas(side, plazas),
        *(f"{_at(h.place)}: passages {h.first_seq} to {h.last_seq} are missing" for h in side.holes),
        *_unsealed(side),
        *_not_good(side),
        *_early_ends(side, end_us),
    ]


def sealed_runs(side: StationSide) -> tuple[SealedRun, ...]:
    """What the lanes vouch for, one entry per lane and epoch with passages of the day."""
    return tuple(_run(one, _reaching(side.seals, one)) for one in sorted(side.crossings, key=lambda c: c.place))


def _reaching(seals: Iterable[StoredSeal], one: Crossings) -> list[StoredSeal]:
    within = (
        seal for seal in seals
        if seal.place == one.place and seal.verdict == GOOD
        and seal.first_seq <= one.last_seq and seal.last_seq >= one.first_seq
    )  # fmt: skip
    return sorted(within, key=lambda seal: (seal.first_seq, seal.last_seq, seal.signature))


def _run(one: Crossings, seals: list[StoredSeal]) -> SealedRun:
    plaza, lane, epoch = one.place
    if not seals:
        return SealedRun(plaza, lane, epoch, one.first_seq, one.last_seq, 0, "", "", "")
    root = hashlib.sha256("\n".join(seal.signature for seal in seals).encode()).hexdigest()
    last = max(seals, key=lambda seal: seal.last_seq)
    first_seq = min(seal.first_seq for seal in seals)
    return SealedRun(plaza, lane, epoch, first_seq, last.last_seq, len(seals), last.head_hash, root, last.public_key)


def _silent_plazas(side: StationSide, plazas: Sequence[str]) -> Iterator[str]:
    heard = {plaza for plaza, _ in side.lanes}
    for plaza in plazas:
        if plaza not in heard:
            yield f"plaza {plaza}: the back office knows no lane of it, so nothing shows that its day is complete"


def _unsealed(side: StationSide) -> Iterator[str]:
    for one in side.crossings:
        at = one.first_seq
        for seal in _reaching(side.seals, one):
            if seal.first_seq > at:
                break
            at = max(at, seal.last_seq + 1)
        if at <= one.last_seq:
            yield f"{_at(one.place)}: passages {at} to {one.last_seq} are not vouched for by a good seal"


def _not_good(side: StationSide) -> Iterator[str]:
    wanted = {one.place: one for one in side.crossings}
    for seal in side.seals:
        one = wanted.get(seal.place)
        touches = one is not None and seal.first_seq <= one.last_seq and seal.last_seq >= one.first_seq
        if touches and seal.verdict != GOOD:
            detail = f": {seal.detail}" if seal.detail else ""
            yield f"{_at(seal.place)}: the seal over {seal.first_seq} to {seal.last_seq} is {seal.verdict}{detail}"


def _early_ends(side: StationSide, end_us: int) -> Iterator[str]:
    """A lane that was silent at the end of the day may still hold passages of it."""
    for plaza, lane in side.lanes:
        sealed = [s.sealed_us for s in side.seals if s.place[:2] == (plaza, lane) and s.verdict == GOOD]
        if not sealed or max(sealed) < end_us:
            yield f"lane {lane}: no good seal made after the end of the day; passages may still be on their way"


def _at(place: LaneEpoch) -> str:
    return f"lane {place[1]} epoch {place[2]}"
