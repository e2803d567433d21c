"""Records, events and whole lanes as plain values (dict, list, str, int, float, bool, None) and back, exactly.

In: any value of `records.Record` or `events.Event`, or a `Lane`. Out: a dict with one key per field (and "type", where
it may be one of several), ready for JSON. A mapping becomes a list of pairs, because its order is part of its value.
Used by the journal, by capsules and by replay's power failures.
Never: a lossy field, or a decode that guesses. Errors: PlainError names type and field.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from lane_controller.core import events, records
from lane_controller.core.charges import OwnCharges, own_charges
from lane_controller.core.config import LaneConfig
from lane_controller.core.state import Lane

Plain = dict[str, Any]
Decoder = Callable[[Any], Any]
EVENT_TYPES: dict[str, type] = {member.__name__: member for member in get_args(events.Event)}
RECORD_TYPES: dict[str, type] = {member.__name__: member for member in get_args(records.Record)}
_SCALARS = frozenset({str, int, float, bool, types.NoneType})


class PlainError(ValueError):
    """A plain value is not what its type needs."""


def to_plain(value: events.Event | records.Record) -> Plain:
    """One event or record as a dict; `json.dumps` of it is the journal's line."""
    return {"type": type(value).__name__, **_fields(value)}


def event_from_plain(plain: Plain) -> events.Event:
    """The event that `to_plain` wrote. Errors: PlainError."""
    return cast("events.Event", _decode_union(plain, EVENT_TYPES))


def record_from_plain(plain: Plain) -> records.Record:
    """The record that `to_plain` wrote. Errors: PlainError."""
    return cast("records.Record", _decode_union(plain, RECORD_TYPES))


def durable_to_plain(durable: records.Durable) -> Plain:
    """`Durable` alone, for diagnostics; inside `Booted` it travels with the event."""
    return _fields(durable)


def lane_to_plain(lane: Lane) -> Plain:
    """A whole lane between two events: whoever has it and the events after it can go on from there."""
    return _fields(lane)


def lane_from_plain(plain: Plain) -> Lane:
    """The lane that `lane_to_plain` wrote. Errors: PlainError."""
    return cast("Lane", _decode_fields(Lane, plain))


def config_to_plain(config: LaneConfig) -> Plain:
    """The configuration of a lane."""
    return _fields(config)


def config_from_plain(plain: Plain) -> LaneConfig:
    """The configuration that `config_to_plain` wrote. Errors: PlainError."""
    return cast("LaneConfig", _decode_fields(LaneConfig, plain))


def _decode_union(plain: Plain, members: dict[str, type]) -> Any:
    if not isinstance(plain, dict) or plain.get("type") not in members:
        name = plain.get("type") if isinstance(plain, dict) else plain
        raise PlainError(f"type: {name!r} is none of {', '.join(sorted(members))}")
    return _decode_fields(members[plain["type"]], {k: v for k, v in plain.items() if k != "type"})


def _fields(value: Any) -> Plain:
    cls: type = type(value)
    return {name: _encode(getattr(value, name)) for name in _names(cls)}


@cache
def _names(cls: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls))


def _encode(value: Any) -> Any:
    kind: type = type(value)
    return value if kind in _SCALARS else _encoder(kind)(value)


@cache
def _encoder(kind: type) -> Callable[[Any], Any]:
    """Found once for each type: a decision waits for this."""
    if issubclass(kind, Enum):
        return _encode_enum
    if issubclass(kind, tuple):
        return _encode_tuple
    if issubclass(kind, dict | frozenset | OwnCharges):
        return _encode_collection
    return _fields if is_dataclass(kind) else _as_it_is


def _encode_enum(value: Enum) -> Any:
    return value.value


def _encode_tuple(value: tuple[Any, ...]) -> list[Any]:
    return [_encode(item) for item in value]


def _as_it_is(value: Any) -> Any:
    return value


def _encode_collection(value: Any) -> list[Any]:
    """What only a lane has, not an event or a record."""
    if isinstance(value, OwnCharges):
        return [_fields(own) for own in value]
    if isinstance(value, frozenset):
        return sorted(_encode(item) for item in value)
    return [[key, _encode(item)] for key, item in value.items()]


@cache
def _decoders(cls: type) -> dict[str, tuple[Decoder, bool]]:
    hints = get_type_hints(cls)
    return {f.name: (_decoder(hints[f.name]), f.default is MISSING) for f in fields(cls)}


def _decode_fields(cls: type, plain: Plain) -> Any:
    if not isinstance(plain, dict):
        raise PlainError(f"{cls.__name__}: {plain!r} is not an object")
    decoders = _decoders(cls)
    worked_out = {name for name in plain if isinstance(getattr(cls, name, None), property)}
    unknown = set(plain) - set(decoders) - worked_out
    missing = [name for name, (_, needed) in decoders.items() if needed and name not in plain]
    if unknown or missing:
        raise PlainError(f"{cls.__name__}: missing {missing}, unknown {sorted(unknown)}")
    arguments = {}
    for name, item in plain.items():
        if name in worked_out:
            continue  # a field once, in a mark of an older program
        try:
            arguments[name] = decoders[name][0](item)
        except (PlainError, ValueError, TypeError) as error:
            raise PlainError(f"{cls.__name__}.{name}: {error}") from error
    return cls(**arguments)


def _decoder(hint: Any) -> Decoder:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _optional(hint)
    if origin in (tuple, Mapping, frozenset) or hint is OwnCharges:
        return _collection(hint)
    if is_dataclass(hint):
        return lambda item: _decode_fields(cast("type", hint), item)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return _scalar(hint)


def _collection(hint: Any) -> Decoder:
    origin, members = get_origin(hint), get_args(hint)
    if origin is tuple:
        return _tuple(members)
    if origin is Mapping:
        return _mapping(*members)
    many = _tuple((*(members or (records.OwnCharge,)), Ellipsis))
    return (lambda item: frozenset(many(item))) if origin is frozenset else (lambda item: own_charges(many(item)))


def _optional(hint: Any) -> Decoder:
    inner = [member for member in get_args(hint) if member is not type(None)]
    if len(inner) != 1:
        raise AssertionError(f"{hint}: only X | None is a field type here")
    decode = _decoder(inner[0])
    return lambda item: None if item is None else decode(item)


def _tuple(members: tuple[Any, ...]) -> Decoder:
    if len(members) == 2 and members[1] is Ellipsis:
        decode = _decoder(members[0])
        return lambda item: tuple(decode(part) for part in _sequence(item))
    decoders = [_decoder(member) for member in members]
    return lambda item: tuple(d(part) for d, part in zip(decoders, _sequence(item), strict=True))


def _mapping(key: Any, value: Any) -> Decoder:
    read_key, read_value = _decoder(key), _decoder(value)

    def decode(item: Any) -> Any:
        pairs = [_sequence(pair) for pair in _sequence(item)]
        if any(len(pair) != 2 for pair in pairs):
            raise PlainError(f"{item!r} is not a list of pairs")
        return {read_key(pair[0]): read_value(pair[1]) for pair in pairs}

    return decode


def _sequence(item: Any) -> list[Any]:
    if not isinstance(item, list | tuple):
        raise PlainError(f"{item!r} is not a list")
    return list(item)


def _scalar(hint: type) -> Decoder:
    def decode(item: Any) -> Any:
        if hint is float and type(item) is int:
            return float(item)
        if type(item) is not hint:
            raise PlainError(f"{item!r} is not {hint.__name__}")
        return item

    return decode
