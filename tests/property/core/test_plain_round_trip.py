"""Every event and record survives JSON exactly; what is not one is refused with its field."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_controller.core.events import BarrierAcked, TagSeen
from lane_controller.core.plain import (
    EVENT_TYPES,
    RECORD_TYPES,
    PlainError,
    event_from_plain,
    record_from_plain,
    to_plain,
)
from lane_controller.core.values import AckResult

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def _any_of(types: dict[str, type]) -> Any:
    st.register_type_strategy(float, FINITE)
    return st.sampled_from(list(types.values())).flatmap(st.from_type)


@settings(max_examples=150, deadline=None)
@given(_any_of(EVENT_TYPES))
def test_event_survives_json(event: Any) -> None:
    assert event_from_plain(json.loads(json.dumps(to_plain(event)))) == event


@settings(max_examples=150, deadline=None)
@given(_any_of(RECORD_TYPES))
def test_record_survives_json(record: Any) -> None:
    assert record_from_plain(json.loads(json.dumps(to_plain(record)))) == record


@pytest.mark.parametrize(
    ("plain", "fault"),
    [
        ({"type": "Nothing"}, "Nothing"),
        ({"type": "BarrierAcked", "cmd_id": "x"}, "result"),
        ({"type": "BarrierAcked", "cmd_id": "x", "result": "well"}, "BarrierAcked.result"),
        ({"type": "BarrierAcked", "cmd_id": 7, "result": "accepted"}, "BarrierAcked.cmd_id"),
        ({"type": "BarrierAcked", "cmd_id": "x", "result": "accepted", "more": 1}, "more"),
        (
            {"type": "SensorChanged", "sensor": "L1", "on": 1, "recovered": False, "happened_mono_us": 1},
            "SensorChanged.on",
        ),
        ([], "none of"),
    ],
)
def test_what_is_no_event_is_refused_by_field(plain: Any, fault: str) -> None:
    with pytest.raises(PlainError, match=fault):
        event_from_plain(plain)


def test_plain_is_readable() -> None:
    assert to_plain(BarrierAcked("c", AckResult.EXPIRED)) == {
        "type": "BarrierAcked",
        "cmd_id": "c",
        "result": "expired",
    }
    assert to_plain(TagSeen("00E2", None, 1, -56, None, "r", None))["epc"] == "00E2"
