"""What a restart needs to know, folded from the journal's records.

In: an open journal. Out: the core's `Durable`. Runs in the journal's thread before the lane starts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from lane_controller.core.plain import record_from_plain
from lane_controller.core.records import Durable, Record
from lane_controller.core.recovery import recover
from lane_controller.outbox.journal import Journal


def recall(journal: Journal) -> Durable:
    """All that survives: counters, pending authorisations, own charges, last commits, mode, operator."""
    return recover(_records(journal.rows_for_recovery()))


def _records(rows: Iterator[bytes] | sqlite3.Cursor) -> Iterator[Record]:
    for body in rows:
        yield record_from_plain(json.loads(body))
