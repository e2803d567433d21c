"""Builds a base file from rows in any order, with bounded memory: seven million rows in about 200 MB.

In: rows, any number per EPC (the newest version counts). Out: one base file, complete and on disk, or none: it is
written under another name, flushed, and renamed. Rows wait in files by the upper bits of their hash, so that each
file is a run of neighbouring buckets whatever their number turns out to be.
"""

from __future__ import annotations

import os
import shutil
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO, Final, cast
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from lane_controller.lists.country.base import (
    PAGE,
    PLATE_SEED,
    UNIT,
    DamageError,
    Header,
    Totals,
    bucket_of,
    sealed,
    spread,
)
from lane_controller.lists.country.row import key_of, plate_of, standing_of, version_of

ROWS_PER_BUCKET: Final = 2
PAIRS_PER_BUCKET: Final = 4
"""Small blocks are quick to check and to search; a bucket costs four bytes of memory."""
_PLATES_AT_ONCE: Final = 65_536
RUNS: Final = 64
RUN_SHIFT: Final = 26
_BUFFER: Final = 256 * 1024
_size: Final = Struct("<H").unpack_from
_WRITE: Final = 4 * 1024 * 1024


class Spool:
    """Rows that wait to become a base file, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        """Continue in `folder`, which holds nothing else."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._buffers = [bytearray() for _ in range(RUNS)]

    def add(self, row: bytes) -> None:
        """Take one row; writes now and then."""
        run = spread(key_of(row)) >> RUN_SHIFT
        buffer = self._buffers[run]
        buffer += row
        if len(buffer) >= _BUFFER:
            self._write(run)

    def flush(self) -> None:
        """Hand everything to the operating system."""
        for run, buffer in enumerate(self._buffers):
            if buffer:
                self._write(run)

    def clear(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def runs(self) -> Iterator[dict[bytes, bytes]]:
        """Newest row of each EPC, one run of hashes after the other; call `flush` before."""
        for run in range(RUNS):
            path = self._path(run)
            yield _newest(path.read_bytes()) if path.exists() else {}

    def size(self) -> int:
        """Bytes that were flushed."""
        return sum(path.stat().st_size for path in map(self._path, range(RUNS)) if path.exists())

    def _path(self, run: int) -> Path:
        return self._folder / f"{run:02d}.rows"

    def _write(self, run: int) -> None:
        with self._path(run).open("ab") as file:
            file.write(self._buffers[run])
        self._buffers[run].clear()


def split_rows(data: bytes) -> Iterator[bytes]:
    """Rows that lie one behind the other."""
    at, end = 0, len(data)
    while at < end:
        size = _size(data, at)[0]
        yield data[at : at + size]
        at += size


def _newest(data: bytes) -> dict[bytes, bytes]:
    newest: dict[bytes, bytes] = {}
    for row in split_rows(data):
        key = key_of(row)
        known = newest.get(key)
        if known is None or version_of(known) <= version_of(row):
            newest[key] = row
    return newest


class BaseWriter:
    """One base file in the making: EPC blocks, then plate blocks, then `finish`."""

    def __init__(self, path: Path) -> None:
        """Written beside `path` until it is complete."""
        self._path = path
        self._part = path.with_suffix(".part")
        self._file: BinaryIO = self._part.open("wb", buffering=_WRITE)
        self._file.write(bytes(PAGE))
        self.at = PAGE

    def write(self, data: bytes) -> int:
        """Append; its size."""
        self._file.write(data)
        self.at += len(data)
        return len(data)

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def finish(
        self, totals: Totals, fresh_utc_us: int, rows: int, plates_at: int, sizes: tuple[NDArray[np.int64], ...]
    ) -> Header:
        """Directories, header, flush, rename. `sizes` in bytes of every EPC block and of every plate block."""
        row_sizes, plate_sizes = sizes
        directories = _directory(PAGE, row_sizes) + _directory(plates_at, plate_sizes)
        directories_at = self.at
        self.write(directories)
        header = Header(
            totals, fresh_utc_us, rows, len(row_sizes), len(plate_sizes), plates_at, directories_at, self.at,
            crc32(directories),
        )  # fmt: skip
        self._file.seek(0)
        self._file.write(header.pack())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._path)
        sync_folder(self._path.parent)
        return header


