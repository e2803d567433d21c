"""From the core's records to what is stored and published.

In: a durable record of the core. Out: a journal entry and, for a passage, its PassageV1 message without the two hashes
(the journal adds them). Pure. A text that is too long for the wire is cut there, never a reason to lose a passage.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lane_controller.contracts.v1 import EvidenceRefV1, PassageV1
from lane_controller.core import records
from lane_controller.core.instant import Now
from lane_controller.core.plain import to_plain
from lane_controller.core.records import Passage, StageTimes
from lane_controller.outbox.chain import GENESIS
from lane_controller.outbox.journal import Entry

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HASHES: Final = frozenset({"record_hash", "previous_hash"})
_TEXT_MAX: Final = 500


def utc_of(now: Now) -> datetime:
    """The wall time of an instant."""
    return _EPOCH + timedelta(microseconds=now.utc_us)


def entry_of(record: records.Record, plaza: str, lane: str, epoch: int) -> Entry:
    """The journal entry of a record."""
    kind = type(record).__name__
    if isinstance(record, records.PassageClosed):
        passage = record.passage
        message = passage_message(passage, plaza, lane, epoch)
        return Entry(utc_of(passage.closed).isoformat(), kind, to_plain(record), passage.passage_id, message)
    passage_id = getattr(record, "passage_id", None)
    return Entry(utc_of(record.at).isoformat(), kind, to_plain(record), passage_id)


def passage_message(passage: Passage, plaza: str, lane: str, epoch: int) -> dict[str, Any]:
    """PassageV1 as JSON values, without `record_hash` and `previous_hash`."""
    found, times = passage.finding, passage.times
    message = PassageV1(
        plaza=plaza, lane=lane, epoch=epoch, seq=passage.seq, passage_id=passage.passage_id,
        outcome=found.outcome, fare_vnd=found.fare_vnd, epc=found.epc, tid=found.tid,
        account=_cut(found.account), provider=_cut(found.provider), plate=_cut(found.plate_read),
        plate_confidence=found.plate_confidence, registered_plate=_cut(found.plate_registered),
        class_charged=found.class_charged, class_registered=found.class_registered,
        class_measured=found.class_measured, ticket_no=_cut(found.ticket_no),
        tariff_version=found.tariff_version or 0, list_version=found.list_version or 0, offline=found.offline,
        operator=_cut(found.operator), reason=_cut(found.reason), flags=tuple(flag.value for flag in passage.flags),
        detected_at_utc=utc_of(times.l1_on or times.l2_on or passage.closed),
        decided_at_utc=None if times.decided is None else utc_of(times.decided),
        passed_at_utc=utc_of(times.l3_on or passage.closed), time_to_open_ms=_time_to_open_ms(times),
        evidence=tuple(EvidenceRefV1(kind="front", sha256=frame) for frame in passage.frames),
        explanation=_explanation(passage), record_hash=GENESIS, previous_hash=GENESIS,
    )  # fmt: skip
    return message.model_dump(mode="json", exclude=set(_HASHES), exclude_none=True)


def _time_to_open_ms(times: StageTimes) -> int | None:
    """From the last evidence that the decision had to wait for, to the open command."""
    if times.open_commanded is None or times.decided is None:
        return None
    decided_us = times.decided.mono_us
    evidence = (times.credible, times.l1_on, times.plate)
    last_us = max((at.mono_us for at in evidence if at is not None and at.mono_us <= decided_us), default=decided_us)
    return max(0, times.open_commanded.mono_us - last_us) // 1000


def _explanation(passage: Passage) -> dict[str, Any]:
    found = to_plain(records.PassageClosed(0, passage))["passage"]
    finding = found["finding"]
    return {
        "rules": finding["rules"],
        "candidates": finding["candidates"],
        "would_change": finding["would_change"],
        "entry_version": finding["entry_version"],
        "times": {name: at for name, at in found["times"].items() if at is not None},
        "trace": found["trace"],
    }


def _cut(text: str | None) -> str | None:
    return text if text is None else text[:_TEXT_MAX]
