"""Frames of one camera: the ring that remembers the last seconds, and the parser of the MJPEG stream.

Comes in: JPEG bytes with the monotonic time of their arrival; bytes of `multipart/x-mixed-replace`.
Goes out: the frames nearest to a trigger.
Must never happen: a slow reader ages the stream. The ring drops old frames by itself, and nothing waits for a reader.

Everything here is sans-IO: times are arguments. The HTTP side is `anpr.mjpeg`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

JPEG_START = b"\xff\xd8\xff"
JPEG_END = b"\xff\xd9"
PART_BYTES_MAX = 8 * 1024 * 1024
"""A 4K JPEG of the best quality stays below this; without a limit a broken camera could fill the memory."""
HEADER_BYTES_MAX = 8 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """One JPEG and when its last byte arrived (monotonic microseconds of this machine)."""

    jpeg: bytes
    received_mono_us: int


class FrameRing:
    """The last `span_us` of one camera, at most `frames_max` frames. One writer, any number of readers."""

    def __init__(self, span_us: int = 3_000_000, frames_max: int = 120) -> None:
        if span_us <= 0 or frames_max <= 0:
            raise ValueError(f"a ring needs a positive span and size, not {span_us} us and {frames_max} frames")
        self._span_us = span_us
        self._frames: deque[Frame] = deque(maxlen=frames_max)

    def __len__(self) -> int:
        return len(self._frames)

    def push(self, frame: Frame) -> None:
        """Appends a frame and forgets those more than the span older than it."""
        self._frames.append(frame)
        oldest_us = frame.received_mono_us - self._span_us
        while self._frames[0].received_mono_us < oldest_us:
            self._frames.popleft()

    def latest(self) -> Frame | None:
        """The newest frame, or None before the first."""
        return self._frames[-1] if self._frames else None

    def nearest(self, at_mono_us: int, count: int = 3, within_us: int | None = None) -> tuple[Frame, ...]:
        """Up to `count` frames nearest to `at_mono_us`, in order of arrival; `within_us` limits the distance."""
        by_distance = sorted(self._frames, key=lambda frame: abs(frame.received_mono_us - at_mono_us))
        if within_us is not None:
            by_distance = [frame for frame in by_distance if abs(frame.received_mono_us - at_mono_us) <= within_us]
        return tuple(sorted(by_distance[:count], key=lambda frame: frame.received_mono_us))

    def between(self, from_mono_us: int, to_mono_us: int) -> tuple[Frame, ...]:
        """Frames that arrived in the closed interval, in order of arrival."""
        return tuple(frame for frame in self._frames if from_mono_us <= frame.received_mono_us <= to_mono_us)


class MultipartParser:
    """Bytes of `multipart/x-mixed-replace` in, whole JPEGs out; RFC 2046 section 5.1, as cameras really send it.

    With Content-Length the body is taken by length, else up to the next boundary. A part that is not a whole JPEG is
    dropped and counted in `rejected` (reason → parts); after garbage the parser finds the next boundary by itself.
    """

    def __init__(self, boundary: str, part_bytes_max: int = PART_BYTES_MAX) -> None:
        # Many cameras put the two dashes into the boundary parameter as well.
        self._delimiter = b"--" + boundary.strip().strip('"').removeprefix("--").encode("latin-1", "replace")
        self._part_bytes_max = part_bytes_max
        self._buffer = bytearray()
        self.rejected: dict[str, int] = {}

    def feed(self, received: bytes) -> list[bytes]:
        """Takes what came from the socket; gives the JPEGs that became complete."""
        self._buffer += received
        frames: list[bytes] = []
        while (part := self._next_part()) is not None:
            if part.startswith(JPEG_START) and part.rstrip(b"\r\n\0").endswith(JPEG_END):
                frames.append(part)
            elif part:
                self._reject("not a whole JPEG")
        return frames

    def _reject(self, reason: str) -> None:
        self.rejected[reason] = self.rejected.get(reason, 0) + 1

    def _next_part(self) -> bytes | None:
        """The next part's body and the buffer moved past it; b"" for a part to skip; None to wait for more bytes."""
        start = self._buffer.find(self._delimiter)
        if start < 0:
            return self._wait_or_drop(self._part_bytes_max, keep=len(self._delimiter))
        headers_at = start + len(self._delimiter)
        headers_end = self._buffer.find(b"\r\n\r\n", headers_at)
        if headers_end < 0:
            return self._wait_or_drop(start + HEADER_BYTES_MAX, keep=len(self._delimiter))
        return self._body(_content_length(bytes(self._buffer[headers_at:headers_end])), headers_end + 4)

    def _body(self, length: int | None, body_at: int) -> bytes | None:
        if length is not None and length <= self._part_bytes_max:
            if len(self._buffer) < body_at + length:
                return self._cut_short(body_at)
            return self._take(body_at, body_at + length)
        end = self._buffer.find(b"\r\n" + self._delimiter, body_at)
        if end < 0:
            return self._wait_or_drop(body_at + self._part_bytes_max, keep=len(self._delimiter) + 2)
        return self._take(body_at, end)

    def _cut_short(self, body_at: int) -> bytes | None:
        """A camera that announces more than it sends starts the next part early: drop the short one."""
        following = self._buffer.find(b"\r\n" + self._delimiter + b"\r\n", body_at)
        if following < 0:
            return None
        del self._buffer[: following + 2]
        self._reject("shorter than announced")
        return b""

    def _take(self, body_at: int, end: int) -> bytes:
        part = bytes(self._buffer[body_at:end])
        del self._buffer[:end]
        return part

    def _wait_or_drop(self, bytes_max: int, keep: int) -> bytes | None:
        if len(self._buffer) <= bytes_max:
            return None
        del self._buffer[:-keep]
        self._reject("no boundary")
        return None


def _content_length(headers: bytes) -> int | None:
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return None
