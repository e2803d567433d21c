"""The port of the tag table, and the table that holds every row in memory.

In: rows by EPC with the version that last changed them. Out: rows by EPC or plate, count, version and checksum of the
whole. The checksum is the XOR of row digests (contracts), so a table that says the same as the heartbeat is the list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from lane_controller.contracts.v1 import TagEntryV1, checksum_text, entry_digest
from lane_controller.core.values import TagEntry, TagStatus, Ticket

Row = tuple[int, TagEntryV1 | None]
"""(version, entry): what one change says about one EPC; None: off the list."""


class TagTable(Protocol):
    """All tags of the country, as of `version`."""

    version: int

    def by_epc(self, epc: str) -> TagEntry | None:
        """The row of a tag; must take microseconds."""

    def by_plate(self, plate: str) -> TagEntry | None:
        """The row with that registered plate, when exactly one has it."""

    def apply(self, epc: str, version: int, entry: TagEntryV1 | None) -> bool:
        """Take a change; False when a newer one of this tag is known."""

    def count(self) -> int:
        """Rows on the list."""

    def checksum(self) -> str:
        """As in the heartbeat."""


@dataclass(slots=True)
class MemoryTable:
    """A table in dictionaries: right for some hundred thousand tags."""

    version: int = 0
    _rows: dict[str, TagEntry] = field(default_factory=dict)
    _digests: dict[str, int] = field(default_factory=dict)
    _versions: dict[str, int] = field(default_factory=dict)
    _plates: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _xor: int = 0

    def by_epc(self, epc: str) -> TagEntry | None:
        """See the port."""
        return self._rows.get(epc)

    def by_plate(self, plate: str) -> TagEntry | None:
        """See the port."""
        epcs = self._plates.get(plate, ())
        return self._rows.get(epcs[0]) if len(epcs) == 1 else None

    def apply(self, epc: str, version: int, entry: TagEntryV1 | None) -> bool:
        """See the port."""
        if version < self._versions.get(epc, 0):
            return False
        self._remove(epc)
        self._versions[epc] = version
        self.version = max(self.version, version)
        if entry is not None:
            self._add(epc, version, entry)
        return True

    def load(self, rows: Iterable[tuple[str, int, TagEntryV1 | None]]) -> None:
        """Take many changes."""
        for epc, version, entry in rows:
            self.apply(epc, version, entry)

    def count(self) -> int:
        """See the port."""
        return len(self._rows)

    def checksum(self) -> str:
        """See the port."""
        return checksum_text(self._xor)

    def _add(self, epc: str, version: int, entry: TagEntryV1) -> None:
        digest = entry_digest(entry)
        self._rows[epc] = core_entry(entry, version)
        self._digests[epc] = digest
        self._xor ^= digest
        self._plates[entry.plate] = (*self._plates.get(entry.plate, ()), epc)

    def _remove(self, epc: str) -> None:
        row = self._rows.pop(epc, None)
        if row is None:
            return
        self._xor ^= self._digests.pop(epc)
        left = tuple(other for other in self._plates.get(row.plate or "", ()) if other != epc)
        if left:
            self._plates[row.plate or ""] = left
        else:
            self._plates.pop(row.plate or "", None)


def core_entry(entry: TagEntryV1, version: int) -> TagEntry:
    """A row in the core's own values."""
    ticket = entry.ticket
    return TagEntry(
        epc=entry.epc, tid=entry.tid, account=entry.account, provider=entry.provider, plate=entry.plate,
        vehicle_class=entry.vehicle_class, status=TagStatus(entry.status.value), available_vnd=entry.available_vnd,
        ticket=None if ticket is None else Ticket(
            ticket.ticket_no, ticket.valid_from.isoformat(), ticket.valid_to.isoformat(), ticket.kind
        ),
        list_version=version, exempt_reason=entry.exempt_reason,
    )  # fmt: skip
