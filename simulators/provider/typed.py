"""Rows without a passage id, paired by tag, lane and time: chains, ties, and the edge of 120 seconds.

In: a clean case. Out: rows and truth. Passages of a chain have classes and fares of their own, so that a pair put
together wrongly shows as another class.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from simulators.provider.cases import Case, Fault, charge_of
from simulators.provider.passages import DEMO_FARES_VND, LOCAL, Row

_NOON_HOUR: Final = 10
_EVENING_HOUR: Final = 22
EDGE_S: Final = 120


def _direction(row: Row) -> int:
    """Away from the nearer end of the accounting day, so that no charge slips into another one."""
    hour = datetime.fromisoformat(row["passed_at"]).astimezone(LOCAL).hour
    return -1 if _NOON_HOUR <= hour < _EVENING_HOUR else 1


def _moved(text: str, by_s: float, direction: int) -> str:
    return (datetime.fromisoformat(text) + direction * timedelta(seconds=by_s)).isoformat(timespec="milliseconds")


def _two(case: Case, second_s: float, charges_s: tuple[float, float]) -> None:
    """Two passages of one tag without ids, and a charge of each, at these seconds from the first passage."""
    first = case.passage
    if first is None:
        return
    direction, number = _direction(first), case.number
    first |= {"passage_id": "", "epc": f"CA{number:022X}"}
    other = int(first["class"]) % 5 + 1
    second = first | {"class": str(other), "fare_vnd": str(DEMO_FARES_VND[other - 1])}
    second["passed_at"] = _moved(first["passed_at"], second_s, direction)
    case.extra_passages.append(second)
    case.charges = [charge_of(row, f"C{number:08d}{letter}") for row, letter in ((first, "A"), (second, "B"))]
    for charge, after_s in zip(case.charges, charges_s, strict=True):
        charge["charged_at"] = _moved(first["passed_at"], after_s, direction)
    case.must("MATCHED", "MATCHED", agreed=case.fare_vnd + int(second["fare_vnd"]))


def chain(case: Case) -> None:
    """Nearest first would pair the second passage with the first charge and leave two rows alone."""
    _two(case, 90, (80, 200))


def tie(case: Case) -> None:
    """Two pairings with the same sum: the earlier passage takes the earlier charge, whichever way the time runs."""
    _two(case, 60, (70, 100))


def on_the_edge(case: Case) -> None:
    """Exactly 120 seconds: still a pair."""
    _alone(case, EDGE_S)
    case.must("MATCHED")


def beyond_the_edge(case: Case) -> None:
    """A millisecond more: two rows alone."""
    _alone(case, EDGE_S + 0.001)
    _apart(case)


def on_another_lane(case: Case) -> None:
    """Without an id, a charge of the neighbour lane is not of this passage."""
    _alone(case, 1)
    case.charge["lane"] = "CM-99"
    _apart(case)


def without_a_tag(case: Case) -> None:
    """No tag was read and the id is lost: the plate decides."""
    _alone(case, 1)
    if case.passage is not None:
        case.passage["epc"] = ""
    case.must("MATCHED")


def under_an_unknown_id(case: Case) -> None:
    """The charge names an id that the station does not know, for a passage typed without one."""
    _alone(case, 1)
    case.charge["passage_id"] = f"GONE-{case.number}"
    if case.passage is not None:
        case.passage["passage_id"] = ""
    case.must("MATCHED")


def _alone(case: Case, after_s: float) -> None:
    if case.passage is not None:
        case.charge["charged_at"] = _moved(case.passage["passed_at"], after_s, _direction(case.passage))
    case.charge["passage_id"] = ""


def _apart(case: Case) -> None:
    case.must(
        "FE_ONLY", case.overdue("BE_ONLY", case.charge), agreed=0,
        disputed=case.fare_vnd + int(case.charge["amount_vnd"]),
    )  # fmt: skip


TYPED: Final[tuple[Fault, ...]] = (
    chain,
    tie,
    on_the_edge,
    beyond_the_edge,
    on_another_lane,
    without_a_tag,
    under_an_unknown_id,
)
