"""Mutual authentication with a DESFire EV2/EV3 card: AuthenticateEV2First with AES-128. Pure, sans I/O.

In: the card's answers and our random number. Out: the next command; at the end, that both sides know the key.
Never: a key in an error text; a card accepted whose answer does not decrypt to what we sent.
Source: NXP AN12196 (AuthenticateEV2First, with the worked example that the tests use), AN10922 (a key for each card
from one master key, so that a lost card opens nothing but itself).
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from rfid.pcsc.apdu import DONE, MORE, CardError, expect, wrapped

_SELECT: Final = 0x5A
_EV2_FIRST: Final = 0x71
_CONTINUE: Final = 0xAF
_ZERO_IV: Final = bytes(16)
_DIVERSIFY_AES128: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class CardApplication:
    """Where the key of our cards is: application identifier (3 bytes), key number, master key (16 bytes)."""

    aid: bytes
    key_number: int
    master_key: bytes
    system: bytes = b""

    def __post_init__(self) -> None:
        if len(self.aid) != 3 or len(self.master_key) != 16 or not 0 <= self.key_number <= 13:
            raise ValueError("a card application has an aid of 3 bytes, a key number of 0 to 13 and a key of 16 bytes")

    def key_of(self, uid: bytes) -> bytes:
        """The key of one card (AN10922: CMAC of the master key over UID, application, system)."""
        mac = CMAC(algorithms.AES128(self.master_key))
        mac.update(_DIVERSIFY_AES128 + uid + self.aid + self.system)
        return mac.finalize()


def select(application: CardApplication) -> bytes:
    """Command: select the application. Its identifier is sent least significant byte first."""
    return wrapped(_SELECT, application.aid[::-1])


def selected(answer: bytes) -> None:
    """CardError: the card has no such application."""
    expect(answer, *DONE)


class Ev2First:
    """One authentication: `begin`, then `challenge` with the card's first answer, then `conclude` with its second."""

    def __init__(self, key: bytes, key_number: int, rnd_a: bytes) -> None:
        """`rnd_a`: 16 fresh random bytes, from the caller because pure code draws no lots."""
        if len(rnd_a) != 16:
            raise ValueError("RndA has 16 bytes")
        self._key, self._key_number, self._rnd_a = key, key_number, rnd_a

    def begin(self) -> bytes:
        """First command; no capabilities are offered."""
        return wrapped(_EV2_FIRST, bytes([self._key_number, 0]))

    def challenge(self, answer: bytes) -> bytes:
        """Second command, made from the card's encrypted RndB. CardError: refused, or of wrong length."""
        data = expect(answer, MORE)
        if len(data) != 16:
            raise CardError(f"the card's challenge has {len(data)} bytes, not 16")
        rnd_b = self._decrypt(data)
        return wrapped(_CONTINUE, self._encrypt(self._rnd_a + rnd_b[1:] + rnd_b[:1]))

    def conclude(self, answer: bytes) -> str:
        """Transaction identifier of the session. CardError: the card did not show that it knows the key."""
        data = expect(answer, *DONE)
        if len(data) != 32:
            raise CardError(f"the card's proof has {len(data)} bytes, not 32")
        plain = self._decrypt(data)
        if not compare_digest(plain[4:20], self._rnd_a[1:] + self._rnd_a[:1]):
            raise CardError("the card does not know the key")
        return plain[:4].hex().upper()

    def _encrypt(self, data: bytes) -> bytes:
        work = Cipher(algorithms.AES128(self._key), modes.CBC(_ZERO_IV)).encryptor()
        return work.update(data) + work.finalize()

    def _decrypt(self, data: bytes) -> bytes:
        work = Cipher(algorithms.AES128(self._key), modes.CBC(_ZERO_IV)).decryptor()
        return work.update(data) + work.finalize()
