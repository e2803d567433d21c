"""This lane's own committed charges by tag (R13), as a value that is cheap to change.

In: committed charges, list changes. Out: the sum that counts against a tag.
Never: a copy of everything for one charge. After 30 days without a list there may be 600,000 tags;
one change copies about 600 of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from zlib import crc32

from lane_controller.core.records import OwnCharge

ROWS, ROW = 32, 32
"""So many rows of so many buckets: one charge copies a row, the row of rows, and a bucket."""

Bucket: TypeAlias = Mapping[str, OwnCharge]
_EMPTY: Bucket = {}


@dataclass(frozen=True, slots=True)
class OwnCharges:
    """A map from EPC to `OwnCharge` in buckets by CRC-32 (the same on every machine, unlike `hash`)."""

    rows: tuple[tuple[Bucket, ...], ...] = ((_EMPTY,) * ROW,) * ROWS

    def __iter__(self) -> Iterator[OwnCharge]:
        """All of them, always in the same order."""
        return (own for row in self.rows for bucket in row for own in bucket.values())

    def get(self, epc: str) -> OwnCharge | None:
        """What counts against this tag."""
        return self._bucket(epc).get(epc)

    def sum_vnd(self, epc: str, entry_version: int) -> int:
        """Committed since the tag's row got this version; 0 where the row is newer (or older) than the charges."""
        own = self.get(epc)
        return own.sum_vnd if own is not None and own.entry_version == entry_version else 0

    def add(self, epc: str, entry_version: int, fare_vnd: int) -> "OwnCharges":
        """One more committed charge."""
        own = OwnCharge(epc, entry_version, self.sum_vnd(epc, entry_version) + fare_vnd)
        return self._with(epc, {**self._bucket(epc), epc: own})

    def forget(self, epc: str) -> "OwnCharges":
        """The row changed: its balance has these charges in it."""
        return self._with(epc, {key: own for key, own in self._bucket(epc).items() if key != epc})

    def _bucket(self, epc: str) -> Bucket:
        i, j = _place(epc)
        return self.rows[i][j]

    def _with(self, epc: str, bucket: Bucket) -> "OwnCharges":
        i, j = _place(epc)
        row = (*self.rows[i][:j], bucket, *self.rows[i][j + 1 :])
        return OwnCharges((*self.rows[:i], row, *self.rows[i + 1 :]))


def own_charges(charges: Iterable[OwnCharge]) -> OwnCharges:
    """From what a restart recovered."""
    rows: list[list[dict[str, OwnCharge]]] = [[{} for _ in range(ROW)] for _ in range(ROWS)]
    for own in charges:
        i, j = _place(own.epc)
        rows[i][j][own.epc] = own
    return OwnCharges(tuple(map(tuple, rows)))


def _place(epc: str) -> tuple[int, int]:
    """Row and place of the bucket."""
    return divmod(crc32(epc.encode()) % (ROWS * ROW), ROW)
