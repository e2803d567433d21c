"""The conversation without I/O: a session joined to the simulated reader's mind, and scripted readers."""

import pytest

from rfid.llrp import messages as m
from rfid.llrp.codec import Frame, decode_frame, encode_frame
from rfid.llrp.element import Message, Parameter
from rfid.llrp.framing import FrameBuffer
from rfid.llrp.parameters.basic import Custom, LLRPStatus, Uptime, UTCTimestamp
from rfid.llrp.parameters.c1g2 import C1G2InventoryCommand, C1G2SingulationControl
from rfid.llrp.parameters.config import AntennaConfiguration, KeepaliveSpec
from rfid.llrp.parameters.events import (
    AntennaEvent,
    ConnectionAttemptEvent,
    ConnectionCloseEvent,
    ReaderEventNotificationData,
    ReaderExceptionEvent,
    ReportBufferOverflowErrorEvent,
    ROSpecEvent,
)
from rfid.llrp.parameters.reporting import EPC96, ROReportSpec, TagReportData
from rfid.llrp.parameters.rospec import AISpec, InventoryParameterSpec, ROSpec
from rfid.llrp.plan import RO_SPEC_ID
from rfid.llrp.report import Instant
from rfid.llrp.session import Session, State
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
    TagObservation,
)
from simulators.llrp_reader.machine import ReaderMachine
from simulators.llrp_reader.profile import ReaderProfile

START = Instant(1_000_000, 1_600_000_000_000_000)
REPORT = m.ROAccessReport((TagReportData((EPC96(bytes(11) + b"\x01"),)),))


def at_ms(ms: int) -> Instant:
    return Instant(START.mono_us + ms * 1000, START.utc_us + ms * 1000)


def notify(*events: Parameter, stamp: Parameter | None = None) -> bytes:
    data = ReaderEventNotificationData((stamp or UTCTimestamp(START.utc_us + 250), *events))
    return encode_frame(Frame(m.ReaderEventNotification((data,)), 0))


def say(message: Message, message_id: int = 0) -> bytes:
    return encode_frame(Frame(message, message_id))


def status(code: int) -> tuple[LLRPStatus]:
    return (LLRPStatus(code, "because"),)


GREETING = notify(ConnectionAttemptEvent(0))


class Pair:
    """A session and a reader machine over a fake link; `requests` is what the session asked."""

    def __init__(self, settings: ReaderSettings | None = None, profile: ReaderProfile | None = None) -> None:
        self.session = Session("r", settings or ReaderSettings(), START)
        self.machine = ReaderMachine(profile or ReaderProfile())
        self.requests: list[Message] = []
        self.seen: list[ReaderObservation] = self.session.receive(GREETING, START)

    def talk(self, now: Instant = START) -> list[ReaderObservation]:
        """Let both sides talk until neither has anything to say."""
        while outgoing := self.session.take_outgoing():
            for raw in FrameBuffer().feed(outgoing):
                frame = decode_frame(raw)
                self.requests.append(frame.message)
                for answer in self.machine.answer(frame.message):
                    self.seen += self.session.receive(say(answer, frame.message_id), now)
        return self.seen


def kinds(seen: list[ReaderObservation]) -> list[str]:
    return [type(observation).__name__ for observation in seen]


def test_nothing_is_asked_before_the_reader_greets() -> None:
    session = Session("r", ReaderSettings(), START)
    assert session.take_outgoing() == b""
    session.receive(GREETING, START)
    assert session.take_outgoing() != b""


def test_handshake_configures_a_reader_for_a_lane() -> None:
    pair = Pair()
    assert kinds(pair.talk()) == ["ReaderConnected", "ReaderReading"]
    assert [type(request).__name__ for request in pair.requests] == [
        "GetReaderCapabilities",
        "DeleteAccessSpec",
        "DeleteROSpec",
        "SetReaderConfig",
        "AddROSpec",
        "EnableROSpec",
    ]
    assert pair.machine.keepalive_ms == 1000
    spec = pair.machine.ro_specs.active_on(3)
    assert spec is not None
    report = spec.first(ROReportSpec)
    assert report is not None
    assert report.n == 1


@pytest.mark.parametrize("gen2_session", [0, 1])
def test_gen2_session_is_the_one_configured(gen2_session: int) -> None:
    pair = Pair(ReaderSettings(session=gen2_session, antennas=(2,)))
    pair.talk()
    spec = pair.machine.ro_specs.active_on(2)
    assert isinstance(spec, ROSpec)
    element: Message | Parameter = spec
    path = (AISpec, InventoryParameterSpec, AntennaConfiguration, C1G2InventoryCommand, C1G2SingulationControl)
    for kind in path:
        found = element.first(kind)
        assert found is not None
        element = found
    assert isinstance(element, C1G2SingulationControl)
    assert element.session == gen2_session
    assert pair.machine.ro_specs.active_on(1) is None


@pytest.mark.parametrize("gen2_session", [2, 3])
def test_sessions_that_silence_a_tag_are_refused(gen2_session: int) -> None:
    with pytest.raises(ValueError, match="only S0 or S1"):
        ReaderSettings(session=gen2_session)


