"""Read models: one named function per question that pages and checks ask.

In: a Database. Out: views. Every query reads with FINAL or counts distinct keys, so a row written twice counts once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from backoffice.storage.clock import from_us, to_us
from backoffice.storage.database import Database, Row
from backoffice.storage.live_view import LaneCompleteness, PassageView, Totals
from lane_controller.contracts.v1 import LaneStatusV1

_VIEW_COLUMNS: Final = """
plaza, lane, epoch, seq, passage_id, outcome, toUnixTimestamp64Micro(passed_at), toUnixTimestamp64Micro(detected_at),
fare_vnd, epc, tid, account, provider, plate, plate_confidence, registered_plate, class, class_measured, ticket_no,
tariff_version, list_version, offline, operator, reason, flags, time_to_open_ms, image_sha256, explanation, record_hash
"""


def _view(row: Row) -> PassageView:
    return PassageView(
        plaza=row[0], lane=row[1], epoch=row[2], seq=row[3], passage_id=row[4], outcome=row[5],
        passed_at_utc=from_us(row[6]), detected_at_utc=from_us(row[7]), fare_vnd=row[8], epc=row[9], tid=row[10],
        account=row[11], provider=row[12], plate=row[13], plate_confidence=row[14], registered_plate=row[15],
        vehicle_class=row[16], class_measured=row[17], ticket_no=row[18], tariff_version=row[19], list_version=row[20],
        offline=bool(row[21]), operator=row[22], reason=row[23], flags=tuple(row[24]),
        time_to_open_ms=None if row[25] < 0 else row[25], image_sha256=row[26],
        explanation=json.loads(row[27]) if row[27] else {}, record_hash=row[28],
    )  # fmt: skip


def recent_passages(database: Database, limit: int, lane: str | None = None) -> list[PassageView]:
    """Newest passages first."""
    chosen = "WHERE lane = %(lane)s" if lane else ""
    # The keys of the newest rows first: the explanation of every row need not be read for that.
    sql = f"""
    SELECT {_VIEW_COLUMNS} FROM passages FINAL WHERE (plaza, lane, epoch, seq) IN (
        SELECT plaza, lane, epoch, seq FROM passages {chosen} ORDER BY passed_at DESC LIMIT 1 BY plaza, lane, epoch, seq
        LIMIT %(limit)s
    ) ORDER BY passed_at DESC, passage_id DESC
    """  # noqa: S608 - constants only
    return [_view(row) for row in database.rows(sql, {"limit": limit, "lane": lane or ""})]


def passage(database: Database, passage_id: str) -> PassageView | None:
    """One passage by id."""
    sql = f"SELECT {_VIEW_COLUMNS} FROM passages FINAL WHERE passage_id = %(id)s LIMIT 1"  # noqa: S608 - constants only
    rows = database.rows(sql, {"id": passage_id})
    return _view(rows[0]) if rows else None


def accounting_day(moment: datetime, cutoff: timedelta, local_offset: timedelta) -> date:
    """Accounting day of an instant: with a cut-off of 22:00 the next day begins then, local time."""
    begins_early = (timedelta(hours=24) - cutoff) % timedelta(hours=24)
    return (moment + local_offset + begins_early).date()


def totals_between(database: Database, start: datetime, end: datetime) -> tuple[Mapping[Any, Any], ...]:
    """(counts by outcome, VND by outcome, counts by class, VND by class) of passages passed in [start, end)."""
    sql = """
    SELECT outcome, class, count(), sum(fare_vnd) FROM passages FINAL
    WHERE passed_at >= fromUnixTimestamp64Micro(%(start)s) AND passed_at < fromUnixTimestamp64Micro(%(end)s)
    GROUP BY outcome, class
    """
    by_outcome: dict[str, list[int]] = {}
    by_class: dict[int, list[int]] = {}
    for outcome, vehicle_class, count, vnd in database.rows(sql, {"start": to_us(start), "end": to_us(end)}):
        for key, sums in ((outcome, by_outcome), (vehicle_class, by_class)):
            entry = sums.setdefault(key, [0, 0])
            entry[0] += count
            entry[1] += vnd
    groups: list[dict[Any, list[int]]] = [by_outcome, by_class]
    return tuple({key: entry[part] for key, entry in group.items()} for group in groups for part in (0, 1))


def totals_of_day(database: Database, day: date, cutoff: timedelta, local_offset: timedelta) -> Totals:
    """Totals of one accounting day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=from_us(0).tzinfo)
    begins_early = (timedelta(hours=24) - cutoff) % timedelta(hours=24)
    start = midnight - local_offset - begins_early
    sums = totals_between(database, start, start + timedelta(days=1))
    hours, rest = divmod(int(cutoff.total_seconds()), 3600)
    return Totals(day, f"{hours:02d}:{rest // 60:02d}", *sums)


def completeness(database: Database) -> list[LaneCompleteness]:
    """Marks and seals of every lane and epoch."""
    sealed = {
        (plaza, lane, epoch): last
        for plaza, lane, epoch, last in database.rows(
            "SELECT plaza, lane, epoch, max(last_seq) FROM seals FINAL WHERE verdict = 'good' GROUP BY 1, 2, 3"
        )
    }
    marks = database.rows(
        "SELECT plaza, lane, epoch, high_water_seq, missing FROM ingest_marks FINAL ORDER BY lane, epoch"
    )
    return [
        LaneCompleteness(
            plaza, lane, epoch, high, tuple((a, b) for a, b in missing), sealed.get((plaza, lane, epoch), 0)
        )
        for plaza, lane, epoch, high, missing in marks
    ]


def lane_statuses(database: Database) -> list[tuple[LaneStatusV1, datetime]]:
    """The last status of each lane that was kept, and when it was."""
    rows = database.rows("SELECT message, toUnixTimestamp64Micro(at) FROM lane_status FINAL ORDER BY plaza, lane")
    return [(LaneStatusV1.decode(text.encode()), from_us(at)) for text, at in rows]
