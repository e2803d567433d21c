"""Charges of which at most one can be right: one tag that passed this plaza twice within a time no vehicle can.

In: a Database, how long a vehicle needs at least to come again, the first day that is asked. Out: `Doubt`s, newest
first, each with both passages and which of them the plates speak against.
Never: a change of money; a person decides (`backoffice correct`).

The lane rules keep a neighbour's tag for an untagged vehicle when no plate is read in time and the tag's own vehicle
is not yet on the neighbour's L1 (docs/lane-simulation.md, Strays). It is charged in its own lane soon afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from backoffice.storage.clock import from_us, to_us
from backoffice.storage.database import Database

LIMIT: Final = 1000
"""Pairs that are listed at most."""

PLATE_SURE: Final = 0.90
"""From this confidence on a plate is believed (lane rules, R4)."""

_SQL: Final = """
SELECT epc, account,
       old.1, old.2, toUnixTimestamp64Micro(old.3), old.4, old.5, old.6, old.7,
       new.1, new.2, toUnixTimestamp64Micro(new.3), new.4, new.5, new.6, new.7
FROM (
    SELECT epc, account, new, lagInFrame(new) OVER w AS old
    FROM (
        SELECT epc, account,
               (passage_id, lane, passed_at, fare_vnd, plate, plate_confidence, registered_plate) AS new
        FROM passages FINAL
        WHERE outcome = 'charged' AND epc != '' AND passed_at >= fromUnixTimestamp64Micro(%(since)s)
          AND passage_id NOT IN (SELECT passage_id FROM corrections FINAL)
    )
    WINDOW w AS (PARTITION BY epc ORDER BY new.3 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE old.1 != '' AND new.3 <= old.3 + toIntervalSecond(%(within)s)
ORDER BY new.3 DESC, epc LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Charged:
    """One of the two passages. `plate_confidence` 0 and an empty plate: none was read before the decision."""

    passage_id: str
    lane: str
    passed_at_utc: datetime
    fare_vnd: int
    plate: str
    plate_confidence: float
    registered_plate: str

    @property
    def vouched(self) -> bool:
        """The tag's own plate was read for certain."""
        return self.plate != "" and self.plate == self.registered_plate and self.plate_confidence >= PLATE_SURE


@dataclass(frozen=True, slots=True)
class Doubt:
    """One tag, two charges, too close together."""

    epc: str
    account: str
    first: Charged
    second: Charged

    @property
    def doubtful(self) -> Charged | None:
        """The charge that the plates speak against; None: they do not say."""
        if self.first.vouched == self.second.vouched:
            return None
        return self.second if self.first.vouched else self.first

    @property
    def apart(self) -> timedelta:
        """Time between the two crossings."""
        return self.second.passed_at_utc - self.first.passed_at_utc


def twice_within(database: Database, within: timedelta, since: datetime) -> list[Doubt]:
    """Pairs of charges of one tag within `within`, passed since `since`, that nobody has corrected yet."""
    asked: Mapping[str, Any] = {"within": int(within.total_seconds()), "since": to_us(since), "limit": LIMIT}
    return [Doubt(row[0], row[1], _charged(row[2:9]), _charged(row[9:16])) for row in database.rows(_SQL, asked)]


def _charged(row: tuple[Any, ...]) -> Charged:
    passage_id, lane, passed_us, fare_vnd, plate, confidence, registered = row
    return Charged(passage_id, lane, from_us(passed_us), fare_vnd, plate, confidence, registered)
