"""What the browser gets: plain JSON made from the views of `storage/live_view.py`.

In: lanes, passages, alarms, totals. Out: dictionaries of strings, whole numbers, booleans and lists. Times are ISO 8601
in UTC; the page turns them into Asia/Ho_Chi_Minh. Nothing is interpreted here and nothing is invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backoffice.storage.live_view import AccountView, Alarm, LaneCompleteness, LaneView, PassageView, Totals


def lane_json(lane: LaneView) -> dict[str, Any]:
    """One lane: status, when it was heard, whether it is stale, and its last passage."""
    return {
        "lane": lane.status.lane,
        "received_at_utc": _iso(lane.received_at_utc),
        "stale": lane.stale,
        "status": lane.status.model_dump(mode="json"),
        "last_passage": passage_json(lane.last_passage) if lane.last_passage else None,
    }


def passage_json(passage: PassageView) -> dict[str, Any]:
    """One passage, without its explanation (that is long; see `passage_detail_json`)."""
    return {
        "plaza": passage.plaza,
        "lane": passage.lane,
        "epoch": passage.epoch,
        "seq": passage.seq,
        "passage_id": passage.passage_id,
        "outcome": passage.outcome,
        "passed_at_utc": _iso(passage.passed_at_utc),
        "detected_at_utc": _iso(passage.detected_at_utc),
        "fare_vnd": passage.fare_vnd,
        "epc": passage.epc,
        "account": passage.account,
        "provider": passage.provider,
        "plate": passage.plate,
        "plate_confidence": passage.plate_confidence,
        "registered_plate": passage.registered_plate,
        "vehicle_class": passage.vehicle_class,
        "class_measured": passage.class_measured,
        "offline": passage.offline,
        "operator": passage.operator,
        "reason": passage.reason,
        "flags": list(passage.flags),
        "time_to_open_ms": passage.time_to_open_ms,
        "image_sha256": passage.image_sha256,
    }


def passage_detail_json(passage: PassageView) -> dict[str, Any]:
    """One passage with everything that is known of it."""
    return passage_json(passage) | {
        "tid": passage.tid,
        "ticket_no": passage.ticket_no,
        "tariff_version": passage.tariff_version,
        "list_version": passage.list_version,
        "record_hash": passage.record_hash,
        "explanation": dict(passage.explanation),
    }


def alarm_json(alarm: Alarm) -> dict[str, Any]:
    """One alarm in both languages."""
    return {
        "key": alarm.key,
        "code": alarm.code,
        "severity": alarm.severity,
        "text": {"vi": alarm.text_vi, "en": alarm.text_en},
        "since_utc": _iso(alarm.since_utc),
        "lane": alarm.lane,
    }


def totals_json(totals: Totals) -> dict[str, Any]:
    """Sums of the running accounting day."""
    return {
        "accounting_day": totals.accounting_day.isoformat(),
        "cutoff": totals.cutoff,
        "passages": totals.passages,
        "charged_vnd": totals.charged_vnd,
        "count_by_outcome": dict(totals.count_by_outcome),
        "vnd_by_outcome": dict(totals.vnd_by_outcome),
        "count_by_class": {str(key): value for key, value in totals.count_by_class.items()},
        "vnd_by_class": {str(key): value for key, value in totals.vnd_by_class.items()},
    }


def completeness_json(rows: Sequence[LaneCompleteness]) -> list[dict[str, Any]]:
    """How complete each lane's passages are here."""
    return [
        {
            "lane": row.lane,
            "epoch": row.epoch,
            "high_water_seq": row.high_water_seq,
            "missing": [list(hole) for hole in row.missing],
            "sealed_through_seq": row.sealed_through_seq,
        }
        for row in rows
    ]


def account_json(account: AccountView) -> dict[str, Any]:
    """One traffic account."""
    return {
        "account": account.account,
        "provider": account.provider,
        "holder": account.holder,
        "balance_vnd": account.balance_vnd,
        "tags": [dict(tag) for tag in account.tags],
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
