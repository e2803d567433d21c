"""Sums and lists of a period, added up by ClickHouse from the tables that the back office publishes.

In: a database, a scope (accounting days, cut-off, plazas, shifts). Out: tallies and listed passages. Reads with FINAL
(the tables replace rows), never writes, and adds nothing up in Python: a year of a plaza is some hundred lines here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from backoffice.contracts.tables import PASSAGES, POSTINGS, TAG_CHANGES
from settlement.clearing.day_statement import CLASSES, OUTCOMES
from settlement.clearing.invoices import Adjustment, Pass
from settlement.clearing.shifts import Shifts
from settlement.clearing.tallies import REVIEW_FLAGS, LedgerDay, Listed, Period, Sums, Tally, TicketUse, Untied
from settlement.reconcile.accounting_day import Cutoff, window_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE: Final = "'Asia/Ho_Chi_Minh'"
LISTED_MAX: Final = 100_000
"""Rows of a list: more than a person reads, and what a workbook opens without complaint."""

# Names of tables and columns are constants of a contract; values travel as parameters only.
_HERE: Final = "(%(every_plaza)s or plaza in %(plazas)s)"
_PASSED: Final = (
    f"passed_at >= fromUnixTimestamp64Micro(%(start)s) and passed_at < fromUnixTimestamp64Micro(%(end)s) and {_HERE}"
)
_BOOKED: Final = f"at >= fromUnixTimestamp64Micro(%(start)s) and at < fromUnixTimestamp64Micro(%(end)s) and {_HERE}"
_PAYABLE: Final = "startsWith(account, 'operator_payable:')"
_CORRECTION: Final = "(reverses != '' or startsWith(kind, 'correction') or startsWith(kind, 'reversal'))"
_MINUTE: Final = f"toHour(passed_at, {_ZONE}) * 60 + toMinute(passed_at, {_ZONE})"
_DAY: Final = f"toDate(addSeconds(passed_at, %(day_shift_s)s), {_ZONE})"

DIMENSIONS: Final = {
    "day": _DAY,
    "month": f"toStartOfMonth({_DAY})",
    "hour": f"toHour(passed_at, {_ZONE})",
    "shift": f"modulo(arrayCount(start -> start <= {_MINUTE}, %(shift_starts)s) + %(shifts)s - 1, %(shifts)s)",
    "plaza": "plaza",
    "lane": "lane",
    "class": "class",
    "provider": "provider",
    "outcome": "outcome",
    "operator": "operator",
    "reason": "reason",
}
"""What a table may be cut along → the expression that says where a passage falls."""

_CHARGED: Final = "outcome = 'charged'"
_SUMS: Final = ", ".join(
    [
        "toInt64(count())",
        f"toInt64(countIf({_CHARGED}))",
        f"sumIf(fare_vnd, {_CHARGED})",
        *(f"toInt64(countIf(class = {c}))" for c in CLASSES),
        *(f"sumIf(fare_vnd, {_CHARGED} and class = {c})" for c in CLASSES),
        *(f"toInt64(countIf(outcome = '{name}'))" for name in OUTCOMES),
    ]
)
_LISTED_COLUMNS: Final = """
passage_id, toUnixTimestamp64Micro(passed_at), lane, outcome, class, class_measured, plate, plate_confidence,
registered_plate, epc, fare_vnd, operator, reason, flags, JSONExtract(explanation, 'rules', 'Array(String)'),
JSONExtract(explanation, 'would_change', 'Array(String)'), image_sha256
"""
LISTS: Final = {
    "exempt": "outcome in ('exempt', 'convoy', 'emergency')",
    "violation": "outcome = 'violation' or hasAny(flags, ['TAILGATE', 'RUN_THROUGH'])",
    "manual": "outcome = 'manual' or hasAny(flags, ['MANUAL_RELEASE', 'MANUAL_RAISE'])",
    "review": "hasAny(flags, %(review_flags)s)",
}
"""Which passages a list names."""

_UNTIED_SQL: Final = f"""
select passage_id, sum(told) as passage_vnd, sum(owed) as ledger_vnd from (
    select passage_id, sumIf(fare_vnd, {_CHARGED}) as told, toInt64(0) as owed from {PASSAGES} final
    where {_PASSED} group by passage_id
    union all
    select passage_id, toInt64(0) as told, -sum(amount_vnd) as owed from {POSTINGS} final
    where {_PAYABLE} and not {_CORRECTION}
      and (({_BOOKED}) or passage_id in (select passage_id from {PASSAGES} final where {_PASSED}))
      and passage_id not in (
        select passage_id from {PASSAGES} final where not ({_PASSED})
          and passage_id in (select passage_id from {POSTINGS} final where ({_BOOKED}) and passage_id != '')
      )
    group by passage_id
) group by passage_id having passage_vnd != ledger_vnd order by passage_id limit 1000
"""  # noqa: S608
_LEDGER_SQL: Final = f"""
select toDate(addSeconds(at, %(day_shift_s)s), {_ZONE}) as day,
       -sumIf(amount_vnd, not {_CORRECTION}), -sumIf(amount_vnd, {_CORRECTION})
