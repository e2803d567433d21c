"""`settlement bisect`: compare the own rows with the other party's by hashes.

In: the own tree, a peer or files. Out: the keys that differ, and how many hashes it took. No row leaves the house.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from settlement.clearing.bisection import Search, answers, node_from, search
from settlement.clearing.key_tree import KeyTree, Node
from settlement.files.writing import write_json
from settlement.intake.problems import UnusableInputError

KIND: Final = "etc-plaza hashes"
OFFLINE_LEVELS: Final = 4
"""Levels of halves in one exchange by file: fewer letters, somewhat more hashes."""
_RANGES_MOST: Final = 20_000

Ask = Callable[[Sequence[str]], Mapping[str, Node]]
Names = Callable[[Sequence[str]], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs. `only_theirs`: keys as the other side names them."""

    differing: tuple[str, ...]
    only_mine: tuple[str, ...]
    only_theirs: tuple[str, ...]
    hashes: int
    rounds: int

    @property
    def count(self) -> int:
        """Rows that differ."""
        return len(self.differing) + len(self.only_mine) + len(self.only_theirs)


def compare(mine: KeyTree, ask: Ask, names: Names) -> Compared:
    """Ask until everything is known."""
    told: dict[str, Node] = {}
    rounds = 0
    found = search(mine, told)
    while found.ask:
        told.update(ask(found.ask[:_RANGES_MOST]))
        rounds += 1
        found = search(mine, told)
    named = names(found.only_theirs) if found.only_theirs else {}
    theirs = tuple(sorted(named.get(place, place) for place in found.only_theirs))
    return Compared(found.differing, found.only_mine, theirs, found.hashes, rounds)


class Peer:
    """The other party's `settlement serve`."""

    def __init__(self, url: str, token: str, provider: str, day: str) -> None:
        self._base = f"{url.rstrip('/')}/v1/trees/{provider}/{day}"
        self._client = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def ask(self, ranges: Sequence[str]) -> Mapping[str, Node]:
        """Nodes of ranges."""
        found = self._post("nodes", {"ranges": list(ranges)}).get("nodes")
        return nodes_from(found, ranges, self._base)

    def names(self, places: Sequence[str]) -> Mapping[str, str]:
        """Keys at places."""
        found = self._post("keys", {"places": list(places)}).get("keys")
        return {str(place): str(key) for place, key in found.items()} if isinstance(found, dict) else {}

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _post(self, what: str, content: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._client.post(f"{self._base}/{what}", json=content)
            answer.raise_for_status()
            found = answer.json()
        except httpx.HTTPStatusError as error:
            raise UnusableInputError(
                f"--peer {self._base}: {error.response.status_code} {error.response.text}"
            ) from error
        except (httpx.HTTPError, ValueError) as error:
            raise UnusableInputError(f"--peer {self._base}: {error}; is `settlement serve` running there?") from error
        return found if isinstance(found, dict) else {}


def nodes_from(content: object, ranges: Sequence[str], where: str) -> dict[str, Node]:
    """Nodes that were told; UnusableInputError unless every range asked for is among them."""
    if not isinstance(content, dict):
        raise UnusableInputError(f"{where}: the answer holds no nodes")
    try:
        told = {str(prefix): node_from(node, str(prefix)) for prefix, node in content.items()}
    except ValueError as error:
        raise UnusableInputError(f"{where}: {error}") from error
    missing = [prefix for prefix in ranges if prefix not in told]
    if missing:
        raise UnusableInputError(f"{where}: {len(missing)} ranges were not answered, the first is {missing[0]!r}")
    return told


def write_question(path: Path, told: Mapping[str, Node], found: Search) -> None:
    """The exchange file that goes to the other party; it also holds what was told so far."""
    write_json(path, {"kind": KIND, "levels": OFFLINE_LEVELS, "ask": list(found.ask), "places": list(found.only_theirs),
                      "told": _nodes(told)})  # fmt: skip


def write_answer(question: Path, mine: KeyTree, out: Path) -> int:
    """Answer a question file from the own rows; the number of hashes told."""
    content = _read(question)
    try:
        told = answers(mine, [str(prefix) for prefix in content["ask"]], int(content.get("levels", OFFLINE_LEVELS)))
        keys = {place: mine.key_at(str(place)) for place in content.get("places", [])}
    except (KeyError, TypeError, ValueError) as error:
        raise UnusableInputError(f"{question}: {error}") from error
    content["told"] = {**content.get("told", {}), **_nodes(told)}
    content["keys"] = {place: key for place, key in keys.items() if key}
    content["ask"] = []
    write_json(out, content)
    return len(told)


def read_told(path: Path) -> tuple[dict[str, Node], dict[str, str]]:
    """(nodes told so far, keys by place) of an exchange file."""
    content = _read(path)
    keys = content.get("keys", {})
    return nodes_from(content.get("told"), [], str(path)), dict(keys) if isinstance(keys, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnusableInputError(f"{path}: {error}") from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise UnusableInputError(f"{path}: not a file of hashes as `settlement bisect` writes them")
    return content


def _nodes(told: Mapping[str, Node]) -> dict[str, list[str]]:
    return {prefix: [node.kind, node.hash, node.place] for prefix, node in sorted(told.items())}
