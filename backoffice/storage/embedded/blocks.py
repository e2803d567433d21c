"""Blocks of the native protocol: where one ends, and the empty block that tells a client its columns.

In: bytes of blocks, column types as text. Out: spans of whole blocks, never their values: cells pass through unread,
because the engine reads them. A column type whose length on the wire we do not know is refused before any data is
lost. Layout: ClickHouse `NativeReader` for clients before custom serialisation (revision 54454).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from backoffice.storage.embedded.wire import ByteReader, PeerGone, ProtocolError, text, varint

BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"
"""Field 1 (overflows) 0, field 2 (bucket) -1, end: stands before every block for clients of revision ≥ 51903."""

EMPTY: Final = BLOCK_INFO + b"\x00\x00"

_COLUMNS_MAX: Final = 10_000
_ROWS_MAX: Final = 1 << 28
_CELLS_BYTES_MAX: Final = 1 << 31

_SIZES: Final = (
    dict.fromkeys(("UInt8", "Int8", "Bool", "Enum8", "Nothing"), 1)
    | dict.fromkeys(("UInt16", "Int16", "Date", "Enum16", "BFloat16"), 2)
    | dict.fromkeys(("UInt32", "Int32", "Float32", "Date32", "DateTime", "IPv4", "Decimal32"), 4)
    | dict.fromkeys(("UInt64", "Int64", "Float64", "DateTime64", "Decimal64", "Time64"), 8)
    | dict.fromkeys(("UInt128", "Int128", "UUID", "IPv6", "Decimal128"), 16)
    | dict.fromkeys(("UInt256", "Int256", "Decimal256"), 32)
    | dict.fromkeys(("IntervalSecond", "IntervalMinute", "IntervalHour", "IntervalDay", "IntervalWeek"), 8)
    | dict.fromkeys(("IntervalMonth", "IntervalQuarter", "IntervalYear"), 8)
    | {"Time": 4}
)


class UnknownColumnType(ProtocolError):  # noqa: N818 - named as ClickHouse names it
    """A column type that this endpoint cannot carry in an INSERT; the text names it."""


class Shape(Protocol):
    """How the cells of one type lie on the wire."""

    def prefix(self, reader: ByteReader) -> None:
        """Step over what stands before the cells of a column."""

    def body(self, reader: ByteReader, rows: int) -> None:
        """Step over `rows` cells."""


@dataclass(frozen=True)
class _Fixed:
    size: int

    def prefix(self, reader: ByteReader) -> None:
        pass

    def body(self, reader: ByteReader, rows: int) -> None:
        if rows * self.size > _CELLS_BYTES_MAX:
            raise ProtocolError(f"a column of {rows} cells of {self.size} bytes")
        reader.skip(rows * self.size)


@dataclass(frozen=True)
class _Strings:
    def prefix(self, reader: ByteReader) -> None:
        pass

    def body(self, reader: ByteReader, rows: int) -> None:
        reader.skip_strings(rows)


@dataclass(frozen=True)
class _Nullable:
    inner: Shape

    def prefix(self, reader: ByteReader) -> None:
        self.inner.prefix(reader)

    def body(self, reader: ByteReader, rows: int) -> None:
        reader.skip(rows)
        self.inner.body(reader, rows)


@dataclass(frozen=True)
class _Array:
    inner: Shape

    def prefix(self, reader: ByteReader) -> None:
        self.inner.prefix(reader)

    def body(self, reader: ByteReader, rows: int) -> None:
        if not rows:
            return
        reader.skip(8 * (rows - 1))
        cells = reader.uint64()
        if cells > _ROWS_MAX:
            raise ProtocolError(f"arrays of {cells} cells in one block")
        self.inner.body(reader, cells)


@dataclass(frozen=True)
class _Tuple:
    parts: tuple[Shape, ...]

    def prefix(self, reader: ByteReader) -> None:
        for part in self.parts:
            part.prefix(reader)

    def body(self, reader: ByteReader, rows: int) -> None:
        for part in self.parts:
            part.body(reader, rows)


@dataclass(frozen=True)
class _LowCardinality:
    keys: Shape

    def prefix(self, reader: ByteReader) -> None:
        reader.skip(8)

    def body(self, reader: ByteReader, rows: int) -> None:
        if not rows:
            return
        flags = reader.uint64()
        if flags & 0x200:
            self.keys.body(reader, min(reader.uint64(), _ROWS_MAX + 1))
        count = reader.uint64()
        if count > _ROWS_MAX:
            raise ProtocolError(f"a dictionary column of {count} cells")
        reader.skip(count << (flags & 0xFF if flags & 0xFF < 4 else 0))


@lru_cache(maxsize=1024)
def shape(type_text: str) -> Shape:
    """How cells of `type_text` lie on the wire; UnknownColumnType when we cannot tell."""
    try:
        return _shape(type_text)
    except (ValueError, IndexError, StopIteration, RecursionError) as error:
        raise UnknownColumnType(f"{type_text[:100]!r} is no column type") from error


def _shape(type_text: str) -> Shape:
    name, _, rest = type_text.strip().partition("(")
    arguments = _split(rest[:-1]) if rest else []
    if name in _SIZES:
        return _Fixed(_SIZES[name])
    if name == "String":
        return _Strings()
    if name == "FixedString":
        return _Fixed(int(arguments[0]))
    if name == "Decimal":
        return _Fixed(_decimal_size(int(arguments[0])))
    if name == "SimpleAggregateFunction":
        return shape(arguments[-1])
    return _composite(name, arguments, type_text)


def _composite(name: str, arguments: Sequence[str], type_text: str) -> Shape:
    parts = tuple(_unnamed(part) for part in arguments)
    if name == "Nullable":
        return _Nullable(shape(parts[0]))
    if name == "Array":
        return _Array(shape(parts[0]))
    if name == "LowCardinality":
        inner = parts[0]
        return _LowCardinality(shape(inner[9:-1] if inner.startswith("Nullable(") else inner))
    if name == "Tuple":
        return _Tuple(tuple(shape(part) for part in parts))
    if name in ("Map", "Nested"):
        return _Array(_Tuple(tuple(shape(part) for part in parts)))
    raise UnknownColumnType(f"column type {type_text} cannot be sent to the embedded server; send it as String")


def _decimal_size(precision: int) -> int:
    return next(size for limit, size in ((9, 4), (18, 8), (38, 16), (76, 32)) if precision <= limit)


def _split(text_: str) -> list[str]:
    """Arguments of a type, split at the commas outside brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, letter in enumerate(text_):
        if letter == "'" and text_[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (letter == "(") - (letter == ")")
            if letter == "," and depth == 0:
                parts.append(text_[start:at].strip())
                start = at + 1
    parts.append(text_[start:].strip())
    return parts


def _unnamed(part: str) -> str:
    """The type of a tuple element that may carry a name: `a UInt8` → `UInt8`."""
    head, space, rest = part.partition(" ")
    return rest.strip() if space and "(" not in head else part


def skip_block(reader: ByteReader) -> tuple[int, int]:
    """Step over one block without block info; (columns, rows)."""
    columns, rows = reader.varint(), reader.varint()
    if columns > _COLUMNS_MAX or rows > _ROWS_MAX:
        raise ProtocolError(f"a block of {columns} columns and {rows} rows")
    for _ in range(columns):
        reader.skip_strings(1)
        form = shape(reader.text(limit=100_000))
        if rows:
            form.prefix(reader)
            form.body(reader, rows)
    return columns, rows


def skip_info(reader: ByteReader) -> None:
    """Step over the block info that stands before a block."""
    while field := reader.varint():
        if field not in (1, 2):
            raise ProtocolError(f"block info with field {field}")
        reader.skip(1 if field == 1 else 4)


def split(data: bytes) -> Iterator[bytes]:
    """The blocks in `data`, one by one."""
    chunks = iter((data,))
    reader = ByteReader(lambda: next(chunks, b""))
    while True:
        try:
            reader.need(1)
        except PeerGone:
            return
        reader.mark()
        skip_block(reader)
        yield reader.since_mark()


def header(columns: Sequence[tuple[str, str]]) -> bytes:
    """A block of these (name, type) and no rows."""
    cells = b"".join(text(name) + text(kind) for name, kind in columns)
    return varint(len(columns)) + varint(0) + cells
