"""What stands of a passage's charge, and the legs that put another decision in its place. Pure.

In: all legs of one passage. Out: the legs that nobody has taken back, and balanced transactions for a correction. An
amount is never changed: it is taken back and booked anew, on the day of the correction.
"""

from __future__ import annotations

from collections.abc import Sequence

from backoffice.contracts.postings import REVERSAL, LedgerError, Posting, Transaction, reversal, standing
from backoffice.ledger.postings import Charge, corrected_charge

__all__ = ["correct", "next_correction_id", "standing"]


def next_correction_id(legs: Sequence[Posting]) -> str:
    """`k1`, `k2` …: the same for two people who correct the same state, so that only one correction is booked."""
    return f"k{1 + len({leg.posting_id.rpartition(':')[2] for leg in legs if leg.kind == REVERSAL})}"


def correct(legs: Sequence[Posting], instead: Charge | None, at_us: int) -> tuple[Transaction, ...]:
    """Take back what stands; book `instead` when there is one (None: the fare is waived)."""
    originals = standing(legs)
    if not originals:
        raise LedgerError("nothing stands that could be corrected: the passage was never charged or was waived before")
    correction_id = next_correction_id(legs)
    taken_back = reversal(originals, correction_id, at_us)
    return (taken_back,) if instead is None else (taken_back, corrected_charge(instead, correction_id, at_us))
