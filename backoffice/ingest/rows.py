"""Messages → columns of tables. Pure.

In: values. Out: mappings column name → values, in the order of the rows. "Not known" becomes empty text, 0, or -1 for
time_to_open_ms, as the contract of the tables says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json

from backoffice.contracts.tables import PASSAGE_COLUMNS
from backoffice.ingest.decode import Rejection
from backoffice.rating.charge import Discrepancy, PassageFacts
from backoffice.storage.clock import to_us
from lane_controller.contracts.v1 import PassageV1

Columns = Mapping[str, Sequence[Any]]

_PASSAGE_NAMES: Final = (*PASSAGE_COLUMNS, "class_registered", "previous_hash", "evidence")
_IMAGE_KINDS: Final = ("front", "overview")


def facts(passage: PassageV1) -> PassageFacts:
    """What rating needs of a message."""
    return PassageFacts(
        passage.passage_id, passage.plaza, passage.outcome.value, passage.provider or "", passage.account or "",
        passage.class_charged or 0, passage.fare_vnd, to_us(passage.detected_at_utc),
    )  # fmt: skip


def passage_columns(passages: Sequence[PassageV1], ingested_us: int) -> Columns:
    """Rows of table `passages`."""
    return _columns(_PASSAGE_NAMES, [_passage_row(passage, ingested_us) for passage in passages])


def _passage_row(p: PassageV1, ingested_us: int) -> tuple[Any, ...]:
    decided = p.decided_at_utc or p.detected_at_utc
    return (
        p.plaza, p.lane, p.epoch, p.seq, p.passage_id, p.outcome.value, p.epc or "", p.tid or "", p.account or "",
        p.provider or "", p.plate or "", p.plate_confidence or 0.0, p.registered_plate or "", p.class_charged or 0,
        p.class_measured or 0, p.fare_vnd, p.ticket_no or "", p.tariff_version, p.list_version, int(p.offline),
        p.operator or "", p.reason or "", p.flags, to_us(p.detected_at_utc), to_us(decided), to_us(p.passed_at_utc),
        -1 if p.time_to_open_ms is None else p.time_to_open_ms, image_of(p),
        to_json(p.explanation) if p.explanation else b"", p.record_hash,
        ingested_us, p.class_registered or 0, p.previous_hash, [(e.kind, e.sha256) for e in p.evidence],
    )  # fmt: skip


def image_of(passage: PassageV1) -> str:
    """Hash of the picture to show first: front, else overview, else the first one; empty without any."""
    by_kind = {evidence.kind: evidence.sha256 for evidence in reversed(passage.evidence)}
    chosen = next((by_kind[kind] for kind in _IMAGE_KINDS if kind in by_kind), "")
    return chosen or (passage.evidence[0].sha256 if passage.evidence else "")


def discrepancy_columns(found: Sequence[tuple[PassageV1, Discrepancy]]) -> Columns:
    """Rows of table `discrepancies`."""
    names = ("passage_id", "code", "plaza", "lane", "expected_vnd", "found_vnd", "detail", "at")
    rows = [
        (p.passage_id, d.code.value, p.plaza, p.lane, d.expected_vnd, d.found_vnd, d.detail, to_us(p.passed_at_utc))
        for p, d in found
    ]
    return _columns(names, rows)


def rejection_columns(rejections: Sequence[Rejection], now_us: int) -> Columns:
    """Rows of table `rejected_messages`; the bytes as hex, because they may be anything."""
    names = ("topic", "partition", "offset", "message_key", "reason", "raw_hex", "at")
    rows = [
        (r.record.topic, r.record.partition, r.record.offset, r.record.key, f"{r.reason}: {r.text}"[:2000],
         (r.record.value or b"").hex(), now_us)
        for r in rejections
    ]  # fmt: skip
    return _columns(names, rows)


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Columns:
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
