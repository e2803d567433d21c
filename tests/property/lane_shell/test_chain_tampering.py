"""Whatever single thing is done to a chain, the check finds it and names the record."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lane_controller.contracts.hashes import canonical_json, passage_hash
from lane_controller.outbox.chain import GENESIS, Link, check_chain, check_passages, link_hash

BODIES = st.lists(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8)), min_size=1, max_size=12)


def chained(bodies: list[dict[str, Any]]) -> list[Link]:
    links, previous = [], GENESIS
    for number, body in enumerate(bodies, start=1):
        data = canonical_json({**body, "n": number})
        previous = link_hash(previous, data)
        links.append(Link(number, data, previous))
    return links


def passages(count: int) -> list[tuple[int, bytes]]:
    found, previous = [], GENESIS
    for seq in range(1, count + 1):
        message: dict[str, Any] = {"seq": seq, "passage_id": f"CM-01-e1-{seq:06d}", "fare_vnd": 35_000}
        message["previous_hash"] = previous
        message["record_hash"] = previous = passage_hash(message)
        found.append((seq, canonical_json(message)))
    return found


@given(BODIES)
def test_an_untouched_chain_is_whole(bodies: list[dict[str, Any]]) -> None:
    assert check_chain(chained(bodies)) == []


@given(BODIES, st.data())
def test_an_altered_record_is_named(bodies: list[dict[str, Any]], data: st.DataObject) -> None:
    links = chained(bodies)
    victim = data.draw(st.integers(0, len(links) - 1))
    position = data.draw(st.integers(0, len(links[victim].body) - 1))
    bent = bytearray(links[victim].body)
    bent[position] ^= data.draw(st.integers(1, 255))
    links[victim] = Link(links[victim].number, bytes(bent), links[victim].stored_hash)
    assert [(finding.kind, finding.number) for finding in check_chain(links)] == [("altered", victim + 1)]


@given(BODIES, st.data())
def test_a_record_altered_together_with_its_hash_breaks_the_next(
    bodies: list[dict[str, Any]], data: st.DataObject
) -> None:
    links = chained([*bodies, {"last": 1}])
    victim = data.draw(st.integers(0, len(links) - 2))
    before = links[victim - 1].stored_hash if victim else GENESIS
    body = canonical_json({"forged": True})
    links[victim] = Link(victim + 1, body, link_hash(before, body))
    assert [(finding.kind, finding.number) for finding in check_chain(links)] == [("altered", victim + 2)]


@given(BODIES, st.data())
def test_a_missing_record_is_named(bodies: list[dict[str, Any]], data: st.DataObject) -> None:
    links = chained([*bodies, {"last": 1}])
    victim = data.draw(st.integers(0, len(links) - 2))
    findings = check_chain(links[:victim] + links[victim + 1 :])
    assert [(finding.kind, finding.number) for finding in findings] == [("missing", victim + 1)]


@given(st.integers(3, 12), st.data())
def test_two_records_that_changed_places_are_found(count: int, data: st.DataObject) -> None:
    links = chained([{}] * count)
    one, other = data.draw(
        st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda p: p[0] < p[1])
    )
    links[one], links[other] = links[other], links[one]
    assert any(finding.kind in ("disordered", "missing") for finding in check_chain(links))


@given(st.integers(1, 12), st.data())
def test_an_altered_passage_is_named(count: int, data: st.DataObject) -> None:
    stored = passages(count)
    victim = data.draw(st.integers(0, count - 1))
    message = json.loads(stored[victim][1])
    message["fare_vnd"] = 0
    stored[victim] = (stored[victim][0], canonical_json(message))
    assert [(finding.kind, finding.number) for finding in check_passages(stored)] == [("altered", victim + 1)]


@given(st.integers(2, 12), st.data())
def test_a_forged_passage_with_a_fitting_hash_breaks_the_chain_behind_it(count: int, data: st.DataObject) -> None:
    stored = passages(count)
    victim = data.draw(st.integers(0, count - 2))
    message = json.loads(stored[victim][1])
    message["fare_vnd"] = 0
    message["record_hash"] = passage_hash(message)
    stored[victim] = (stored[victim][0], canonical_json(message))
    assert [(finding.kind, finding.number) for finding in check_passages(stored)] == [("altered", victim + 2)]