def test_clock_offset_is_measured_from_the_greeting() -> None:
    (connected,) = Session("r", ReaderSettings(), START).receive(GREETING, START)
    assert connected == ReaderConnected("r", START.mono_us, 250)


def test_reader_without_utc_clock_has_no_offset() -> None:
    greeting = notify(ConnectionAttemptEvent(0), stamp=Uptime(77))
    (connected,) = Session("r", ReaderSettings(), START).receive(greeting, START)
    assert connected == ReaderConnected("r", START.mono_us, None)


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_busy_reader_ends_the_session(code: int) -> None:
    session = Session("r", ReaderSettings(), START)
    (lost,) = session.receive(notify(ConnectionAttemptEvent(code)), START)
    assert isinstance(lost, ReaderLost)
    assert (lost.loss, session.state) == (Loss.BUSY, State.ENDED)


def test_somebody_else_knocking_does_not_end_ours() -> None:
    pair = Pair()
    pair.talk()
    (fault,) = pair.session.receive(notify(ConnectionAttemptEvent(4)), START)
    assert isinstance(fault, ReaderFault)
    assert pair.session.state is State.READING


@pytest.mark.parametrize("before", [b"", GREETING])
def test_reports_are_used_in_every_state(before: bytes) -> None:
    session = Session("r", ReaderSettings(), START)
    session.receive(before, START)
    seen = session.receive(say(REPORT), START)
    assert [type(observation) for observation in seen] == [TagObservation]


def test_each_keepalive_is_acknowledged() -> None:
    pair = Pair()
    pair.talk()
    pair.session.receive(say(m.Keepalive(), 9) * 2, at_ms(1000))
    frames = [decode_frame(raw).message for raw in FrameBuffer().feed(pair.session.take_outgoing())]
    assert frames == [m.KeepaliveAck(), m.KeepaliveAck()]


def test_three_missed_keepalives_end_the_session() -> None:
    pair = Pair()
    pair.talk()
    assert pair.session.tick(at_ms(3100)) == []
    pair.session.receive(say(m.Keepalive()), at_ms(3150))
    assert pair.session.tick(at_ms(6300)) == []
    (lost,) = pair.session.tick(at_ms(6350))
    assert isinstance(lost, ReaderLost)
    assert lost.loss is Loss.SILENT
    assert pair.session.receive(say(REPORT), at_ms(6400)) == []


def test_a_reader_that_never_greets_is_silent() -> None:
    session = Session("r", ReaderSettings(), START)
    (lost,) = session.tick(Instant(session.deadline_us, START.utc_us))
    assert isinstance(lost, ReaderLost)
    assert lost.loss is Loss.SILENT


def test_refused_requests_that_we_can_do_without_do_not_end_it() -> None:
    profile = ReaderProfile(refuses_delete_of_nothing=True, refuses=frozenset({1, 41}))
    pair = Pair(profile=profile)
    pair.talk()
    refused = [observation for observation in pair.seen if isinstance(observation, RequestRefused)]
    assert [observation.request for observation in refused] == [
        "GetReaderCapabilities",
        "DeleteAccessSpec",
        "DeleteROSpec",
    ]
    assert [observation.status for observation in refused] == [109, 109, 101]
    assert isinstance(pair.seen[-1], ReaderReading)


@pytest.mark.parametrize("number", [m.AddROSpec.number, m.EnableROSpec.number])
def test_a_reader_that_refuses_the_inventory_is_lost(number: int) -> None:
    pair = Pair(profile=ReaderProfile(refuses=frozenset({number})))
    lost = pair.talk()[-1]
    assert isinstance(lost, ReaderLost)
    assert lost.loss is Loss.REFUSED
    assert "M_UNSUPPORTED_MESSAGE (109)" in lost.reason


def test_refused_configuration_falls_back_to_keepalives_alone_and_then_to_asking() -> None:
    pair = Pair(profile=ReaderProfile(refuses=frozenset({m.SetReaderConfig.number})))
    pair.talk()
    tries = [request for request in pair.requests if isinstance(request, m.SetReaderConfig)]
    assert [len(request.parameters) for request in tries] == [4, 1]
    assert isinstance(tries[1].parameters[0], KeepaliveSpec)
    assert pair.session.state is State.READING
    for second in range(1, 8):
        assert pair.session.tick(at_ms(second * 1000)) == []
        pair.talk(at_ms(second * 1000))
    assert sum(isinstance(request, m.GetReaderConfig) for request in pair.requests) == 7


def test_error_message_for_something_else_is_news_not_an_end() -> None:
    pair = Pair()
    pair.talk()
    (refused,) = pair.session.receive(say(m.ErrorMessage(status(109)), 12345), START)
    assert isinstance(refused, RequestRefused)
    assert pair.session.state is State.READING


