"""Signatures of both parties under the minutes of a day: Ed25519, each bound to the role of who signs.

In: minutes, private or public keys. Out: signatures, or whether one holds. The same minutes and key give the same
signature. A signature of one role never counts for the other.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from settlement.clearing.closed_day import FORM, Minutes

Role = Literal["operator", "provider"]
ROLES: Final[tuple[Role, ...]] = ("operator", "provider")


def public_key(key: Ed25519PrivateKey) -> str:
    """64 hex digits."""
    return key.public_key().public_bytes_raw().hex()


def fingerprint(public: str) -> str:
    """Short name of a public key for people to compare: `3f2a 91bc 04de 77a0`."""
    digest = hashlib.sha256(bytes.fromhex(public)).hexdigest()
    return " ".join(digest[at : at + 4] for at in range(0, 16, 4))


def sign(minutes: Minutes, role: Role, key: Ed25519PrivateKey) -> str:
    """128 hex digits."""
    return key.sign(_message(minutes.signed_bytes, role)).hex()


def holds(minutes: Minutes, role: Role, public: str, signature: str) -> bool:
    """Whether `signature` is that of `public` for this role; False for anything that is no key or signature."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            bytes.fromhex(signature), _message(minutes.signed_bytes, role)
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _message(signed_bytes: bytes, role: Role) -> bytes:
    return f"{FORM}\n{role}\n".encode() + signed_bytes
