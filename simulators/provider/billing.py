"""The provider's account of a day: a charge for each passage, some of them wrong, and what is true.

In: a `DayPlan`, a share of faults, the moment of the reconciliation. Out: cases in order of time; rows of all of them
make the two files. The same plan and share give the same cases.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from simulators.provider.cases import Case, Fault, charge_of
from simulators.provider.faults import FAULTS, taken_nevertheless
from simulators.provider.passages import DayPlan, Row, station_rows


@dataclass(frozen=True, slots=True)
class Billing:
    """`fault_share`: part of the passages with a fault, 0 to 1. `faults`: which ones may occur."""

    plan: DayPlan
    fault_share: float
    now: datetime
    faults: tuple[Fault, ...] = FAULTS

    def cases(self) -> Iterator[Case]:
        """One case per passage, each with its truth."""
        chance = random.Random(self.plan.seed + 1)
        for number, passage in enumerate(station_rows(self.plan)):
            yield self._case(chance, number, passage)

    def _case(self, chance: random.Random, number: int, passage: Row) -> Case:
        faulty = chance.random() < self.fault_share
        if passage["outcome"] == "charged":
            case = Case(passage, [charge_of(passage, f"C{number + 1:08d}")], ["MATCHED"], self.now)
            case.must("MATCHED")
            if faulty:
                chance.choice(self.faults)(case)
            return case
        case = Case(passage, [], ["NOT_CHARGEABLE"], self.now)
        if passage["outcome"] == "ticket":
            case.charges.append(charge_of(passage, f"C{number + 1:08d}"))
            case.must("MATCHED")
        elif faulty:
            taken_nevertheless(case)
        return case


def truth(cases: Iterable[Case]) -> Counter[str]:
    """Items per class that must come out."""
    return Counter(item.split(" ")[0] for case in cases for item in case.truth)


def truth_in_full(cases: Iterable[Case]) -> Counter[str]:
    """Items per class with the classes in `also`: `PROVIDER CLASS TIME`."""
    return Counter(item for case in cases for item in case.truth)


def station_of(case: Case) -> list[Row]:
    """Station rows of a case."""
    return ([] if case.passage is None else [case.passage]) + case.extra_passages
