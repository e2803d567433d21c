"""Watches one PC/SC reader for ever: cards come, the reader goes, the service restarts.

In: the name of a reader (its beginning is enough). Out: observations, in a bounded queue on the event loop. One thread
of its own does every blocking call. pyscard's CardMonitor is not used: its thread ends for good when the service does
(ADR 0016). Never: an exception out of the thread, a second tap of one card within `TAP_AGAIN_S`, a wait that cannot be
ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Final, Self

from rfid.pcsc.apdu import CardError
from rfid.pcsc.desfire import CardApplication
from rfid.pcsc.observation import CardObservation, CardReaderLost, CardReaderReady, CardSeen, CardUnreadable
from rfid.pcsc.reading import Transmit, read_card
from rfid.pcsc.service import Absent, CardService, ServiceError

log = logging.getLogger(__name__)

POLL_MS: Final = 250
RETRY_S: Final = 0.5
TAP_AGAIN_S: Final = 2.0
"""The same card again within this time is the same tap (hardware.md, PC/SC)."""
QUEUE_MAX: Final = 100


class CardMonitor:
    """`async with CardMonitor(name) as cards: async for observation in cards: …`"""

    def __init__(self, reader: str = "", application: CardApplication | None = None) -> None:
        """`reader`: how the reader's name begins; empty: the first one that there is."""
        self._wanted, self._application = reader, application
        self._stop = threading.Event()
        self._observed: asyncio.Queue[CardObservation] = asyncio.Queue(QUEUE_MAX)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._serve, name=f"cards {reader}", daemon=True)
        self._last: tuple[str, float] = ("", 0.0)
        self._lost_reason: str | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        await asyncio.to_thread(self._thread.join, 2 * POLL_MS / 1000 + 2.0)

    async def __aiter__(self) -> AsyncIterator[CardObservation]:
        while True:
            yield await self._observed.get()

    def _serve(self) -> None:
        while not self._stop.is_set():
            try:
                with CardService() as service:
                    self._watch(service)
            except ServiceError as error:
                self._lost(str(error))
            except Exception as error:
                log.exception("the card monitor failed and starts again")
                self._lost(f"defect: {error!r}")
            self._stop.wait(RETRY_S)

    def _watch(self, service: CardService) -> None:
        """Serve one reader until it or the service goes (ServiceError), or we stop."""
        name = service.find(self._wanted)
        state = service.begin(name)
        self._ready(name)
        while not self._stop.is_set():
            came, state = service.wait(state, POLL_MS)
            if came:
                self._tap(service, name)

    def _tap(self, service: CardService, name: str) -> None:
        try:
            with service.card(name) as card:
                seen = self._read(card.transmit, card.atr, name)
        except (CardError, Absent) as error:
            self._tell(CardUnreadable(name, str(error), _mono_us()))
            return
        before, at = self._last
        now = time.monotonic()
        # With the proof: a card that was taken away too soon, or a copy of it, must not keep the true one waiting.
        tapped = f"{seen.uid} {seen.proof}"
        if tapped == before and now - at < TAP_AGAIN_S:
            return
        self._last = (tapped, now)
        self._tell(seen)

    def _read(self, transmit: Transmit, atr: bytes, name: str) -> CardSeen:
        uid, proof, detail = read_card(transmit, self._application, os.urandom(16))
        return CardSeen(uid, atr.hex().upper(), proof, detail, name, _mono_us())

    def _ready(self, name: str) -> None:
        self._lost_reason = None
        self._tell(CardReaderReady(name, _mono_us()))

    def _lost(self, reason: str) -> None:
        """Told once for each reason: the retries of a night are not news."""
        if reason != self._lost_reason:
            self._lost_reason = reason
            self._tell(CardReaderLost(self._wanted or "any", reason, _mono_us()))

    def _tell(self, observation: CardObservation) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._put, observation)

    def _put(self, observation: CardObservation) -> None:
        if self._observed.full():
            dropped: Any = self._observed.get_nowait()
            log.warning("nobody takes the card observations; dropped %s", dropped)
        self._observed.put_nowait(observation)


def _mono_us() -> int:
    return time.monotonic_ns() // 1000
