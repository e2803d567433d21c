"""The port of the tag table.

In: rows by EPC with the version that last changed them. Out: rows by EPC or plate, count, version and checksum of the
whole. The checksum is the XOR of row digests (contracts), so a table that says the same as the heartbeat is the list.
The table itself is lists/country.
"""

from __future__ import annotations

from typing import Protocol

from lane_controller.contracts.v1 import TagEntryV1
from lane_controller.core.values import TagEntry


class TagTable(Protocol):
    """All tags of the country, as of `version`."""

    version: int

    def by_epc(self, epc: str) -> TagEntry | None:
        """The row of a tag; must take microseconds."""

    def by_plate(self, plate: str) -> TagEntry | None:
        """The row with that registered plate, when exactly one has it."""

    def apply(self, epc: str, version: int, entry: TagEntryV1 | None) -> bool:
        """Take a change; False when it, or a newer one of this tag, is known."""

    def count(self) -> int:
        """Rows on the list."""

    def checksum(self) -> str:
        """As in the heartbeat."""
