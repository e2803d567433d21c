"""Which rows of two parties differ, found by asking for hashes alone. Pure.

In: the own tree, and the nodes that the other side has told so far. Out: what is found, and what to ask next. Ranges
whose hashes agree are left alone, so that k differences among n rows cost about 2 k log2 n hashes. No row travels; the
key of a row that only the other side has is asked for by its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from settlement.clearing.key_tree import KeyTree, Node


@dataclass(frozen=True, slots=True)
class Search:
    """`differing`: keys that both have, with other contents. `only_theirs`: places. `ask`: ranges, empty at the end."""

    differing: tuple[str, ...]
    only_mine: tuple[str, ...]
    only_theirs: tuple[str, ...]
    ask: tuple[str, ...]
    hashes: int
    """Hashes that the other side has told so far."""

    @property
    def count(self) -> int:
        """Rows that differ."""
        return len(self.differing) + len(self.only_mine) + len(self.only_theirs)


def search(mine: KeyTree, told: Mapping[str, Node]) -> Search:
    """How far the comparison is with the nodes told so far; begin with none."""
    differing: list[str] = []
    only_mine: list[str] = []
    only_theirs: list[str] = []
    ask: list[str] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        theirs = told.get(prefix)
        if theirs is None:
            ask.append(prefix)
        elif theirs.hash == mine.node(prefix).hash:
            continue
        elif theirs.kind == "branch":
            waiting += [prefix + "1", prefix + "0"]
        else:
            _ended(mine, prefix, theirs, (differing, only_mine, only_theirs))
    return Search(
        tuple(sorted(differing)), tuple(sorted(only_mine)), tuple(sorted(only_theirs)), tuple(sorted(ask)), len(told)
    )


def _ended(mine: KeyTree, prefix: str, theirs: Node, found: tuple[list[str], list[str], list[str]]) -> None:
    """The other side has one row here, or none."""
    differing, only_mine, only_theirs = found
    shared = mine.key_at(theirs.place) if theirs.kind == "leaf" else None
    if theirs.kind == "leaf" and shared is None:
        only_theirs.append(theirs.place)
    if shared is not None and mine.leaf(shared) != theirs.hash:
        differing.append(shared)
    only_mine += [key for key in mine.keys(prefix) if key != shared]


def answers(tree: KeyTree, ranges: Sequence[str], levels: int = 0) -> dict[str, Node]:
    """What a side tells: each range, and `levels` levels of halves below it. ValueError where a range is none."""
    told: dict[str, Node] = {}
    waiting = [(prefix, levels) for prefix in ranges]
    while waiting:
        prefix, below = waiting.pop()
        node = tree.node(prefix)
        told[prefix] = node
        if node.kind == "branch" and below:
            waiting += [(prefix + "0", below - 1), (prefix + "1", below - 1)]
    return told


def node_from(content: object, prefix: str) -> Node:
    """A node as it travels, `[kind, hash, place]`; ValueError where it is none, or stands outside its range."""
    if not isinstance(content, list) or len(content) != 3 or not all(isinstance(one, str) for one in content):
        raise ValueError(f"range {prefix!r}: not [kind, hash, place]")
    kind, digest, place = content
    if kind not in ("empty", "leaf", "branch") or len(digest) != 64 or (kind == "leaf") != (len(place) == 64):
        raise ValueError(f"range {prefix!r}: {content!r} is no node")
    if kind == "leaf" and not f"{int(place, 16):0256b}".startswith(prefix):
        raise ValueError(f"range {prefix!r}: the row told stands outside it")
    return Node(kind, digest, place)
