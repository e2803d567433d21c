"""This lane's own committed charges by tag (R13), as a value that is cheap to change.

In: committed charges, list changes. Out: the sum that counts against a tag.
Never: a copy of everything for one charge. After 30 days without a list there may be 600,000 tags;
one change copies about 600 of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zlib import crc32

from lane_controller.core.records import OwnCharge

BUCKETS = 1024
_EMPTY: Mapping[str, OwnCharge] = {}


@dataclass(frozen=True, slots=True)
class OwnCharges:
    """A map from EPC to `OwnCharge` in buckets by CRC-32 (the same on every machine, unlike `hash`)."""

    buckets: tuple[Mapping[str, OwnCharge], ...] = (_EMPTY,) * BUCKETS

    def get(self, epc: str) -> OwnCharge | None:
        """What counts against this tag."""
        return self.buckets[_bucket(epc)].get(epc)

    def sum_vnd(self, epc: str, entry_version: int) -> int:
        """Committed since the tag's row got this version; 0 where the row is newer (or older) than the charges."""
        own = self.get(epc)
        return own.sum_vnd if own is not None and own.entry_version == entry_version else 0

    def add(self, epc: str, entry_version: int, fare_vnd: int) -> "OwnCharges":
        """One more committed charge."""
        own = OwnCharge(epc, entry_version, self.sum_vnd(epc, entry_version) + fare_vnd)
        return self._with(epc, {**self.buckets[_bucket(epc)], epc: own})

    def forget(self, epc: str) -> "OwnCharges":
        """The row changed: its balance has these charges in it."""
        left = {key: own for key, own in self.buckets[_bucket(epc)].items() if key != epc}
        return self._with(epc, left)

    def _with(self, epc: str, bucket: Mapping[str, OwnCharge]) -> "OwnCharges":
        buckets = list(self.buckets)
        buckets[_bucket(epc)] = bucket
        return OwnCharges(tuple(buckets))


def own_charges(charges: Iterable[OwnCharge]) -> OwnCharges:
    """From what a restart recovered."""
    buckets: list[dict[str, OwnCharge]] = [{} for _ in range(BUCKETS)]
    for own in charges:
        buckets[_bucket(own.epc)][own.epc] = own
    return OwnCharges(tuple(buckets))


def _bucket(epc: str) -> int:
    return crc32(epc.encode()) % BUCKETS
