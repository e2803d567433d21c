"""Whatever bytes come, the decoder raises nothing but LlrpError and the session nothing at all."""

from contextlib import suppress
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from rfid.llrp.codec import decode_frame, decode_message, encode_frame, encode_message
from rfid.llrp.element import MESSAGES
from rfid.llrp.errors import LlrpError
from rfid.llrp.framing import FrameBuffer
from rfid.llrp.messages import ROAccessReport
from rfid.llrp.report import Instant
from rfid.llrp.session import Session, State
from rfid.llrp.settings import ReaderSettings
from rfid.observation import TagObservation
from tests.unit.rfid import vectors

FRAMES = vectors.frames(vectors.SESSION)
DISTINCT = sorted({frame[:2]: frame for frame in FRAMES}.values())
EPOCH = Instant(0, 0)
NUMBERS = sorted({*MESSAGES, 999})


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(NUMBERS), st.binary(max_size=300))
def test_random_payloads_decode_or_raise_llrp_error(number: int, payload: bytes) -> None:
    with suppress(LlrpError):
        message = decode_message(number, payload)
        # Reserved bits aside, what was understood can be said again and means the same.
        assert decode_message(number, encode_message(message)) == message


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(DISTINCT), st.data())
def test_damaged_frames_decode_or_raise_llrp_error(frame: bytes, data: st.DataObject) -> None:
    damaged = bytearray(frame)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for raw in (bytes(damaged), bytes(damaged[:cut])):
        with suppress(LlrpError):
            decoded = decode_frame(raw)
            assert decode_frame(encode_frame(decoded)) == decoded


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(10, 64))
def test_the_buffer_never_holds_more_than_a_frame(pieces: list[bytes], length_max: int) -> None:
    buffer = FrameBuffer(length_max)
    with suppress(LlrpError):
        for piece in pieces:
            for frame in buffer.feed(piece):
                assert len(frame) <= length_max
            assert len(buffer) < length_max


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from(DISTINCT)), max_size=8), st.integers(0, 10_000_000))
def test_a_session_survives_any_bytes_and_any_time(pieces: list[bytes], wait_us: int) -> None:
    session = Session("r", ReaderSettings(), EPOCH)
    now = EPOCH
    for piece in pieces:
        session.receive(piece, now)
        now = Instant(now.mono_us + wait_us, now.utc_us + wait_us)
        session.tick(now)
        session.take_outgoing()
    session.end_of_stream(now)
    assert session.state is State.ENDED


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=6))
def test_tags_do_not_depend_on_how_the_stream_is_cut(sizes: list[int]) -> None:
    stream = FRAMES[0] + b"".join(
        frame for frame in FRAMES if int.from_bytes(frame[:2]) & 0x3FF == ROAccessReport.number
    )
    session, at, seen = Session("r", ReaderSettings(), EPOCH), 0, []
    for size in cycle(sizes):
        seen += session.receive(stream[at : at + size], EPOCH)
        at += size
        if at >= len(stream):
            break
    assert sum(isinstance(observation, TagObservation) for observation in seen) == 130
