"""Turns the annotated fields of one LLRP class into a reader and a writer of its fixed part.

In: a class whose annotations are types of `fields`. Out: a `Layout` that reads the values in order from bytes and
writes them back. Neighbouring bit fields are read as one integer and split by shift and mask; a run that does not end
on a byte is filled up with reserved bits. It must never read past the end that the caller names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_type_hints

from rfid.llrp.errors import DecodeError, EncodeError
from rfid.llrp.fields import Bits, VariableField


@dataclass(frozen=True, slots=True)
class _Part:
    """One bit field inside a block: `(block >> shift) & mask`."""

    name: str
    shift: int
    mask: int
    signed: bool
    flag: bool

    def split(self, block: int) -> int | bool:
        value = (block >> self.shift) & self.mask
        if self.flag:
            return value != 0
        if self.signed and value > self.mask >> 1:
            return value - self.mask - 1
        return value

    def place(self, value: int) -> int:
        low, high = (-(self.mask >> 1) - 1, self.mask >> 1) if self.signed else (0, self.mask)
        if not low <= value <= high:
            raise EncodeError(f"{self.name}={value} is outside {low}…{high}")
        return (int(value) & self.mask) << self.shift


@dataclass(frozen=True, slots=True)
class _Block:
    """Bit fields that together fill `size` whole bytes."""

    size: int
    parts: tuple[_Part, ...]

    def read(self, data: bytes, at: int, end: int, values: list[Any]) -> int:
        if at + self.size > end:
            raise DecodeError(f"{self.parts[0].name} needs {self.size} bytes, {max(0, end - at)} left")
        block = int.from_bytes(data[at : at + self.size])
        values.extend([part.split(block) for part in self.parts])
        return at + self.size

    def write(self, element: object) -> bytes:
        return sum(part.place(getattr(element, part.name)) for part in self.parts).to_bytes(self.size)


@dataclass(frozen=True, slots=True)
class _Variable:
    """One field that sizes itself."""

    name: str
    field: VariableField

    def read(self, data: bytes, at: int, end: int, values: list[Any]) -> int:
        try:
            value, at = self.field.read(data, at, end)
        except DecodeError as error:
            raise DecodeError(f"{self.name}: {error}") from None
        values.append(value)
        return at

    def write(self, element: object) -> bytes:
        try:
            return self.field.write(getattr(element, self.name))
        except EncodeError as error:
            raise EncodeError(f"{self.name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Layout:
    """Reader and writer of a class's own fields, sub-parameters excluded."""

    steps: tuple[_Block | _Variable, ...]

    def read(self, data: bytes, at: int, end: int) -> tuple[list[Any], int]:
        """Values in field order and the offset behind the last; DecodeError if they do not fit before `end`."""
        values: list[Any] = []
        for step in self.steps:
            at = step.read(data, at, end, values)
        return values, at

    def write(self, element: object) -> bytes:
        """The fields' bytes; EncodeError names the field whose value does not fit."""
        return b"".join(step.write(element) for step in self.steps)


def layout_of(cls: type, names: Iterable[str]) -> Layout:
    """Compile the layout of the named fields of `cls` from their annotations."""
    hints = get_type_hints(cls, include_extras=True)
    steps: list[_Block | _Variable] = []
    run: list[tuple[str, Bits, bool]] = []
    for name in names:
        kind = hints[name].__metadata__[0]
        if isinstance(kind, Bits):
            run.append((name, kind, hints[name].__origin__ is bool))
            continue
        steps += [*_block(run), _Variable(name, kind)]
        run = []
    return Layout((*steps, *_block(run)))


def _block(run: list[tuple[str, Bits, bool]]) -> list[_Block]:
    """Place a run of bit fields; each byte-wide field starts on a byte, whatever small fields come before it."""
    if not run:
        return []
    placed: list[tuple[str, Bits, bool, int]] = []
    at = 0
    for name, bits, flag in run:
        at += bits.reserved_before
        if bits.width >= 8:
            at = (at + 7) // 8 * 8
        at += bits.width
        placed.append((name, bits, flag, at))
        at += bits.reserved_after
    size = (at + 7) // 8
    parts = (_Part(name, size * 8 - end, (1 << bits.width) - 1, bits.signed, flag) for name, bits, flag, end in placed)
    return [_Block(size, tuple(parts))]
