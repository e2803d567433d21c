"""The quick reading of a change and the message's model give the same row, or both refuse."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lane_controller.contracts.v1 import TagEntryV1, TagListChangeV1
from lane_controller.contracts.v1.base import MessageError
from lane_controller.contracts.values import TagStatus
from lane_controller.lists.country.row import RowError
from lane_controller.lists.records import Change, change_by_model, change_of
from tests.unit.tag_list.tags import epc_of, tag

EPCS = st.binary(min_size=1, max_size=64).map(lambda raw: raw.hex().upper())
TEXTS = st.text(max_size=30) | st.text("ABC0189 -.", max_size=210)
AMOUNTS = st.integers(-(10**12), 10**12) | st.sampled_from([0, -1, 999_999_999_999, -999_999_999_999])
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
ENTRIES = st.builds(
    TagEntryV1,
    epc=EPCS,
    tid=st.none() | EPCS,
    account=TEXTS,
    provider=TEXTS,
    plate=TEXTS,
    vehicle_class=st.integers(1, 5),
    status=st.sampled_from(TagStatus),
    available_vnd=AMOUNTS,
)
CHANGES = st.builds(
    lambda entry, version, at: TagListChangeV1(version=version, epc=entry.epc, entry=entry, changed_at_utc=at),
    ENTRIES | st.builds(tag, st.integers(0, 99), st.integers(0, 9)),
    st.integers(0, 2**63),
    MOMENTS,
)
PLAIN = TagListChangeV1(
    version=7, epc=epc_of(1), entry=tag(1), changed_at_utc=datetime(2026, 6, 15, 5, 0, 0, 250_000, UTC)
)


def read(by: object, key: str, value: bytes) -> Change | type[Exception]:
    assert callable(by)
    try:
        change: Change = by(key, value)
    except (MessageError, RowError) as error:
        return type(error)
    return change


@given(CHANGES)
def test_both_readings_of_what_we_send_are_one(change: TagListChangeV1) -> None:
    value = change.encode()
    assert change_of(change.epc, value) == change_by_model(change.epc, value)


@settings(max_examples=400)
@given(st.data())
def test_both_readings_of_damage_are_one(data: st.DataObject) -> None:
    value = bytearray(PLAIN.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(value) - 1))
        value[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=2) | st.sampled_from([b"0", b"9", b"-", b'"', b"a"])
        )
    assert read(change_of, PLAIN.epc, bytes(value)) == read(change_by_model, PLAIN.epc, bytes(value))


DAYS = ("2026-02-29", "2026-02-28", "2024-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-1-01", "0000-01-01")


@pytest.mark.parametrize("day", DAYS)
def test_dates_that_the_calendar_does_not_have_are_refused_by_both(day: str) -> None:
    value = PLAIN.encode().replace(b"2026-06-15", day.encode())
    assert read(change_of, PLAIN.epc, value) == read(change_by_model, PLAIN.epc, value)


def test_a_key_that_is_not_the_epc_is_refused() -> None:
    assert read(change_of, epc_of(2), PLAIN.encode()) is MessageError
