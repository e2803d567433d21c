"""Compressed frames of the native protocol: 16 bytes CityHash128, method, two lengths, data (LZ4 or zstd).

In: frames from a peer; plain bytes to send. Out: plain bytes; frames. A frame with wrong hash, method or lengths is
a ProtocolError: after it nothing that follows can be trusted. Layout: ClickHouse `CompressedReadBufferBase`.
"""

from __future__ import annotations

import struct
from typing import Final

import lz4.block
import zstd
from clickhouse_cityhash.cityhash import CityHash128  # type: ignore[import-untyped]

from backoffice.storage.embedded.wire import ByteReader, ProtocolError

NONE: Final = 0x02
LZ4: Final = 0x82
ZSTD: Final = 0x90

_HEADER: Final = struct.Struct("<BII")
_FRAME_LIMIT_BYTES: Final = 1024 * 1024 * 1024
_FRAME_PLAIN_BYTES: Final = 1024 * 1024
_HALVES: Final = struct.Struct("<QQ")
_MASK_64: Final = (1 << 64) - 1


class FrameReader:
    """Gives the plain bytes of one frame after the other; `method` is that of the newest frame."""

    def __init__(self, raw: ByteReader) -> None:
        self._raw = raw
        self.method = LZ4

    def __call__(self) -> bytes:
        expected = self._raw.take(16)
        head = self._raw.take(_HEADER.size)
        method, size, plain_size = _HEADER.unpack(head)
        if not _HEADER.size <= size <= _FRAME_LIMIT_BYTES or plain_size > _FRAME_LIMIT_BYTES:
            raise ProtocolError(f"a compressed frame of {size} bytes holding {plain_size}")
        body = self._raw.take(size - _HEADER.size)
        if _digest(head + body) != expected:
            raise ProtocolError("a compressed frame whose checksum does not match")
        self.method = method
        return _plain(method, body, plain_size)


def _plain(method: int, body: bytes, size: int) -> bytes:
    try:
        if method == LZ4:
            plain: bytes = lz4.block.decompress(body, uncompressed_size=size)
        elif method == ZSTD:
            plain = zstd.decompress(body)
        elif method == NONE:
            plain = body
        else:
            raise ProtocolError(f"a compressed frame of unknown method 0x{method:02x}; LZ4 and zstd are understood")
    except (lz4.block.LZ4BlockError, zstd.Error) as error:
        raise ProtocolError(f"a compressed frame that does not unpack: {error}") from error
    if len(plain) != size:
        raise ProtocolError(f"a compressed frame of {len(plain)} bytes that announced {size}")
    return plain


def _digest(data: bytes) -> bytes:
    """CityHash128 as it stands on the wire: the package's upper half comes first; each half is little-endian."""
    value: int = CityHash128(data)
    return _HALVES.pack(value >> 64 & _MASK_64, value & _MASK_64)


def compress(plain: bytes, method: int) -> bytes:
    """`plain` as frames of `method`, of about 1 MiB each."""
    parts = range(0, len(plain), _FRAME_PLAIN_BYTES)
    return b"".join(_frame(plain[at : at + _FRAME_PLAIN_BYTES], method) for at in parts)


def _frame(plain: bytes, method: int) -> bytes:
    if method == ZSTD:
        body: bytes = zstd.compress(plain, 1)
    elif method == NONE:
        body = plain
    else:
        body = lz4.block.compress(plain, store_size=False)
        method = LZ4
    framed = _HEADER.pack(method, _HEADER.size + len(body), len(plain)) + body
    return _digest(framed) + framed
