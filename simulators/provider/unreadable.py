"""Rows that cannot be read: a bad cell in every column that has a rule, repeated rows, lines that are no rows.

In: a clean case. Out: rows, the rejects that must come out as (side, column), and what becomes of the other side's row.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Final

from simulators.provider.cases import Case, Fault
from simulators.provider.passages import Row

_TIMES: Final = (
    "15/06/2026 08:00:00",
    "2026-06-15T08:00:00",
    "2026-06-31T08:00:00+07:00",
    "2026-06-15T24:00:00+07:00",
    "2026-06-15T08:00:00.1234567+07:00",
    "",
)
_AMOUNTS: Final = ("35.000", "-35000", "35000 đ", "3.5e4", "1234567890123", "３５０００", "")
BAD_STATION: Final[Mapping[str, tuple[str, ...]]] = {
    "passed_at": _TIMES,
    "plaza": ("XX", ""),
    "class": ("6", "0", "I", ""),
    "outcome": ("paid", ""),
    "fare_vnd": _AMOUNTS,
    "offline": ("0", "yes"),
    "plate_confidence": ("1.01", "-0.1", "nan", "cao"),
}
"""Column of the station → cells that it must not hold (reconciliation, Canonical columns)."""
BAD_PROVIDER: Final[Mapping[str, tuple[str, ...]]] = {
    "charge_id": ("",),
    "charged_at": _TIMES,
    "plaza": ("XX", ""),
    "class": ("6", "0", "I", ""),
    "kind": ("refund", ""),
    "amount_vnd": (*_AMOUNTS, "0"),
    "status": ("done", ""),
}
_STATION: Final = tuple(chain.from_iterable([(name, cell) for cell in cells] for name, cells in BAD_STATION.items()))
_PROVIDER: Final = tuple(chain.from_iterable([(name, cell) for cell in cells] for name, cells in BAD_PROVIDER.items()))
FORMS: Final = len(_STATION) * len(_PROVIDER)
"""After so many charges every bad cell of either side has had its turn."""
_NO_ROWS: Final = ("nothing", "a,b,c", 'open "quote,,,,,,,,,,,,,,', '"open quote,,,,,,,,,,,,,,', ",,,,,,,,,,,,,,,,,x")


def unreadable_charge(case: Case) -> None:
    """One bad cell: the passage is alone."""
    column, cell = _PROVIDER[case.number % len(_PROVIDER)]
    case.must("FE_ONLY", agreed=0, disputed=case.fare_vnd)
    case.charge[column] = cell
    case.rejected.append(("provider", column))


def unreadable_passage(case: Case) -> None:
    """One bad cell: the charge is alone."""
    column, cell = _STATION[case.number % len(_STATION)]
    case.rejected.append(("station", column))
    _charge_alone(case)
    _passage(case)[column] = cell


def charge_sent_twice(case: Case) -> None:
    """Equal rows: one of them stays."""
    case.charges.append(dict(case.charge))
    case.rejected.append(("provider", "charge_id"))
    case.must("MATCHED")


def charge_sent_twice_otherwise(case: Case) -> None:
    """One id with two contents: neither stays."""
    case.charges.append(case.charge | {"amount_vnd": "99000"})
    case.rejected += [("provider", "charge_id")] * 2
    case.must("FE_ONLY", agreed=0, disputed=case.fare_vnd)


def passage_sent_twice(case: Case) -> None:
    """Equal rows: one of them stays."""
    case.extra_passages.append(dict(_passage(case)))
    case.rejected.append(("station", "passage_id"))
    case.must("MATCHED")


def passage_sent_twice_otherwise(case: Case) -> None:
    """One id with two contents: neither stays."""
    case.extra_passages.append(_passage(case) | {"lane_seq": "0"})
    case.rejected += [("station", "passage_id")] * 2
    _charge_alone(case)


def no_row_at_all(case: Case) -> None:
    """A line with other cells than the header has, or with bad quoting, costs only itself."""
    side = ("station", "provider")[case.number % 2]
    case.lines.append((side, _NO_ROWS[case.number // 2 % len(_NO_ROWS)]))
    case.rejected.append((side, ""))
    case.must("MATCHED")


def _passage(case: Case) -> Row:
    if case.passage is None:
        raise ValueError("this fault needs a passage")
    return case.passage


def _charge_alone(case: Case) -> None:
    case.must(case.overdue("BE_ONLY", case.charge), agreed=0, disputed=int(case.charge["amount_vnd"]))


UNREADABLE: Final[tuple[Fault, ...]] = (
    unreadable_charge,
    unreadable_passage,
    charge_sent_twice,
    charge_sent_twice_otherwise,
    passage_sent_twice,
    passage_sent_twice_otherwise,
    no_row_at_all,
)
