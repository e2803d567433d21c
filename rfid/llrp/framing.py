"""Cuts a byte stream into LLRP frames.

In: bytes as they arrive, in pieces of any size. Out: whole frames. A header that cannot be LLRP raises `FramingError`:
from then on nothing in the stream can be trusted. At most one unfinished frame is held, never more than `length_max`.
A buffer belongs to one connection; a new connection gets a new one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rfid.llrp.errors import FramingError

HEADER_SIZE = 10
VERSION_1_0_1 = 1
VERSION_1_1 = 2

# The longest legitimate frame is a report of everything that was held during an outage. With every field enabled a tag
# takes about 150 bytes, so 1 MiB is about 7000 tags, far beyond what stands in a lane; a declared length above it is
# garbage (or an attack), and believing it would cost up to 4 GiB per reader.
FRAME_LENGTH_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """3 reserved bits, 3 bits version, 10 bits type, 32 bits length, 32 bits message id (LLRP 1.0.1 section 16.1)."""

    version: int
    kind: int
    length: int
    message_id: int

    @classmethod
    def parse(cls, data: bytes, length_max: int = FRAME_LENGTH_MAX) -> "FrameHeader":
        """Read the first 10 bytes; FramingError if they cannot be an LLRP header."""
        if len(data) < HEADER_SIZE:
            raise FramingError(f"a frame header has {HEADER_SIZE} bytes, {len(data)} given")
        word = int.from_bytes(data[:2])
        header = cls((word >> 10) & 0b111, word & 0x3FF, int.from_bytes(data[2:6]), int.from_bytes(data[6:10]))
        if word >> 13 or header.version not in (VERSION_1_0_1, VERSION_1_1):
            raise FramingError(
                f"bytes {data[:HEADER_SIZE].hex(' ')} are no LLRP 1.0.1 or 1.1 header; is this the reader?"
            )
        if not HEADER_SIZE <= header.length <= length_max:
            raise FramingError(
                f"frame of type {header.kind} declares {header.length} bytes, allowed are {HEADER_SIZE}…{length_max}"
            )
        return header

    def encode(self) -> bytes:
        """The 10 bytes."""
        word = self.version << 10 | self.kind
        return word.to_bytes(2) + self.length.to_bytes(4) + self.message_id.to_bytes(4)


class FrameBuffer:
    """Collects received bytes and gives out whole frames."""

    def __init__(self, length_max: int = FRAME_LENGTH_MAX) -> None:
        self._held = bytearray()
        self._length_max = length_max

    def __len__(self) -> int:
        """Bytes held that are not yet given out."""
        return len(self._held)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes and yield each frame that is now whole; FramingError where the stream stops being LLRP."""
        self._held += data
        while len(self._held) >= HEADER_SIZE:
            length = FrameHeader.parse(bytes(self._held[:HEADER_SIZE]), self._length_max).length
            if len(self._held) < length:
                return
            frame = bytes(self._held[:length])
            del self._held[:length]
            yield frame
