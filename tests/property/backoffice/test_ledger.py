"""Laws of the ledger: balanced, idempotent, reversible, whatever is booked in whatever order."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.ledger.postings import (
    LedgerError,
    Posting,
    Transaction,
    balances,
    charge,
    corrected_charge,
    distinct,
    reversal,
    top_up,
)
from backoffice.rating.charge import Charge

accounts = st.sampled_from(["A1", "A2", "A3", ""])
amounts = st.integers(min_value=0, max_value=10**12)
instants = st.integers(min_value=0, max_value=2**50)


@st.composite
def charges(draw: st.DrawFn) -> Charge:
    number = draw(st.integers(min_value=1, max_value=10**6))
    provider = draw(st.sampled_from(["VETC", "VDTC"]))
    return Charge(f"CM-01-e1-{number:06d}", "CM", provider, draw(accounts), draw(amounts), draw(st.integers(0, 9)))


def unique(booked: list[Charge]) -> list[Charge]:
    return list({c.passage_id: c for c in booked}.values())


@settings(deadline=None)
@given(st.lists(charges()), instants, st.randoms(use_true_random=False))
def test_booking_again_in_any_order_changes_nothing(booked: list[Charge], at_us: int, dice: random.Random) -> None:
    legs = [leg for c in unique(booked) for leg in charge(c, at_us).legs]
    again = legs + dice.sample(legs, len(legs))
    dice.shuffle(again)
    assert balances(again) == balances(legs)
    assert sum(balances(again).values()) == 0


@settings(deadline=None)
@given(charges(), instants)
def test_a_charge_debits_the_payer_by_the_amount_and_owes_it_to_the_operator(booked: Charge, at_us: int) -> None:
    sums = balances(charge(booked, at_us).legs)
    payer = f"customer:{booked.account}" if booked.account else "suspense:CM"
    assert sums == {payer: booked.amount_vnd, f"operator_payable:CM:{booked.provider}": -booked.amount_vnd}


@settings(deadline=None)
@given(st.lists(charges(), min_size=1), instants, instants)
def test_a_reversal_restores_every_balance_and_names_what_it_takes_back(
    booked: list[Charge], at_us: int, later: int
) -> None:
    first, *others = unique(booked)
    before = [leg for c in others for leg in charge(c, at_us).legs]
    original = charge(first, at_us).legs
    taken_back = reversal(original, "k1", later).legs
    after = balances([*before, *original, *taken_back])
    assert {k: v for k, v in after.items() if v} == {k: v for k, v in balances(before).items() if v}
    assert [leg.reverses for leg in taken_back] == [leg.posting_id for leg in original]
    assert {leg.at_us for leg in taken_back} == {later}
    with pytest.raises(LedgerError, match="is a reversal itself"):
        reversal(taken_back, "k2", later)


@settings(deadline=None)
@given(charges(), amounts, instants)
def test_a_correction_leaves_what_it_says(wrong: Charge, right_vnd: int, at_us: int) -> None:
    right = replace(wrong, account="A9", amount_vnd=right_vnd)
    original = charge(wrong, at_us).legs
    legs = [*original, *reversal(original, "k1", at_us).legs, *corrected_charge(right, "k1", at_us).legs]
    assert len(distinct(legs)) == 6
    expected = {"customer:A9": right_vnd, f"operator_payable:CM:{wrong.provider}": -right_vnd}
    assert {k: v for k, v in balances(legs).items() if v} == {k: v for k, v in expected.items() if v}


@settings(deadline=None)
@given(charges(), st.integers(min_value=-(10**12), max_value=10**12).filter(bool), instants)
def test_unbalanced_legs_are_refused(booked: Charge, off_by_vnd: int, at_us: int) -> None:
    debit, credit = charge(booked, at_us).legs
    with pytest.raises(LedgerError, match="not to zero"):
        Transaction((replace(debit, amount_vnd=debit.amount_vnd + off_by_vnd), credit))


@settings(deadline=None)
@given(charges(), instants)
def test_one_id_with_two_contents_is_refused(booked: Charge, at_us: int) -> None:
    debit, credit = charge(booked, at_us).legs
    with pytest.raises(LedgerError, match="two different legs"):
        distinct([debit, credit, replace(debit, account="customer:other")])
    with pytest.raises(LedgerError, match="share the id"):
        Transaction((debit, replace(credit, posting_id=debit.posting_id)))
    with pytest.raises(LedgerError, match="two legs"):
        Transaction((replace(debit, amount_vnd=0),))


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=10**12), instants)
def test_a_top_up_raises_what_the_account_can_pay(amount_vnd: int, at_us: int) -> None:
    legs: tuple[Posting, ...] = top_up("A1", "VETC", amount_vnd, "topup:VETC:r1", at_us).legs
    assert balances(legs + legs) == {"customer:A1": -amount_vnd, "cash_in:VETC": amount_vnd}


@pytest.mark.parametrize("amount_vnd", [0, -1])
def test_a_top_up_of_nothing_is_refused(amount_vnd: int) -> None:
    with pytest.raises(LedgerError, match="above 0"):
        top_up("A1", "VETC", amount_vnd, "topup:VETC:r1", 0)
