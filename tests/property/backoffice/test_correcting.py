"""Corrections: whatever was decided before, only the last decision stands, and every leg stays booked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.ledger.correcting import correct, standing
from backoffice.ledger.postings import LedgerError, Posting, balances, charge, distinct
from backoffice.rating.charge import Charge

decisions = st.lists(st.tuples(st.sampled_from(["A1", "A2", "A3"]), st.integers(0, 10**9)), max_size=6)


def charged(account: str, amount_vnd: int) -> Charge:
    return Charge("CM-01-e1-000001", "CM", "VETC", account, amount_vnd, 1)


@settings(deadline=None)
@given(decisions, st.integers(0, 10**9), st.booleans())
def test_the_last_decision_stands(later: list[tuple[str, int]], first_vnd: int, waived: bool) -> None:
    legs: list[Posting] = list(charge(charged("", first_vnd), 1).legs)
    payer, amount = "suspense:CM", first_vnd
    for account, amount_vnd in later:
        before = len(distinct(legs))
        legs += [leg for t in correct(legs, charged(account, amount_vnd), 2) for leg in t.legs]
        assert len(distinct(legs)) == before + 4
        payer, amount = f"customer:{account}", amount_vnd
    if waived:
        legs += [leg for t in correct(legs, None, 3) for leg in t.legs]
        amount = 0
        with pytest.raises(LedgerError, match="nothing stands"):
            correct(legs, None, 4)
    assert {leg.account for leg in standing(legs)} == (set() if waived else {payer, "operator_payable:CM:VETC"})
    expected = {payer: amount, "operator_payable:CM:VETC": -amount} if amount else {}
    assert {account: vnd for account, vnd in balances(legs).items() if vnd} == expected
