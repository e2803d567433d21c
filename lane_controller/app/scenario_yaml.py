"""Scenario text to plain values with a line for each: YAML 1.2 words (`on` is a word, only true and false are
booleans).

In: a file. Out: `Located`: dicts, lists and scalars, each path with its line and raw text.
Never: a value without a line; every complaint about a scenario names file and line.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

Path = tuple[str | int, ...]


class ScenarioError(Exception):
    """The file is not a scenario; the text is `file:line: what is wrong`."""


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of the YAML 1.2 core schema; dates stay text."""


_Loader.yaml_implicit_resolvers = {}
_RESOLVERS = (
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
)
for _tag, _pattern, _first in _RESOLVERS:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), ["" if c == "\0" else c for c in _first])


@dataclass(slots=True)
class Located:
    """A document; `complain` makes an error that points into it."""

    file: str
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    raws: dict[Path, str] = field(default_factory=dict)

    def complain(self, path: Path, text: str) -> ScenarioError:
        """An error at the line of a path (of its nearest known parent)."""
        at = path
        while at not in self.lines and at:
            at = at[:-1]
        return ScenarioError(f"{self.file}:{self.lines.get(at, 1)}: {text}")


def read(file: FilePath) -> Located:
    """Read one file. Errors: ScenarioError with file and line."""
    doc = Located(str(file))
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{file}:1: cannot be read: {error}") from error
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        doc.value = _value(doc, node, ()) if node is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or str(error)
        raise ScenarioError(f"{file}:{line}: not YAML: {problem}") from error
    finally:
        loader.dispose()
    return doc


def _value(doc: Located, node: yaml.Node, path: Path) -> Any:
    doc.lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(doc, node, path)
    if isinstance(node, yaml.SequenceNode):
        return [_value(doc, item, (*path, i)) for i, item in enumerate(node.value)]
    doc.raws[path] = node.value
    return _scalar(node)


def _mapping(doc: Located, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in found:
            raise ScenarioError(f"{doc.file}:{key_node.start_mark.line + 1}: {key!r} is there twice")
        found[key] = _value(doc, value_node, (*path, key))
        doc.lines[(*path, key)] = key_node.start_mark.line + 1
    return found


def _scalar(node: yaml.Node) -> Any:
    if node.tag.endswith(":bool"):
        return node.value.lower() == "true"
    if node.tag.endswith(":null"):
        return None
    if node.tag.endswith(":int"):
        return int(node.value)
    if node.tag.endswith(":float"):
        return float(node.value)
    return node.value
