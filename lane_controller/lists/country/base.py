"""The base file: every row of one version, found with one read of a few hundred bytes.

In: a file that build or merge wrote. Out: rows by EPC, candidates by plate, totals. Rows lie in buckets by a hash of
the EPC, about two to a bucket; a second set of buckets lists, by a hash of the plate, the buckets of the rows. Only
the two directories of bucket offsets are held in memory. Layout, little-endian:

    header (one page) | EPC blocks | plate blocks | EPC directory | plate directory

Every block ends in its CRC-32, begun with its own number: a look-up that reads a damaged or misplaced block raises
DamageError, never gives a row of it. Blocks are read with pread, not through a mapping: a bad sector or a cut file is
then an OSError and not a SIGBUS that ends the lane, and what was read once does not stay resident (ADR 0011).
"""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import Struct, unpack
from typing import Final
from zlib import crc32

from lane_controller.lists.country.row import HEAD, plate_of, standing_of

MAGIC: Final = b"ETCTAGS\x01"
HEADER: Final = Struct("<8sQQQqQIIQQQI")
PAGE: Final = 4096
UNIT: Final = 8
"""Directories count in units of this many bytes: 32 bits reach 32 GiB."""
PLATE_SEED: Final = 0x8000_0000
RESIDUE: Final = 0x2144_DF1C
"""CRC-32 of anything followed by its own CRC-32."""
_FACTOR: Final = 0x9E37_79B1
_MASK: Final = 0xFFFF_FFFF
_ROW_HEAD: Final = HEAD.size
_sizes: Final = Struct("<HH").unpack_from
"""Size of the row, and of its EPC."""
_CRC_SIZE: Final = 4
PAIR_SIZE: Final = 8


class DamageError(Exception):
    """What is on disk is not what was written; the text names the file and the place."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a list adds up to, as in the heartbeat; `xor` over the digests of the rows on the list."""

    version: int = 0
    count: int = 0
    xor: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """First page of a base file. `rows` counts removed tags too. Offsets and sizes in bytes."""

    totals: Totals
    fresh_utc_us: int
    rows: int
    buckets: int
    plate_buckets: int
    plates_at: int
    directories_at: int
    size: int
    directories_crc: int

    def pack(self) -> bytes:
        """The page."""
        totals = self.totals
        head = HEADER.pack(
            MAGIC, totals.version, totals.count, totals.xor, self.fresh_utc_us, self.rows, self.buckets,
            self.plate_buckets, self.plates_at, self.directories_at, self.size, self.directories_crc,
        ).ljust(PAGE - _CRC_SIZE, b"\0")  # fmt: skip
        return head + crc32(head).to_bytes(_CRC_SIZE, "little")

    @classmethod
    def unpack(cls, page: bytes) -> Header:
        """DamageError: not the first page of a base file."""
        if len(page) != PAGE or crc32(page) != RESIDUE:
            raise DamageError("the header does not match its checksum")
        magic, version, count, xor, fresh, rows, *rest = HEADER.unpack_from(page)
        if magic != MAGIC:
            raise DamageError(f"format {magic!r} is not {MAGIC!r}")
        return cls(Totals(version, count, xor), fresh, rows, *rest)


def spread(key: bytes) -> int:
    """32-bit hash of an EPC or plate. CRC alone is linear: runs of serial numbers would crowd into few buckets."""
    return crc32(key) * _FACTOR & _MASK


def bucket_of(hashed: int, buckets: int) -> int:
    """Which of `buckets`; rises with the hash."""
    return hashed * buckets >> 32


def sealed(content: bytes, seed: int) -> bytes:
    """A block: content, zeros up to a whole unit, CRC. Nothing for nothing."""
    if not content:
        return b""
    padded = content + bytes(-(len(content) + _CRC_SIZE) % UNIT)
    return padded + crc32(padded, seed).to_bytes(_CRC_SIZE, "little")


def rows_in(block: bytes) -> Iterator[bytes]:
    """Rows of an EPC block that has been checked."""
    at, end = 0, len(block) - _CRC_SIZE - _ROW_HEAD
    while at <= end:
        size = _sizes(block, at)[0]
        if not size:
            return
        yield block[at : at + size]
        at += size


