"""Signed seals over runs of passages: first, last, count, sum, head, Ed25519 signature.

In: passages of a journal and the lane's private key. Out: SealV1 messages, and the check of one. The key file is made
once per lane with mode 0600 and never leaves the machine; its public half is in every seal.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lane_controller.contracts.v1 import SealV1
from lane_controller.contracts.values import Outcome
from lane_controller.outbox.chain import Finding
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


def check_seal(seal: SealV1, passages: Sequence[StoredPassage]) -> list[Finding]:
    """What contradicts the seal; `passages` are those stored with a seq within it."""
    where = f"seal over {seal.first_seq}..{seal.last_seq}"
    found = []
    if not signature_holds(seal):
        found.append(Finding("bad seal", seal.last_seq, f"{where}: the signature does not hold"))
    if len(passages) != seal.count or seal.count != seal.last_seq - seal.first_seq + 1:
        found.append(Finding("missing", seal.last_seq, f"{where}: {seal.count} were sealed, {len(passages)} are here"))
    if charged_sum_vnd(passages) != seal.sum_vnd:
        text = f"{where}: {seal.sum_vnd} VND were sealed, the passages here add up to {charged_sum_vnd(passages)}"
        found.append(Finding("altered", seal.last_seq, text))
    if passages and json.loads(passages[-1].message).get("record_hash") != seal.head_hash:
        found.append(Finding("altered", seal.last_seq, f"{where}: the last passage is not the one that was sealed"))
    return found


def _read_key(path: Path) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    except ValueError as error:
        raise SealKeyError(
            f"{path} is no Ed25519 key (64 hex digits). Restore it from the backup; a new key must be made known"
            " to the back office: move this file away and start again."
        ) from error
