"""A simulated UHF reader on a TCP port: the asyncio shell around `machine`.

In: `observe()` for each read of a tag, and faults to inject. Out: LLRP to the one client that it serves; a second
client is told so and sent away. Several readers run in one process, one per lane. A broken client must never bring it
down.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType
from typing import Self

from rfid.epc import Epc
from rfid.llrp import messages as m
from rfid.llrp.codec import Frame, decode_frame, encode_frame
from rfid.llrp.element import Message, Parameter
from rfid.llrp.enums import ConnectionAttemptStatus
from rfid.llrp.errors import LlrpError
from rfid.llrp.framing import FrameBuffer
from rfid.llrp.parameters.basic import Uptime, UTCTimestamp
from rfid.llrp.parameters.events import ConnectionAttemptEvent, ConnectionCloseEvent, ReaderEventNotificationData
from simulators.llrp_reader.machine import ReaderMachine
from simulators.llrp_reader.profile import ReaderProfile
from simulators.llrp_reader.sighting import Sighting

UNACKNOWLEDGED_MAX = 5  # a reader may drop a client that misses several keepalives (LLRP 1.1 section 14.1.4)
GARBAGE = b"HTTP/1.1 400 Bad Request\r\n\r\n"


def system_utc_us() -> int:
    """This machine's UTC in microseconds."""
    return time.time_ns() // 1000


