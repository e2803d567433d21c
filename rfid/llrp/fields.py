"""Field types of LLRP 1.0.1 (section 15.2.1 "Data types") as annotations.

A parameter or message class names its fields with these types; `layout` turns the annotations into a reader and writer.
Everything is big-endian. Variable fields carry their element count in 16 bits, except `Rest`, which runs to the end of
its parameter. A declared count is checked against the bytes at hand before anything is allocated.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from rfid.llrp.errors import DecodeError, EncodeError

COUNT_MAX = 0xFFFF  # every count is 16 bits wide


class VariableField(Protocol):
    """Reads and writes one field whose size is known only from its contents."""

    def read(self, data: bytes, at: int, end: int) -> tuple[Any, int]:
        """Return the value that starts at `at` and the offset behind it; never looks at or past `end`."""

    def write(self, value: Any) -> bytes:
        """Return the field's bytes, count included."""


@dataclass(frozen=True, slots=True)
class Bits:
    """An integer or flag of `width` bits, with reserved bits around it (written as 0, ignored when read)."""

    width: int
    signed: bool = False
    reserved_before: int = 0
    reserved_after: int = 0


@dataclass(frozen=True, slots=True)
class BitString:
    """A string of `bits` bits, most significant first; unused bits of the last byte are kept as they came."""

    bits: int
    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) != (self.bits + 7) // 8:
            raise EncodeError(f"{self.bits} bits need {(self.bits + 7) // 8} bytes, not {len(self.data)}")


def _take(data: bytes, at: int, end: int, size: int) -> tuple[bytes, int]:
    if at + size > end:
        raise DecodeError(f"{size} bytes declared, {max(0, end - at)} left")
    return data[at : at + size], at + size


def _count(data: bytes, at: int, end: int) -> tuple[int, int]:
    raw, at = _take(data, at, end, 2)
    return int.from_bytes(raw), at


def _write_count(count: int) -> bytes:
    if count > COUNT_MAX:
        raise EncodeError(f"{count} elements, LLRP allows {COUNT_MAX}")
    return count.to_bytes(2)


class Octets:
    """Bytes behind a 16-bit count (u8v)."""

    def read(self, data: bytes, at: int, end: int) -> tuple[bytes, int]:
        """See VariableField."""
        count, at = _count(data, at, end)
        return _take(data, at, end, count)

    def write(self, value: bytes) -> bytes:
        """See VariableField."""
        return _write_count(len(value)) + value


class Text:
    """UTF-8 text behind a 16-bit byte count (utf8v); bytes that are no UTF-8 survive a round trip as surrogates."""

    def read(self, data: bytes, at: int, end: int) -> tuple[str, int]:
        """See VariableField."""
        raw, at = Octets().read(data, at, end)
        return raw.decode(errors="surrogateescape"), at

    def write(self, value: str) -> bytes:
        """See VariableField."""
        return Octets().write(value.encode(errors="surrogateescape"))


@dataclass(frozen=True, slots=True)
class Integers:
    """Unsigned integers of `size` bytes behind a 16-bit count (u16v, u32v)."""

    size: int

    def read(self, data: bytes, at: int, end: int) -> tuple[tuple[int, ...], int]:
        """See VariableField."""
        count, at = _count(data, at, end)
        raw, at = _take(data, at, end, count * self.size)
        return tuple(int.from_bytes(raw[i : i + self.size]) for i in range(0, len(raw), self.size)), at

    def write(self, value: tuple[int, ...]) -> bytes:
        """See VariableField."""
        try:
            return _write_count(len(value)) + b"".join(number.to_bytes(self.size) for number in value)
        except OverflowError as error:
            raise EncodeError(f"{value} does not fit {self.size * 8} bits each") from error


class CountedBits:
    """A bit string behind a 16-bit count of bits (u1v), padded to whole bytes."""

    def read(self, data: bytes, at: int, end: int) -> tuple[BitString, int]:
        """See VariableField."""
        bits, at = _count(data, at, end)
        raw, at = _take(data, at, end, (bits + 7) // 8)
        return BitString(bits, raw), at

    def write(self, value: BitString) -> bytes:
        """See VariableField."""
        return _write_count(value.bits) + value.data


@dataclass(frozen=True, slots=True)
class FixedOctets:
    """Exactly `size` bytes (u96 of EPC-96)."""

    size: int

    def read(self, data: bytes, at: int, end: int) -> tuple[bytes, int]:
        """See VariableField."""
        return _take(data, at, end, self.size)

    def write(self, value: bytes) -> bytes:
        """See VariableField."""
        if len(value) != self.size:
            raise EncodeError(f"needs {self.size} bytes, got {len(value)}")
        return value


class RestOctets:
    """All bytes to the end of the parameter or message (bytesToEnd)."""

    def read(self, data: bytes, at: int, end: int) -> tuple[bytes, int]:
        """See VariableField."""
        return _take(data, at, end, end - at)

    def write(self, value: bytes) -> bytes:
        """See VariableField."""
        return value


Flag = Annotated[bool, Bits(1)]
U1 = Annotated[int, Bits(1)]
U2 = Annotated[int, Bits(2)]
U8 = Annotated[int, Bits(8)]
U16 = Annotated[int, Bits(16)]
U32 = Annotated[int, Bits(32)]
U64 = Annotated[int, Bits(64)]
S8 = Annotated[int, Bits(8, signed=True)]
S16 = Annotated[int, Bits(16, signed=True)]
U8Gap = Annotated[int, Bits(8, reserved_after=8)]  # one byte, then a reserved one
U96 = Annotated[bytes, FixedOctets(12)]
U8s = Annotated[bytes, Octets()]
U16s = Annotated[tuple[int, ...], Integers(2)]
U32s = Annotated[tuple[int, ...], Integers(4)]
BitArray = Annotated[BitString, CountedBits()]
Utf8 = Annotated[str, Text()]
Rest = Annotated[bytes, RestOctets()]