from {POSTINGS} final where {_PAYABLE} and {_BOOKED} group by day order by day
"""  # noqa: S608
_TICKET_SALES_SQL: Final = f"""
select -sum(amount_vnd) from {POSTINGS} final where startsWith(account, 'ticket_revenue:') and {_BOOKED}
"""  # noqa: S608
_TICKETS_SQL: Final = f"""
select ticket_no, any(plate_used), max(vehicle_class), toInt64(count()), min(at_us), max(at_us), any(kind_found) from (
    select ticket_no, registered_plate as plate_used, class as vehicle_class,
           toUnixTimestamp64Micro(passed_at) as at_us
    from {PASSAGES} final where outcome = 'ticket' and {_PASSED} order by passed_at
) as used left join (
    select JSONExtractString(entry, 'ticket', 'ticket_no') as ticket_no,
           argMax(JSONExtractString(entry, 'ticket', 'kind'), version) as kind_found
    from {TAG_CHANGES} final
    where epc in (select epc from {PASSAGES} final where outcome = 'ticket' and {_PASSED})
    group by ticket_no
) as sold using ticket_no
group by ticket_no order by ticket_no
"""  # noqa: S608
_FLAGS_SQL: Final = f"""
select arrayJoin(arrayIntersect(flags, %(review_flags)s)) as flag, lane, toInt64(count())
from {PASSAGES} final where {_PASSED} group by flag, lane order by flag, lane
"""  # noqa: S608
_PASSES_SQL: Final = f"""
select passage_id, {_DAY}, toUnixTimestamp64Micro(passed_at), plaza, lane, class, registered_plate, plate, account,
       provider, fare_vnd
from {PASSAGES} final where {_CHARGED} and {_PASSED} order by passed_at, passage_id
"""  # noqa: S608
_ADJUSTMENTS_SQL: Final = f"""
select passage_id, toUnixTimestamp64Micro(at) as booked, -sum(amount_vnd) from {POSTINGS} final
where {_PAYABLE} and {_CORRECTION} and {_BOOKED} group by passage_id, booked order by booked, passage_id
"""  # noqa: S608
_PLAZAS_SQL: Final = f"select distinct plaza from {PASSAGES} where {_PASSED} order by plaza"  # noqa: S608


class Database(Protocol):
    """What this module needs of ClickHouse: rows of a query with named parameters."""

    def rows(self, sql: str, parameters: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
        """All rows of `sql`; `%(name)s` stands for a parameter."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What is asked about. No `plazas`: all of them."""

    period: Period
    cutoff: Cutoff
    shifts: Shifts
    plazas: tuple[str, ...] = ()

    @property
    def start(self) -> datetime:
        """First moment, UTC."""
        return window_of(self.period.first, self.cutoff)[0]

    @property
    def end(self) -> datetime:
        """First moment after it, UTC."""
        return window_of(self.period.last, self.cutoff)[1]

    def parameters(self) -> dict[str, object]:
        """Values of every `%(name)s` in the queries."""
        return {
            "start": (self.start - _EPOCH) // timedelta(microseconds=1),
            "end": (self.end - _EPOCH) // timedelta(microseconds=1),
            "every_plaza": int(not self.plazas),
            "plazas": self.plazas or ("",),
            "day_shift_s": int(self.cutoff.shift.total_seconds()),
            "shift_starts": list(self.shifts.starts()),
            "shifts": len(self.shifts.shifts),
            "review_flags": list(REVIEW_FLAGS),
        }


