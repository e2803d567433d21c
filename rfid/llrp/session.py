"""One conversation with one reader, without I/O: bytes in → observations out, and bytes to send.

Theory of operation. The reader speaks first: a READER_EVENT_NOTIFICATION with ConnectionAttemptEvent tells whether it
takes us (GREETING). Then we put the steps of `plan.handshake` one after another (CONFIGURING); each waits for its
answer, matched by message id and type. When the last is answered, reports flow (READING). Reports are used in every
state: a reader that already inventories need not wait for our handshake. Two rules keep it alive:
(1) any byte is a sign of life, and `settings.silence_us` without one ends the session (ENDED);
(2) an error in an answer ends it only where we cannot read without that step.
Time comes in as arguments. A session serves one connection; its receive buffer dies with it. It raises nothing for
whatever the reader sends: what is wrong comes out as `FrameRejected`, `RequestRefused` or `ReaderLost`.
"""

from collections import deque
from enum import Enum, auto

from rfid.llrp import messages as m
from rfid.llrp import plan
from rfid.llrp.codec import Frame, decode_frame, encode_frame
from rfid.llrp.element import Message
from rfid.llrp.enums import AntennaEventType, ConnectionAttemptStatus, ROSpecEventType, StatusCode
from rfid.llrp.errors import DecodeError, FramingError
from rfid.llrp.framing import FrameBuffer
from rfid.llrp.parameters.basic import LLRPStatus, Uptime, UTCTimestamp
from rfid.llrp.parameters.capabilities import GeneralDeviceCapabilities
from rfid.llrp.parameters.config import KeepaliveSpec
from rfid.llrp.parameters.events import (
    AntennaEvent,
    ConnectionAttemptEvent,
    ConnectionCloseEvent,
    ReaderEventNotificationData,
    ReaderExceptionEvent,
    ReportBufferLevelWarningEvent,
    ReportBufferOverflowErrorEvent,
    ROSpecEvent,
)
from rfid.llrp.report import Instant, ReaderClock, observe
from rfid.llrp.settings import ReaderSettings
from rfid.observation import (
    AntennaChanged,
    FrameRejected,
    Loss,
    ReaderConnected,
    ReaderFault,
    ReaderLost,
    ReaderObservation,
    ReaderReading,
    RequestRefused,
)

MESSAGE_ID_MAX = 0xFFFF_FFFF


class State(Enum):
    """Where the conversation is."""

    GREETING = auto()
    CONFIGURING = auto()
    READING = auto()
    CLOSING = auto()
    ENDED = auto()


