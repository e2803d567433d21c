"""What a parameter and a message are, and the registers that know each by its number.

A class becomes part of the protocol through one decorator: `@tlv(177)`, `@tv(13)` or `@message(61)`, which makes it a
frozen slotted dataclass, compiles its layout and enters it in the register. Sub-parameters stay in wire order in
`parameters`, unknown ones included, so that decoding and encoding again gives the same bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, ClassVar, TypeVar, dataclass_transform

from rfid.llrp.layout import Layout, layout_of

_E = TypeVar("_E", bound="Element")
_P = TypeVar("_P", bound="Parameter")
_C = TypeVar("_C", bound="Element")


class Element:
    """A parameter or a message: numbered, with fields and perhaps sub-parameters."""

    __slots__ = ()
    number: ClassVar[int]  # type number on the wire
    layout: ClassVar[Layout]
    nests: ClassVar[bool]  # whether sub-parameters may follow the fields
    enums: ClassVar[dict[str, type[IntEnum]]]  # meaning of numeric fields, for people; unknown values stay numbers

    def every(self, kind: type[_P]) -> Iterator[_P]:
        """The direct sub-parameters of one class, in wire order."""
        held: tuple[Parameter, ...] = getattr(self, "parameters", ())
        return (parameter for parameter in held if isinstance(parameter, kind))

    def first(self, kind: type[_P]) -> _P | None:
        """The first direct sub-parameter of one class, or None."""
        held: tuple[Parameter, ...] = getattr(self, "parameters", ())
        for parameter in held:
            if isinstance(parameter, kind):
                return parameter
        return None


class Parameter(Element):
    """A unit inside a message: TLV (16-bit header and length) or TV (one byte of type, fixed length)."""

    __slots__ = ()


class Message(Element):
    """The contents of one frame; version and message id belong to the frame."""

    __slots__ = ()


Parameters = tuple[Parameter, ...]

TLVS: dict[int, type[Parameter]] = {}
TVS: dict[int, type[Parameter]] = {}
MESSAGES: dict[int, type[Message]] = {}


def _register(
    register: dict[int, type[_C]], number: int, enums: dict[str, type[IntEnum]]
) -> Callable[[type[_E]], type[_E]]:
    def enter(cls: type[_E]) -> type[_E]:
        made: Any = dataclass(frozen=True, slots=True)(cls)
        names = [field.name for field in fields(made)]
        made.number, made.enums, made.nests = number, enums, "parameters" in names
        made.layout = layout_of(made, [name for name in names if name != "parameters"])
        if number in register or not enums.keys() <= set(names):
            raise TypeError(f"{cls.__name__}: number {number} is taken, or an enum names no field")
        register[number] = made
        return made  # type: ignore[no-any-return]

    return enter


@dataclass_transform(frozen_default=True)
def tlv(number: int, **enums: type[IntEnum]) -> Callable[[type[_E]], type[_E]]:
    """Class decorator: a TLV parameter (types 128…1023); keywords give the enumeration of a field."""
    return _register(TLVS, number, enums)


@dataclass_transform(frozen_default=True)
def tv(number: int, **enums: type[IntEnum]) -> Callable[[type[_E]], type[_E]]:
    """Class decorator: a TV parameter (types 1…127)."""
    return _register(TVS, number, enums)


@dataclass_transform(frozen_default=True)
def message(number: int, **enums: type[IntEnum]) -> Callable[[type[_E]], type[_E]]:
    """Class decorator: a message."""
    return _register(MESSAGES, number, enums)


@dataclass(frozen=True, slots=True)
class OpaqueTlv(Parameter):
    """A TLV parameter that we do not know: kept whole, skipped by its length."""

    kind: int
    data: bytes


@dataclass(frozen=True, slots=True)
class OpaqueTv(Parameter):
    """A TV parameter that we do not know. TV has no length, so `data` is all that is left of the parent."""

    kind: int
    data: bytes


@dataclass(frozen=True, slots=True)
class OpaqueMessage(Message):
    """A message type that we do not know: kept whole."""

    kind: int
    data: bytes
