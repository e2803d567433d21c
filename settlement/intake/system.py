"""Both sides of a reconciliation from the system's own tables: canonical rows, made by queries in ClickHouse.

In: a database, the window of an accounting day, plazas, perhaps one provider. Out: `Source`s whose rows are what a file
of the same traffic would hold. Reads with FINAL and never writes. What a query leaves out is counted, see `left_out`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import numpy as np
import polars as pl

from backoffice.contracts.tables import PASSAGES, POSTINGS
from settlement.intake.columns import CANONICAL, Side
from settlement.intake.delimited import LINE
from settlement.intake.kept import KeptRows
from settlement.intake.sources import Stretch

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
OVERLAP: Final = timedelta(days=1)
"""Rows so far before and after the accounting day are read too: matching needs what lies beyond the cut-off."""

# Names of tables and columns are constants of a contract; values travel as parameters only.
_PASSED: Final = "passed_at >= fromUnixTimestamp64Micro(%(start)s) and passed_at < fromUnixTimestamp64Micro(%(end)s)"
_BOOKED: Final = "at >= fromUnixTimestamp64Micro(%(start)s) and at < fromUnixTimestamp64Micro(%(end)s)"
_IN_WINDOW: Final = f"select passage_id from {PASSAGES} final where {_PASSED}"  # noqa: S608
_CORRECTED: Final = f"""
select passage_id from {POSTINGS} final where {_BOOKED} and passage_id != '' and passage_id not in ({_IN_WINDOW})
"""  # noqa: S608
"""Passages of other days for which something was booked within the window."""
_MINE: Final = "lower(plaza) in %(plazas)s and (%(provider)s = '' or lower(provider) = %(provider)s)"
_PAYABLE: Final = "startsWith(account, 'operator_payable:')"
_ASKED: Final = "lower(plaza) in %(plazas)s"


def _local(column: str) -> str:
    return f"concat(replaceOne(toString(toTimeZone({column}, 'Asia/Ho_Chi_Minh')), ' ', 'T'), '+07:00')"


_STATION_SQL: Final = f"""
select passage_id, {_local("passed_at")}, plaza, lane, toString(seq), epc, plate, if(class = 0, '', toString(class)),
       outcome, toString(fare_vnd), ticket_no, provider, '', if(offline = 0, 'false', 'true'),
       toString(round(plate_confidence, 6))
from (
    select * from {PASSAGES} final where {_PASSED}
    union all select * from {PASSAGES} final where passage_id in ({_CORRECTED}) and not ({_PASSED})
)
where {_MINE} order by passed_at, passage_id, lane, epoch, seq
"""  # noqa: S608
# The ledger knows the money. Lane, tag, registered plate, class and ticket are those of the passage that it names. A
# debit that still stands in suspense was taken from nobody yet: it is pending. A leg of 0 took nothing.
_PROVIDER_SQL: Final = f"""
with
    scope as ({_IN_WINDOW} union distinct {_CORRECTED}),
    legs as (select * from {POSTINGS} final where ({_BOOKED}) or passage_id in (select passage_id from scope)),
    told as (
        select passage_id, lane, epc, registered_plate, class, ticket_no from {PASSAGES} final
        where passage_id in (select passage_id from legs where passage_id != '')
    ),
    waiting as (
        select passage_id, sum(amount_vnd) as waiting_vnd from legs where startsWith(account, 'suspense:')
        group by passage_id
    )
select posting_id, legs.passage_id, {_local("at")}, plaza, told.lane, told.epc, told.registered_plate,
       if(told.class = 0, '', toString(told.class)), if(amount_vnd < 0, 'debit', 'credit'), toString(abs(amount_vnd)),
       told.ticket_no,
       if(amount_vnd < 0 and waiting_vnd > 0 and posting_id not in (select reverses from legs), 'pending', 'posted'),
       provider, reverses, kind
