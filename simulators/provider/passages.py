"""The station's day: passages as a front end records them, from a seed.

In: a `DayPlan`. Out: canonical station rows, in order of time. The same plan gives the same rows. Vehicles, tags and
plates are made up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

Row = dict[str, str]

LOCAL: Final = timezone(timedelta(hours=7))
STATION_COLUMNS: Final = (
    "passage_id",
    "passed_at",
    "plaza",
    "lane",
    "lane_seq",
    "epc",
    "plate",
    "class",
    "outcome",
    "fare_vnd",
    "ticket_no",
    "provider",
    "shift",
    "offline",
    "plate_confidence",
)
DEMO_FARES_VND: Final = (35_000, 50_000, 75_000, 120_000, 180_000)
"""Demonstration tariff, classes 1 to 5: that of no plaza."""
_CLASS_WEIGHTS: Final = (78, 9, 6, 4, 3)
_OUTCOMES: Final = ("charged", "ticket", "exempt", "manual", "violation")
_OUTCOME_WEIGHTS: Final = (930, 40, 15, 10, 5)
_SERIES: Final = "ABCDEFGHKLMNPSTUVXYZ"
_OPEN: Final = timedelta(hours=24) - timedelta(seconds=10)
"""The last seconds of the day stay empty: charges come a second later and must not slip into the next day."""


@dataclass(frozen=True, slots=True)
class DayPlan:
    """`day_start`: aware first moment of the accounting day; `fleet`: vehicles, each coming by in turn."""

    passages: int
    day_start: datetime
    seed: int
    lanes: int = 4
    plaza: str = "CM"
    fleet: int = 0

    @property
    def vehicles(self) -> int:
        """A third of the passages are other vehicles, but never so few that one is back within minutes."""
        return self.fleet or max(self.passages // 3, 2_000)


def station_rows(plan: DayPlan) -> Iterator[Row]:
    """Passages evenly over the day with a jitter of one gap, in rising time."""
    chance = random.Random(plan.seed)
    gap = _OPEN / max(plan.passages, 1)
    for number in range(plan.passages):
        at = plan.day_start + gap * (number + chance.random() * 0.9)
        yield passage(chance, plan, number, at)


def passage(chance: random.Random, plan: DayPlan, number: int, at: datetime) -> Row:
    """One passage; tag, plate and class are those of its vehicle."""
    vehicle = number % plan.vehicles
    lane = f"{plan.plaza}-{number % plan.lanes + 1:02d}"
    outcome = chance.choices(_OUTCOMES, _OUTCOME_WEIGHTS)[0]
    vehicle_class = vehicle_class_of(vehicle)
    return {
        "passage_id": f"{lane}-e1-{number + 1:06d}",
        "passed_at": at.astimezone(LOCAL).isoformat(timespec="milliseconds"),
        "plaza": plan.plaza,
        "lane": lane,
        "lane_seq": str(number // plan.lanes + 1),
        "epc": epc_of(vehicle),
        "plate": plate_of(vehicle).replace("-", "").replace(".", ""),
        "class": str(vehicle_class),
        "outcome": outcome,
        "fare_vnd": str(DEMO_FARES_VND[vehicle_class - 1] if outcome == "charged" else 0),
        "ticket_no": f"VT-{vehicle:06d}" if outcome == "ticket" else "",
        "provider": provider_of(vehicle),
        "shift": str(1 + number * 3 // max(plan.passages, 1)),
        "offline": "false",
        "plate_confidence": "0.97",
    }


def vehicle_class_of(vehicle: int) -> int:
    """Class of a made-up vehicle, the same each time."""
    return random.Random(vehicle).choices((1, 2, 3, 4, 5), _CLASS_WEIGHTS)[0]


def provider_of(vehicle: int) -> str:
    """Issuer of its tag."""
    return "VDTC" if vehicle % 3 == 0 else "VETC"


def epc_of(vehicle: int) -> str:
    """A made-up tag: 24 hex digits."""
    return f"E28011606000{vehicle:012X}"


def plate_of(vehicle: int) -> str:
    """A made-up plate as registered, e.g. 20A-123.45."""
    number = vehicle * 7919 % 100_000
    series = _SERIES[vehicle // 100_000 % len(_SERIES)]
    return f"{20 + vehicle // 2_000_000 % 10}{series}-{number // 100:03d}.{number % 100:02d}"
