"""The MJPEG parser: whole, byte by byte, and between any garbage."""

from hypothesis import given
from hypothesis import strategies as st

from anpr.frames import Frame, FrameRing, MultipartParser

JPEGS = st.lists(
    st.binary(max_size=60).map(lambda body: b"\xff\xd8\xff" + body.replace(b"--frame", b"") + b"\xff\xd9"),
    min_size=1,
    max_size=4,
)


def _stream(jpegs: list[bytes], with_length: bool) -> bytes:
    parts = []
    for jpeg in jpegs:
        length = f"Content-Length: {len(jpeg)}\r\n".encode() if with_length else b""
        parts.append(b"--frame\r\nContent-Type: image/jpeg\r\n" + length + b"\r\n" + jpeg + b"\r\n")
    return b"".join(parts) + b"--frame\r\n"


def _feed(data: bytes, size: int) -> tuple[list[bytes], MultipartParser]:
    parser = MultipartParser("frame")
    frames = [frame for at in range(0, len(data), size) for frame in parser.feed(data[at : at + size])]
    return frames, parser


@given(JPEGS, st.booleans(), st.integers(1, 50))
def test_any_chopping_gives_the_same_frames(jpegs: list[bytes], with_length: bool, size: int) -> None:
    data = _stream(jpegs, with_length)
    assert _feed(data, len(data))[0] == jpegs
    assert _feed(data, size)[0] == jpegs
    assert _feed(data, 1)[1].rejected == {}


@given(st.binary(max_size=200), JPEGS)
def test_garbage_in_front_is_passed_over(garbage: bytes, jpegs: list[bytes]) -> None:
    data = garbage.replace(b"--frame", b"") + b"\r\n" + _stream(jpegs, True)
    assert _feed(data, 7)[0] == jpegs


@given(st.binary(max_size=400), st.integers(1, 40))
def test_no_bytes_raise(garbage: bytes, size: int) -> None:
    _feed(b"--frame\r\n" + garbage + b"\r\n\r\n--frame" + garbage, size)


def test_a_part_that_is_no_jpeg_is_counted_and_the_next_one_comes() -> None:
    good = b"\xff\xd8\xff1\xff\xd9"
    frames, parser = _feed(_stream([b"half a picture", good], True), 5)
    assert frames == [good]
    assert parser.rejected == {"not a whole JPEG": 1}


def test_a_length_that_promises_too_much_loses_one_part_only() -> None:
    good = b"\xff\xd8\xff1\xff\xd9"
    lying = b"--frame\r\nContent-Length: 100000\r\n\r\n\xff\xd8\xff short\r\n"
    frames, parser = _feed(lying + _stream([good], True), 9)
    assert frames == [good]
    assert parser.rejected == {"shorter than announced": 1}


def test_endless_bytes_without_a_boundary_do_not_fill_the_memory() -> None:
    parser = MultipartParser("frame", part_bytes_max=1000)
    for _ in range(100):
        assert parser.feed(b"x" * 100) == []
    assert parser.rejected["no boundary"] >= 5
    good = b"\xff\xd8\xff1\xff\xd9"
    assert parser.feed(b"\r\n" + _stream([good], True)) == [good]


@given(
    st.lists(st.integers(0, 10_000_000), min_size=1, max_size=60).map(sorted),
    st.integers(0, 10_000_000),
    st.integers(1, 5),
)
def test_the_ring_gives_the_nearest_frames_of_its_span(times: list[int], at: int, count: int) -> None:
    ring = FrameRing(span_us=3_000_000, frames_max=20)
    for time_us in times:
        ring.push(Frame(b"", time_us))
    kept = [time_us for time_us in times if time_us >= times[-1] - 3_000_000][-20:]
    nearest = [frame.received_mono_us for frame in ring.nearest(at, count)]
    assert nearest == sorted(nearest)
    assert len(nearest) == min(count, len(kept))
    worst = max(abs(time_us - at) for time_us in nearest)
    assert sum(abs(time_us - at) < worst for time_us in kept) <= count
    assert ring.latest() == Frame(b"", times[-1])
