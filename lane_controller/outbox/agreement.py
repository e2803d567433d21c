"""Whether the places where a journal says the same thing twice agree: record, its columns, and the published message.

In: JSON objects as stored. Out: names of the fields that contradict. Pure. Written from the definition of the message,
not with the encoder: one mistake cannot hide in both. A field that a record of another version does not have is not
compared; the hash chains cover it all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_MAX: Final = 500
_OF_FINDING: Final = {
    "outcome": "outcome", "fare_vnd": "fare_vnd", "epc": "epc", "tid": "tid", "account": "account",
    "provider": "provider", "plate": "plate_read", "plate_confidence": "plate_confidence",
    "registered_plate": "plate_registered", "class_charged": "class_charged", "class_registered": "class_registered",
    "class_measured": "class_measured", "ticket_no": "ticket_no", "offline": "offline", "operator": "operator",
    "reason": "reason",
}  # fmt: skip
"""Field of the message → field of the record's finding."""
_CUT: Final = frozenset(
    {"account", "provider", "plate", "registered_plate", "ticket_no", "operator", "reason"}
)  # a longer text is cut on the wire
_EXPLAINED: Final = ("rules", "candidates", "would_change", "entry_version")


def record_disagrees(body: Mapping[str, Any], at_utc: str, kind: str, passage_id: str | None) -> list[str]:
    """Columns of a record row that its body contradicts."""
    passage = body.get("passage")
    said = passage if isinstance(passage, dict) else body
    found = []
    if body.get("type") != kind:
        found.append("kind")
    if said.get("passage_id") != passage_id:
        found.append("passage_id")
    at = said.get("closed") if said is passage else said.get("at")
    if isinstance(at, dict) and at_utc != _spelling(at):
        found.append("at_utc")
    return found


def message_disagrees(body: Mapping[str, Any], message: Mapping[str, Any]) -> list[str]:
    """Fields of a published passage that its record (PassageClosed) contradicts; `record` where it cannot be one."""
    try:
        return _contradicted(body, message)
    except (AttributeError, KeyError, TypeError, ValueError):
        return ["record"]  # somebody edited it: no field of it is what the program writes


def _contradicted(body: Mapping[str, Any], message: Mapping[str, Any]) -> list[str]:
    passage = body.get("passage")
    if not isinstance(passage, dict):
        return ["passage"]
    found = [name for name in ("passage_id", "seq") if passage.get(name) != message.get(name)]
    if "flags" in passage and list(passage["flags"]) != message.get("flags"):
        found.append("flags")
    if "frames" in passage and list(passage["frames"]) != [one.get("sha256") for one in message.get("evidence", ())]:
        found.append("evidence")
    finding = passage.get("finding")
    if isinstance(finding, dict):
        found += _finding(finding, message) + _explanation(finding, passage, message)
    times = passage.get("times")
    if isinstance(times, dict):
        found += _times(times, passage, message)
    return found


def _finding(finding: Mapping[str, Any], message: Mapping[str, Any]) -> list[str]:
    found = []
    for name, source in _OF_FINDING.items():
        value = finding.get(source)
        if name in _CUT and isinstance(value, str):
            value = value[:_TEXT_MAX]
        if source in finding and value != message.get(name):
            found.append(name)
    versions = ("tariff_version", "list_version")
    return found + [name for name in versions if name in finding and (finding[name] or 0) != message.get(name)]


def _explanation(finding: Mapping[str, Any], passage: Mapping[str, Any], message: Mapping[str, Any]) -> list[str]:
    told = message.get("explanation")
    if not isinstance(told, dict):
        return ["explanation"]
    found = [name for name in _EXPLAINED if name in finding and finding[name] != told.get(name)]
    times = {name: at for name, at in passage.get("times", {}).items() if at is not None}
    found += ["times"] if times != told.get("times", {}) else []
    found += ["trace"] if passage.get("trace", []) != told.get("trace", []) else []
    return [f"explanation.{name}" for name in found]


def _times(times: Mapping[str, Any], passage: Mapping[str, Any], message: Mapping[str, Any]) -> list[str]:
    closed = passage.get("closed")
    expected = {
        "detected_at_utc": times.get("l1_on") or times.get("l2_on") or closed,
        "decided_at_utc": times.get("decided"),
        "passed_at_utc": times.get("l3_on") or closed,
    }
    found = [name for name, at in expected.items() if _instant(at) != _moment(message.get(name))]
    if _time_to_open_ms(times) != message.get("time_to_open_ms"):
        found.append("time_to_open_ms")
    return found


def _time_to_open_ms(times: Mapping[str, Any]) -> int | None:
    """From the last evidence that the decision had to wait for, to the open command."""
    commanded, decided = times.get("open_commanded"), times.get("decided")
    if commanded is None or decided is None:
        return None
    waited = [times.get(name) for name in ("credible", "l1_on", "plate")]
    mono: Callable[[Mapping[str, Any]], int] = lambda at: int(at["mono_us"])  # noqa: E731 - one field, three uses
    last = max((mono(at) for at in waited if at is not None and mono(at) <= mono(decided)), default=mono(decided))
    return max(0, mono(commanded) - last) // 1000


def _instant(at: Mapping[str, Any] | None) -> datetime | None:
    """The instant of a record; one that cannot be one, because somebody edited it, equals nothing."""
    if at is None:
        return None
    try:
        return _EPOCH + timedelta(microseconds=at["utc_us"])
    except (KeyError, TypeError, OverflowError):
        return datetime.max.replace(tzinfo=UTC)


def _spelling(at: Mapping[str, Any]) -> str | None:
    """An instant as the journal spells it in a column: other spellings of it are edits, too. None: it cannot be one."""
    try:
        minute, in_minute_us = divmod(at["utc_us"], 60_000_000)
        second, us = divmod(in_minute_us, 1_000_000)
        return f"{_minute(minute)}:{second:02d}.{us:06d}+00:00" if us else f"{_minute(minute)}:{second:02d}+00:00"
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


@lru_cache(1_024)
def _minute(since_epoch: int) -> str:
    return (_EPOCH + timedelta(minutes=since_epoch)).isoformat()[:16]


def _moment(text: object) -> datetime | None:
    """A time as it stands in a message or a column; one that is none equals nothing."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else datetime.min.replace(tzinfo=UTC)
