"""A checker for the part of XML Schema that `invoice.xsd` uses, on the standard library alone.

In: a schema and a document. Out: complaints. A construct of the schema that it does not know is an error of the test,
so that nothing of the schema goes unchecked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

XS = "{http://www.w3.org/2001/XMLSchema}"
BUILTIN: dict[str, Callable[[str], bool]] = {
    "xs:string": lambda text: True,
    "xs:integer": lambda text: bool(re.fullmatch(r"[+-]?[0-9]+", text)),
    "xs:nonNegativeInteger": lambda text: bool(re.fullmatch(r"\+?[0-9]+", text)),
    "xs:positiveInteger": lambda text: bool(re.fullmatch(r"\+?0*[1-9][0-9]*", text)),
    "xs:boolean": lambda text: text in ("true", "false", "1", "0"),
    "xs:date": lambda text: bool(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)) and bool(date.fromisoformat(text)),
    "xs:dateTime": lambda text: "T" in text and datetime.fromisoformat(text).tzinfo is not None,
}


class Schema:
    """`invoice.xsd`, or another schema of named types, sequences and restrictions."""

    def __init__(self, path: Path) -> None:
        root = ET.parse(path).getroot()
        self.simple = {one.get("name", ""): one for one in root.iter(f"{XS}simpleType") if one.get("name")}
        self.complex = {one.get("name", ""): one for one in root.iter(f"{XS}complexType") if one.get("name")}
        self.roots = {one.get("name", ""): one for one in root.findall(f"{XS}element")}
        known = {
            "schema", "element", "complexType", "simpleType", "sequence", "attribute", "restriction", "pattern",
            "enumeration", "minLength", "maxInclusive",
        }  # fmt: skip
        strange = {one.tag for one in root.iter() if isinstance(one.tag, str)} - {XS + name for name in known}
        assert not strange, strange

    def complaints(self, document: ET.Element) -> list[str]:
        declared = self.roots.get(document.tag)
        if declared is None:
            return [f"{document.tag} is no root element"]
        inline = declared.find(f"{XS}complexType")
        assert inline is not None
        return list(self._complex(inline, document, document.tag))

    def _element(self, declared: ET.Element, found: ET.Element, path: str) -> Iterator[str]:
        kind = declared.get("type", "")
        if kind in self.complex:
            yield from self._complex(self.complex[kind], found, path)
            return
        if list(found) or found.attrib:
            yield f"{path}: only text is allowed here"
        yield from self._simple(kind, found.text or "", path)

    def _complex(self, kind: ET.Element, found: ET.Element, path: str) -> Iterator[str]:
        yield from self._attributes(kind, found, path)
        sequence = kind.find(f"{XS}sequence")
        left = list(found)
        if left and (found.text or "").strip():
            yield f"{path}: text between elements"
        for declared in () if sequence is None else sequence:
            name, count = declared.get("name"), 0
            most = declared.get("maxOccurs", "1")
            while left and left[0].tag == name and (most == "unbounded" or count < int(most)):
                yield from self._element(declared, left.pop(0), f"{path}/{name}[{count}]")
                count += 1
            if count < int(declared.get("minOccurs", "1")):
                yield f"{path}: {name} is missing"
        yield from (f"{path}: {one.tag} is not expected here" for one in left)

    def _attributes(self, kind: ET.Element, found: ET.Element, path: str) -> Iterator[str]:
        declared = {one.get("name", ""): one for one in kind.findall(f"{XS}attribute")}
        for name, one in declared.items():
            if name in found.attrib:
                yield from self._simple(one.get("type", ""), found.attrib[name], f"{path}@{name}")
            elif one.get("use") == "required":
                yield f"{path}: attribute {name} is missing"
        yield from (f"{path}: attribute {name} is not known" for name in found.attrib.keys() - declared.keys())

    def _simple(self, kind: str, text: str, path: str) -> Iterator[str]:
        if kind in BUILTIN:
            if not BUILTIN[kind](text):
                yield f"{path}: {text!r} is no {kind}"
            return
        restriction = self.simple[kind].find(f"{XS}restriction")
        assert restriction is not None
        yield from self._simple(restriction.get("base", ""), text, path)
        listed = [one.get("value") for one in restriction.findall(f"{XS}enumeration")]
        if listed and text not in listed:
            yield f"{path}: {text!r} is none of {listed}"
        for facet in restriction:
            value = facet.get("value", "")
            if facet.tag == f"{XS}pattern" and not re.fullmatch(value, text):
                yield f"{path}: {text!r} does not match {value}"
            if facet.tag == f"{XS}minLength" and len(text) < int(value):
                yield f"{path}: shorter than {value}"
            if facet.tag == f"{XS}maxInclusive" and int(text) > int(value):
                yield f"{path}: {text} is above {value}"
