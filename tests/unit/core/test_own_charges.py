"""R13's memory: charges count against the row they were committed under, and no other."""

from lane_controller.core.charges import OwnCharges, own_charges
from lane_controller.core.records import OwnCharge


def test_charges_of_one_row_add_up() -> None:
    charges = OwnCharges().add("E1", 3, 35_000).add("E1", 3, 50_000).add("E2", 3, 1)
    assert charges.sum_vnd("E1", 3) == 85_000


def test_a_newer_row_has_the_old_charges_in_it() -> None:
    charges = OwnCharges().add("E1", 3, 35_000)
    assert charges.sum_vnd("E1", 4) == 0
    assert charges.add("E1", 4, 50_000).sum_vnd("E1", 4) == 50_000


def test_forgetting_one_tag_keeps_the_others() -> None:
    charges = OwnCharges().add("E1", 1, 10).add("E2", 1, 20).forget("E1")
    assert (charges.sum_vnd("E1", 1), charges.sum_vnd("E2", 1)) == (0, 20)


def test_recovered_charges_are_the_same_value() -> None:
    assert own_charges([OwnCharge("E1", 1, 10), OwnCharge("E2", 2, 20)]) == OwnCharges().add("E1", 1, 10).add(
        "E2", 2, 20
    )