def test_answers_to_other_ids_are_ignored() -> None:
    session = Session("r", ReaderSettings(), START)
    session.receive(GREETING, START)
    first = session.take_outgoing()
    assert session.receive(say(m.GetReaderCapabilitiesResponse(status(0)), 4711), START) == []
    assert session.receive(say(m.AddROSpecResponse(status(0)), decode_frame(first).message_id), START) == []
    assert session.take_outgoing() == b""


def test_an_unanswered_request_is_skipped_while_the_reader_lives() -> None:
    session = Session("r", ReaderSettings(), START)
    session.receive(GREETING, START)
    asked = decode_frame(session.take_outgoing()).message
    session.receive(say(m.Keepalive()), at_ms(2900))
    session.take_outgoing()
    (refused,) = session.tick(at_ms(3000))
    assert isinstance(refused, RequestRefused)
    assert decode_frame(session.take_outgoing()).message != asked


def test_an_unanswered_inventory_is_the_end() -> None:
    pair = Pair(profile=ReaderProfile())
    while True:
        raw = pair.session.take_outgoing()
        frame = decode_frame(raw)
        if isinstance(frame.message, m.AddROSpec):
            break
        for answer in pair.machine.answer(frame.message):
            pair.session.receive(say(answer, frame.message_id), START)
    pair.session.receive(say(m.Keepalive()), at_ms(2900))
    seen = pair.session.tick(at_ms(3000))
    assert kinds(seen) == ["RequestRefused", "ReaderLost"]


def test_a_bad_frame_is_rejected_and_the_next_one_used() -> None:
    pair = Pair()
    pair.talk()
    bad = bytearray(say(REPORT))
    bad[-13] = 0x8E  # EPC-96 becomes SpecIndex: the rest cannot be read
    rejected, *others = pair.session.receive(bytes(bad) + say(REPORT), START)
    assert isinstance(rejected, FrameRejected)
    assert kinds(others) == ["TagObservation"]


def test_garbage_ends_the_session_with_a_clear_reason() -> None:
    pair = Pair()
    pair.talk()
    tag, lost = pair.session.receive(say(REPORT) + b"HTTP/1.1 400 Bad Request", START)
    assert isinstance(tag, TagObservation)
    assert isinstance(lost, ReaderLost)
    assert lost.loss is Loss.GARBAGE
    assert "48 54 54 50" in lost.reason


def test_news_of_antennas_and_troubles() -> None:
    pair = Pair()
    pair.talk()
    seen = pair.session.receive(
        notify(AntennaEvent(0, 2)) + notify(ReaderExceptionEvent("hot")) + notify(ReportBufferOverflowErrorEvent()),
        START,
    )
    assert seen[0] == AntennaChanged("r", START.mono_us, 2, False)
    assert [type(observation) for observation in seen[1:]] == [ReaderFault, ReaderFault]


@pytest.mark.parametrize(
    ("event", "loss"),
    [(ConnectionCloseEvent(), Loss.CLOSED), (ROSpecEvent(1, RO_SPEC_ID, 0), Loss.STOPPED)],
)
def test_events_that_end_it(event: Parameter, loss: Loss) -> None:
    pair = Pair()
    pair.talk()
    (lost,) = pair.session.receive(notify(event), START)
    assert isinstance(lost, ReaderLost)
    assert lost.loss is loss


def test_the_end_of_somebody_elses_rospec_is_none_of_ours() -> None:
    pair = Pair()
    pair.talk()
    assert pair.session.receive(notify(ROSpecEvent(1, RO_SPEC_ID + 1, 0)), START) == []


def test_a_stream_that_ends_inside_a_frame_says_so() -> None:
    pair = Pair()
    pair.talk()
    pair.session.receive(say(REPORT)[:7], START)
    (lost,) = pair.session.end_of_stream(START)
    assert isinstance(lost, ReaderLost)
    assert "7 bytes of an unfinished frame dropped" in lost.reason


def test_goodbye_is_said_and_answered() -> None:
    pair = Pair()
    pair.talk()
    pair.session.close()
    lost = pair.talk()[-1]
    assert pair.requests[-1] == m.CloseConnection()
    assert isinstance(lost, ReaderLost)
    assert lost.loss is Loss.GOODBYE


def test_tid_is_read_when_asked_for() -> None:
    pair = Pair(ReaderSettings(read_tid=True))
    pair.talk()
    assert pair.machine.access_specs.active() is not None
    assert isinstance(pair.seen[-1], ReaderReading)


def test_factory_reset_comes_first_when_asked_for() -> None:
    pair = Pair(ReaderSettings(reset_to_factory_default=True))
    pair.talk()
    assert pair.requests[1] == m.SetReaderConfig(True)


def test_an_impinj_reader_is_asked_to_let_go_of_dead_clients() -> None:
    # The simulated reader knows no custom messages: it refuses the first step and takes the second.
    pair = Pair(profile=ReaderProfile(manufacturer=25882))
    pair.talk()
    assert pair.requests[1] == m.CustomMessage(25882, 21, bytes(4))
    assert pair.requests[2] == m.SetReaderConfig(False, (Custom(25882, 38, bytes.fromhex("00010003")),))
    assert isinstance(pair.seen[-1], ReaderReading)
