"""Decides when what was read of the list is the whole list. Pure.

In: heartbeats and a table. Out: agreement, waiting, or a contradiction that asks for a full re-read. Changes and
heartbeats may come from different partitions, so a heartbeat may be a little ahead of the changes it counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from lane_controller.contracts.v1 import TagListHeartbeatV1
from lane_controller.lists.table import TagTable

GRACE_US: Final = 5_000_000
"""A heartbeat that the table does not match after this long is a contradiction."""


class Agreement(Enum):
    """What comparing table and heartbeat says."""

    NO_HEARTBEAT = "no heartbeat yet"
    AGREES = "the table is the list"
    WAITING = "the table is behind, or the heartbeat is"
    CONTRADICTS = "the table is not the list"


@dataclass(slots=True)
class HeartbeatCheck:
    """Holds the newest heartbeat and since when the table has not matched it."""

    newest: TagListHeartbeatV1 | None = None
    _unmatched_since_us: int | None = None

    def hear(self, heartbeat: TagListHeartbeatV1) -> None:
        """Keep the newest."""
        known = self.newest
        if known is None or (heartbeat.version, heartbeat.sent_at_utc) >= (known.version, known.sent_at_utc):
            self.newest = heartbeat

    def compare(self, table: TagTable, now_us: int) -> Agreement:
        """How the table stands to the newest heartbeat."""
        heartbeat = self.newest
        if heartbeat is None:
            return Agreement.NO_HEARTBEAT
        if table.version > heartbeat.version:
            self._unmatched_since_us = None
            return Agreement.WAITING
        if (table.version, table.count(), table.checksum()) == _of(heartbeat):
            self._unmatched_since_us = None
            return Agreement.AGREES
        return self._unmatched(now_us)

    def _unmatched(self, now_us: int) -> Agreement:
        if self._unmatched_since_us is None:
            self._unmatched_since_us = now_us
        return Agreement.CONTRADICTS if now_us - self._unmatched_since_us > GRACE_US else Agreement.WAITING


def _of(heartbeat: TagListHeartbeatV1) -> tuple[int, int, str]:
    return heartbeat.version, heartbeat.entries, heartbeat.checksum
