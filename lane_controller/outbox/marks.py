"""Marks: the whole lane, now and then, between its input events, so that a passage can be run again without the years
before it.

In: a lane between two events, the number of the last record, the instant. Out: an input row of the journal, and back.
Pure. Own committed charges (R13) are left out, because they grow with traffic while the list is stale: they follow from
the records, and whoever reads a mark puts them back (`lane_with`).
Never: a mark between a step and its records.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from lane_controller.core.charges import OwnCharges, own_charges
from lane_controller.core.instant import Now
from lane_controller.core.plain import PlainError, lane_from_plain, lane_to_plain
from lane_controller.core.records import OwnCharge
from lane_controller.core.state import Lane
from lane_controller.outbox.encode import utc_of
from lane_controller.outbox.journal import Input

EVERY_US: Final = 300_000_000
"""Time between two marks of a run: 5 KB and 2 ms each."""


@dataclass(frozen=True, slots=True)
class Mark:
    """`lane` as it was after record `number`; `booting`: before `Booted`, so it holds nothing but its configuration."""

    lane: Lane
    number: int
    booting: bool
    at: Now


def mark_input(mark: Mark) -> Input:
    """The row of the journal."""
    bare = replace(mark.lane, counts=replace(mark.lane.counts, own_charges=OwnCharges()))
    body = {"mark": {"lane": lane_to_plain(bare), "number": mark.number, "booting": mark.booting}}
    data = json.dumps(body | {"utc_us": mark.at.utc_us}, separators=(",", ":"), ensure_ascii=False).encode()
    return Input(utc_of(mark.at).isoformat(), mark.at.mono_us * 1000, data)


def mark_of(mono_us: int, body: bytes) -> Mark:
    """The mark in a row that begins with MARK_PREFIX. Errors: PlainError (of another version, or damaged)."""
    try:
        found = json.loads(body)
        mark = found["mark"]
        number, booting, at = int(mark["number"]), bool(mark["booting"]), Now(mono_us, int(found["utc_us"]))
        lane = mark["lane"]
    except (ValueError, KeyError, TypeError) as error:
        raise PlainError(f"a mark of the journal cannot be read: {error!r}") from error
    return Mark(lane_from_plain(lane), number, booting, at)


def lane_with(lane: Lane, charges: Iterable[OwnCharge]) -> Lane:
    """The lane with its own committed charges."""
    return replace(lane, counts=replace(lane.counts, own_charges=own_charges(charges)))
