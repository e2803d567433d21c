"""Keeps one reader connected and yields what it observes: the asyncio shell around `session`.

In: host, port, settings. Out: an async iterator of `ReaderObservation`. Each connection gets a new `Session`, so no
received byte survives a reconnect. Whatever the network or the reader does ends in `ReaderLost` and another attempt,
never in an exception for the consumer; only `aclose` ends the stream.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Protocol, Self

from rfid.llrp.queue import ObservationQueue
from rfid.llrp.report import Instant
from rfid.llrp.session import Session, State
from rfid.llrp.settings import ReaderSettings
from rfid.observation import Loss, ReaderConnected, ReaderLost, ReaderObservation, ReaderReading

_log = logging.getLogger(__name__)

PORT = 5084  # IANA: LLRP without TLS
READ_SIZE = 1 << 16
CONNECT_TIMEOUT_S = 2.0  # a reader on the plaza network answers within milliseconds
CLOSE_TIMEOUT_S = 1.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 1.5  # with the greeting this keeps a returning reader within 2 s
BACKOFF_BUSY_S = 0.5  # a reader that holds a dead client needs a moment before it lets us in
UNSENT_MAX = 1 << 16  # a reader that takes no bytes any more is as good as dead


class Counts(Protocol):
    """Where observations are counted."""

    def count(self, observation: ReaderObservation) -> None:
        """One observation came from the reader."""

    def dropped(self, reader: str) -> None:
        """One tag was dropped because the consumer is slow."""


def system_now() -> Instant:
    """This machine's clocks."""
    return Instant(time.monotonic_ns() // 1000, time.time_ns() // 1000)


class LlrpClient:
    """`async with LlrpClient(host) as client: async for observation in client: …`.

    With `sink` every observation goes there at once, a turn of the event loop earlier, and the iterator gives none.
    """

    def __init__(  # noqa: PLR0913  where, how, and three ports
        self,
        host: str,
        port: int = PORT,
        settings: ReaderSettings | None = None,
        *,
        reader: str | None = None,
        counts: Counts | None = None,
        now: Callable[[], Instant] = system_now,
        tags_max: int = 4096,
        sink: Callable[[ReaderObservation], None] | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._settings = settings or ReaderSettings()
        self._reader = reader or f"{host}:{port}"
        self._counts = counts
        self._now = now
        self._queue = ObservationQueue(tags_max)
        self._sink = sink
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._wait: asyncio.Timeout | None = None
        self._down: Loss | None = None  # the loss already told, so that each attempt is not told again

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"llrp {self._reader}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Say goodbye to the reader and stop; takes at most a second."""
        self._closing.set()
        if self._task is None:
            return
        if self._wait is not None and not self._wait.expired():
            self._wait.reschedule(0.0)
        await asyncio.wait({self._task}, timeout=CLOSE_TIMEOUT_S)
        self._task.cancel()
        await asyncio.wait({self._task})
        self._task = None

    async def __aiter__(self) -> AsyncIterator[ReaderObservation]:
        while True:
            yield await self._queue.get()

    # -- connections ---------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        delay_s = BACKOFF_FIRST_S
        while not self._closing.is_set():
            reading, loss = await self._connection()
            if reading:
                delay_s = BACKOFF_FIRST_S
            if loss is Loss.BUSY:
                delay_s = max(delay_s, BACKOFF_BUSY_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await self._closing.wait()
            delay_s = min(delay_s * 2, BACKOFF_MAX_S)

    async def _connection(self) -> tuple[bool, Loss]:
        """One connection from its first to its last byte; whether it came to reading, and why it ended."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                incoming, outgoing = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError, UnicodeError) as error:  # UnicodeError: a name that cannot be a host
            reason = f"cannot connect to {self._host}:{self._port}: {error or 'no answer'}"
            lost = ReaderLost(self._reader, self._now().mono_us, Loss.UNREACHABLE, reason)
            return self._publish([lost])
        try:
            return await self._converse(incoming, outgoing)
        except Exception as error:  # a defect of ours must not leave the lane without its reader for good
            _log.exception("reader %s: defect while talking to it", self._reader)
            lost = ReaderLost(self._reader, self._now().mono_us, Loss.DEFECT, f"{type(error).__name__}: {error}")
            return self._publish([lost])
        finally:
            outgoing.transport.abort()  # what is unsent concerns a session that is over

    async def _converse(self, incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> tuple[bool, Loss]:
        session = Session(self._reader, self._settings, self._now())
        reading = False
        while True:
            outgoing.write(session.take_outgoing())
            seen = await self._step(session, incoming)
            if outgoing.transport.get_write_buffer_size() > UNSENT_MAX:
                seen = [*seen, *session.end_of_stream(self._now())]
            began, loss = self._publish(seen)
            reading = reading or began
            if session.state is State.ENDED:
                return reading, loss

    async def _step(self, session: Session, incoming: asyncio.StreamReader) -> list[ReaderObservation]:
        """Wait for bytes or for the session's deadline; return what came of it. `aclose` cuts the wait short."""
        if self._closing.is_set() and session.state is not State.CLOSING:
            session.close()
            return []
        data = await self._read(incoming, max(0.0, (session.deadline_us - self._now().mono_us) / 1e6))
        if data is None:
            return session.tick(self._now())
        return session.receive(data, self._now()) if data else session.end_of_stream(self._now())

    async def _read(self, incoming: asyncio.StreamReader, left_s: float) -> bytes | None:
        """Bytes, none of them at the end of the stream, or None if the time is up.

        After the time is up it looks once more: if this process stood still, bytes may wait that came in time, and a
        living reader must not be taken for a silent one.
        """
        for wait_s in (left_s, 0.0):
            try:
                async with asyncio.timeout(wait_s) as self._wait:
                    return await incoming.read(READ_SIZE)
            except TimeoutError:
                continue
            except OSError:
                return b""  # reset by the other side: the same as closed
            finally:
                self._wait = None
        return None

    # -- out -----------------------------------------------------------------------------------------------------

    def _publish(self, seen: list[ReaderObservation]) -> tuple[bool, Loss]:
        """Count and queue; a loss is told once until the reader is back or the cause changes."""
        reading, loss = False, Loss.CLOSED
        for observation in seen:
            if self._counts is not None:
                self._counts.count(observation)
            reading = reading or isinstance(observation, ReaderReading)
            if isinstance(observation, ReaderConnected):
                self._down = None
            if isinstance(observation, ReaderLost):
                loss = observation.loss
                if self._down is loss:
                    continue
                self._down = loss
            if self._sink is not None:
                self._sink(observation)
            elif not self._queue.put(observation) and self._counts is not None:
                self._counts.dropped(self._reader)
        return reading, loss
