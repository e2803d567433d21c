"""The ways in which a provider errs, and what a reconciliation must make of each.

In: a clean passage with its charge. Out: the rows as both sides then have them, and the class of every item. Each fault
touches its own passage alone, so that the truth is known without matching anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from simulators.provider.passages import DEMO_FARES_VND, Row

PROVIDER_COLUMNS: Final = (
    "charge_id",
    "passage_id",
    "charged_at",
    "plaza",
    "lane",
    "epc",
    "plate",
    "class",
    "kind",
    "amount_vnd",
    "ticket_no",
    "status",
    "provider",
    "related_charge_id",
    "reason",
)
_OVERDUE: Final = timedelta(hours=24)


@dataclass(slots=True)
class Case:
    """One passage (or none), its charges, and the classes that must come out."""

    passage: Row | None
    charges: list[Row]
    truth: list[str]
    now: datetime
    extra_passages: list[Row] = field(default_factory=list)

    @property
    def charge(self) -> Row:
        """The charge of the passage itself."""
        return self.charges[0]

    def must(self, *codes: str) -> None:
        """Name the classes of all items of this case."""
        self.truth = list(codes)

    def overdue(self, code: str, charge: Row) -> str:
        """DUP and BE_ONLY become REFUND_MISSING after 24 hours."""
        late = self.now - datetime.fromisoformat(charge["charged_at"]) > _OVERDUE
        return "REFUND_MISSING" if late else code

    def another(self, suffix: str, **changes: str) -> Row:
        """A further row like the charge."""
        row = self.charge | {"charge_id": self.charge["charge_id"] + suffix} | changes
        self.charges.append(row)
        return row


Fault = Callable[[Case], None]


def _later(charge: Row, by: timedelta) -> str:
    return (datetime.fromisoformat(charge["charged_at"]) + by).isoformat(timespec="milliseconds")


def lost(case: Case) -> None:
    """The passage never reached the provider."""
    case.charges.clear()
    case.must("FE_ONLY")


def ghost(case: Case) -> None:
    """A charge without a passage (trừ tiền không qua trạm)."""
    row = case.another("G", passage_id="", epc="F" * 24, plate="99Z-999.99")
    case.must("MATCHED", case.overdue("BE_ONLY", row))


def wrong_amount(case: Case) -> None:
    """Another price for the same class."""
    case.charge["amount_vnd"] = str(int(case.charge["amount_vnd"]) + 5_000)
    case.must("AMOUNT")


def wrong_class(case: Case) -> None:
    """Another class, and its price."""
    other = int(case.charge["class"]) % 5 + 1
    case.charge["class"], case.charge["amount_vnd"] = str(other), str(DEMO_FARES_VND[other - 1])
    case.must("CLASS")


def charged_twice(case: Case) -> None:
    """Two debits on one passage, the second from the neighbour lane."""
    row = case.another("D", charged_at=_later(case.charge, timedelta(seconds=2)), reason="Đọc chéo làn")
    case.must("MATCHED", case.overdue("DUP", row))


def charged_twice_and_refunded(case: Case) -> None:
    """The second debit was given back in two parts."""
    row = case.another("D", charged_at=_later(case.charge, timedelta(seconds=2)))
    half = int(row["amount_vnd"]) // 2
    refund = {"kind": "credit", "related_charge_id": row["charge_id"], "passage_id": "", "class": ""}
    case.another("D1", amount_vnd=str(half), **refund)
    case.another("D2", amount_vnd=str(int(row["amount_vnd"]) - half), **refund)
    case.must("MATCHED", "REFUNDED")


def refunded_wrongly(case: Case) -> None:
    """The only debit was given back: the passage is unpaid again."""
    case.another("R", kind="credit", related_charge_id=case.charge["charge_id"], passage_id="")
    case.must("REFUNDED", "FE_ONLY")


def refunded_in_part(case: Case) -> None:
    """Part of the only debit was given back."""
    refund = {"kind": "credit", "related_charge_id": case.charge["charge_id"], "passage_id": ""}
    case.another("R", amount_vnd="10000", **refund)
    case.must("AMOUNT")


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
    case.must("TAG_SWAP", "TAG_SWAP")


def next_day(case: Case) -> None:
    """Booked after the cut-off."""
    case.charge["charged_at"] = _later(case.charge, timedelta(days=1))
    case.must("TIME")


def offline_refused(case: Case) -> None:
    """Passed while the link was down; the late debit failed."""
    if case.passage is not None:
        case.passage["offline"] = "TRUE"
    case.charge["status"], case.charge["reason"] = "rejected", "Không đủ số dư"
    case.must("OFFLINE_REJECT")


def refused(case: Case) -> None:
    """The provider refused the debit."""
    case.charge["status"] = "rejected"
    case.must("REJECTED")


def waiting(case: Case) -> None:
    """Not decided yet."""
    case.charge["status"] = "Pending"
    case.must("PENDING")


def taken_on_ticket(case: Case) -> None:
    """A debit of 0 on a ticket that the station does not know."""
    case.charge["amount_vnd"], case.charge["ticket_no"] = "0", "VQ-1"
    case.must("TICKET")


def other_provider(case: Case) -> None:
    """Booked to the wrong issuer."""
    case.charge["provider"] = "VDTC" if case.charge["provider"] == "VETC" else "VETC"
    case.must("PROVIDER")


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
    case.must("EXEMPT")


def free_charge(case: Case, amount_vnd: str) -> Row:
    """A debit for a passage that should have none."""
    if case.passage is None:
        raise ValueError("a charge needs its passage")
    return charge_of(case.passage, "X" + case.passage["passage_id"]) | {"amount_vnd": amount_vnd}


def charge_of(passage: Row, charge_id: str) -> Row:
    """The correct debit of a passage, one second later."""
    at = datetime.fromisoformat(passage["passed_at"]) + timedelta(seconds=1)
    plate = passage["plate"]
    return {
        "charge_id": charge_id,
        "passage_id": passage["passage_id"],
        "charged_at": at.isoformat(timespec="milliseconds"),
        "plaza": passage["plaza"],
        "lane": passage["lane"],
        "epc": passage["epc"],
        "plate": f"{plate[:3]}-{plate[3:6]}.{plate[6:]}",
        "class": passage["class"],
        "kind": "debit",
        "amount_vnd": passage["fare_vnd"],
        "ticket_no": passage["ticket_no"],
        "status": "posted",
        "provider": passage["provider"],
        "related_charge_id": "",
        "reason": "",
    }
