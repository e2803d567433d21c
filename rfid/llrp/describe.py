"""Messages as plain values for people and programs: names, numbers, enumeration names, hexadecimal. Pure."""

from dataclasses import fields
from typing import Any

from rfid.llrp.codec import Frame
from rfid.llrp.element import Element
from rfid.llrp.fields import BitString


def describe_frame(frame: Frame) -> dict[str, Any]:
    """`message` (class name), `message_id`, `version` and the contents of the message."""
    return {
        "message": type(frame.message).__name__,
        "message_id": frame.message_id,
        "version": frame.version,
    } | _contents(frame.message)


def _contents(element: Element) -> dict[str, Any]:
    """The fields by name, then the sub-parameters in wire order, each as {class name: contents}."""
    described: dict[str, Any] = {}
    for field in fields(element):  # type: ignore[arg-type]
        value = getattr(element, field.name)
        if field.name == "parameters":
            if value:
                described["parameters"] = [{type(inner).__name__: _contents(inner)} for inner in value]
        else:
            described[field.name] = _value(value, element, field.name)
    return described


def _value(value: Any, element: Element, name: str) -> Any:
    meanings = getattr(element, "enums", {}).get(name)
    if meanings is not None and value in meanings.__members__.values():
        return meanings(value).name
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, BitString):
        return {"bits": value.bits, "data": value.data.hex().upper()}
    return list(value) if isinstance(value, tuple) else value
