"""Frames ↔ messages. No I/O, no state.

In: the bytes of one whole frame, or a message. Out: a `Frame`, or bytes. Every declared length is checked; unknown
parameters and messages are kept as they came, so `encode_frame(decode_frame(b)) == b` for every well-formed frame whose
reserved bits are 0. It must never raise anything but `LlrpError`, whatever the bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rfid.llrp import messages, parameters
from rfid.llrp.element import MESSAGES, TLVS, TVS, Element, Message, OpaqueMessage, OpaqueTlv, OpaqueTv, Parameter
from rfid.llrp.errors import DecodeError, EncodeError
from rfid.llrp.framing import HEADER_SIZE, VERSION_1_0_1, FrameHeader

__all__ = ["Frame", "decode_frame", "decode_message", "encode_frame", "encode_message", "messages", "parameters"]

_E = TypeVar("_E", bound=Element)

# The deepest legal nesting is 7 (message, ROSpec, AISpec, InventoryParameterSpec, AntennaConfiguration,
# C1G2InventoryCommand, C1G2Filter, mask); a frame that nests deeper would only eat our stack.
DEPTH_MAX = 16
TLV_HEADER_SIZE = 4
TLV_LENGTH_MAX = 0xFFFF
TV_FLAG = 0x80


@dataclass(frozen=True, slots=True)
class Frame:
    """One message on the wire with the two header fields that are not its contents."""

    message: Message
    message_id: int
    version: int = VERSION_1_0_1


def decode_frame(data: bytes) -> Frame:
    """Decode one whole frame, header included; FramingError for the header, DecodeError for the contents."""
    header = FrameHeader.parse(data)
    if header.length != len(data):
        raise DecodeError(f"frame of type {header.kind} declares {header.length} bytes, {len(data)} given")
    return Frame(decode_message(header.kind, data[HEADER_SIZE:]), header.message_id, header.version)


def decode_message(kind: int, payload: bytes) -> Message:
    """Decode the payload (all behind the 10-byte header) of a message of type `kind`."""
    cls = MESSAGES.get(kind)
    if cls is None:
        return OpaqueMessage(kind, payload)
    return _read_element(cls, payload, 0, len(payload), 0)


def encode_frame(frame: Frame) -> bytes:
    """Encode one frame; EncodeError if a value does not fit."""
    payload = encode_message(frame.message)
    header = FrameHeader(frame.version, _number(frame.message), HEADER_SIZE + len(payload), frame.message_id)
    return header.encode() + payload


def encode_message(message: Message) -> bytes:
    """Encode the payload of a message."""
    return message.data if isinstance(message, OpaqueMessage) else _write_contents(message)


def _number(element: Element) -> int:
    return element.kind if isinstance(element, OpaqueMessage | OpaqueTlv | OpaqueTv) else element.number


def _read_element(cls: type[_E], data: bytes, at: int, end: int, depth: int) -> _E:
    """Read the fields of `cls` and, where it nests, its sub-parameters; nothing may be left over."""
    build: Callable[..., _E] = cls
    try:
        values, at = cls.layout.read(data, at, end)
        if cls.nests:
            return build(*values, _read_parameters(data, at, end, depth + 1))
        if at != end:
            raise DecodeError(f"{end - at} bytes too many")
    except DecodeError as error:
        raise DecodeError(f"{cls.__name__}: {error}") from None
    return build(*values)


def _read_parameters(data: bytes, at: int, end: int, depth: int) -> tuple[Parameter, ...]:
    if depth > DEPTH_MAX:
        raise DecodeError(f"parameters nest deeper than {DEPTH_MAX}")
    found: list[Parameter] = []
    while at < end:
        parameter, at = _read_tv(data, at, end) if data[at] & TV_FLAG else _read_tlv(data, at, end, depth)
        found.append(parameter)
    return tuple(found)


def _read_tv(data: bytes, at: int, end: int) -> tuple[Parameter, int]:
    """TV: one byte of type with the top bit set, then a fixed length that only the type tells (section 15.2.1)."""
    kind = data[at] & ~TV_FLAG
    cls = TVS.get(kind)
    if cls is None:
        return OpaqueTv(kind, data[at + 1 : end]), end
    try:
        values, at = cls.layout.read(data, at + 1, end)
    except DecodeError as error:
        raise DecodeError(f"{cls.__name__}: {error}") from None
    return cls(*values), at


def _read_tlv(data: bytes, at: int, end: int, depth: int) -> tuple[Parameter, int]:
    """TLV: 6 reserved bits, 10 bits of type, 16 bits of length with this header included (section 15.2.1)."""
    if at + TLV_HEADER_SIZE > end:
        raise DecodeError(f"{end - at} bytes left, a parameter header needs {TLV_HEADER_SIZE}")
    kind = int.from_bytes(data[at : at + 2]) & 0x3FF
    length = int.from_bytes(data[at + 2 : at + 4])
    if not TLV_HEADER_SIZE <= length <= end - at:
        raise DecodeError(f"parameter of type {kind} declares {length} bytes, {end - at} left")
    cls = TLVS.get(kind)
    body, behind = at + TLV_HEADER_SIZE, at + length
    if cls is None:
        return OpaqueTlv(kind, data[body:behind]), behind
    return _read_element(cls, data, body, behind, depth), behind


def _write_contents(element: Element) -> bytes:
    try:
        own = element.layout.write(element)
    except EncodeError as error:
        raise EncodeError(f"{type(element).__name__}.{error}") from None
    held: tuple[Parameter, ...] = getattr(element, "parameters", ())
    return own + b"".join(_write_parameter(parameter) for parameter in held)


def _write_parameter(parameter: Parameter) -> bytes:
    number = _number(parameter)
    body = parameter.data if isinstance(parameter, OpaqueTlv | OpaqueTv) else _write_contents(parameter)
    if isinstance(parameter, OpaqueTv) or TVS.get(number) is type(parameter):
        return bytes((TV_FLAG | number,)) + body
    length = TLV_HEADER_SIZE + len(body)
    if length > TLV_LENGTH_MAX:
        raise EncodeError(f"{type(parameter).__name__} is {length} bytes long, a TLV holds {TLV_LENGTH_MAX}")
    return number.to_bytes(2) + length.to_bytes(2) + body
