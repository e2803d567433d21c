"""Tables of the back office that settlement may read, and their columns in order.

In: nothing. Out: table names, column names with ClickHouse types. All of them replace rows of the same sorting key
(ReplacingMergeTree): read them with FINAL. A column, once published, keeps its name and meaning; new ones come last.
"""

from __future__ import annotations

from typing import Final

PASSAGES: Final = "passages"
"""One row per passage; key (plaza, lane, epoch, seq)."""

POSTINGS: Final = "postings"
"""One row per leg of a ledger transaction; key posting_id."""

TAG_CHANGES: Final = "tag_changes"
"""The tag list as published, one row per version. Columns `version`, `epc`, `entry`: TagEntryV1 as JSON, empty where
the tag left the list. Settlement reads the kind of a ticket here."""

PASSAGE_COLUMNS: Final = {
    "plaza": "String",
    "lane": "String",
    "epoch": "UInt32",
    "seq": "UInt64",
    "passage_id": "String",
    "outcome": "String",
    "epc": "String",
    "tid": "String",
    "account": "String",
    "provider": "String",
    "plate": "String",
    "plate_confidence": "Float64",
    "registered_plate": "String",
    "class": "UInt8",
    "class_measured": "UInt8",
    "fare_vnd": "Int64",
    "ticket_no": "String",
    "tariff_version": "UInt32",
    "list_version": "UInt64",
    "offline": "UInt8",
    "operator": "String",
    "reason": "String",
    "flags": "Array(String)",
    "detected_at": "DateTime64(6, 'UTC')",
    "decided_at": "DateTime64(6, 'UTC')",
    "passed_at": "DateTime64(6, 'UTC')",
    "time_to_open_ms": "Int64",
    "image_sha256": "String",
    "explanation": "String",
    "record_hash": "String",
    "ingested_at": "DateTime64(6, 'UTC')",
}
"""Empty string, 0 and -1 (time_to_open_ms) stand for "not known". `class` is the class that was charged."""

POSTING_COLUMNS: Final = {
    "posting_id": "String",
    "passage_id": "String",
    "leg": "String",
    "kind": "String",
    "plaza": "String",
    "account": "String",
    "amount_vnd": "Int64",
    "provider": "String",
    "at": "DateTime64(6, 'UTC')",
    "reverses": "String",
    "tariff_version": "UInt32",
    "written_at": "DateTime64(6, 'UTC')",
}
"""`amount_vnd`: debit positive, credit negative. `reverses`: posting_id that this leg takes back, else empty."""

SEALS: Final = "seals"
"""One row per seal of a lane and verdict about it; key (plaza, lane, epoch, first_seq, last_seq, signature)."""

SEAL_COLUMNS: Final = {
    "plaza": "String",
    "lane": "String",
    "epoch": "UInt32",
    "first_seq": "UInt64",
    "last_seq": "UInt64",
    "count": "UInt64",
    "sum_vnd": "Int64",
    "head_hash": "String",
    "sealed_at": "DateTime64(6, 'UTC')",
    "public_key": "String",
    "signature": "String",
    "verdict": "String",
    "detail": "String",
    "checked_at": "DateTime64(6, 'UTC')",
}
"""`verdict`: good, waiting, bad signature, unknown key, mismatch. A seal over nothing has first_seq = last_seq + 1."""
