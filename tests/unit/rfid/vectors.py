"""Recorded LLRP vectors: where they are, and what their XML and JSON notations say, compared with decoded messages."""

import base64
import gzip
import os
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rfid.llrp.element import MESSAGES, Element
from rfid.llrp.fields import BitString
from rfid.llrp.framing import FrameBuffer

DATA = Path(__file__).parents[2] / "data" / "llrp"
FOLDERS = [DATA, *([Path(os.environ["ETC_LLRP_VECTORS"])] if "ETC_LLRP_VECTORS" in os.environ else [])]
SESSION = DATA / "ltk" / "dx101_a.bin"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain(name: str) -> str:
    """A name without case, underscores and namespace, as all notations share it."""
    return name.rpartition("}")[2].replace("_", "").lower()


NUMBERS = {plain(cls.__name__): number for number, cls in MESSAGES.items()}


def ltk_pairs() -> list[Path]:
    """The .bin files that have an XML beside them."""
    found = [path for folder in FOLDERS for path in sorted(folder.rglob("*.bin"))]
    return [path for path in found if xml_of(path) is not None]


def edgex_pairs() -> list[Path]:
    """The .bytes files that have a JSON beside them."""
    found = [path for folder in FOLDERS for path in sorted(folder.rglob("*.bytes"))]
    return [path for path in found if path.with_suffix(".json").exists()]


def xml_of(path: Path) -> list[ElementTree.Element] | None:
    """The messages of the XML beside a .bin, or None."""
    packed, text = path.with_suffix(".xml.gz"), path.with_suffix(".xml")
    if not packed.exists() and not text.exists():
        return None
    content = gzip.decompress(packed.read_bytes()) if packed.exists() else text.read_bytes()
    root = ElementTree.fromstring(content)
    return list(root) if plain(root.tag) == "packetsequence" else [root]


def frames(path: Path) -> list[bytes]:
    """The frames of a .bin."""
    return list(FrameBuffer().feed(path.read_bytes()))


# -- LTK XML -----------------------------------------------------------------------------------------------------------


def assert_same_as_xml(xml: ElementTree.Element, element: Element, path: str = "") -> None:
    """Every field and sub-parameter of the XML equals the decoded one, and nothing is decoded that the XML lacks."""
    path = f"{path}/{plain(xml.tag)}"
    own = {plain(field.name): field.name for field in fields(element) if field.name != "parameters"}  # type: ignore[arg-type]
    held = list(getattr(element, "parameters", ()))
    for child in xml:
        name = plain(child.tag)
        if name in own and len(child) == 0:
            assert_same_text(child, getattr(element, own[name]), element, own.pop(name), path)
        else:
            assert held, f"{path}/{name}: not decoded"
            parameter = held.pop(0)
            assert plain(type(parameter).__name__) == name, path
            assert_same_as_xml(child, parameter, path)
    assert held == [], f"{path}: decoded beyond the XML"
    assert all(not getattr(element, name) for name in own.values()), f"{path}: fields {own} are not in the XML"


def assert_same_text(xml: ElementTree.Element, value: Any, element: Element, name: str, path: str) -> None:
    """One field: numbers, enumeration names, time stamps, hexadecimal."""
    text = (xml.text or "").strip()
    where = f"{path}/{xml.tag}: {text!r} is not {value!r}"
    if name in element.enums and not text.isdigit():
        assert plain(element.enums[name](value).name) == plain(text), where
    elif isinstance(value, bool):
        assert value == (text in ("true", "1")), where
    elif isinstance(value, int) and "T" in text:
        assert EPOCH + timedelta(microseconds=value) == datetime.fromisoformat(text), where
    elif isinstance(value, int):
        assert value == int(text, 0), where
    elif isinstance(value, BitString):
        assert (value.bits, value.data) == (int(xml.attrib["Count"]), bytes.fromhex(text)), where
    elif name == "protocol_id":
        assert text.split() == ["EPCGlobalClass1Gen2"] * len(value), where
        assert set(value) == {1}, where
    elif isinstance(value, bytes):
        assert value == bytes.fromhex(text), where
    elif isinstance(value, tuple):
        base = 16 if name in ("read_data", "write_data") else 10
        assert value == tuple(int(word, base) for word in text.split()), where
    else:
        assert value == text, where


# -- EdgeX JSON --------------------------------------------------------------------------------------------------------


def json_leaves(value: Any) -> Iterator[Any]:
    """The leaves in order. EdgeX writes null for what is absent, and zeros for an absent EPCData or Uptime."""
    if isinstance(value, dict):
        for name, inner in value.items():
            absent = (
                inner is None or (name == "Uptime" and inner == 0) or (name == "EPCData" and not inner["EPCNumBits"])
            )
            if not absent:
                yield from json_leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from json_leaves(inner)
    else:
        yield value


def element_leaves(element: Element) -> Iterator[Any]:
    """The values of a decoded element in wire order."""
    for field in fields(element):  # type: ignore[arg-type]
        value = getattr(element, field.name)
        if field.name == "parameters":
            for parameter in value:
                yield from element_leaves(parameter)
        elif isinstance(value, tuple):
            yield from value
        elif isinstance(value, BitString):
            yield from (value.bits, value.data)
        else:
            yield value


def same_leaf(decoded: Any, said: Any) -> bool:
    """JSON has base64 for bytes."""
    return decoded == (base64.b64decode(said) if isinstance(decoded, bytes) else said)
