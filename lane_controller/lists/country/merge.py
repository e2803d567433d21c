"""Base and logs become the next base: only the blocks that changed are made anew, the others are copied.

In: a base file and the logs behind it. Out: one base file with all of it, complete and on disk, or DamageError. Count
and checksum are carried from row to row and must come out as the last batch says, or nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lane_controller.lists.country.base import (
    PLATE_SEED,
    UNIT,
    BaseFile,
    DamageError,
    Header,
    Totals,
    bucket_of,
    pairs_in,
    rows_in,
    sealed,
    spread,
)
from lane_controller.lists.country.build import ROWS_PER_BUCKET, RUN_SHIFT, RUNS, BaseWriter, build, split_rows
from lane_controller.lists.country.delta import read
from lane_controller.lists.country.row import key_of, plate_of, standing_of

GROWTH_MAX: Final = 2
"""Buckets are dealt anew when there are this many times more rows than they were made for, or fewer."""
_COPY: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class Changes:
    """Newest row of every tag that changed, and what the list adds up to with them."""

    rows: dict[bytes, bytes]
    totals: Totals
    fresh_utc_us: int


def merge(base_path: Path, log_paths: Sequence[Path], out: Path) -> Header:
    """Write the next base. DamageError, OSError: it could not be made, and nothing stands at `out`."""
    base = BaseFile(base_path)
    try:
        changes = changes_of(base.header, log_paths)
        touched = _Touched(base)
        for key, row in changes.rows.items():
            touched.take(key, row)
        touched.check(changes.totals)
        if _fits(base.header, touched.rows):
            return _patch(base, touched, changes, out)
        return build(out, _runs(base, changes.rows), touched.rows, changes.fresh_utc_us, changes.totals)
    finally:
        base.close()


def changes_of(header: Header, log_paths: Sequence[Path]) -> Changes:
    """What the logs add to this base, each going on where the one before ended. DamageError: one does not."""
    changes = Changes({}, header.totals, header.fresh_utc_us)
    for path in log_paths:
        reading = read(path)
        if reading.start != changes.totals:
            raise DamageError(f"{path.name} does not go on where the list before it ends")
        for batch in reading.batches():
            for row in split_rows(batch.rows):
                changes.rows[key_of(row)] = row
            changes.totals, changes.fresh_utc_us = batch.totals, batch.fresh_utc_us
    return changes


def _fits(header: Header, rows: int) -> bool:
    made_for = header.buckets * ROWS_PER_BUCKET
    return made_for <= GROWTH_MAX * max(rows, ROWS_PER_BUCKET) and rows <= GROWTH_MAX * made_for


def _runs(base: BaseFile, changed: dict[bytes, bytes]) -> Iterator[dict[bytes, bytes]]:
    """All rows by the upper bits of their hash, for buckets dealt anew."""
    waiting: list[dict[bytes, bytes]] = [{} for _ in range(RUNS)]
    for key, row in changed.items():
        waiting[spread(key) >> RUN_SHIFT][key] = row
    bucket = 0
    for run in range(RUNS):
        last = bucket_of(((run + 1) << RUN_SHIFT) - 1, base.header.buckets)
        for number in range(bucket, last + 1):
            for row in rows_in(base.block(number)):
                key = key_of(row)
                waiting[spread(key) >> RUN_SHIFT].setdefault(key, row)
        bucket = last + 1
        yield waiting[run]
        waiting[run] = {}


@dataclass(slots=True)
class _Touched:
    """What the changes do to the blocks of a base."""

    base: BaseFile
    by_bucket: dict[int, dict[bytes, bytes]] = field(default_factory=dict)
    gone: dict[int, list[int]] = field(default_factory=dict)
    come: dict[int, list[int]] = field(default_factory=dict)
    count: int = 0
    xor: int = 0
    rows: int = 0

    def __post_init__(self) -> None:
        header = self.base.header
        self.count, self.xor, self.rows = header.totals.count, header.totals.xor, header.rows

    def take(self, key: bytes, row: bytes) -> None:
        """One changed tag."""
        header = self.base.header
        bucket = bucket_of(spread(key), header.buckets)
        before = self.base.find(key)
        self.by_bucket.setdefault(bucket, {})[key] = row
        self.rows += before is None
        for other, sign in ((before, -1), (row, 1)):
            _, one, digest = standing_of(other)
            self.count += sign * one
            self.xor ^= digest
        old, new = plate_of(before), plate_of(row)
        if old != new:
            self._pair(self.gone, old, bucket)
            self._pair(self.come, new, bucket)

    def _pair(self, into: dict[int, list[int]], plate: bytes | None, bucket: int) -> None:
        if plate is not None:
            hashed = spread(plate)
            into.setdefault(bucket_of(hashed, self.base.header.plate_buckets), []).append(hashed << 32 | bucket)

    def check(self, totals: Totals) -> None:
        """DamageError: the rows do not add up to what the logs say."""
        if (self.count, self.xor) != (totals.count, totals.xor):
            raise DamageError(f"{self.base.path.name} and its logs do not add up to what the last batch says")

    def blocks(self) -> dict[int, bytes]:
        """New EPC blocks."""
        made = {}
        for bucket, changed in self.by_bucket.items():
            rows = {key_of(row): row for row in rows_in(self.base.block(bucket))} | changed
            made[bucket] = sealed(b"".join(rows.values()), bucket)
        return made

    def plate_blocks(self) -> dict[int, bytes]:
        """New plate blocks."""
        made = {}
        for bucket in self.gone.keys() | self.come.keys():
            pairs = Counter(pairs_in(self.base.plate_block(bucket)))
            pairs.update(self.come.get(bucket, ()))
            pairs.subtract(self.gone.get(bucket, ()))
            if min(pairs.values(), default=0) < 0:
                raise DamageError(f"{self.base.path.name}: a plate is missing from block {bucket} of the plates")
            content = b"".join(pair.to_bytes(8, "little") for pair in sorted(pairs.elements()))
            made[bucket] = sealed(content, PLATE_SEED | bucket)
        return made


def _patch(base: BaseFile, touched: _Touched, changes: Changes, out: Path) -> Header:
    writer = BaseWriter(out)
    try:
        row_sizes = _copy(base, writer, touched.blocks(), plates=False)
        plates_at = writer.at
        plate_sizes = _copy(base, writer, touched.plate_blocks(), plates=True)
        sizes = (row_sizes, plate_sizes)
        return writer.finish(changes.totals, changes.fresh_utc_us, touched.rows, plates_at, sizes)
    except BaseException:
        writer.abandon()
        raise


def _copy(base: BaseFile, writer: BaseWriter, made: dict[int, bytes], *, plates: bool) -> NDArray[np.int64]:
    """Write all blocks of one kind, the new ones in place of the old; their sizes in bytes."""
    offsets = np.array(base.directory(plates=plates), np.int64) * UNIT
    sizes = np.diff(offsets)
    at = int(offsets[0])
    for bucket in sorted(made):
        for piece in _raw(base, at, int(offsets[bucket])):
            writer.write(piece)
        sizes[bucket] = writer.write(made[bucket])
        at = int(offsets[bucket + 1])
    for piece in _raw(base, at, int(offsets[-1])):
        writer.write(piece)
    return sizes


def _raw(base: BaseFile, begin: int, end: int) -> Iterable[bytes]:
    while begin < end:
        piece = base.raw(begin, min(_COPY, end - begin))
        if not piece:
            raise DamageError(f"{base.path.name} ends at byte {begin}")
        yield piece
        begin += len(piece)
