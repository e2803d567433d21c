"""What a restart needs to know, folded from the journal's records.

In: an open journal. Out: the core's `Durable`. Runs in the journal's thread before the lane starts. A snapshot is kept
so that a start after years reads the last records only; it is a memory aid, the records are the truth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from lane_controller.core.events import Booted
from lane_controller.core.plain import PlainError, event_from_plain, record_from_plain, to_plain
from lane_controller.core.records import Durable, Record
from lane_controller.core.remembered import recover
from lane_controller.outbox.journal import Journal

SNAPSHOT_AFTER: Final = 2_000
"""Records read at a start that make a new snapshot worth its write."""


def recall(journal: Journal) -> Durable:
    """All that survives: counters, pending authorisations, own charges, last commits, mode, operator."""
    number, before = _snapshot(journal)
    durable = recover(_records(journal, number), journal.epoch, before)
    if journal.heads[0] - number >= SNAPSHOT_AFTER:
        keep_snapshot(journal, durable)
    return durable


def keep_snapshot(journal: Journal, durable: Durable) -> None:
    """Remember what the records up to now add up to."""
    plain = to_plain(Booted("snapshot", True, durable, ()))
    journal.set_snapshot(journal.heads[0], json.dumps(plain))


def _snapshot(journal: Journal) -> tuple[int, Durable | None]:
    number, text = journal.snapshot()
    if text is None:
        return 0, None
    try:
        event = event_from_plain(json.loads(text))
    except (PlainError, ValueError):  # of another version of the program: the records tell it all again
        return 0, None
    return (number, event.durable) if isinstance(event, Booted) else (0, None)


def _records(journal: Journal, after: int) -> Iterator[Record]:
    for body in journal.bodies(after):
        yield record_from_plain(json.loads(body))
