"""The PC/SC service (pcscd) by its own calls: readers, their state, one card. Blocking; for the monitor's thread.

In: names and APDUs. Out: answers. ServiceError: the service or the reader is gone. Absent: the card is gone. An
ImportError never escapes: without pyscard every call is a ServiceError that names the remedy.
Source: PC/SC Workgroup part 5 (SCardGetStatusChange, SCardConnect, SCardTransmit).
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

MISSING = "pyscard is not installed: pip install 'etc-plaza[cards]' (needs gcc, swig and libpcsclite-dev)"


class ServiceError(Exception):
    """No PC/SC service or no such reader; the text names the remedy."""


class Absent(Exception):  # noqa: N818 - a state of the world, not a defect
    """The card was taken away, or did not answer."""


@dataclass(frozen=True, slots=True)
class ReaderState:
    """What the service last said of a reader: its name and event state."""

    name: str
    event: int


@dataclass(frozen=True, slots=True)
class Card:
    """A connected card."""

    handle: Any
    protocol: int
    atr: bytes

    def transmit(self, command: bytes) -> bytes:
        """Send one APDU. Absent: the card is gone."""
        scard = _scard()
        request = scard.SCARD_PCI_T0 if self.protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        result, answer = scard.SCardTransmit(self.handle, request, list(command))
        if result != scard.SCARD_S_SUCCESS:
            raise Absent(f"no answer from the card: {_text(result)}")
        return bytes(byte & 0xFF for byte in answer)


class CardService:
    """One context with the service."""

    def __init__(self) -> None:
        self._scard = _scard()
        result, self._context = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
        if result != self._scard.SCARD_S_SUCCESS:
            raise ServiceError(f"no PC/SC service: {_text(result)}; start it: systemctl start pcscd")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scard.SCardReleaseContext(self._context)

    def readers(self) -> list[str]:
        """Names of all readers; empty when there are none."""
        result, names = self._scard.SCardListReaders(self._context, [])
        if result == self._scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        if result != self._scard.SCARD_S_SUCCESS:
            raise ServiceError(f"readers cannot be listed: {_text(result)}")
        return [str(name) for name in names]

    def find(self, wanted: str) -> str:
        """The first reader whose name begins so. ServiceError names those that there are."""
        names = self.readers()
        for name in names:
            if name.startswith(wanted):
                return name
        raise ServiceError(f"no card reader {wanted!r}; there is {', '.join(names) or 'none'}. Check the plug and name")

    def begin(self, name: str) -> ReaderState:
        """Before the first wait: nothing is known, so a card that lies there already is news."""
        return ReaderState(name, int(self._scard.SCARD_STATE_UNAWARE))

    def wait(self, state: ReaderState, timeout_ms: int) -> tuple[bool, ReaderState]:
        """Wait for a change: True when a card came. ServiceError: reader or service gone."""
        scard = self._scard
        result, changed = scard.SCardGetStatusChange(self._context, timeout_ms, [(state.name, state.event)])
        if result == scard.SCARD_E_TIMEOUT:
            return False, state
        if result != scard.SCARD_S_SUCCESS:
            raise ServiceError(f"reader {state.name} or the PC/SC service is gone: {_text(result)}")
        event = int(changed[0][1])
        if event & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
            raise ServiceError(f"reader {state.name} was unplugged")
        return _came(state.event, event, scard), ReaderState(state.name, event)

    @contextlib.contextmanager
    def card(self, name: str) -> Iterator[Card]:
        """Connect to the card on a reader. Absent: there is none any more."""
        scard = self._scard
        both = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        result, handle, protocol = scard.SCardConnect(self._context, name, scard.SCARD_SHARE_SHARED, both)
        if result != scard.SCARD_S_SUCCESS:
            raise Absent(f"the card cannot be reached: {_text(result)}")
        try:
            result, _, _, _, atr = scard.SCardStatus(handle)
            yield Card(handle, protocol, bytes(byte & 0xFF for byte in atr))
        finally:
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)


def _came(before: int, after: int, scard: Any) -> bool:
    """A card is there and was not, or was changed between two looks (the upper half counts insertions and removals)."""
    present = bool(after & scard.SCARD_STATE_PRESENT) and not after & scard.SCARD_STATE_MUTE
    was = bool(before & scard.SCARD_STATE_PRESENT)
    return present and (not was or (after >> 16) != (before >> 16))


def _scard() -> Any:
    try:
        from smartcard import scard
    except ImportError as error:
        raise ServiceError(MISSING) from error
    return scard


def _text(result: int) -> str:
    return str(_scard().SCardGetErrorMessage(result)).strip().rstrip(".")
