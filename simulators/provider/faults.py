"""The ways in which a provider errs, and what a reconciliation must make of each.

In: a clean passage with its charge. Out: the rows as both sides then have them, and the class of every item. Each fault
touches its own passage alone, so that the truth is known without matching anything.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from simulators.provider.cases import PROVIDER_COLUMNS, Case, Fault, charge_of, later
from simulators.provider.passages import DEMO_FARES_VND, Row

__all__ = ["FAULTS", "PROVIDER_COLUMNS", "Case", "Fault", "charge_of", "taken_nevertheless"]


def lost(case: Case) -> None:
    """The passage never reached the provider."""
    case.charges.clear()
    case.must("FE_ONLY", agreed=0, disputed=case.fare_vnd)


def ghost(case: Case) -> None:
    """A charge without a passage (trừ tiền không qua trạm)."""
    row = case.another("G", passage_id="", epc="F" * 24, plate="99Z-999.99")
    case.must("MATCHED", case.overdue("BE_ONLY", row), disputed=int(row["amount_vnd"]))


def wrong_amount(case: Case) -> None:
    """Another price for the same class."""
    case.charge["amount_vnd"] = str(int(case.charge["amount_vnd"]) + 5_000)
    case.must("AMOUNT", disputed=5_000)


def wrong_class(case: Case) -> None:
    """Another class, and its price."""
    other = int(case.charge["class"]) % 5 + 1
    case.charge["class"], case.charge["amount_vnd"] = str(other), str(DEMO_FARES_VND[other - 1])
    taken = int(case.charge["amount_vnd"])
    case.must("CLASS", agreed=min(case.fare_vnd, taken), disputed=abs(case.fare_vnd - taken))


def charged_twice(case: Case) -> None:
    """Two debits on one passage, the second from the neighbour lane."""
    row = case.another("D", charged_at=later(case.charge, timedelta(seconds=2)), reason="Đọc chéo làn")
    case.must("MATCHED", case.overdue("DUP", row), disputed=int(row["amount_vnd"]))


def charged_twice_and_refunded(case: Case) -> None:
    """The second debit was given back in two parts."""
    row = case.another("D", charged_at=later(case.charge, timedelta(seconds=2)))
    half = int(row["amount_vnd"]) // 2
    refund = {"kind": "credit", "related_charge_id": row["charge_id"], "passage_id": "", "class": ""}
    case.another("D1", amount_vnd=str(half), **refund)
    case.another("D2", amount_vnd=str(int(row["amount_vnd"]) - half), **refund)
    case.must("MATCHED", "REFUNDED")


def refunded_wrongly(case: Case) -> None:
    """The only debit was given back: the passage is unpaid again."""
    case.another("R", kind="credit", related_charge_id=case.charge["charge_id"], passage_id="")
    case.must("REFUNDED", "FE_ONLY", agreed=0, disputed=case.fare_vnd)


def refunded_in_part(case: Case) -> None:
    """Part of the only debit was given back."""
    refund = {"kind": "credit", "related_charge_id": case.charge["charge_id"], "passage_id": ""}
    case.another("R", amount_vnd="10000", **refund)
    case.must("AMOUNT", agreed=case.fare_vnd - 10_000, disputed=10_000)


def credit_for_nothing(case: Case) -> None:
    """A credit that names a debit nobody has."""
    case.another("N", kind="credit", related_charge_id="UNKNOWN-" + case.charge["charge_id"])
    case.must("MATCHED", "CREDIT_ONLY")


def other_plate(case: Case) -> None:
    """The camera surely read another plate than the registered one, and never the same one twice."""
    if case.passage is not None:
        case.passage["plate"] = "88X" + case.charge["charge_id"][-6:]
    case.must("PLATE")


def unsure_plate(case: Case) -> None:
    """Another plate, but the camera was not sure: no difference."""
    other_plate(case)
    if case.passage is not None:
        case.passage["plate_confidence"] = "0.89"
    case.must("MATCHED")


def swapped_tag(case: Case) -> None:
    """The tag sits on another car, which comes by twice."""
    if case.passage is None:
        return
    plate = "77Y" + case.passage["passage_id"][-6:]
    case.passage["plate"] = plate
    again = case.passage | {"passage_id": case.passage["passage_id"] + "-AGAIN", "plate": plate}
    case.extra_passages.append(again)
    case.another("S", passage_id=again["passage_id"])
    case.must("TAG_SWAP", "TAG_SWAP", agreed=2 * case.fare_vnd)


def next_day(case: Case) -> None:
    """Booked after the cut-off."""
    case.charge["charged_at"] = later(case.charge, timedelta(days=1))
    case.must("TIME")


def offline_refused(case: Case) -> None:
    """Passed while the link was down; the late debit failed."""
    if case.passage is not None:
        case.passage["offline"] = "TRUE"
    case.charge["status"], case.charge["reason"] = "rejected", "Không đủ số dư"
    case.must("OFFLINE_REJECT", agreed=0, disputed=case.fare_vnd)


def refused(case: Case) -> None:
    """The provider refused the debit."""
    case.charge["status"] = "rejected"
    case.must("REJECTED", agreed=0, disputed=case.fare_vnd)


def waiting(case: Case) -> None:
    """Not decided yet."""
    case.charge["status"] = "Pending"
    case.must("PENDING", agreed=0, disputed=case.fare_vnd)


def taken_on_ticket(case: Case) -> None:
    """A debit of 0 on a ticket that the station does not know."""
    case.charge["amount_vnd"], case.charge["ticket_no"] = "0", "VQ-1"
    case.must("TICKET AMOUNT", agreed=0, disputed=case.fare_vnd)


def other_provider(case: Case) -> None:
    """Booked to the wrong issuer."""
    case.charge["provider"] = "VDTC" if case.charge["provider"] == "VETC" else "VETC"
    case.must("PROVIDER", agreed=0, disputed=case.fare_vnd)


def id_lost(case: Case) -> None:
    """The provider lost the passage id: the pair is found by tag, lane and time."""
    case.charge["passage_id"] = ""
    case.must("MATCHED")


def dialect(case: Case) -> None:
    """Same values, written otherwise."""
    charge = case.charge
    charge["epc"], charge["plate"] = charge["epc"].lower(), charge["plate"].lower()
    charge["provider"], charge["status"] = charge["provider"].title(), "POSTED"
    case.must("MATCHED")


FAULTS: Final[tuple[Fault, ...]] = (
    lost,
    ghost,
    wrong_amount,
    wrong_class,
    charged_twice,
    charged_twice_and_refunded,
    refunded_wrongly,
    refunded_in_part,
    credit_for_nothing,
    other_plate,
    unsure_plate,
    swapped_tag,
    next_day,
    offline_refused,
    refused,
    waiting,
    taken_on_ticket,
    other_provider,
    id_lost,
    dialect,
)
"""Faults of a passage that is charged."""


def taken_nevertheless(case: Case) -> None:
    """Money taken for a passage that is free (miễn phí) or not decided."""
    case.charges.append(free_charge(case, "35000"))
    if case.passage is not None and case.passage["outcome"] == "exempt":
        case.passage["outcome"] = ("exempt", "convoy", "emergency")[case.number % 3]
    case.must("EXEMPT AMOUNT", agreed=0, disputed=35_000)


def free_charge(case: Case, amount_vnd: str) -> Row:
    """A debit for a passage that should have none."""
    if case.passage is None:
        raise ValueError("a charge needs its passage")
    return charge_of(case.passage, "X" + case.passage["passage_id"]) | {"amount_vnd": amount_vnd}
