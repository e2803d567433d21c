"""Reads one accounting day from the tables that the back office publishes.

In: a `Database` and a window of time. Out: passages, postings, and the ids that exist on other days. Reads with FINAL
(both tables replace rows) and never writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from backoffice.contracts.ledger import operator_payable
from backoffice.contracts.tables import PASSAGES, POSTINGS
from settlement.clearing.ledger import Passage, Posting

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# Names of tables and columns are constants of a contract; values travel as parameters only.
_WINDOW = "passed_at >= fromUnixTimestamp64Micro(%(start)s) and passed_at < fromUnixTimestamp64Micro(%(end)s)"
_BOOKED = "at >= fromUnixTimestamp64Micro(%(start)s) and at < fromUnixTimestamp64Micro(%(end)s)"
_PASSAGE_SQL = f"""
select passage_id, plaza, lane, toUnixTimestamp64Micro(passed_at), outcome, class, provider, plate, ticket_no, fare_vnd,
       offline
from {PASSAGES} final where {_WINDOW} order by passed_at, passage_id
"""  # noqa: S608
_POSTING_SQL = f"""
select posting_id, passage_id, plaza, account, kind, amount_vnd, toUnixTimestamp64Micro(at), reverses
from {POSTINGS} final
where ({_BOOKED}) or passage_id in (select passage_id from {PASSAGES} final where {_WINDOW}) order by posting_id
"""  # noqa: S608
_OTHER_DAYS_SQL = f"""
select distinct passage_id from {PASSAGES} final
where not ({_WINDOW})
  and passage_id in (select passage_id from {POSTINGS} final where ({_BOOKED}) and passage_id != '')
"""  # noqa: S608


class Database(Protocol):
    """What this module needs of ClickHouse: rows of a query with named parameters."""

    def rows(self, sql: str, parameters: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
        """All rows of `sql`; `%(name)s` stands for an integer parameter."""
        ...


@dataclass(frozen=True, slots=True)
class StoredDay:
    """What the back office holds of one accounting day."""

    passages: tuple[Passage, ...]
    postings: tuple[Posting, ...]
    other_days: frozenset[str]
    """Passage ids of other days that have postings within this day."""


def read_day(database: Database, start: datetime, end: datetime, plazas: frozenset[str] = frozenset()) -> StoredDay:
    """Passages that passed in [start, end), their postings, and postings booked in it. No `plazas`: all of them."""
    window = {"start": _micros(start), "end": _micros(end)}
    passages = [_passage(row) for row in database.rows(_PASSAGE_SQL, window)]
    postings = [_posting(row) for row in database.rows(_POSTING_SQL, window)]
    others = frozenset(str(row[0]) for row in database.rows(_OTHER_DAYS_SQL, window))
    if not plazas:
        return StoredDay(tuple(passages), tuple(postings), others)
    kept = tuple(p for p in passages if p.plaza in plazas)
    return StoredDay(kept, tuple(p for p in postings if p.plaza in plazas), others)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND


def _passage(row: Sequence[Any]) -> Passage:
    passage_id, plaza, lane, passed_at, outcome, vehicle_class, provider, plate, ticket_no, fare_vnd, offline = row
    return Passage(
        passage_id=passage_id,
        plaza=plaza,
        lane=lane,
        passed_at=_moment(passed_at),
        outcome=outcome,
        vehicle_class=vehicle_class,
        provider=provider,
        plate=plate,
        ticket_no=ticket_no,
        fare_vnd=fare_vnd,
        offline=bool(offline),
        payable_account=operator_payable(plaza, provider),
    )


def _posting(row: Sequence[Any]) -> Posting:
    posting_id, passage_id, plaza, account, kind, amount_vnd, at, reverses = row
    return Posting(posting_id, passage_id, plaza, account, kind, amount_vnd, _moment(at), reverses)
