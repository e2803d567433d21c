"""One UHF reader of a lane: LLRP observations in, core events out.

In: `rfid.llrp.client`. Out: TagSeen with the tag list's row as of now, ReaderConnected, ReaderLost. Everything else
that a reader says is counted by the client or logged. The client reconnects by itself; only cancelling ends `run`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lane_controller.core.events import ReaderConnected, ReaderLost, TagSeen
from lane_controller.devices.ports import Clock, Reject, Sink, TagLookup
from rfid import observation as seen
from rfid.llrp.client import PORT, Counts, LlrpClient
from rfid.llrp.settings import ReaderSettings

log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNKNOWN_RSSI_DBM = -99
"""For a reader that sends no RSSI: far below any threshold, so only the number of reads makes a tag credible … and the
median rule then refuses it. Such a reader must be configured to send it."""


@dataclass(frozen=True, slots=True)
class ReaderPlace:
    """Where a reader is, and how this lane wants it to work."""

    name: str
    host: str
    port: int = PORT
    settings: ReaderSettings = field(default_factory=ReaderSettings)


class LlrpReader:
    """The port `Device` for one reader."""

    def __init__(
        self,
        place: ReaderPlace,
        sink: Sink,
        clock: Clock,
        tags: TagLookup,
        reject: Reject,
        counts: Counts | None = None,
    ) -> None:
        """`counts` is told every observation; None: nobody counts."""
        self._place, self._sink, self._clock, self._tags, self._reject = place, sink, clock, tags, reject
        self._counts = counts
        self._connected = False
        self.detail = "not connected yet"

    async def run(self) -> None:
        """See the port."""
        place = self._place
        # Handed over at once: a queue between them is a turn of the loop that the car at the arm waits for.
        async with LlrpClient(
            place.host, place.port, place.settings, reader=place.name, counts=self._counts, sink=self._hand
        ):
            await asyncio.Event().wait()

    def state(self) -> str:
        """See the port."""
        return "ok" if self._connected else "lost"

    def _hand(self, observation: seen.ReaderObservation) -> None:
        match observation:
            case seen.TagObservation():
                self._sink(self._tag(observation))
            case seen.ReaderConnected():
                self._connected, self.detail = True, "connected"
                self._sink(ReaderConnected(observation.reader, self._reader_clock_us(observation)))
            case seen.ReaderLost():
                self._connected, self.detail = False, f"{observation.loss}: {observation.reason}"
                log.warning("reader %s lost: %s", observation.reader, self.detail)
                self._sink(ReaderLost(observation.reader))
            case seen.FrameRejected():
                self._reject("reader", "frame", f"{observation.reader}: {observation.reason}")
            case seen.RequestRefused():
                self._reject("reader", "request refused", f"{observation.request}: {observation.text}")
            case seen.ReaderReading() | seen.ReaderFault() | seen.AntennaChanged():
                log.info("reader: %s", observation)

    def _tag(self, tag: seen.TagObservation) -> TagSeen:
        rssi_dbm = UNKNOWN_RSSI_DBM if tag.rssi_dbm is None else round(tag.rssi_dbm)
        stamp_us = None if tag.reader_utc is None else (tag.reader_utc - _EPOCH) // timedelta(microseconds=1)
        return TagSeen(tag.epc, tag.tid, tag.antenna, rssi_dbm, stamp_us, tag.reader, self._tags.by_epc(tag.epc))

    def _reader_clock_us(self, connected: seen.ReaderConnected) -> int | None:
        if connected.clock_offset_us is None:
            return None
        return self._clock.now().utc_us + connected.clock_offset_us
