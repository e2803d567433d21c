"""Cutting the stream into frames: whole, byte by byte, with trailing bytes; and what is refused."""

import pytest

from rfid.llrp.errors import FramingError
from rfid.llrp.framing import FRAME_LENGTH_MAX, FrameBuffer, FrameHeader
from tests.unit.rfid import vectors

STREAM = vectors.SESSION.read_bytes()
KEEPALIVE = bytes.fromhex("043e0000000a00000007")


def test_whole_stream_gives_every_frame() -> None:
    buffer = FrameBuffer()
    assert b"".join(buffer.feed(STREAM)) == STREAM
    assert len(buffer) == 0


def test_stream_byte_by_byte_gives_the_same_frames() -> None:
    buffer = FrameBuffer()
    found = [frame for byte in STREAM for frame in buffer.feed(bytes((byte,)))]
    assert found == list(FrameBuffer().feed(STREAM))


def test_trailing_bytes_wait_for_the_rest() -> None:
    buffer = FrameBuffer()
    assert list(buffer.feed(KEEPALIVE + KEEPALIVE[:9])) == [KEEPALIVE]
    assert len(buffer) == 9
    assert list(buffer.feed(KEEPALIVE[9:])) == [KEEPALIVE]


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        (b"HTTP/1.1 200 OK\r\n", "no LLRP"),
        (bytes.fromhex("003e0000000a00000007"), "no LLRP"),  # version 0
        (bytes.fromhex("0c3e0000000a00000007"), "no LLRP"),  # version 3
        (bytes.fromhex("243e0000000a00000007"), "no LLRP"),  # a reserved bit
        (bytes.fromhex("043e0000000900000007"), "declares 9 bytes"),
        (bytes.fromhex("043effffffff00000007"), "declares 4294967295 bytes"),
        (bytes.fromhex("043e") + (FRAME_LENGTH_MAX + 1).to_bytes(4) + bytes(4), "declares 1048577 bytes"),
    ],
)
def test_a_header_that_cannot_be_llrp_ends_the_stream(header: bytes, complaint: str) -> None:
    with pytest.raises(FramingError, match=complaint):
        list(FrameBuffer().feed(header))


def test_frames_before_the_garbage_still_come_out() -> None:
    frames = FrameBuffer().feed(KEEPALIVE + b"garbage garbage")
    assert next(frames) == KEEPALIVE
    with pytest.raises(FramingError):
        next(frames)


def test_header_round_trip_keeps_every_field() -> None:
    header = FrameHeader(version=2, kind=1023, length=10, message_id=0xFFFFFFFF)
    assert FrameHeader.parse(header.encode()) == header
    with pytest.raises(FramingError, match="3 given"):
        FrameHeader.parse(b"abc")
