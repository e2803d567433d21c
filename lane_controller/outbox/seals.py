"""Signed seals over runs of passages: first, last, count, sum, head, Ed25519 signature.

In: passages of a journal and the lane's private key. Out: SealV1 messages, and the check of all of them while the
passages go by. The key file is made once per lane with mode 0600 and never leaves the machine; its public half is in
every seal.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lane_controller.contracts.v1 import SealV1
from lane_controller.contracts.values import Outcome
from lane_controller.outbox.chain import GENESIS, Finding, Kind
from lane_controller.outbox.journal import StoredPassage


class SealKeyError(Exception):
    """The sealing key cannot be read; the text names the file and the remedy."""


def load_key(path: Path) -> Ed25519PrivateKey:
    """The lane's sealing key, made at the first call."""
    if path.exists():
        return _read_key(path)
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(key.private_bytes_raw().hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def make_seal(
    key: Ed25519PrivateKey, place: tuple[str, str, int], passages: Sequence[StoredPassage], first_seq: int,
    head_hash: str, sealed_at_utc: datetime,
) -> SealV1:  # fmt: skip
    """A seal over `passages`, which start at `first_seq`; `head_hash` is the last passage's, also of an empty run."""
    plaza, lane, epoch = place
    unsigned = SealV1(
        plaza=plaza, lane=lane, epoch=epoch, first_seq=first_seq, last_seq=first_seq + len(passages) - 1,
        count=len(passages), sum_vnd=charged_sum_vnd(passages), head_hash=head_hash, sealed_at_utc=sealed_at_utc,
        public_key=key.public_key().public_bytes_raw().hex(), signature="0" * 128,
    )  # fmt: skip
    return unsigned.model_copy(update={"signature": key.sign(unsigned.signed_bytes()).hex()})


def charged_sum_vnd(passages: Sequence[StoredPassage]) -> int:
    """Sum of the fares that are charged to accounts."""
    return sum(passage.fare_vnd for passage in passages if passage.outcome == Outcome.CHARGED)


def signature_holds(seal: SealV1) -> bool:
    """Whether the seal's own signature fits its own public key; whose key that is, the caller must know."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal.public_key))
        key.verify(bytes.fromhex(seal.signature), seal.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(slots=True)
class SealWalk:
    """Checks the seals of a journal while its passages go by in order; holds one seal and three sums.

    `trusted_key`: the public key, hex, that must have signed; None: the first one that signs is held to.
    """

    place: tuple[str, str, int]
    trusted_key: str | None = None
    expected_first: int = 1
    expected_id: int = 1
    count: int = 0
    sum_vnd: int = 0
    head: str = GENESIS
    keys: list[str] = field(default_factory=list)

    def add(self, passage: StoredPassage) -> None:
        """The next passage of the seal that is being looked at."""
        self.count += 1
        self.sum_vnd += passage.fare_vnd if passage.outcome == Outcome.CHARGED else 0
        self.head = passage.hash

    def finish(self, number: int, row: tuple[int, int], seal: SealV1) -> list[Finding]:
        """All passages up to the seal's last one went by. `number`, `row`: its id, first and last seq as stored."""
        found = [*self._order(number, row, seal), *self._signature(number, seal), *self._content(number, seal)]
        self.expected_id, self.expected_first = number + 1, seal.last_seq + 1
        self.count = self.sum_vnd = 0
        return found

    def _order(self, number: int, row: tuple[int, int], seal: SealV1) -> list[Finding]:
        found = []
        if number != self.expected_id:
            found.append(_bad("missing", self.expected_id, f"seal {self.expected_id} is missing before seal {number}"))
        if row != (seal.first_seq, seal.last_seq):
            found.append(_bad("altered", number, f"seal {number} is stored over {row[0]}..{row[1]}, it says otherwise"))
        if seal.first_seq != self.expected_first:
            text = f"seal {number} begins at passage {seal.first_seq}, the one before ends at {self.expected_first - 1}"
            found.append(_bad("missing" if seal.first_seq > self.expected_first else "disordered", number, text))
        if (seal.plaza, seal.lane, seal.epoch) != self.place:
            text = f"seal {number} is of {seal.plaza} {seal.lane}, epoch {seal.epoch}"
            found.append(_bad("foreign", number, text))
        return found

    def _signature(self, number: int, seal: SealV1) -> list[Finding]:
        if not signature_holds(seal):
            return [_bad("bad seal", number, f"seal {number} {_over(seal)}: the signature does not hold")]
        if seal.public_key not in self.keys:
            self.keys.append(seal.public_key)
        self.trusted_key = self.trusted_key or seal.public_key
        if seal.public_key == self.trusted_key:
            return []
        text = f"signed with key {seal.public_key[:16]}…, this lane's is {self.trusted_key[:16]}…"
        return [_bad("bad seal", number, f"seal {number} {_over(seal)}: {text}")]

    def _content(self, number: int, seal: SealV1) -> list[Finding]:
        where, found = f"seal {number} {_over(seal)}", []
        if self.count != seal.count or seal.count != seal.last_seq - seal.first_seq + 1:
            kind: Kind = "missing" if self.count < seal.count else "added"
            found.append(_bad(kind, number, f"{where}: {seal.count} were sealed, {self.count} are here"))
        if self.sum_vnd != seal.sum_vnd:
            text = f"{where}: {seal.sum_vnd} VND were sealed, the passages here add up to {self.sum_vnd}"
            found.append(_bad("altered", number, text))
        if self.head != seal.head_hash:
            found.append(_bad("altered", number, f"{where}: the last passage is not the one that was sealed"))
        return found


def public_half(path: Path) -> str | None:
    """The public key, hex, of a lane's key file; None when it is not on this machine. Errors: SealKeyError."""
    return _read_key(path).public_key().public_bytes_raw().hex() if path.exists() else None


def _bad(kind: Kind, number: int, text: str) -> Finding:
    return Finding(kind, number, text, "seal")


def _over(seal: SealV1) -> str:
    return f"over {seal.first_seq}..{seal.last_seq}" if seal.count else f"over nothing after {seal.last_seq}"


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    except ValueError as error:
        raise SealKeyError(
            f"{path} is no Ed25519 key (64 hex digits). Restore it from the backup; a new key must be made known"
            " to the back office: move this file away and start again."
        ) from error
