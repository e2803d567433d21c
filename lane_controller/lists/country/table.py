"""The table that lanes ask: a base file, the changes since in memory, and the log that keeps those on disk.

In: changes, in any order (the newest version of a tag counts). Out: rows by EPC and plate in microseconds, totals, and
what must be written (by `keeper.Keeper`, in a worker thread). Everything here belongs to the loop's thread and waits
for nothing but one small read. Damage is told once through `damaged` and answered with None where it is met: an
unknown tag, never a wrong one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from lane_controller.contracts.v1 import TagEntryV1, checksum_text
from lane_controller.core.values import TagEntry
from lane_controller.lists.country.base import BaseFile, DamageError, Totals
from lane_controller.lists.country.delta import Batch
from lane_controller.lists.country.row import entry_of, key_of, key_of_epc, pack_key, plate_of, standing_of, version_of

log = logging.getLogger(__name__)

MERGE_ROWS: Final = 50_000
"""Changed tags in memory, about 20 MB, from which a merge is due."""


@dataclass(slots=True)
class Overlay:
    """Changes in memory. `plates` may name tags that have another plate by now: whoever asks compares."""

    rows: dict[bytes, bytes] = field(default_factory=dict)
    plates: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)

    def put(self, key: bytes, row: bytes) -> None:
        """Take a row."""
        self.rows[key] = row
        plate = plate_of(row)
        if plate is not None:
            known = self.plates.get(plate, ())
            if key not in known:
                self.plates[plate] = (*known, key)


class CountryTable:
    """A `TagTable` (lists/table.py) over one folder that `Keeper` holds."""

    def __init__(self, base: BaseFile, overlay: Overlay, totals: Totals, fresh_utc_us: int) -> None:
        """See `Keeper.open`."""
        self._base = base
        self._fresh, self._frozen = overlay, Overlay()
        self._count, self._xor = totals.count, totals.xor
        self._uncut: list[bytes] = []
        self.version = totals.version
        self.fresh_utc_us = fresh_utc_us
        self.plaza: str | None = None
        """Tickets of other plazas are left out of what is told; None: of none."""
        self.damage: str | None = None
        self.damaged: Callable[[str], None] = _log_damage

    def by_epc(self, epc: str) -> TagEntry | None:
        """See the port."""
        try:
            key = bytes.fromhex(epc)
        except ValueError:
            return None
        row = self._asked_row(key)
        entry = None if row is None else entry_of(row, self.plaza)
        return None if entry is None or entry.epc != epc else entry

    def by_plate(self, plate: str) -> TagEntry | None:
        """See the port."""
        wanted = plate.encode(errors="surrogatepass")
        fresh, frozen = self._fresh, self._frozen
        try:
            rows = [row for row in self._base.with_plate(wanted) if not self._in_memory(key_of(row))]
        except (DamageError, OSError) as error:
            self.note_damage(str(error))
            return None  # whether exactly one tag has this plate cannot be known
        keys = {*fresh.plates.get(wanted, ()), *frozen.plates.get(wanted, ())}
        rows += [row for key in keys if plate_of(row := fresh.rows.get(key) or frozen.rows[key]) == wanted]
        return entry_of(rows[0], self.plaza) if len(rows) == 1 else None

    def _in_memory(self, key: bytes) -> bool:
        return key in self._fresh.rows or key in self._frozen.rows

    def apply(self, epc: str, version: int, entry: TagEntryV1 | None) -> bool:
        """See the port. False too when this tag's row has that version already. RowError: it cannot be a row."""
        key = key_of_epc(epc)
        return self.apply_row(key, version, pack_key(key, version, entry))

    def apply_row(self, key: bytes, version: int, row: bytes) -> bool:
        """As `apply`, for an EPC's bytes and the row that the change makes."""
        try:
            before = self._row(key)
        except (DamageError, OSError) as error:
            self.note_damage(str(error))
            if version <= self.version:
                return False  # perhaps older than the row that cannot be read
            before = None
        known, old, old_digest = standing_of(before)
        if before is not None and version <= known:
            return False
        _, new, new_digest = standing_of(row)
        self._count += new - old
        self._xor ^= old_digest ^ new_digest
        self._fresh.put(key, row)
        self._uncut.append(row)
        self.version = max(self.version, version)
        return True

    def knows(self, epc: str, version: int) -> bool:
        """True when this tag's row has that version or a newer one: its change need not be read."""
        row = None if self.damage is not None or version > self.version else self._asked_row(key_of_epc(epc))
        return row is not None and version_of(row) >= version

    def count(self) -> int:
        """See the port."""
        return self._count

    def checksum(self) -> str:
        """See the port."""
        return checksum_text(self._xor)

    def totals(self) -> Totals:
        """What the list adds up to now."""
        return Totals(self.version, self._count, self._xor)

    def changed(self) -> int:
        """Changed tags in memory."""
        return len(self._fresh.rows) + len(self._frozen.rows)

    def cut(self) -> Batch:
        """What was applied since the last cut: give it to `Keeper.append`."""
        batch = Batch(b"".join(self._uncut), self.totals(), self.fresh_utc_us)
        self._uncut.clear()
        return batch

    def freeze(self) -> Batch:
        """What is in memory now will be in the next base: give the last of it to `Keeper.rotate`."""
        if not self._frozen.rows:
            self._frozen, self._fresh = self._fresh, Overlay()
        return self.cut()

    def swap(self, base: BaseFile) -> BaseFile:
        """A base with everything that was frozen is in force from now on; the one before, for closing."""
        before, self._base = self._base, base
        self._frozen = Overlay()
        return before

    def base(self) -> BaseFile:
        """The base in force."""
        return self._base

    def _asked_row(self, key: bytes) -> bytes | None:
        try:
            return self._row(key)
        except (DamageError, OSError) as error:
            self.note_damage(str(error))
            return None

    def _row(self, key: bytes) -> bytes | None:
        row = self._fresh.rows.get(key)
        if row is None:
            row = self._frozen.rows.get(key)
        return self._base.find(key) if row is None else row

    def note_damage(self, text: str) -> None:
        """Something on disk is not right: told once."""
        if self.damage is None:
            self.damage = text
            self.damaged(text)


def _log_damage(text: str) -> None:
    log.error("the tag list on disk is damaged and must be read again: %s", text)