class Aggregates:
    """The questions that reports ask of one scope."""

    def __init__(self, database: Database, scope: Scope) -> None:
        self._database = database
        self.scope = scope
        self._parameters = scope.parameters()

    def total(self) -> Sums:
        """All passages of the scope."""
        return _sums(self._ask(f"select {_SUMS} from {PASSAGES} final where {_PASSED}")[0])  # noqa: S608

    def table(self, *dimensions: str) -> list[Tally]:
        """Sums by the named dimensions, in their order."""
        return self._cut(_PASSED, dimensions)

    def _cut(self, where: str, dimensions: Sequence[str]) -> list[Tally]:
        keys = ", ".join(f"{DIMENSIONS[name]} as k{n}" for n, name in enumerate(dimensions))
        names = ", ".join(f"k{n}" for n in range(len(dimensions)))
        sql = f"select {keys}, {_SUMS} from {PASSAGES} final where {where} group by {names} order by {names}"  # noqa: S608
        width = len(dimensions)
        return [Tally(tuple(row[:width]), _sums(row[width:])) for row in self._ask(sql)]

    def plazas(self) -> tuple[str, ...]:
        """Plazas that have passages in the scope."""
        return tuple(str(row[0]) for row in self._ask(_PLAZAS_SQL))

    def untied(self) -> list[Untied]:
        """Passages on which passage and ledger disagree; empty where the money ties."""
        return [Untied(*row) for row in self._ask(_UNTIED_SQL)]

    def ledger(self) -> list[LedgerDay]:
        """Revenue and corrections of the ledger by accounting day."""
        return [LedgerDay(*row) for row in self._ask(_LEDGER_SQL)]

    def ticket_sales_vnd(self) -> int:
        """Monthly and quarterly tickets sold, as the ledger has it."""
        return int(self._ask(_TICKET_SALES_SQL)[0][0])

    def tickets(self) -> list[TicketUse]:
        """Tickets that were used, and how often."""
        return [
            TicketUse(no, kind, plate, vehicle_class, count, _moment(first), _moment(last))
            for no, plate, vehicle_class, count, first, last, kind in self._ask(_TICKETS_SQL)
        ]

    def review_flags(self) -> list[tuple[str, str, int]]:
        """(flag, lane, passages) for flags that call for review."""
        return [(flag, lane, count) for flag, lane, count in self._ask(_FLAGS_SQL)]

    def listed(self, name: str) -> tuple[Sequence[Listed], int]:
        """Passages of a list of `LISTS` in order of time, at most `LISTED_MAX`, and how many there are."""
        where = f"from {PASSAGES} final where ({LISTS[name]}) and {_PASSED}"
        count = int(self._ask(f"select count() {where}")[0][0])
        sql = f"select {_LISTED_COLUMNS} {where} order by passed_at, passage_id limit {LISTED_MAX}"
        return [_listed(row) for row in self._ask(sql)], count

    def listed_by(self, name: str, *dimensions: str) -> list[Tally]:
        """Sums of a list's passages by the named dimensions."""
        return self._cut(f"({LISTS[name]}) and {_PASSED}", dimensions)

    def passes(self) -> Sequence[Pass]:
        """Charged passages, in order of time."""
        return [
            Pass(key, day, _moment(at), plaza, lane, vehicle_class, registered or plate, account, provider, fare)
            for key, day, at, plaza, lane, vehicle_class, registered, plate, account, provider, fare in self._ask(
                _PASSES_SQL
            )
        ]

    def adjustments(self) -> Sequence[Adjustment]:
        """Corrections booked within the scope, with the pass that they are about."""
        return [Adjustment(key, _moment(at), change) for key, at, change in self._ask(_ADJUSTMENTS_SQL)]

    def _ask(self, sql: str) -> Sequence[tuple[Any, ...]]:
        return self._database.rows(sql, self._parameters)


def _moment(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _sums(row: Sequence[Any]) -> Sums:
    passages, charged, revenue, *rest = (int(value) for value in row)
    classes, outcomes = len(CLASSES), len(OUTCOMES)
    return Sums(
        passages,
        charged,
        revenue,
        by_class=tuple(rest[:classes]),
        revenue_by_class=tuple(rest[classes : 2 * classes]),
        by_outcome=tuple(rest[2 * classes : 2 * classes + outcomes]),
    )


def _listed(row: Sequence[Any]) -> Listed:
    (key, at, lane, outcome, charged, measured, plate, sure, registered, epc, fare, operator, reason) = row[:13]
    flags, rules, would_change, image = row[13:]
    return Listed(
        key, _moment(at), lane, outcome, charged, measured, plate, sure, registered, epc, fare, operator, reason,
        tuple(flags), tuple(rules), tuple(would_change), image,
    )  # fmt: skip
