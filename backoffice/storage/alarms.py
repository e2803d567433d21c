"""Open alarms of this process: raised by key, cleared by key, told to whoever listens.

In: conditions seen by ingest, lists and the supervisor. Out: Alarm views. Raising the same key again keeps the time it
began. Kept in memory: what is still wrong after a restart is seen again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from prometheus_client import Gauge

from backoffice.storage.live_view import Alarm

OPEN: Final = Gauge("backoffice_open_alarms", "Open alarms", ["severity"])
_RANK: Final = {"critical": 0, "warning": 1}


class AlarmBoard(Protocol):
    """Where a task reports a condition."""

    def report(self, alarm: Alarm) -> None:
        """Open an alarm, or refresh its text."""

    def clear(self, key: str) -> None:
        """The condition is over."""


class Alarms:
    """The board of one process; safe from any thread."""

    def __init__(self) -> None:
        self._open: dict[str, Alarm] = {}
        self._gate = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def report(self, alarm: Alarm) -> None:
        """Open an alarm, or refresh its text; `since_utc` stays that of the first report."""
        with self._gate:
            known = self._open.get(alarm.key)
            fresh = replace(alarm, since_utc=known.since_utc) if known else alarm
            changed = fresh != known
            self._open[alarm.key] = fresh
        if changed:
            self._tell()

    def clear(self, key: str) -> None:
        """Close an alarm; nothing happens when it is not open."""
        with self._gate:
            known = self._open.pop(key, None)
        if known:
            self._tell()

    def clear_all(self, prefix: str) -> None:
        """Close every alarm whose key begins with `prefix`."""
        with self._gate:
            keys = [key for key in self._open if key.startswith(prefix)]
        for key in keys:
            self.clear(key)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    def view(self) -> list[Alarm]:
        """Open alarms, critical first, then oldest first."""
        with self._gate:
            alarms = list(self._open.values())
        return sorted(alarms, key=lambda alarm: (_RANK[alarm.severity], alarm.since_utc, alarm.key))

    def _tell(self) -> None:
        for severity in _RANK:
            OPEN.labels(severity).set(sum(1 for alarm in self.view() if alarm.severity == severity))
        for listener in self._listeners:
            listener()
