"""Two parties find exactly the rows on which they differ, by hashes alone."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.clearing.bisection import answers, node_from, search
from settlement.clearing.key_tree import EMPTY, KeyTree, Node, branch_hash, leaf_hash, place_of

Rows = Mapping[str, str]


def tree(rows: Rows) -> KeyTree:
    return KeyTree({key: leaf_hash(key, content.encode()) for key, content in rows.items()})


def compare(mine: KeyTree, theirs: KeyTree, levels: int = 0) -> tuple[set[str], set[str], set[str], int, int]:
    told: dict[str, Node] = {}
    rounds = 0
    found = search(mine, told)
    while found.ask:
        told |= answers(theirs, found.ask, levels)
        rounds += 1
        found = search(mine, told)
    names = {theirs.key_at(place) or "" for place in found.only_theirs}
    return set(found.differing), set(found.only_mine), names, found.hashes, rounds


rows = st.dictionaries(st.text(max_size=6), st.text(max_size=2), max_size=40)


@settings(max_examples=100, deadline=None)
@given(rows, rows, st.integers(0, 5))
def test_exactly_the_differing_rows_are_found(mine: Rows, theirs: Rows, levels: int) -> None:
    differing, only_mine, only_theirs, _, _ = compare(tree(mine), tree(theirs), levels)
    assert differing == {key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key]}
    assert only_mine == mine.keys() - theirs.keys()
    assert only_theirs == theirs.keys() - mine.keys()


@settings(max_examples=60, deadline=None)
@given(rows, st.randoms())
def test_the_root_does_not_depend_on_the_order_of_rows(mine: Rows, chance: random.Random) -> None:
    shuffled = list(mine.items())
    chance.shuffle(shuffled)
    assert tree(dict(shuffled)).root == tree(mine).root


@settings(max_examples=60, deadline=None)
@given(rows, rows)
def test_different_rows_never_share_a_root(mine: Rows, theirs: Rows) -> None:
    assert (tree(mine).root == tree(theirs).root) == (mine == theirs)


@settings(max_examples=60, deadline=None)
@given(rows.filter(bool), st.text(max_size=6), st.text(max_size=2))
def test_an_inserted_row_changes_the_hashes_on_its_own_path_alone(mine: Rows, key: str, content: str) -> None:
    before, after = tree(mine), tree({**mine, key: content})
    path = f"{int(place_of(key), 16):0256b}"
    for prefix in (f"{n:06b}" for n in range(64)):
        if not path.startswith(prefix):
            assert after.node(prefix) == before.node(prefix)


def test_domains_are_separated() -> None:
    assert tree({}).root == EMPTY
    one = tree({"a": "x"})
    assert one.root == leaf_hash("a", b"x")
    two = tree({"a": "x", "b": "y"})
    assert two.root == branch_hash(two.node("0").hash, two.node("1").hash)
    assert leaf_hash("a", b"") not in {EMPTY, place_of("a")}


@pytest.mark.proof
@pytest.mark.timeout(1200)
def test_k_differences_among_100_000_rows_cost_about_2_k_log2_n_hashes(long_run: bool) -> None:
    chance = random.Random(1)
    n = 100_000
    mine = {f"p:CM/CM-01-e1-{number:06d}": "35000" for number in range(n)}
    own = tree(mine)
    counted = []
    for k in (1, 10, 100, 1_000) if long_run else (20,):
        theirs = dict(mine)
        changed = chance.sample(sorted(mine), k)
        expected: tuple[set[str], set[str], set[str]] = (set(), set(), set())
        for number, key in enumerate(changed):
            kind = number % 3
            if kind == 0:
                theirs[key] = "50000"
                expected[0].add(key)
            elif kind == 1:
                del theirs[key]
                expected[1].add(key)
            else:
                theirs[f"{key}-new"] = "35000"
                expected[2].add(f"{key}-new")
        differing, only_mine, only_theirs, hashes, rounds = compare(own, tree(theirs))
        assert (differing, only_mine, only_theirs) == expected
        assert hashes <= 3 * k * math.log2(n)
        assert rounds <= 2 * math.log2(n)
        counted.append(f"{k} differences: {hashes} hashes, {hashes / (k * math.log2(n)):.2f} k log2 n, {rounds} rounds")
    print(f"{n:,} rows; " + "; ".join(counted))  # noqa: T201 - the proof is shown (make prove)


@pytest.mark.parametrize(
    "content",
    [None, [], ["leaf", "00" * 32], ["leaf", "00" * 32, ""], ["branch", "zz", ""], ["twig", "00" * 32, ""],
     ["leaf", "00" * 32, "f" * 64], ["empty", 5, ""]],
)  # fmt: skip
def test_what_is_no_node_is_refused(content: object) -> None:
    with pytest.raises(ValueError, match="range"):
        node_from(content, "0")


@pytest.mark.parametrize("prefix", ["2", "0" * 257, "-1", "0b1"])
def test_what_is_no_range_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="is no range"):
        tree({"a": "x"}).node(prefix)
