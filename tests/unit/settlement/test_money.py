"""Rounding, VAT steps, agreed and disputed money, and totals that must not hide anything."""

from datetime import date
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.clearing.agreement import SideTotal, Tally, Totals, with_money
from settlement.clearing.terms import DEMONSTRATION, NoVatRateError, Terms, VatStep, half_up, payable

DAY = date(2026, 6, 15)


@given(st.integers(0, 10**13), st.integers(1, 20_000))
def test_half_up_is_the_nearest_with_halves_up(numerator: int, denominator: int) -> None:
    result = half_up(numerator, denominator)
    gap = Fraction(numerator, denominator) - result
    assert Fraction(-1, 2) <= gap < Fraction(1, 2)


def test_the_plain_day_by_hand() -> None:
    owed = payable(1_500_000, 0, DAY, DEMONSTRATION)
    assert (owed.fee_vnd, owed.vat_vnd, owed.net_vnd) == (97_500, 111_111, 1_402_500)


def test_corrections_are_added_after_the_fee() -> None:
    assert payable(1_000, -5_000, DAY, DEMONSTRATION).net_vnd == 1_000 - 65 - 5_000


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        (date(2025, 6, 30), 1000),
        (date(2025, 7, 1), 800),
        (date(2026, 12, 31), 800),
        (date(2027, 1, 1), 1000),
        (date(1999, 1, 1), 1000),
    ],
)
def test_vat_follows_the_accounting_day(day: date, rate: int) -> None:
    assert DEMONSTRATION.vat_rate_bp(day) == rate


def test_a_day_before_every_rate_has_none() -> None:
    with pytest.raises(NoVatRateError, match="2024"):
        Terms(650, (VatStep(date(2025, 1, 1), 800),)).vat_rate_bp(date(2024, 12, 31))


def item(code: str, *, alone: bool, claim: int = 0, taken: int = 0, left: int = 0) -> pl.DataFrame:
    row = {
        "code": code,
        "alone": alone,
        "claim_vnd": claim,
        "taken_vnd": taken,
        "left_vnd": left,
        "day": DAY,
        "station_rows": int(not alone),
        "provider_rows": 1,
        "station_vnd": claim,
        "provider_vnd": left,
    }
    return pl.DataFrame([row])


@pytest.mark.parametrize(
    ("code", "alone", "claim", "taken", "left", "agreed", "disputed"),
    [
        ("MATCHED", False, 35, 35, 35, 35, 0),
        ("TIME", False, 35, 35, 35, 35, 0),
        ("AMOUNT", False, 35, 30, 30, 30, 5),
        ("CLASS", False, 35, 50, 50, 35, 15),
        ("PENDING", False, 35, 50, 50, 0, 50),
        ("REJECTED", False, 35, 0, 50, 0, 35),
        ("EXEMPT", False, 0, 35, 35, 0, 35),
        ("FE_ONLY", True, 35, 0, 0, 0, 35),
        ("BE_ONLY", True, 0, 30, 30, 0, 30),
        ("REFUND_MISSING", True, 0, 30, 30, 0, 30),
        ("PENDING", True, 0, 50, 20, 0, 50),
        ("REJECTED", True, 0, 0, 50, 0, 0),
        ("REFUNDED", True, 0, 0, 0, 0, 0),
        ("CREDIT_ONLY", True, 0, 35, 35, 0, 0),
        ("NOT_CHARGEABLE", True, 35, 0, 0, 0, 0),
    ],
)
def test_money_by_class(code: str, alone: bool, claim: int, taken: int, left: int, agreed: int, disputed: int) -> None:
    found = with_money(item(code, alone=alone, claim=claim, taken=taken, left=left))
    assert (found["agreed_vnd"][0], found["disputed_vnd"][0]) == (agreed, disputed)


def total(items: pl.DataFrame, sides: tuple[SideTotal, SideTotal]) -> Totals:
    tally = Tally(DAY)
    for start in range(len(items)):
        tally.add(items.slice(start, 1))
    return tally.totals(("MATCHED",), sides)


@pytest.mark.parametrize(
    ("station", "provider", "named"),
    [
        (SideTotal(2, 0, 35), SideTotal(1, 0, 35), "station rows"),
        (SideTotal(1, 0, 35), SideTotal(1, 1, 35), "provider rows"),
        (SideTotal(1, 0, 36), SideTotal(1, 0, 35), "station fares"),
        (SideTotal(1, 0, 35), SideTotal(1, 0, 0), "provider debits"),
    ],
)
def test_what_does_not_add_up_is_named(station: SideTotal, provider: SideTotal, named: str) -> None:
    items = with_money(item("MATCHED", alone=False, claim=35, taken=35, left=35))
    assert total(items, (SideTotal(1, 0, 35), SideTotal(1, 0, 35))).imbalances == ()
    (problem,) = total(items, (station, provider)).imbalances
    assert problem.startswith(named)


def test_a_class_that_nobody_knows_does_not_balance() -> None:
    items = with_money(item("SURPRISE", alone=True))
    assert total(items, (SideTotal(0, 0, 0), SideTotal(1, 0, 0))).imbalances
