"""Passages of a day against the postings of the ledger: do both tell the same money?

In: passages and postings of one accounting day. Out: differences by passage id, corrections, control totals. Nothing is
netted: a passage that differs is named even where the sums happen to agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

CHARGED = "charged"
PAYABLE_PREFIX = "operator_payable:"
SUSPENSE_PREFIX = "suspense:"


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle through a lane, as the back office stored it."""

    passage_id: str
    plaza: str
    lane: str
    passed_at: datetime
    outcome: str
    vehicle_class: int
    """1–5; 0 where the class is not known."""
    provider: str
    plate: str
    ticket_no: str
    fare_vnd: int
    offline: bool
    payable_account: str
    """Ledger account that owes the fare of this passage to the operator."""

    @property
    def revenue_vnd(self) -> int:
        """The fare where it was charged; 0 for every other outcome."""
        return self.fare_vnd if self.outcome == CHARGED else 0


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg of a ledger transaction; debit positive, credit negative."""

    posting_id: str
    passage_id: str
    plaza: str
    account: str
    kind: str
    amount_vnd: int
    at: datetime
    reverses: str

    @property
    def owed_vnd(self) -> int:
        """What this leg adds to the money owed to the operator (a credit of a payable account)."""
        return -self.amount_vnd if self.account.startswith(PAYABLE_PREFIX) else 0

    @property
    def is_suspense(self) -> bool:
        """True for a leg that waits for a person's decision."""
        return self.account.startswith(SUSPENSE_PREFIX)

    @property
    def is_correction(self) -> bool:
        """A later decision: the reversal of a leg, or the leg booked in its place."""
        return bool(self.reverses) or self.kind.startswith(("correction", "reversal"))


@dataclass(frozen=True, slots=True)
class LedgerDifference:
    """A passage on which the two records disagree; `reason` is for a person."""

    passage_id: str
    reason: str
    passage_vnd: int
    ledger_vnd: int


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """Both sides of the day counted independently, and where they part."""

    passages: int
    charged_passages: int
    charged_vnd: int
    ledger_passages: int
    ledger_vnd: int
    corrections_vnd: int
    suspense_vnd: int
    """Owed to the operator, but debited to nobody yet: a person has to decide."""
    differences: tuple[LedgerDifference, ...]

    @property
    def balanced(self) -> bool:
        """True where every passage and every sum agrees."""
        same = self.charged_vnd == self.ledger_vnd and self.charged_passages == self.ledger_passages
        return same and not self.differences


def check(
    passages: Sequence[Passage], postings: Sequence[Posting], *, other_days: frozenset[str], until: datetime
) -> ControlTotals:
    """Compare passage by passage.

    `postings`: all of these passages, and all that were booked within the day. `other_days`: passage ids that exist on
    other days; what was booked for those is a correction of this day or none of its business. `until`: end of the day;
    corrections booked later belong to a later day.
    """
    mine = {p.passage_id for p in passages}
    originals = _by_passage(p for p in postings if not p.is_correction and p.passage_id not in other_days)
    booked = [p for p in postings if p.is_correction and p.at < until]
    differences = [
        *_repeated(passages),
        *(d for p in passages for d in _passage_differences(p, originals.get(p.passage_id, []))),
        *_strangers(originals, mine),
        *_unbalanced_corrections(booked),
    ]
    owed = {key: sum(leg.owed_vnd for leg in legs) for key, legs in originals.items()}
    return ControlTotals(
        passages=len(passages),
        charged_passages=sum(1 for p in passages if p.revenue_vnd),
        charged_vnd=sum(p.revenue_vnd for p in passages),
        ledger_passages=sum(1 for amount in owed.values() if amount),
        ledger_vnd=sum(owed.values()),
        corrections_vnd=sum(p.owed_vnd for p in booked),
        suspense_vnd=sum(p.amount_vnd for legs in originals.values() for p in legs if p.is_suspense),
        differences=tuple(sorted(differences, key=lambda d: (d.passage_id, d.reason))),
    )


def _by_passage(postings: Iterable[Posting]) -> dict[str, list[Posting]]:
    groups: dict[str, list[Posting]] = defaultdict(list)
    for posting in postings:
        groups[posting.passage_id].append(posting)
    return groups


def _repeated(passages: Sequence[Passage]) -> Iterable[LedgerDifference]:
    seen: set[str] = set()
    for passage in passages:
        if passage.passage_id in seen:
            yield LedgerDifference(passage.passage_id, "two passages carry this id", passage.revenue_vnd, 0)
        seen.add(passage.passage_id)


def _passage_differences(passage: Passage, legs: Sequence[Posting]) -> Iterable[LedgerDifference]:
    owed = sum(leg.owed_vnd for leg in legs)
    left_over = sum(leg.amount_vnd for leg in legs)
    wrong_account = sorted({leg.account for leg in legs if leg.owed_vnd} - {passage.payable_account})
    if owed != passage.revenue_vnd:
        reason = "charged but not booked" if not legs else "fare and booked amount differ"
        yield LedgerDifference(passage.passage_id, reason, passage.revenue_vnd, owed)
    if left_over:
        yield LedgerDifference(passage.passage_id, f"postings do not add up to zero: {left_over}", 0, left_over)
    if wrong_account:
        reason = f"booked on {', '.join(wrong_account)} instead of {passage.payable_account}"
        yield LedgerDifference(passage.passage_id, reason, passage.revenue_vnd, owed)


def _strangers(originals: Mapping[str, Sequence[Posting]], mine: set[str]) -> Iterable[LedgerDifference]:
    for passage_id in originals.keys() - mine:
        legs = originals[passage_id]
        owed = sum(leg.owed_vnd for leg in legs)
        if passage_id:
            yield LedgerDifference(passage_id, "booked but no such passage", 0, owed)
        elif any(leg.owed_vnd for leg in legs):
            ids = " ".join(sorted(leg.posting_id for leg in legs if leg.owed_vnd))
            yield LedgerDifference("", f"revenue booked without a passage: postings {ids}", 0, owed)


def _unbalanced_corrections(booked: Sequence[Posting]) -> Iterable[LedgerDifference]:
    for passage_id, legs in _by_passage(booked).items():
        left_over = sum(leg.amount_vnd for leg in legs)
        if left_over:
            yield LedgerDifference(passage_id, f"corrections do not add up to zero: {left_over}", 0, left_over)
