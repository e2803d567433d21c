"""The card reader of one lane: cards that are tapped become `CardTapped`.

In: `rfid.pcsc` observations, the register file. Out: one core event for each card that the register knows, that is
valid today and that proved itself as its entry demands. Everything else is counted and logged, and opens nothing. The
register is read again when the file changes; a broken one leaves the old in force. Never: a card accepted on less proof
than its entry demands.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from lane_controller.core.events import CardTapped
from lane_controller.devices.card_register import CardRegister, RegisteredCard, RegisterError, read_register
from lane_controller.devices.ports import Clock, Reject, Sink
from rfid.pcsc.desfire import CardApplication
from rfid.pcsc.monitor import CardMonitor
from rfid.pcsc.observation import CardObservation, CardReaderLost, CardReaderReady, CardSeen, CardUnreadable, Proof

log = logging.getLogger(__name__)

_LOCAL: Final = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class CardPlace:
    """Which reader, which register, and the application whose key proves a card (None: numbers only)."""

    reader: str
    register: Path
    application: CardApplication | None = None


class LaneCards:
    """The port `Device` for one card reader."""

    def __init__(self, place: CardPlace, sink: Sink, clock: Clock, reject: Reject) -> None:
        """A register that cannot be used is told and counted; the lane runs, and no card counts until it is mended."""
        self._place, self._sink, self._clock, self._reject = place, sink, clock, reject
        self._read_at: int | None = -1
        self._register = CardRegister({})
        self._ready = False
        self.detail = "not found yet"
        self._refresh()

    async def run(self) -> None:
        """See the port."""
        async with CardMonitor(self._place.reader, self._place.application) as cards:
            async for observation in cards:
                self.take(observation)

    def state(self) -> str:
        """See the port."""
        return "ok" if self._ready else "lost"

    def take(self, observation: CardObservation) -> None:
        """One observation of the monitor."""
        match observation:
            case CardSeen():
                self._tapped(observation)
            case CardReaderReady():
                self._ready, self.detail = True, observation.reader
            case CardReaderLost():
                self._ready, self.detail = False, observation.reason
                log.warning("card reader lost: %s", observation.reason)
            case CardUnreadable():
                self._reject("card", "unreadable", observation.reason)

    def _tapped(self, seen: CardSeen) -> None:
        self._refresh()
        card = self._register.find(seen.uid)
        refusal = _refusal(card, seen, self._today())
        if card is None or refusal is not None:
            self._reject("card", refusal or "unknown card", f"{seen.uid}: {seen.detail}")
            return
        self._sink(CardTapped(seen.uid, card.role, card.holder))

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.now().utc_us / 1e6, _LOCAL).date()

    def _refresh(self) -> None:
        changed = _changed(self._place.register)
        if changed == self._read_at:
            return
        self._read_at = changed
        try:
            self._register = read_register(self._place.register)
        except RegisterError as error:
            self._reject("card", "register", f"{error}; the register as it was stays in force")


def _refusal(card: RegisteredCard | None, seen: CardSeen, today: date) -> str | None:
    """Why this card does nothing, in few fixed words; None where it counts."""
    if seen.proof is Proof.FAILED:
        return "forged card"
    if card is None:
        return "unknown card"
    if card.proof == "key" and seen.proof is not Proof.KEY:
        return "card without proof"
    return None if card.valid_on(today) else "card not valid today"


def _changed(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
