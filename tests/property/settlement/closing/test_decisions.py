"""Whatever is decided on whatever dispute: never by one person, never twice, and the ledger stays balanced."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.contracts import ledger
from backoffice.contracts.postings import CORRECTION, REVERSAL, Posting, distinct, standing
from settlement.clearing import consequence
from settlement.clearing.closed_day import ClosedItem
from settlement.clearing.consequence import DECISIONS, DecisionError, Ruling, due_of, legs_from, legs_text
from settlement.clearing.dispute import (
    DECIDED,
    OPEN,
    PROPOSED,
    STEPS,
    Event,
    Standing,
    StepError,
    fold,
    same_person,
    step,
)
from tests.property.settlement.closing.made_items import disputed_items

KINDS = sorted({kind for _, kind in STEPS})
PEOPLE = ("Lan", "lan ", "LAN", "Minh", "Ｍinh", "Hoa")


def next_event(now: Standing, kind: str, user: str, **given: object) -> Event:
    last = now.events[-1].digest if now.events else ""
    made = {"owner": "Hoa", "link": "sha256:1", "text": "vì sao", "decision": "refund", "due_vnd": 0}
    needed = {"assign": ("owner",), "evidence": ("link",), "propose": ("text", "decision", "due_vnd"),
              "approve": ("decision", "due_vnd"), "reject": ("text",)}.get(kind, ())  # fmt: skip
    filled = {name: made[name] for name in needed} | given
    return Event("d", len(now.events) + 1, kind, user, 1, previous=last, **filled)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(PEOPLE)), max_size=25))
def test_no_decision_by_one_person_alone(acts: list[tuple[str, str]]) -> None:
    now = Standing()
    for kind, user in acts:
        try:
            now = step(now, next_event(now, kind, user))
        except StepError:
            continue
    assert fold(now.events) == now
    if now.state == DECIDED:
        assert now.proposal is not None
        assert now.approval is not None
        assert not same_person(now.proposal.user, now.approval.user)
        assert sum(event.kind == "approve" for event in now.events) == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(PEOPLE)), max_size=12), st.data())
def test_an_event_left_out_swapped_or_altered_is_noticed(acts: list[tuple[str, str]], data: st.DataObject) -> None:
    now = Standing()
    for kind, user in [("assign", "Lan"), *acts]:
        try:
            now = step(now, next_event(now, kind, user))
        except StepError:
            continue
    events = list(now.events)
    if len(events) < 2:
        return
    at = data.draw(st.integers(0, len(events) - 2))
    for other in (
        events[:at] + events[at + 1 :],
        [*events[:at], events[at + 1], events[at], *events[at + 2 :]],
        [*events[:at], replace(events[at], text="khác"), *events[at + 1 :]]
        if events[at].text != "khác"
        else events[1:],
    ):
        with pytest.raises(StepError):
            fold(other)


def test_every_step_of_the_table_is_reachable_and_nothing_leaves_a_decision() -> None:
    assert {state for state, _ in STEPS} == {OPEN, "assigned", PROPOSED}
    assert DECIDED in STEPS.values()


def charged(item: ClosedItem) -> list[Posting]:
    """What the back office booked when the vehicle passed."""
    if item.passed_us < 0 or not item.claim_vnd:
        return []
    name, fare = item.passage_id, item.claim_vnd
    common = {"passage_id": name, "kind": "charge", "plaza": "CM", "provider": "VETC", "at_us": 1}
    return [
        Posting(f"{name}/customer", leg="customer", account="customer:A1", amount_vnd=fare, **common),  # type: ignore[arg-type]
        Posting(
            f"{name}/payable", leg="payable", account="operator_payable:CM:VETC", amount_vnd=-fare, **common  # type: ignore[arg-type]
        ),
    ]  # fmt: skip


def sums(legs: list[Posting]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for leg in distinct(legs).values():
        found[leg.account] += leg.amount_vnd
    return dict(found)


@settings(max_examples=60, deadline=None)
@given(disputed_items(), st.sampled_from(sorted(DECISIONS)), st.none() | st.integers(-1, 30).map(lambda n: n * 5_000))
def test_a_decision_leaves_the_ledger_balanced_and_the_operator_with_what_is_due(
    item: ClosedItem, decision: str, amount: int | None
) -> None:
    before = charged(item)
    try:
        due = due_of(item, decision, amount)
    except DecisionError:
        return
    booked = consequence.transactions(item, Ruling("20260615-abc", "VETC", due, 99), before)
    legs = [leg for transaction in booked for leg in transaction.legs]
    assert sum(leg.amount_vnd for leg in legs) == 0
    assert {leg.kind for leg in legs} <= {REVERSAL, CORRECTION}
    assert legs_from(legs_text(booked)) == tuple(legs)
    for leg in legs:
        assert leg.passage_id or not leg.account.startswith("operator_payable:")
        assert "20260615-abc" in leg.posting_id
    after = sums([*before, *legs])
    owed = after.get(ledger.operator_payable("CM", "VETC"), 0) + after.get(ledger.accepted_toll("CM", "VETC"), 0)
    assert owed == -due
    taken = item.left_vnd if item.status == "posted" else 0
    assert after.get(ledger.refund_due("VETC"), 0) == -max(0, taken - due)
    assert sum(after.values()) == 0
    # Booking the same again, from another process, changes nothing.
    assert sums([*before, *legs, *legs]) == after
    twice = [leg.reverses for leg in legs if leg.reverses]
    assert len(twice) == len(set(twice))
    assert {leg.posting_id for leg in standing([*before, *legs])}.isdisjoint({leg.posting_id for leg in before})


@settings(max_examples=60, deadline=None)
@given(disputed_items())
def test_every_dispute_can_be_decided(item: ClosedItem) -> None:
    possible = []
    for decision in DECISIONS:
        try:
            possible.append((decision, due_of(item, decision, None)))
        except DecisionError:
            continue
    assert possible, "no decision is possible"
    most = max(item.claim_vnd, item.taken_vnd, item.left_vnd, item.agreed_vnd + item.disputed_vnd)
    assert all(0 <= due <= most for _, due in possible)