class SimulatedReader:
    """`async with SimulatedReader() as reader: reader.observe(…)`; `reader.port` is where it listens."""

    def __init__(
        self,
        profile: ReaderProfile | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        utc_us: Callable[[], int] = system_utc_us,
    ) -> None:
        self.machine = ReaderMachine(profile or ReaderProfile())
        self.host, self.port = host, port
        self.clock_offset_us = 0
        """Fault: how far the reader's clock is ahead of the truth."""
        self.hold_dead_client = False
        """Fault: a client that went away without goodbye still counts as connected, until `release_dead_client`."""
        self.written_s = 0.0
        """When the latest frame went to the client's socket, on `time.perf_counter`."""
        self.refused_clients = 0
        """How many clients were sent away."""
        self._utc_us = utc_us
        self._started_us = utc_us()
        self._server: asyncio.Server | None = None
        self._client: asyncio.StreamWriter | None = None
        self._occupied = False
        self._silent = False
        self._message_id = 0
        self._unacknowledged = 0
        self._keepalive: asyncio.Task[None] | None = None
        self._serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    # -- life ----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; port 0 takes a free one, which a later start keeps."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Power off: connections break without goodbye."""
        self._stop_keepalive()
        if self._server is not None:
            self._server.close()
        for outgoing in self._serving.values():
            outgoing.transport.abort()
        if self._serving:
            await asyncio.wait(tuple(self._serving))
        if self._server is not None:
            await self._server.wait_closed()
        self._server, self._occupied = None, False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def connected(self) -> bool:
        """Whether a client is served."""
        return self._client is not None

    @property
    def reading(self) -> bool:
        """Whether a client is served and an inventory runs."""
        return self.connected and any(spec.current_state == 2 for spec in self.machine.ro_specs.held.values())

    # -- the field -----------------------------------------------------------------------------------------------

    def observe(
        self,
        epc: str | Epc,
        antenna: int = 1,
        rssi_dbm: float = -55.0,
        tid: str | None = None,
        stamp_utc: datetime | None = None,
    ) -> bool:
        """One read of one tag; `stamp_utc` is the true time if not now. Return whether a report went out."""
        tag = epc if isinstance(epc, Epc) else Epc.parse(epc)
        stamp_us = self._reader_us(None if stamp_utc is None else round(stamp_utc.timestamp() * 1_000_000))
        return self._send(self.machine.sight(Sighting(tag, antenna, rssi_dbm, tid, stamp_us)))

    def set_antenna(self, antenna: int, connected: bool) -> None:
        """Pull an antenna's plug, or put it back."""
        self._notify(self.machine.antenna(antenna, connected))

    # -- faults --------------------------------------------------------------------------------------------------

    def go_silent(self) -> None:
        """Freeze: the connection stays open, nothing is sent or answered, new clients get no greeting."""
        self._silent = True

    def resume(self) -> None:
        """End the silence."""
        self._silent = False

    def drop_connection(self) -> None:
        """Break the connection without a word."""
        if self._client is not None:
            self._client.transport.abort()

    def send_garbage(self, data: bytes = GARBAGE) -> None:
        """Send bytes that are no LLRP."""
        if self._client is not None:
            self._client.write(data)

    def announce_close(self) -> None:
        """Say goodbye as readers do before a restart, and close."""
        self._notify([ConnectionCloseEvent()])
        if self._client is not None:
            self._client.close()

    def release_dead_client(self) -> None:
        """Forget a client that `hold_dead_client` kept."""
        self.hold_dead_client = False
        self._occupied = self._client is not None

    # -- connections ---------------------------------------------------------------------------------------------

    async def _serve(self, incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a stream server runs each connection as a task
        self._serving[task] = outgoing
        try:
            if self._silent:
                await incoming.read()
            elif self._occupied:
                self._refuse(outgoing)
            else:
                await self._converse(incoming, outgoing)
        except (OSError, LlrpError):
            pass  # a client that breaks off or talks nonsense loses its connection, nothing more
        finally:
            self._forget(outgoing)
            outgoing.close()
            del self._serving[task]

    async def _converse(self, incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        self._client, self._occupied, self._unacknowledged = outgoing, True, 0
        self.machine.connected()
        self._notify([ConnectionAttemptEvent(ConnectionAttemptStatus.SUCCESS)])
        self._restart_keepalive()
        buffer = FrameBuffer()
        while data := await incoming.read(1 << 16):
            for raw in buffer.feed(data):
                frame = decode_frame(raw)
                if self._silent:
                    continue
                self._heard(frame)
                if isinstance(frame.message, m.CloseConnection):
                    self.hold_dead_client = False
                    await outgoing.drain()
                    return

    def _heard(self, frame: Frame) -> None:
        self._send(self.machine.answer(frame.message), frame.message_id)
        if isinstance(frame.message, m.KeepaliveAck):
            self._unacknowledged = 0
        if isinstance(frame.message, m.SetReaderConfig):
            self._restart_keepalive()

    def _refuse(self, outgoing: asyncio.StreamWriter) -> None:
        """Section 13.2.6.11: tell the newcomer, and the client that we have."""
        self.refused_clients += 1
        status = ConnectionAttemptStatus.FAILED_A_CLIENT_INITIATED_CONNECTION_ALREADY_EXISTS
        outgoing.write(encode_frame(Frame(self._notification([ConnectionAttemptEvent(status)]), 0)))
        self._notify([ConnectionAttemptEvent(ConnectionAttemptStatus.ANOTHER_CONNECTION_ATTEMPTED)])

    def _forget(self, outgoing: asyncio.StreamWriter) -> None:
        if self._client is outgoing:
            self._client = None
            self._occupied = self.hold_dead_client
            self._stop_keepalive()

    # -- keepalive -----------------------------------------------------------------------------------------------

    def _restart_keepalive(self) -> None:
        self._stop_keepalive()
        if self.machine.keepalive_ms and self._client is not None:
            self._keepalive = asyncio.create_task(self._keep_alive(self.machine.keepalive_ms / 1000))

    def _stop_keepalive(self) -> None:
        if self._keepalive is not None:
            self._keepalive.cancel()
            self._keepalive = None

    async def _keep_alive(self, period_s: float) -> None:
        while True:
            await asyncio.sleep(period_s)
            if self._silent:
                continue
            if self._unacknowledged >= UNACKNOWLEDGED_MAX:
                self.drop_connection()
            self._send([m.Keepalive()])
            self._unacknowledged += 1

    # -- out -----------------------------------------------------------------------------------------------------

    def _send(self, messages: Iterable[Message], message_id: int | None = None) -> bool:
        """Write to the client, if there is one and we are not frozen; answers carry the request's id."""
        sent = False
        for message in messages:
            if self._client is None or self._silent or self._client.is_closing():
                break
            self._message_id = (self._message_id + 1) & 0xFFFF_FFFF
            number = self._message_id if message_id is None else message_id
            frame = encode_frame(Frame(message, number))
            with contextlib.suppress(OSError):
                self.written_s = time.perf_counter()
                self._client.write(frame)
                sent = True
        return sent

    def _notify(self, happened: Iterable[Parameter]) -> None:
        self._send([self._notification([event]) for event in happened])

    def _notification(self, happened: Iterable[Parameter]) -> m.ReaderEventNotification:
        stamp_us = self._reader_us(None)
        stamp = UTCTimestamp(stamp_us) if self.machine.profile.has_utc_clock else Uptime(stamp_us)
        return m.ReaderEventNotification((ReaderEventNotificationData((stamp, *happened)),))

    def _reader_us(self, utc_us: int | None) -> int:
        """A moment on the reader's clock: UTC with its error, or microseconds since the start."""
        true_us = self._utc_us() if utc_us is None else utc_us
        if self.machine.profile.has_utc_clock:
            return true_us + self.clock_offset_us
        return max(0, true_us - self._started_us)