def pairs_in(block: bytes) -> tuple[int, ...]:
    """Pairs of a plate block that has been checked: hash of the plate << 32 | bucket of the row."""
    return unpack(f"<{(len(block) - _CRC_SIZE) // PAIR_SIZE}Q8x", block) if block else ()


class BaseFile:
    """One open base file. Not for use by two threads at once while it is being closed."""

    def __init__(self, path: Path) -> None:
        """DamageError: header, directories or size are not right. OSError: not there, not readable."""
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.header = self._header()
            self._rows, self._plates = self._directories()
        except BaseException:
            os.close(self._fd)
            raise
        self._buckets = self.header.buckets

    def close(self) -> None:
        """Release the file."""
        os.close(self._fd)

    def find(self, key: bytes) -> bytes | None:
        """The row of an EPC. DamageError, OSError: its block cannot be trusted or read."""
        bucket = (crc32(key) * _FACTOR & _MASK) * self._buckets >> 32
        block = self.block(bucket)
        if key not in block:
            return None
        at, end, key_size = 0, len(block) - _CRC_SIZE - _ROW_HEAD, len(key)
        while at <= end:
            size, row_key_size = _sizes(block, at)
            if not size:
                return None
            if row_key_size == key_size and block.startswith(key, at + _ROW_HEAD):
                return block[at : at + size]
            at += size
        return None

    def with_plate(self, plate: bytes) -> list[bytes]:
        """Every row on the list with this plate. DamageError, OSError: as in `find`."""
        hashed = spread(plate)
        pairs = pairs_in(self.plate_block(bucket_of(hashed, self.header.plate_buckets)))
        buckets = {pair & _MASK for pair in pairs if pair >> 32 == hashed}
        return [
            row for bucket in buckets for row in rows_in(self.block(bucket)) if plate in row and plate_of(row) == plate
        ]

    def block(self, bucket: int) -> bytes:
        """Checked bytes of one EPC block; empty: no rows. DamageError, OSError."""
        return self._block(self._rows, bucket, bucket)

    def plate_block(self, bucket: int) -> bytes:
        """Checked bytes of one plate block; empty: no plates. DamageError, OSError."""
        return self._block(self._plates, bucket, PLATE_SEED | bucket)

    def directory(self, *, plates: bool) -> array[int]:
        """Where the blocks begin, in units, and behind them where the last one ends."""
        return self._plates if plates else self._rows

    def raw(self, at: int, size: int) -> bytes:
        """Bytes as they are, unchecked: blocks that a merge copies keep their own checksums."""
        return os.pread(self._fd, size, at)

    def verify(self) -> None:
        """Read everything. DamageError: a block, or the sum of the rows, is not right."""
        count = xor = version = rows = 0
        for bucket in range(self.header.buckets):
            for row in rows_in(self.block(bucket)):
                changed, one, digest = standing_of(row)
                count, xor, rows, version = count + one, xor ^ digest, rows + 1, max(version, changed)
        for bucket in range(self.header.plate_buckets):
            count -= len(pairs_in(self.plate_block(bucket)))
        totals = self.header.totals
        if (count, xor, rows) != (0, totals.xor, self.header.rows) or version > totals.version:
            raise DamageError(f"{self.path.name}: the rows do not add up to what the header says")

    def _block(self, directory: array[int], bucket: int, seed: int) -> bytes:
        at = directory[bucket]
        size = directory[bucket + 1] - at
        if not size:
            return b""
        block = os.pread(self._fd, size * UNIT, at * UNIT)
        if crc32(block, seed) != RESIDUE or len(block) != size * UNIT:
            raise DamageError(f"{self.path.name}: the block at byte {at * UNIT} does not match its checksum")
        return block

    def _header(self) -> Header:
        header = Header.unpack(os.pread(self._fd, PAGE, 0))
        size = os.fstat(self._fd).st_size
        if size != header.size:
            raise DamageError(f"{self.path.name} has {size} bytes, {header.size} were written")
        return header

    def _directories(self) -> tuple[array[int], array[int]]:
        header = self.header
        data = os.pread(self._fd, header.size - header.directories_at, header.directories_at)
        if crc32(data) != header.directories_crc:
            raise DamageError(f"{self.path.name}: the directories do not match their checksum")
        both = array("I", data)
        if sys.byteorder == "big":
            both.byteswap()
        return both[: header.buckets + 1], both[header.buckets + 1 :]
