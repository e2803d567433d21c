"""Bytes of the native protocol: a reader that waits for what it needs, and encoders of the primitive types.

In: a function that gives the next bytes of a peer. Out: numbers, strings, raw spans. Encoding as in ClickHouse's native
protocol: LEB128 varints, strings with varint length, little-endian fixed numbers. A length beyond its limit is a
ProtocolError, never an allocation.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

TEXT_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""Longest string that is accepted; a SQL text or a cell beyond it is taken for garbage."""

_COMPACT_BYTES: Final = 1024 * 1024


class ProtocolError(Exception):
    """The peer does not speak the native protocol (or not as we know it). The connection cannot go on."""


class PeerGone(Exception):  # noqa: N818 - an event, not a fault
    """The peer closed the connection."""


class ByteReader:
    """Reads from `more` (empty bytes: the peer is gone) and can hand out the raw span since a mark."""

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more = more
        self._buffer = bytearray()
        self._at = 0
        self._mark: int | None = None

    def need(self, count: int) -> None:
        """Wait until `count` unread bytes are here."""
        while len(self._buffer) - self._at < count:
            if self._mark is None and self._at > _COMPACT_BYTES:
                del self._buffer[: self._at]
                self._at = 0
            chunk = self._more()
            if not chunk:
                raise PeerGone
            self._buffer += chunk

    def mark(self) -> None:
        """Begin a span."""
        self._mark = self._at

    def since_mark(self) -> bytes:
        """End the span: everything read since `mark`."""
        if self._mark is None:
            raise RuntimeError("since_mark without mark")
        span = bytes(memoryview(self._buffer)[self._mark : self._at])
        self._mark = None
        return span

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        self.need(count)
        self._at += count
        return bytes(memoryview(self._buffer)[self._at - count : self._at])

    def skip(self, count: int) -> None:
        """Step over `count` bytes."""
        self.need(count)
        self._at += count

    def uint8(self) -> int:
        """One byte."""
        self.need(1)
        self._at += 1
        return self._buffer[self._at - 1]

    def uint64(self) -> int:
        """Eight bytes, little-endian."""
        return int.from_bytes(self.take(8), "little")

    def varint(self) -> int:
        """LEB128, at most 64 bits."""
        value = shift = 0
        while True:
            part = self.uint8()
            value |= (part & 0x7F) << shift
            if part < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ProtocolError("a varint of more than 64 bits")

    def text(self, limit: int = TEXT_LIMIT_BYTES) -> str:
        """A UTF-8 string of at most `limit` bytes."""
        length = self.varint()
        if length > limit:
            raise ProtocolError(f"a string of {length} bytes where at most {limit} are expected")
        return self.take(length).decode("utf-8", errors="surrogateescape")

    def skip_strings(self, count: int) -> None:
        """Step over `count` strings: the one loop that runs per cell, so it works on the buffer itself."""
        for _ in range(count):
            at = self._at
            if at < len(self._buffer) and (length := self._buffer[at]) < 0x80:
                self._at = at + 1
            else:
                length = self.varint()
            if length > TEXT_LIMIT_BYTES:
                raise ProtocolError(f"a cell of {length} bytes; at most {TEXT_LIMIT_BYTES} are accepted")
            if self._at + length > len(self._buffer):
                self.need(length)
            self._at += length

    def idle(self) -> bool:
        """True when nothing that was received is unread."""
        return self._at == len(self._buffer)


def varint(value: int) -> bytes:
    """LEB128 of a number from 0."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value: str) -> bytes:
    """A string with its length."""
    data = value.encode("utf-8", errors="surrogateescape")
    return varint(len(data)) + data


def int32(value: int) -> bytes:
    """Four bytes, signed, little-endian."""
    return struct.pack("<i", value)
