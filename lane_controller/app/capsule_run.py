"""Runs a capsule through the real core and compares what comes out with what was recorded, byte for byte.

In: a capsule. Out: the moments of the run, and a comparison that names the first record that differs. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lane_controller.app.capsule_file import Capsule, Recorded, Step
from lane_controller.contracts.hashes import canonical_json, passage_hash
from lane_controller.core.effects import Effect
from lane_controller.core.effects import Record as RecordEffect
from lane_controller.core.lane import start, step
from lane_controller.core.plain import to_plain
from lane_controller.core.records import PassageClosed, Record
from lane_controller.core.state import Lane
from lane_controller.outbox.chain import json_object, link_hash
from lane_controller.outbox.encode import passage_message

SHOWN = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """One step: what came, the lane before and after it, what it wanted done."""

    step: Step
    before: Lane
    after: Lane
    effects: tuple[Effect, ...]

    @property
    def records(self) -> list[Record]:
        """What it made durable."""
        return [effect.record for effect in self.effects if isinstance(effect, RecordEffect)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`difference` is None when every record came out as it was recorded; `proved` counts those that did."""

    proved: int
    difference: str | None
    record_hash: str | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing differs."""
        return self.difference is None


def play(lane: Lane, steps: Iterable[Step]) -> Iterator[Moment]:
    """Every step in turn, from `lane` on."""
    for one in steps:
        before = lane if one.config is None else start(one.config)
        lane, effects = step(before, one.event, one.now)
        yield Moment(one, before, lane, effects)


def compare(capsule: Capsule) -> Comparison:
    """Run it and hold every record against the recorded one."""
    made: list[Record] = []
    try:
        for moment in play(capsule.start, capsule.steps):
            made += moment.records
    except Exception as error:  # a core of another version may refuse what was no problem then
        return Comparison(0, f"the core fails after {len(made)} records: {type(error).__name__}: {error}")
    head, record_hash = capsule.chain_hash, None
    for i, stored in enumerate(capsule.records):
        problem = _number(capsule, i) or _same(made, i, stored) or _hash(head, stored)
        problem = problem or _message(capsule, made[i], stored)
        if problem is not None:
            return Comparison(i, problem)
        head = stored.hash
        record_hash = _record_hash(capsule.passage_id, stored) or record_hash
    extra = [type(record).__name__ for record in made[len(capsule.records) :]]
    if extra:
        text = f"{', '.join(extra)} came out after the last recorded one"
        return Comparison(len(capsule.records), f"more records than were recorded: {text}")
    return Comparison(len(capsule.records), None, record_hash)


def _number(capsule: Capsule, i: int) -> str | None:
    number, expected = capsule.records[i].number, capsule.after_record + 1 + i
    return None if number == expected else f"record {number} stands where {expected} should"


def _same(made: list[Record], i: int, stored: Recorded) -> str | None:
    if i >= len(made):
        return f"record {stored.number} ({_kind(stored.body)}) did not come out; the run made {len(made)} records"
    body = canonical_json(to_plain(made[i]))
    if body == stored.body:
        return None
    return f"record {stored.number} ({_kind(stored.body)}) differs: {_first_difference(stored.body, body)}"


def _hash(head: str, stored: Recorded) -> str | None:
    if link_hash(head, stored.body) == stored.hash:
        return None
    return f"record {stored.number} does not continue the hash chain of the journal"


def _message(capsule: Capsule, record: Record, stored: Recorded) -> str | None:
    if not isinstance(record, PassageClosed):
        return None
    message = json_object(stored.message or b"") or {}
    made = passage_message(record.passage, capsule.plaza, capsule.lane, capsule.epoch)
    chained = {name: message.get(name) for name in ("previous_hash", "journal_number", "journal_hash", "record_hash")}
    wanted = canonical_json(made | {name: value for name, value in chained.items() if value is not None})
    if wanted != stored.message:
        text = _first_difference(stored.message or b"", wanted)
        return f"the passage published for record {stored.number} differs: {text}"
    if passage_hash(message) != message.get("record_hash"):
        return f"the passage published for record {stored.number} does not match its record_hash"
    if message.get("journal_hash") not in (None, stored.hash):
        return f"the passage published for record {stored.number} names another journal_hash"
    return None


def _record_hash(passage_id: str, stored: Recorded) -> str | None:
    message = json_object(stored.message or b"")
    return None if message is None or message["passage_id"] != passage_id else str(message["record_hash"])


def _kind(body: bytes) -> str:
    return str((json_object(body) or {}).get("type"))


def _first_difference(stored: bytes, made: bytes) -> str:
    """`passage.finding.fare_vnd: recorded 35000, computed 50000`."""
    found = _differ("", json_object(stored), json.loads(made))
    return found or "the same content in another spelling"


def _differ(path: str, one: Any, other: Any) -> str | None:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted({*one, *other}):
            found = _differ(f"{path}.{name}" if path else name, one.get(name), other.get(name))
            if found is not None:
                return found
        return None
    if one == other:
        return None
    return f"{path or 'record'}: recorded {json.dumps(one)[:SHOWN]}, computed {json.dumps(other)[:SHOWN]}"
