"""What a DESFire EV2 card says to the few commands that a lane sends. Pure.

In: an APDU. Out: the answer. It holds its own key, as a card does, and was written from the card's side of AN12196;
nothing is shared with the reader's side in `rfid.pcsc`. Never: an exception for an odd command; a card answers with a
status word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

OK: Final = b"\x90\x00"
_IV: Final = bytes(16)


@dataclass
class Picc:
    """One card. `key` None: a card without our application, such as a bank card."""

    uid: bytes
    aid: bytes = b""
    key: bytes | None = None
    key_number: int = 0
    rnd_b: bytes = bytes(range(16))
    session: bytes = b"\x01\x02\x03\x04"
    atr: bytes = bytes.fromhex("3B8180018080")
    _selected: bool = field(default=False, init=False)
    _waiting: bool = field(default=False, init=False)

    def answer(self, apdu: bytes) -> bytes:
        """The answer to one command, status word included."""
        if apdu[:2] == b"\xff\xca":
            return self.uid + OK
        if len(apdu) < 5 or apdu[0] != 0x90:
            return b"\x6e\x00"
        data = apdu[5:-1]
        if apdu[1] == 0x5A:
            return self._select(data)
        if apdu[1] == 0x71:
            return self._challenge(data)
        if apdu[1] == 0xAF:
            return self._prove(data)
        return b"\x91\x1c"

    def _select(self, data: bytes) -> bytes:
        self._selected = self.key is not None and data[::-1] == self.aid
        return b"\x91\x00" if self._selected else b"\x91\xa0"

    def _challenge(self, data: bytes) -> bytes:
        if not self._selected or self.key is None:
            return b"\x91\x9d"
        if data[:1] != bytes([self.key_number]):
            return b"\x91\x40"
        self._waiting = True
        return self._crypt(self.rnd_b, encrypt=True) + b"\x91\xaf"

    def _prove(self, data: bytes) -> bytes:
        waiting, self._waiting = self._waiting, False
        if not waiting or len(data) != 32:
            return b"\x91\x7e"
        plain = self._crypt(data, encrypt=False)
        rnd_a, rotated = plain[:16], plain[16:]
        if rotated != self.rnd_b[1:] + self.rnd_b[:1]:
            return b"\x91\xae"
        proof = self.session + rnd_a[1:] + rnd_a[:1] + bytes(12)
        return self._crypt(proof, encrypt=True) + b"\x91\x00"

    def _crypt(self, data: bytes, *, encrypt: bool) -> bytes:
        cipher = Cipher(algorithms.AES128(self.key or bytes(16)), modes.CBC(_IV))
        work = cipher.encryptor() if encrypt else cipher.decryptor()
        return work.update(data) + work.finalize()
