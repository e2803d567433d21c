"""Alarms of ingest in both languages.

In: what was found. Out: Alarm views with a stable key, so that the same condition is one alarm. Pure but for the time.
"""

from __future__ import annotations

from datetime import UTC, datetime

from backoffice.ingest.decode import Rejection
from backoffice.rating.charge import Discrepancy
from backoffice.storage.live_view import Alarm
from lane_controller.contracts.v1 import LaneStatusV1, PassageV1


def _now() -> datetime:
    return datetime.now(UTC)


def database_alarm(detail: str) -> Alarm:
    """The database cannot be written; passages wait in the stream."""
    return Alarm(
        "database", "DATABASE", "critical", f"Cơ sở dữ liệu không ghi được, lượt xe đang chờ trong luồng: {detail}",
        f"The database cannot be written; passages wait in the stream: {detail}", _now(),
    )  # fmt: skip


def journal_alarm(status: LaneStatusV1) -> Alarm | None:
    """The disk of a lane takes no records, so no car is let through there; None when it does."""
    journal = next((device for device in status.devices if device.name == "journal"), None)
    if journal is None or journal.state == "ok":
        return None
    return Alarm(
        journal_alarm_key(status.lane), "JOURNAL", "critical",
        f"Ổ đĩa của làn không ghi được nhật ký, làn không mở cho xe nào: {journal.detail or ''}",
        f"The lane's disk takes no records, so it lets no car through: {journal.detail or ''}", _now(), status.lane,
    )  # fmt: skip


def journal_alarm_key(lane: str) -> str:
    """The key of that alarm."""
    return f"journal:{lane}"


def rejection_alarm(rejection: Rejection) -> Alarm:
    """A message could not be used; one alarm per topic and reason."""
    where = f"{rejection.record.topic} {rejection.record.partition}/{rejection.record.offset}"
    return Alarm(
        f"rejected:{rejection.record.topic}:{rejection.reason}", "REJECTED", "critical",
        f"Bản tin không dùng được ({where}), đã lưu để kiểm tra: {rejection.text[:300]}",
        f"A message could not be used ({where}); it is kept in rejected_messages: {rejection.text[:300]}", _now(),
        rejection.record.key,
    )  # fmt: skip


def discrepancy_alarm(passage: PassageV1, found: Discrepancy) -> Alarm:
    """An amount stands in suspense; one alarm per lane and kind, naming the newest passage."""
    return Alarm(
        f"discrepancy:{passage.lane}:{found.code.value}", "DISCREPANCY", "warning",
        f"Số tiền chờ xử lý {found.code.value}: {passage.passage_id}, làn {found.found_vnd:,} ₫, biểu giá "
        f"{found.expected_vnd:,} ₫",
        f"In suspense, {found.code.value}: {passage.passage_id}, lane {found.found_vnd:,} VND, tariff "
        f"{found.expected_vnd:,} VND. {found.detail}", _now(), passage.lane,
    )  # fmt: skip


def chain_alarm(passage: PassageV1) -> Alarm:
    """A passage does not follow the one before it in the hash chain."""
    return Alarm(
        f"chain:{passage.lane}:{passage.epoch}:{passage.seq}", "CHAIN_BROKEN", "critical",
        f"Chuỗi băm của làn bị đứt tại {passage.passage_id} (số {passage.seq})",
        f"The lane's hash chain breaks at {passage.passage_id} (seq {passage.seq})", _now(), passage.lane,
    )  # fmt: skip


def gap_alarm(lane: str, epoch: int, count: int, first: int, last: int) -> Alarm:
    """Passages that the lane counted are not here."""
    return Alarm(
        f"gap:{lane}:{epoch}", "GAP", "critical",
        f"Thiếu {count} lượt xe của làn {lane} (đợt {epoch}, số {first}–{last}); đã yêu cầu gửi lại",
        f"{count} passages of lane {lane} are missing (epoch {epoch}, {first}–{last}); asked to be sent again",
        _now(), lane,
    )  # fmt: skip


def seal_alarm(lane: str, epoch: int, first: int, verdict: str, detail: str) -> Alarm:
    """A seal does not vouch for what is here."""
    return Alarm(
        f"seal:{lane}:{epoch}:{first}", "SEAL", "critical",
        f"Niêm phong của làn {lane} không khớp ({verdict}): {detail}",
        f"A seal of lane {lane} does not match ({verdict}): {detail}", _now(), lane,
    )  # fmt: skip