def _directory(begin: int, sizes: NDArray[np.int64]) -> bytes:
    offsets = np.empty(len(sizes) + 1, np.int64)
    offsets[0] = 0
    np.cumsum(sizes, out=offsets[1:])
    return ((offsets + begin) // UNIT).astype("<u4").tobytes()


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def build(
    path: Path, runs: Iterable[dict[bytes, bytes]], about: int, fresh_utc_us: int, expected: Totals | None = None
) -> Header:
    """Write a base file. `runs`: 64 dictionaries, by the upper six bits of the hash; `about`: how many rows in all.

    DamageError: the rows do not add up to `expected`, and nothing was written.
    """
    writer = BaseWriter(path)
    try:
        rows = _Rows(writer, max(1, about // ROWS_PER_BUCKET))
        for number, run in enumerate(runs):
            rows.take(run, (number + 1) << RUN_SHIFT)
        plates_at = writer.at
        pairs = np.frombuffer(rows.pairs, np.uint64) if rows.pairs else np.empty(0, np.uint64)
        plate_sizes = write_plates(writer, pairs, max(1, about // PAIRS_PER_BUCKET))
        totals = Totals(rows.version, rows.count, rows.xor)
        if expected not in (None, totals):
            raise DamageError(f"the rows for {path.name} add up to {totals}, not to {expected}")
        return writer.finish(totals, fresh_utc_us, rows.rows, plates_at, (rows.sizes, plate_sizes))
    except BaseException:
        writer.abandon()
        raise


class _Rows:
    """Writes EPC blocks and adds up what is in them."""

    def __init__(self, writer: BaseWriter, buckets: int) -> None:
        self._writer, self._buckets = writer, buckets
        self._waiting: dict[int, list[bytes]] = {}
        self.sizes = np.zeros(buckets, np.int64)
        self.pairs = array("Q")
        self.version = self.count = self.xor = self.rows = 0

    def take(self, run: dict[bytes, bytes], end: int) -> None:
        """Rows with hashes below `end`; the bucket in which `end` lies waits for the next run."""
        for key, row in run.items():
            bucket = bucket_of(spread(key), self._buckets)
            self._waiting.setdefault(bucket, []).append(row)
            self._add_up(row, bucket)
        open_bucket = bucket_of(end, self._buckets)
        for bucket in sorted(bucket for bucket in self._waiting if bucket < open_bucket):
            self.sizes[bucket] = self._writer.write(sealed(b"".join(self._waiting.pop(bucket)), bucket))

    def _add_up(self, row: bytes, bucket: int) -> None:
        version, one, digest = standing_of(row)
        plate = plate_of(row)
        self.rows += 1
        self.count += one
        self.xor ^= digest
        self.version = max(self.version, version)
        if plate is not None:
            self.pairs.append(spread(plate) << 32 | bucket)


def write_plates(writer: BaseWriter, pairs: NDArray[np.uint64], buckets: int) -> NDArray[np.int64]:
    """Plate blocks of all pairs, which are sorted where they are, in `buckets`; the size of each."""
    pairs.sort()
    sizes = np.zeros(buckets, np.int64)
    for first in range(0, buckets, _PLATES_AT_ONCE):
        last = min(first + _PLATES_AT_ONCE, buckets)
        begin, end = (np.searchsorted(pairs, np.uint64(_first_pair(bucket, buckets))) for bucket in (first, last))
        _write_some_plates(writer, pairs[begin : end if last < buckets else None], (first, last), sizes)
    return sizes


def _first_pair(bucket: int, buckets: int) -> int:
    """The least pair that can be in this bucket."""
    return min(-(-(bucket << 32) // buckets) << 32, 2**64 - 1)


def _write_some_plates(
    writer: BaseWriter, pairs: NDArray[np.uint64], span: tuple[int, int], sizes: NDArray[np.int64]
) -> None:
    first, last = span
    owners = ((pairs >> np.uint64(32)) * np.uint64(len(sizes)) >> np.uint64(32)).astype(np.int64) - first
    ends = np.cumsum(np.bincount(owners, minlength=last - first))
    data = pairs.astype("<u8").tobytes()
    begin = 0
    for bucket, end in enumerate(cast("list[int]", ends.tolist()), first):
        if end > begin:
            sizes[bucket] = writer.write(sealed(data[begin * 8 : end * 8], PLATE_SEED | bucket))
        begin = end
