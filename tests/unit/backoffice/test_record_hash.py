"""The record hash of a passage is checked whatever way its JSON is spelled, and any change of content is found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backoffice.ingest.decode import Rejection, decode_passage
from lane_controller.contracts.hashes import canonical_json, passage_hash
from lane_controller.contracts.v1 import PassageV1
from lane_controller.stream.port import Record


def message() -> dict[str, Any]:
    """A passage as a lane makes it, with its hash."""
    made: dict[str, Any] = {
        "plaza": "CM", "lane": "CM-01", "epoch": 1, "seq": 1, "passage_id": "CM-01-e1-000001", "outcome": "charged",
        "fare_vnd": 35_000, "epc": "E2801160600002075A1B2C3D", "plate": "20A12345", "reason": "Nguyễn",
        "offline": False, "tariff_version": 1, "list_version": 1, "flags": [], "evidence": [],
        "explanation": {"score": 0.5, "rules": ["R1"]},
        "detected_at_utc": "2026-06-15T03:00:00Z", "passed_at_utc": "2026-06-15T03:00:03Z", "previous_hash": "0" * 64,
    }  # fmt: skip
    return made | {"record_hash": passage_hash(made)}


def decoded(data: bytes) -> PassageV1 | Rejection:
    return decode_passage(Record("toll.passages.v1", 0, 0, "CM-01", data, 0))


def spellings() -> dict[str, bytes]:
    made = message()
    return {
        "canonical": canonical_json(made),
        "spaces": json.dumps(made, ensure_ascii=False).encode(),
        "escaped": json.dumps(made).encode(),
        "other order": json.dumps(dict(reversed(made.items())), separators=(",", ":")).encode(),
    }


@pytest.mark.parametrize("spelling", spellings())
def test_every_spelling_of_an_honest_passage_is_taken(spelling: str) -> None:
    data = spellings()[spelling]
    assert isinstance(decoded(data), PassageV1)
    assert passage_hash(json.loads(data)) == message()["record_hash"]


@pytest.mark.parametrize("spelling", spellings())
def test_every_changed_amount_is_found(spelling: str) -> None:
    data = spellings()[spelling].replace(b"35000", b"34000")
    found = decoded(data)
    assert isinstance(found, Rejection)
    assert found.reason == "altered"


def test_a_hash_that_was_changed_is_found() -> None:
    found = decoded(canonical_json(message() | {"record_hash": "f" * 64}))
    assert isinstance(found, Rejection)
    assert found.reason == "altered"


def test_a_second_hash_in_the_message_is_no_way_around() -> None:
    """Only the record's own field is left out of the hash: the same text elsewhere counts as content."""
    made = message()
    inner = {"record_hash": made["record_hash"]}
    found = decoded(canonical_json(made | {"explanation": inner | {"score": 0.5}}))
    assert isinstance(found, Rejection)
