"""Rating vectors: what a passage costs, and when the amount stands in suspense."""

from __future__ import annotations

import pytest

from backoffice.rating.charge import Contract, Difference, PassageFacts, rate
from backoffice.rating.tariff import Tariff, Tariffs

DAY_US = 86_400_000_000
OLD = Tariff("CM", 1, 0, {1: 35_000, 2: 50_000, 3: 75_000, 4: 120_000, 5: 180_000})
NEW = Tariff("CM", 2, 10 * DAY_US, {1: 40_000, 2: 55_000, 3: 80_000, 4: 130_000, 5: 200_000})
TARIFFS = Tariffs([NEW, OLD])
EVERYTHING = [Difference.FARE, Difference.NO_ACCOUNT, Difference.NO_CONTRACT]
CONTRACT = Contract("CM", ("VETC", "VDTC"))


def facts(**changes: object) -> PassageFacts:
    fields = {
        "passage_id": "CM-01-e1-000001", "plaza": "CM", "outcome": "charged", "provider": "VETC", "account": "A1",
        "vehicle_class": 1, "fare_vnd": 35_000, "detected_at_us": DAY_US,
    }  # fmt: skip
    return PassageFacts(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at_us", "vehicle_class", "fare_vnd", "version"),
    [
        (0, 1, 35_000, 1),
        (10 * DAY_US - 1, 5, 180_000, 1),
        (10 * DAY_US, 5, 200_000, 2),
        (99 * DAY_US, 3, 80_000, 2),
    ],
)
def test_the_tariff_of_the_instant_of_detection_holds(
    at_us: int, vehicle_class: int, fare_vnd: int, version: int
) -> None:
    charge = rate(facts(detected_at_us=at_us, vehicle_class=vehicle_class, fare_vnd=fare_vnd), TARIFFS, CONTRACT)
    assert charge is not None
    assert (charge.account, charge.amount_vnd, charge.tariff_version) == ("A1", fare_vnd, version)
    assert charge.discrepancies == ()


def test_of_two_tariffs_from_the_same_instant_the_higher_version_holds() -> None:
    corrected = Tariff("CM", 3, 10 * DAY_US, {1: 41_000})
    assert Tariffs([corrected, NEW, OLD]).in_force("CM", 11 * DAY_US) is corrected


@pytest.mark.parametrize("outcome", ["ticket", "exempt", "manual", "convoy", "emergency", "violation"])
def test_only_a_charged_passage_debits(outcome: str) -> None:
    assert rate(facts(outcome=outcome), TARIFFS, CONTRACT) is None


@pytest.mark.parametrize(
    ("changes", "codes", "expected_vnd"),
    [
        ({"fare_vnd": 50_000}, [Difference.FARE], 35_000),
        ({"fare_vnd": 0}, [Difference.FARE], 35_000),
        ({"detected_at_us": -1}, [Difference.NO_TARIFF], 0),
        ({"plaza": "BD"}, [Difference.NO_TARIFF], 0),
        ({"vehicle_class": 0}, [Difference.NO_CLASS], 0),
        ({"account": ""}, [Difference.NO_ACCOUNT], 35_000),
        ({"provider": "OTHER"}, [Difference.NO_CONTRACT], 35_000),
        ({"provider": ""}, [Difference.NO_CONTRACT], 35_000),
        (
            {"fare_vnd": 1, "account": "", "provider": ""},
            [Difference.FARE, Difference.NO_ACCOUNT, Difference.NO_CONTRACT],
            35_000,
        ),
    ],
)
def test_what_cannot_be_confirmed_stands_in_suspense(
    changes: dict[str, object], codes: list[Difference], expected_vnd: int
) -> None:
    passage = facts(**changes)
    charge = rate(passage, TARIFFS, CONTRACT)
    assert charge is not None
    assert charge.account == ""
    assert charge.amount_vnd == passage.fare_vnd
    assert [found.code for found in charge.discrepancies] == codes
    assert {found.expected_vnd for found in charge.discrepancies} == {expected_vnd}
