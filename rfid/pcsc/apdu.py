"""Commands to cards and readers, and what their answers mean. Pure.

In: bytes of an answer. Out: bytes of a command, or `CardError`. Never: a guess at a short or odd answer.
Source: PC/SC part 3 (get data: FF CA), ISO/IEC 7816-4 (status words), DESFire native commands wrapped as 90 xx 00 00.
"""

from dataclasses import dataclass
from typing import Final

GET_UID: Final = bytes.fromhex("FFCA000000")
UID_LENGTHS: Final = (4, 7, 10)
MORE: Final = 0x91AF
DONE: Final = (0x9000, 0x9100)
_MEANINGS: Final = {
    0x6300: "no information given",
    0x6A81: "function not supported",
    0x6A82: "application not found",
    0x919D: "permission denied",
    0x91A0: "application not found",
    0x91AE: "authentication error: another key",
    0x9140: "no such key",
    0x911C: "command not supported",
    0x917E: "wrong length",
}


class CardError(Exception):
    """The card refused, or its answer cannot be used; the text says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Data and status word of one answer."""

    data: bytes
    status: int


def parse(raw: bytes) -> Answer:
    """Split an answer. CardError: shorter than a status word."""
    if len(raw) < 2:
        raise CardError(f"answer of {len(raw)} bytes has no status word")
    return Answer(raw[:-2], int.from_bytes(raw[-2:]))


def expect(raw: bytes, *statuses: int) -> bytes:
    """The data of an answer with one of these status words. CardError otherwise."""
    answer = parse(raw)
    if answer.status not in statuses:
        raise CardError(f"status {answer.status:04X}: {_MEANINGS.get(answer.status, 'refused')}")
    return answer.data


def uid_of(raw: bytes) -> str:
    """UID from the answer to GET_UID: upper-case hexadecimal. CardError: refused, or of no known length."""
    uid = expect(raw, 0x9000)
    if len(uid) not in UID_LENGTHS:
        raise CardError(f"UID of {len(uid)} bytes; ISO 14443-3 knows {UID_LENGTHS}")
    return uid.hex().upper()


def wrapped(command: int, data: bytes = b"") -> bytes:
    """A DESFire native command in its ISO 7816-4 wrapping."""
    body = bytes([len(data)]) + data if data else b""
    return bytes([0x90, command, 0, 0]) + body + b"\x00"
