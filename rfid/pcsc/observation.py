"""What a card reader observes, as values that the lane can use without knowing PC/SC.

In: nothing. Out: frozen values. Never: what a card is allowed to do; that is the lane's register. Times are this
machine's monotonic clock, microseconds.
"""

from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """How well the card showed that it is itself."""

    UID = "uid"  # a number that any emulator can copy
    KEY = "key"  # mutual authentication with the key that belongs to this UID
    FAILED = "failed"  # it claims the application and does not know the key, or answered wrongly


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A card came into the field."""

    uid: str
    """Upper-case hexadecimal, 4, 7 or 10 bytes."""
    atr: str
    """Answer to reset, upper-case hexadecimal."""
    proof: Proof
    detail: str
    """Why the proof is what it is, for people."""
    reader: str
    received_mono_us: int


@dataclass(frozen=True, slots=True)
class CardReaderReady:
    """The reader is there and waits for cards."""

    reader: str
    received_mono_us: int


@dataclass(frozen=True, slots=True)
class CardReaderLost:
    """No reader of that name, or no PC/SC service; the monitor keeps trying."""

    reader: str
    reason: str
    received_mono_us: int


@dataclass(frozen=True, slots=True)
class CardUnreadable:
    """Something was tapped that gave no usable UID (taken away too soon, say)."""

    reader: str
    reason: str
    received_mono_us: int


CardObservation = CardSeen | CardReaderReady | CardReaderLost | CardUnreadable
