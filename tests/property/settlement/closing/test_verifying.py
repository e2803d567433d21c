"""Whatever is edited in the rows of a closed day: something is found, and it names the row."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.clearing.closed_day import ClosedItem, minutes_from
from settlement.clearing.closing import Setting, contradictions, minutes_of, register_of
from settlement.clearing.signing import holds, public_key, sign
from settlement.clearing.stored import ClosingRow, StoredItem
from settlement.clearing.terms import DEMONSTRATION
from settlement.clearing.verifying import closing_findings
from settlement.reconcile.classes import LABELS
from tests.property.settlement.closing.made_items import disputed_items

OPERATOR, PROVIDER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
KEYS = {"operator": (public_key(OPERATOR),), "provider": (public_key(PROVIDER),)}
DAY = date(2026, 6, 15)


def closed(items: list[ClosedItem]) -> tuple[ClosingRow, list[StoredItem]]:
    """The rows of a day with these items, as they are written."""
    items = sorted({item.key: item for item in items}.values(), key=lambda item: item.key)
    setting = Setting(
        "VETC", DAY, ("CM",), "22:00", 9, 8, "", (), (), (), (), public_key(OPERATOR), public_key(PROVIDER), True
    )
    minutes = minutes_of(setting, items, DEMONSTRATION, tuple(LABELS))
    assert contradictions(minutes, items) == []
    assert minutes_from(minutes.signed_bytes) == minutes
    row = ClosingRow(
        "VETC", DAY, minutes.digest, minutes.signed_bytes.decode(), register_of(items),
        minutes.operator_key, sign(minutes, "operator", OPERATOR),
        minutes.provider_key, sign(minutes, "provider", PROVIDER),
    )  # fmt: skip
    return row, [StoredItem(number, item.leaf, item) for number, item in enumerate(items, start=1)]


days = st.lists(st.integers(1, 99), min_size=1, max_size=6, unique=True).flatmap(
    lambda numbers: st.tuples(*(disputed_items(number) for number in numbers))
)


@settings(max_examples=30, deadline=None)
@given(days)
def test_what_nobody_edited_has_no_findings(made: tuple[ClosedItem, ...]) -> None:
    row, items = closed(list(made))
    assert list(closing_findings(row, items, KEYS)) == []
    assert list(closing_findings(row, list(reversed(items)), KEYS)) == [], "the order of reading is no matter"


@settings(max_examples=30, deadline=None)
@given(days, st.data())
def test_any_field_of_any_item_is_named(made: tuple[ClosedItem, ...], data: st.DataObject) -> None:
    row, items = closed(list(made))
    at = data.draw(st.integers(0, len(items) - 1))
    name = data.draw(st.sampled_from([one.name for one in fields(ClosedItem) if one.name != "key"]))
    value = getattr(items[at].item, name)
    other = f"{value}x" if isinstance(value, str) else value + data.draw(st.sampled_from([-1, 1, 35_000]))
    forged = replace(items[at].item, **{name: other})
    with_leaf = data.draw(st.booleans())
    items[at] = StoredItem(items[at].number, forged.leaf if with_leaf else items[at].leaf, forged)
    (found,) = closing_findings(row, items, KEYS)
    assert f"key={forged.key} " in found.row
    assert ("made to fit" in found.what) == with_leaf


@settings(max_examples=30, deadline=None)
@given(days, st.data())
def test_a_missing_added_or_doubled_item_is_named(made: tuple[ClosedItem, ...], data: st.DataObject) -> None:
    row, items = closed(list(made))
    one = data.draw(st.sampled_from(items))
    fewer = [item for item in items if item is not one]
    (missing,) = closing_findings(row, fewer, KEYS)
    assert missing.row.endswith(f"key={one.item.key}")
    stranger = replace(one.item, key="p:CM/ghost")
    (added,) = closing_findings(row, [*items, StoredItem(99, stranger.leaf, stranger)], KEYS)
    assert "key=p:CM/ghost " in added.row
    doubled = list(closing_findings(row, [*items, one], KEYS))
    assert doubled
    assert all(f"key={one.item.key} " in found.row for found in doubled)


@settings(max_examples=30, deadline=None)
@given(days, st.data())
def test_any_edit_of_the_closing_itself_is_found(made: tuple[ClosedItem, ...], data: st.DataObject) -> None:
    row, items = closed(list(made))
    name = data.draw(st.sampled_from([one.name for one in fields(ClosingRow) if one.name != "day"]))
    text = getattr(row, name)
    at = data.draw(st.integers(0, len(text) - 1))
    edited = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
    found = list(closing_findings(replace(row, **{name: edited}), items, KEYS))
    assert any("settlement_closings" in one.row for one in found)


@settings(max_examples=30, deadline=None)
@given(days)
def test_a_signature_counts_for_one_role_and_one_key(made: tuple[ClosedItem, ...]) -> None:
    row, items = closed(list(made))
    minutes = minutes_from(row.minutes)
    assert holds(minutes, "operator", row.operator_key, row.operator_signature)
    assert not holds(minutes, "provider", row.operator_key, row.operator_signature)
    assert not holds(minutes, "operator", row.provider_key, row.operator_signature)
    swapped = replace(row, operator_signature=row.provider_signature)
    assert any("operator's signature" in one.what for one in closing_findings(swapped, items, KEYS))
    unknown = {**KEYS, "operator": ("ab" * 32,)}
    assert any("not registered" in one.what for one in closing_findings(row, items, unknown))
