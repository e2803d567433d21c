"""A hash tree over rows ordered by the hash of their key: the same rows give the same root, whoever puts them in.

In: key → content. Out: the root, and the hash of any range of keys. A row's place is the hash of its key, so that a row
more or less changes the hashes on its own path alone and shifts nothing. Domains are separated as in RFC 6962 (section
2.1): a leaf, a branch, a place and an empty range can never be taken for one another.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

_LEAF: Final = b"\x00"
_BRANCH: Final = b"\x01"
_PLACE: Final = b"\x02"
EMPTY: Final = hashlib.sha256(b"\x03").hexdigest()
"""Hash of a range that holds no row."""
PLACE_BITS: Final = 256

Kind = Literal["empty", "leaf", "branch"]


@dataclass(frozen=True, slots=True)
class Node:
    """What a range of places holds: nothing, one row, or more. `hash`: 64 hex digits. `place`: of a leaf."""

    kind: Kind
    hash: str
    place: str = ""


def place_of(key: str) -> str:
    """Where a key stands: 64 hex digits of SHA-256(0x02, key)."""
    return hashlib.sha256(_PLACE + key.encode()).hexdigest()


def leaf_hash(key: str, content: bytes) -> str:
    """SHA-256(0x00, place of the key, content) in hex."""
    return hashlib.sha256(_LEAF + bytes.fromhex(place_of(key)) + content).hexdigest()


def branch_hash(left: str, right: str) -> str:
    """SHA-256(0x01, left, right) in hex."""
    return hashlib.sha256(_BRANCH + bytes.fromhex(left) + bytes.fromhex(right)).hexdigest()


class KeyTree:
    """Ranges are named by the bits that their places begin with: "" is everything, "0" the first half, and so on.

    A range with one row has the hash of that row; with more, the hash of its two halves.
    """

    def __init__(self, leaves: Mapping[str, str]) -> None:
        """`leaves`: key → `leaf_hash`."""
        ordered = sorted((int(place_of(key), 16), key) for key in leaves)
        self._places = [place for place, _ in ordered]
        self._keys = [key for _, key in ordered]
        self._leaves = [leaves[key] for key in self._keys]
        self._known: dict[tuple[int, int, int], str] = {}

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def root(self) -> str:
        """Hash over all rows."""
        return self.node("").hash

    def node(self, prefix: str) -> Node:
        """What the range holds; ValueError where `prefix` is no range."""
        low, high = self._range(prefix)
        if low == high:
            return Node("empty", EMPTY)
        if high - low == 1:
            return Node("leaf", self._leaves[low], f"{self._places[low]:064x}")
        return Node("branch", self._hash(low, high, len(prefix)))

    def keys(self, prefix: str = "") -> list[str]:
        """Keys of the range, in the order of their places."""
        low, high = self._range(prefix)
        return self._keys[low:high]

    def leaf(self, key: str) -> str:
        """Leaf hash of a key; KeyError where it is not here."""
        at = bisect_left(self._places, int(place_of(key), 16))
        if at == len(self._keys) or self._keys[at] != key:
            raise KeyError(key)
        return self._leaves[at]

    def key_at(self, place: str) -> str | None:
        """The key that stands at a place."""
        at = bisect_left(self._places, int(place, 16))
        return self._keys[at] if at < len(self._places) and self._places[at] == int(place, 16) else None

    def _range(self, prefix: str) -> tuple[int, int]:
        if len(prefix) > PLACE_BITS or prefix.strip("01"):
            raise ValueError(f"{prefix[:20]!r} is no range: up to {PLACE_BITS} digits 0 and 1")
        first = int(prefix or "0", 2) << (PLACE_BITS - len(prefix))
        last = first + (1 << (PLACE_BITS - len(prefix)))
        return bisect_left(self._places, first), bisect_left(self._places, last)

    def _hash(self, low: int, high: int, depth: int) -> str:
        if low == high:
            return EMPTY
        if high - low == 1:
            return self._leaves[low]
        known = self._known.get((low, high, depth))
        if known is None:
            below = PLACE_BITS - 1 - depth
            second_half = ((self._places[low] >> (below + 1)) * 2 + 1) << below
            middle = bisect_left(self._places, second_half, low, high)
            known = branch_hash(self._hash(low, middle, depth + 1), self._hash(middle, high, depth + 1))
            self._known[low, high, depth] = known
        return known
