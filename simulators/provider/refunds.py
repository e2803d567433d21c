"""Refunds beyond the simple ones: of the first of two debits, in part, too late, too much.

In: a clean case. Out: rows and truth. A credit names the debit that it reverses; only posted credits count.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from simulators.provider.cases import Case, Fault, later
from simulators.provider.passages import Row

_PART_VND: Final = 10_000


def _twice(case: Case) -> Row:
    return case.another("D", charged_at=later(case.charge, timedelta(seconds=3)))


def _credit(case: Case, of: Row, suffix: str, amount_vnd: int, **changes: str) -> None:
    named = {"kind": "credit", "related_charge_id": of["charge_id"], "passage_id": "", "class": ""}
    case.another(suffix, amount_vnd=str(amount_vnd), **named, **changes)


def first_given_back(case: Case) -> None:
    """The first of two debits was given back: the second is the charge of the passage."""
    _twice(case)
    _credit(case, case.charge, "R", int(case.charge["amount_vnd"]))
    case.must("REFUNDED", "MATCHED")


def double_given_back_in_part(case: Case) -> None:
    """Part of the second debit was given back: it is still a second debit, of what is left."""
    row = _twice(case)
    _credit(case, row, "R", _PART_VND)
    case.must("MATCHED", case.overdue("DUP", row), disputed=int(row["amount_vnd"]) - _PART_VND)


def double_not_yet_given_back(case: Case) -> None:
    """The credit is not posted: nothing was given back."""
    row = _twice(case)
    _credit(case, row, "R", int(row["amount_vnd"]), status=("pending", "rejected")[case.number % 2])
    case.must("MATCHED", case.overdue("DUP", row), disputed=int(row["amount_vnd"]))


def ghost_given_back_in_part(case: Case) -> None:
    """Part of a charge without a passage was given back."""
    row = case.another("G", passage_id="", epc="E" * 24, plate="99Y-999.99")
    _credit(case, row, "R", _PART_VND)
    case.must("MATCHED", case.overdue("BE_ONLY", row), disputed=int(row["amount_vnd"]) - _PART_VND)


def given_back_too_much(case: Case) -> None:
    """More credits than there was debit: it is reversed in full, and no more."""
    row = _twice(case)
    _credit(case, row, "R1", int(row["amount_vnd"]))
    _credit(case, row, "R2", _PART_VND)
    case.must("MATCHED", "REFUNDED")


REFUNDS: Final[tuple[Fault, ...]] = (
    first_given_back,
    double_given_back_in_part,
    double_not_yet_given_back,
    ghost_given_back_in_part,
    given_back_too_much,
)
