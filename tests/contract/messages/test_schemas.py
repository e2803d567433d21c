"""Messages keep their shape: schemas are fresh, samples of version 1 still decode, wrong bytes are named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lane_controller.contracts.export import SCHEMAS, schema_text
from lane_controller.contracts.v1 import (
    MESSAGES,
    LaneCommandV1,
    Message,
    MessageError,
    PassageV1,
    TagEntryV1,
    checksum_text,
    entry_digest,
)
from lane_controller.contracts.values import parse_passage_id, passage_id

SAMPLES = Path(__file__).parents[2] / "data" / "messages"
BY_NAME = {message.__name__: message for message in MESSAGES}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_schema_file_is_fresh(message: type[Message]) -> None:
    path = SCHEMAS / f"{message.__name__}.json"
    assert path.read_text(encoding="utf-8") == schema_text(message), "run: make schemas"


def test_no_schema_file_is_left_over() -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(BY_NAME)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_shipped_samples_still_decode(path: Path) -> None:
    message = BY_NAME[path.stem.split("-")[0]]
    sample = json.loads(path.read_bytes())
    decoded = message.decode(path.read_bytes())
    again = json.loads(decoded.encode())
    assert sample.items() <= again.items(), "a shipped field was lost or changed its form"


def test_every_message_has_a_sample() -> None:
    assert {path.stem.split("-")[0] for path in SAMPLES.glob("*.json")} == set(BY_NAME)


def test_an_unknown_optional_field_of_a_newer_producer_is_accepted() -> None:
    sample = json.loads((SAMPLES / "PassageV1-charged.json").read_text())
    assert PassageV1.decode(json.dumps({**sample, "from_the_future": 1}).encode()).seq == sample["seq"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fare_vnd", 35000.5),
        ("fare_vnd", "35000"),
        ("fare_vnd", -1),
        ("class_charged", 6),
        ("passed_at_utc", "2026-06-15T08:00:00"),
        ("outcome", "gratis"),
        ("seq", 0),
        ("epc", "e280"),
        ("plate_confidence", 1.2),
    ],
)
def test_a_wrong_field_is_named(field: str, value: object) -> None:
    sample = json.loads((SAMPLES / "PassageV1-charged.json").read_text())
    with pytest.raises(MessageError, match=field):
        PassageV1.decode(json.dumps({**sample, field: value}).encode())


@given(st.binary(max_size=200))
def test_garbage_raises_only_message_error(data: bytes) -> None:
    try:
        LaneCommandV1.decode(data)
    except MessageError:
        return


def test_times_become_utc() -> None:
    sample = json.loads((SAMPLES / "PassageV1-charged.json").read_text())
    moved = PassageV1.decode(json.dumps({**sample, "passed_at_utc": "2026-06-15T15:00:05+07:00"}).encode())
    assert moved.passed_at_utc == datetime(2026, 6, 15, 8, 0, 5, tzinfo=UTC)
    assert moved.passed_at_utc.utcoffset() == datetime.now(UTC).utcoffset()


entries = st.builds(
    TagEntryV1,
    epc=st.binary(min_size=1, max_size=32).map(lambda raw: raw.hex().upper()),
    account=st.text(min_size=1, max_size=10),
    provider=st.sampled_from(["VETC", "VDTC"]),
    plate=st.just("20A12345"),
    vehicle_class=st.integers(1, 5),
    available_vnd=st.integers(-(10**9), 10**9),
)


@given(st.lists(entries, max_size=6), st.randoms())
def test_list_checksum_does_not_depend_on_order_and_follows_each_change(
    listed: list[TagEntryV1], random: object
) -> None:
    whole = 0
    for entry in listed:
        whole ^= entry_digest(entry)
    backwards = 0
    for entry in reversed(listed):
        backwards ^= entry_digest(entry)
    assert checksum_text(whole) == checksum_text(backwards)
    if listed:
        without_first = whole ^ entry_digest(listed[0])
        assert without_first != whole


@given(st.sampled_from(["CM-01", "CM-02", "BD-1-A"]), st.integers(1, 99), st.integers(1, 10**7))
def test_passage_ids_read_back(lane: str, epoch: int, number: int) -> None:
    assert parse_passage_id(passage_id(lane, epoch, number)) == (lane, epoch, number)


@pytest.mark.parametrize("text", ["", "CM-02", "CM-02-e1-12", "CM-02-1-000123"])
def test_other_texts_are_no_passage_ids(text: str) -> None:
    with pytest.raises(ValueError, match="no passage id"):
        parse_passage_id(text)
