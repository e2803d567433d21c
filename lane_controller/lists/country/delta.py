"""The log of what changed since a base file: appended in batches, each whole or not there at all.

In: batches of rows with the totals after them. Out: the same again at the next start, up to the first batch that is
torn or damaged; what stood behind it is cut off, and the stream brings it again. A batch's checksum goes on from the
one before, so no batch counts without its predecessors. Layout, little-endian:

    header: magic, version, count, xor of the list that the log starts from, CRC
    batch:  magic, bytes of rows, CRC, version, count, xor after it, newest change or heartbeat (UTC, µs); rows
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Final
from zlib import crc32

from lane_controller.lists.country.base import RESIDUE, DamageError, Totals
from lane_controller.lists.country.build import sync_folder

log = logging.getLogger(__name__)

MAGIC: Final = b"ETCDELT\x01"
HEADER: Final = Struct("<8sQQQ")
HEADER_SIZE: Final = HEADER.size + 4
BATCH_MAGIC: Final = 0x54_4C_45_44
BATCH: Final = Struct("<IIIQQQq")
_SUMMED: Final = 12
"""Where in a batch its checksum begins to count."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows, one behind the other, and what the list adds up to after them."""

    rows: bytes
    totals: Totals
    fresh_utc_us: int

    def pack(self, crc_before: int) -> tuple[bytes, int]:
        """Bytes and checksum."""
        totals = self.totals
        tail = BATCH.pack(0, 0, 0, totals.version, totals.count, totals.xor, self.fresh_utc_us)[_SUMMED:] + self.rows
        size = len(self.rows)
        crc = crc32(tail, crc32(size.to_bytes(4, "little"), crc_before))
        return BATCH.pack(BATCH_MAGIC, size, crc, 0, 0, 0, 0)[:_SUMMED] + tail, crc


class DeltaLog:
    """One log that is being written. One thread at a time."""

    def __init__(self, path: Path, end: int, crc: int) -> None:
        """Go on at `end`; what stands behind it is cut off. See `create` and `reopen`."""
        self.path = path
        self._end, self._crc = end, crc
        self._unwritten: list[Batch] = []
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        os.ftruncate(self._fd, end)

    @classmethod
    def create(cls, path: Path, start: Totals) -> DeltaLog:
        """A new log behind the list that adds up to `start`; durable when this returns."""
        head = HEADER.pack(MAGIC, start.version, start.count, start.xor)
        crc = crc32(head)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(head + crc.to_bytes(4, "little"))
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        sync_folder(path.parent)
        return cls(path, HEADER_SIZE, crc)

    def append(self, batch: Batch) -> None:
        """Durable when this returns. OSError: not now; the batch is kept and goes with the next call."""
        self._unwritten.append(batch)
        self.flush()

    def flush(self) -> None:
        """Write what an earlier call could not. OSError: still not."""
        if not self._unwritten:
            return
        crc, parts = self._crc, []
        for batch in self._unwritten:
            data, crc = batch.pack(crc)
            parts.append(data)
        data = b"".join(parts)
        try:
            _write_at(self._fd, data, self._end)
            os.fdatasync(self._fd)
        except OSError:
            os.ftruncate(self._fd, self._end)
            raise
        self._end += len(data)
        self._crc = crc
        self._unwritten.clear()

    def close(self) -> None:
        """Release the file."""
        os.close(self._fd)


def _write_at(fd: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


@dataclass(slots=True)
class Reading:
    """A log as found. `end` and `crc` move along with the batches that were handed out."""

    path: Path
    start: Totals
    data: bytes
    end: int
    crc: int

    def batches(self) -> Iterator[Batch]:
        """Whole batches, oldest first, up to the first one that is not."""
        while (found := self._next()) is not None:
            yield found
        left = len(self.data) - self.end
        if left:
            log.warning("%s: %d bytes behind the last whole batch are left out", self.path.name, left)

    def _next(self) -> Batch | None:
        at = self.end
        if at + BATCH.size > len(self.data):
            return None
        magic, size, crc, version, count, xor, fresh = BATCH.unpack_from(self.data, at)
        end = at + BATCH.size + size
        if magic != BATCH_MAGIC or end > len(self.data):
            return None
        summed = crc32(memoryview(self.data)[at + _SUMMED : end], crc32(size.to_bytes(4, "little"), self.crc))
        if summed != crc:
            return None
        self.end, self.crc = end, crc
        return Batch(self.data[at + BATCH.size : end], Totals(version, count, xor), fresh)


def read(path: Path) -> Reading:
    """Open a log for reading. DamageError: its header is not right."""
    data = path.read_bytes()
    if len(data) < HEADER_SIZE or crc32(data[:HEADER_SIZE]) != RESIDUE:
        raise DamageError(f"{path.name}: the header does not match its checksum")
    magic, version, count, xor = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise DamageError(f"{path.name}: format {magic!r} is not {MAGIC!r}")
    return Reading(path, Totals(version, count, xor), data, HEADER_SIZE, crc32(data[: HEADER.size]))


def reopen(reading: Reading) -> DeltaLog:
    """Go on writing behind the last whole batch that `reading` gave."""
    return DeltaLog(reading.path, reading.end, reading.crc)
