"""Pairs that differ in several ways at once, each combination in turn.

In: a clean case. Out: the case with the differences of its number, and the truth in the order of the specification
(reconciliation, Classes): the first is the class, the others stand in `also`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from simulators.provider.cases import Case, later

STATUSES: Final = ("posted", "pending", "rejected")
WAYS: Final = ("PROVIDER", "TICKET", "CLASS", "AMOUNT", "PLATE", "TIME")
COMBINATIONS: Final = len(STATUSES) * 2 ** len(WAYS)
"""Every status with every set of differences."""
_ORDER: Final = (
    "PENDING", "OFFLINE_REJECT", "REJECTED", "PROVIDER", "TICKET", "CLASS", "AMOUNT", "PLATE", "TIME",
)  # fmt: skip
_NOTHING_AGREED: Final = frozenset(_ORDER[:5])


def several(case: Case) -> None:
    """The combination whose turn it is; a rejected debit is every other time one of a passage while offline."""
    turn = case.number % COMBINATIONS
    status, ways = STATUSES[turn % len(STATUSES)], turn // len(STATUSES)
    chosen = {way for bit, way in enumerate(WAYS) if ways >> bit & 1}
    offline = status == "rejected" and case.number // COMBINATIONS % 2 == 1
    for way in chosen:
        _differ(case, way)
    case.charge["status"] = status
    if offline and case.passage is not None:
        case.passage["offline"] = "true"
    found = _found(chosen, status, offline=offline)
    case.must(" ".join(found), agreed=0)
    case.agreed_vnd, case.disputed_vnd = _money(case, found[0], status)


def _differ(case: Case, way: str) -> None:
    charge = case.charge
    if way == "PROVIDER":
        charge["provider"] = "VDTC" if charge["provider"] == "VETC" else "VETC"
    elif way == "TICKET":
        charge["ticket_no"] = f"VQ-{case.number}"
    elif way == "CLASS":
        charge["class"] = str(int(charge["class"]) % 5 + 1)
    elif way == "AMOUNT":
        charge["amount_vnd"] = str(int(charge["amount_vnd"]) + 5_000)
    elif way == "TIME":
        charge["charged_at"] = later(charge, timedelta(days=1))
    elif case.passage is not None:
        case.passage["plate"] = f"88X{case.number:06d}"


def _found(chosen: set[str], status: str, *, offline: bool) -> list[str]:
    first = {"posted": set[str](), "pending": {"PENDING"}, "rejected": {"OFFLINE_REJECT" if offline else "REJECTED"}}
    every = first[status] | chosen
    if "CLASS" in every:
        every -= {"AMOUNT"}
    return [code for code in _ORDER if code in every] or ["MATCHED"]


def _money(case: Case, first: str, status: str) -> tuple[int, int]:
    claim = case.fare_vnd
    taken = 0 if status == "rejected" else int(case.charge["amount_vnd"])
    if first in _NOTHING_AGREED:
        return 0, max(claim, taken)
    return min(claim, taken), abs(claim - taken)


COMBINED: Final = (several,)