from legs left join told on legs.passage_id = told.passage_id left join waiting on legs.passage_id = waiting.passage_id
where {_PAYABLE} and amount_vnd != 0 and {_MINE} order by at, posting_id
"""  # noqa: S608
_COUNT_SQL: Final = {
    Side.STATION: f"select count() from {PASSAGES} final where {_PASSED} and {_MINE}",  # noqa: S608
    Side.PROVIDER: f"select count() from {POSTINGS} final where {_BOOKED} and {_PAYABLE} and {_MINE}",  # noqa: S608
}
_SQL: Final = {Side.STATION: _STATION_SQL, Side.PROVIDER: _PROVIDER_SQL}
_OTHERS_SQL: Final = f"""
select provider, plaza, count() from {PASSAGES} final where {_PASSED} and not ({_MINE}) group by provider, plaza
order by plaza, provider
"""  # noqa: S608
UNASSIGNED_HEADER: Final = ("passage_id", "passed_at", "plaza", "lane", "outcome", "fare_vnd", "provider", "plate")
_UNASSIGNED_SQL: Final = f"""
select passage_id, {_local("passed_at")}, plaza, lane, outcome, toString(fare_vnd), provider, plate
from {PASSAGES} final
where {_PASSED} and {_ASKED} and lower(provider) != %(provider)s and lower(provider) not in (
    select distinct lower(provider) from {POSTINGS} final where startsWith(account, 'customer:') and passage_id != ''
)
order by passed_at, passage_id
"""  # noqa: S608


class RowDatabase(Protocol):
    """What this module needs of ClickHouse."""

    def rows(self, sql: str, parameters: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
        """All rows of a query."""
        ...

    def some_rows(self, sql: str, parameters: Mapping[str, object]) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The rows of a query, some thousands at a time."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: of a window in UTC, of these plazas, of one provider (empty: of all)."""

    start: datetime
    end: datetime
    plazas: tuple[str, ...]
    provider: str = ""

    def parameters(self, overlap: timedelta = timedelta()) -> dict[str, object]:
        """For the queries of this module."""
        return {
            "start": (self.start - overlap - _EPOCH) // _MICROSECOND,
            "end": (self.end + overlap - _EPOCH) // _MICROSECOND,
            "plazas": tuple(plaza.lower() for plaza in self.plazas),
            "provider": self.provider.lower(),
        }


class SystemSource:
    """Canonical rows of one side, as a `Source`; `line` is the number of a row within the answer."""

    def __init__(self, database: RowDatabase, side: Side, wanted: Wanted) -> None:
        self._database = database
        self._sql = _SQL[side]
        self._parameters = wanted.parameters(OVERLAP)
        self._count_sql = _COUNT_SQL[side]
        self._kept = KeptRows()
        self.header = list(CANONICAL[side])

    def about(self) -> int:
        """How many rows there are, or a few less: for showing progress."""
        return int(self._database.rows(self._count_sql, self._parameters)[0][0])

    def texts(self) -> Iterator[Sequence[tuple[str, ...]]]:
        """Canonical cells, some thousand rows at a time."""
        return self._database.some_rows(self._sql, self._parameters)

    def stretches(self) -> Iterator[Stretch]:
        """All rows in order of time."""
        done = 0
        schema = dict.fromkeys((f"c{number}" for number in range(len(self.header))), pl.String)
        for rows in self.texts():
            cells = pl.DataFrame(rows, schema=schema, orient="row")
            numbers = pl.Series(LINE, np.arange(done + 1, done + len(rows) + 1, dtype=np.uint32))
            done += len(rows)
            kept = cells.insert_column(0, numbers)
            self._kept.keep(kept)
            yield Stretch(kept, [], done)

    def again(self, lines: np.ndarray) -> Iterator[Stretch]:
        """From what was kept: the tables may have moved on."""
        return (Stretch(cells, [], 0) for cells in self._kept.again(lines))


def left_out(database: RowDatabase, wanted: Wanted) -> list[tuple[str, str, int]]:
    """(provider, plaza, passages) of the accounting day that `wanted` does not cover."""
    return [(str(p), str(z), int(n)) for p, z, n in database.rows(_OTHERS_SQL, wanted.parameters())]


def unassigned(database: RowDatabase, wanted: Wanted) -> Sequence[tuple[str, ...]]:
    """Passages of the accounting day that no provider's reconciliation covers (columns: `UNASSIGNED_HEADER`).

    They name no provider, or one of which no account was ever debited.
    """
    return database.rows(_UNASSIGNED_SQL, wanted.parameters())