class Session:
    """Feed it with `receive` and `tick`; send what `take_outgoing` gives; stop when `state` is ENDED."""

    def __init__(self, reader: str, settings: ReaderSettings, now: Instant) -> None:
        self.state = State.GREETING
        self._reader = reader
        self._settings = settings
        self._buffer = FrameBuffer(settings.frame_length_max)
        self._outgoing = bytearray()
        self._out: list[ReaderObservation] = []
        self._steps: deque[plan.Step] = deque(plan.handshake(settings))
        self._pending: tuple[plan.Step, int, int] | None = None  # step, message id, deadline
        self._message_id = 0
        self._heard_us = now.mono_us
        self._probe_us: int | None = None  # when to ask next, for a reader without keepalives
        self._clock = ReaderClock()
        self._model = "unknown"

    # -- what the shell calls ------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: Instant) -> list[ReaderObservation]:
        """Take received bytes; return what they mean, in order."""
        if self.state is State.ENDED:
            return []
        self._heard_us = now.mono_us
        try:
            for frame in self._buffer.feed(data):
                self._frame(frame, now)
        except FramingError as error:
            self._end(Loss.GARBAGE, str(error), now)
        return self._take()

    def tick(self, now: Instant) -> list[ReaderObservation]:
        """Let time pass; call it when `deadline_us` is reached."""
        if self.state is State.ENDED:
            return []
        if now.mono_us - self._heard_us >= self._settings.silence_us:
            silence_ms = (now.mono_us - self._heard_us) // 1000
            self._end(Loss.SILENT, f"no byte for {silence_ms} ms in state {self.state.name}", now)
        elif self._pending is not None and now.mono_us >= self._pending[2]:
            self._unanswered(self._pending[0], now)
        elif self._probe_us is not None and now.mono_us >= self._probe_us:
            self._probe_us = now.mono_us + self._settings.keepalive_ms * 1000
            self._send(plan.probe())
        return self._take()

    def end_of_stream(self, now: Instant) -> list[ReaderObservation]:
        """The connection is closed or broken from the other side."""
        if self.state is not State.ENDED:
            left = f", {len(self._buffer)} bytes of an unfinished frame dropped" if len(self._buffer) else ""
            self._end(Loss.CLOSED, f"connection closed in state {self.state.name}{left}", now)
        return self._take()

    def close(self) -> None:
        """Say goodbye; the session ends when the reader answers."""
        if self.state is not State.ENDED:
            self.state, self._pending, self._probe_us = State.CLOSING, None, None
            self._send(m.CloseConnection())

    def take_outgoing(self) -> bytes:
        """The bytes to send now; they are given out once."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    @property
    def deadline_us(self) -> int:
        """When `tick` has something to do if nothing arrives before, on the monotonic clock."""
        deadlines = [self._heard_us + self._settings.silence_us]
        if self._pending is not None:
            deadlines.append(self._pending[2])
        if self._probe_us is not None:
            deadlines.append(self._probe_us)
        return min(deadlines)

    # -- frames --------------------------------------------------------------------------------------------------

    def _frame(self, data: bytes, now: Instant) -> None:
        try:
            frame = decode_frame(data)
        except DecodeError as error:
            self._out.append(FrameRejected(self._reader, now.mono_us, f"{error} (frame starts {data[:16].hex(' ')})"))
            return
        match frame.message:
            case m.ROAccessReport() as report:
                self._out += observe(report, self._reader, now, self._clock)
            case m.Keepalive():
                self._send(m.KeepaliveAck())
            case m.ReaderEventNotification() as notification:
                data_of = notification.first(ReaderEventNotificationData)
                if data_of is not None:
                    self._notified(data_of, now)
            case m.CloseConnectionResponse() if self.state is State.CLOSING:
                self._end(Loss.GOODBYE, "closed by us", now)
            case _:
                self._answered(frame, now)

    def _notified(self, data: ReaderEventNotificationData, now: Instant) -> None:
        attempt = data.first(ConnectionAttemptEvent)
        if attempt is not None:
            self._greeted(attempt, data, now)
        for antenna in data.every(AntennaEvent):
            connected = antenna.event_type == AntennaEventType.ANTENNA_CONNECTED
            self._out.append(AntennaChanged(self._reader, now.mono_us, antenna.antenna_id, connected))
        for text in _faults(data):
            self._out.append(ReaderFault(self._reader, now.mono_us, text))
        if self.state is State.READING and any(_is_our_end(event) for event in data.every(ROSpecEvent)):
            self._end(Loss.STOPPED, "the reader ended our ROSpec; it must be configured anew", now)
        if data.first(ConnectionCloseEvent) is not None:
            self._end(Loss.CLOSED, "the reader announced that it closes the connection", now)

    def _greeted(self, attempt: ConnectionAttemptEvent, data: ReaderEventNotificationData, now: Instant) -> None:
        """The reader's answer to our connection; later in the session it only says that somebody else knocked."""
        if self.state is not State.GREETING:
            self._out.append(ReaderFault(self._reader, now.mono_us, f"another connection attempted ({attempt.status})"))
            return
        if attempt.status != ConnectionAttemptStatus.SUCCESS:
            text = f"ConnectionAttemptEvent {attempt.status}: the reader serves another client or holds a dead one"
            self._end(Loss.BUSY, text, now)
            return
        utc, uptime = data.first(UTCTimestamp), data.first(Uptime)
        self._clock = ReaderClock(
            utc.microseconds - now.utc_us if utc else None, uptime.microseconds - now.mono_us if uptime else None
        )
        self._out.append(ReaderConnected(self._reader, now.mono_us, self._clock.utc_offset_us))
        self.state = State.CONFIGURING
        self._next_step(now)

    # -- the handshake -------------------------------------------------------------------------------------------

    def _next_step(self, now: Instant) -> None:
        if self.state is not State.CONFIGURING:
            return
        if not self._steps:
            self.state, self._pending = State.READING, None
            self._out.append(ReaderReading(self._reader, now.mono_us, self._model))
            return
        step = self._steps.popleft()
        message_id = self._send(step.request)
        self._pending = (step, message_id, now.mono_us + self._settings.answer_timeout_ms * 1000)

    def _answered(self, frame: Frame, now: Instant) -> None:
        """An answer to the pending step, or something that nobody asked for, which is ignored unless it complains."""
        if self._pending is not None and frame.message_id == self._pending[1]:
            step = self._pending[0]
            if isinstance(frame.message, step.answer | m.ErrorMessage):
                self._judge(step, frame.message, now)
                return
        if isinstance(frame.message, m.ErrorMessage):
            self._refused(f"message {frame.message_id}", frame.message.first(LLRPStatus), now)

    def _judge(self, step: plan.Step, answer: Message, now: Instant) -> None:
        self._pending = None
        status = answer.first(LLRPStatus)
        if isinstance(answer, step.answer) and (status is None or status.status_code == StatusCode.M_SUCCESS):
            self._learn(answer)
            self._next_step(now)
            return
        self._refused(step.name, status, now)
        self._without(step, f"{step.name} refused: {_words(status)}", now)

    def _unanswered(self, step: plan.Step, now: Instant) -> None:
        self._pending = None
        text = f"no answer in {self._settings.answer_timeout_ms} ms"
        self._out.append(RequestRefused(self._reader, now.mono_us, step.name, -1, text))
        self._without(step, f"{step.name}: {text}", now)

    def _without(self, step: plan.Step, why: str, now: Instant) -> None:
        """Go on without a step, or give up if we cannot read without it."""
        if step.required:
            self._end(Loss.REFUSED, why, now)
            return
        if step.request.first(KeepaliveSpec) is not None and not step.instead:
            self._probe_us = now.mono_us  # no keepalives from this reader: ask instead
        self._steps.extendleft(reversed(step.instead))
        self._next_step(now)

    def _refused(self, request: str, status: LLRPStatus | None, now: Instant) -> None:
        code = status.status_code if status is not None else -1
        self._out.append(RequestRefused(self._reader, now.mono_us, request, code, _words(status)))

    def _learn(self, answer: Message) -> None:
        device = answer.first(GeneralDeviceCapabilities)
        if device is not None:
            extra = plan.vendor_steps(device.device_manufacturer_name, self._settings)
            self._steps.extendleft(reversed(extra))
            self._model = (
                f"maker {device.device_manufacturer_name} model {device.model_name} "
                f"firmware {device.reader_firmware_version} antennas {device.max_number_of_antenna_supported}"
            )

    # -- out -----------------------------------------------------------------------------------------------------

    def _send(self, message: Message) -> int:
        self._message_id = self._message_id % MESSAGE_ID_MAX + 1
        self._outgoing += encode_frame(Frame(message, self._message_id))
        return self._message_id

    def _end(self, loss: Loss, reason: str, now: Instant) -> None:
        if self.state is not State.ENDED:
            self.state, self._pending = State.ENDED, None
            self._out.append(ReaderLost(self._reader, now.mono_us, loss, reason))

    def _take(self) -> list[ReaderObservation]:
        out, self._out = self._out, []
        return out


def _is_our_end(event: ROSpecEvent) -> bool:
    return event.ro_spec_id == plan.RO_SPEC_ID and event.event_type == ROSpecEventType.END_OF_RO_SPEC


def _faults(data: ReaderEventNotificationData) -> list[str]:
    """Trouble inside the reader, in words."""
    texts = [f"reader exception: {event.message}" for event in data.every(ReaderExceptionEvent)]
    for level in data.every(ReportBufferLevelWarningEvent):
        texts.append(f"report buffer {level.report_buffer_percentage_full} % full")
    texts += ["report buffer overflowed: reports were lost" for _ in data.every(ReportBufferOverflowErrorEvent)]
    return texts


def _words(status: LLRPStatus | None) -> str:
    if status is None:
        return "no LLRPStatus"
    known = status.status_code in StatusCode.__members__.values()
    name = StatusCode(status.status_code).name if known else "unknown status"
    return f"{name} ({status.status_code}) {status.error_description}".rstrip()
