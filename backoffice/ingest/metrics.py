"""Counters of everything that ingest takes, refuses or repeats."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

PASSAGES = Counter("ingest_passages_total", "Passages stored", ["outcome"])
DUPLICATES = Counter("ingest_duplicate_passages_total", "Passages that were stored before and came again")
REJECTED = Counter(
    "ingest_rejected_messages_total", "Messages that could not be used; kept in rejected_messages", ["topic", "reason"]
)
DISCREPANCIES = Counter("ingest_discrepancies_total", "Amounts that stand in suspense", ["code"])
MISSING = Gauge("ingest_missing_passages", "Passages that a lane counted and that are not here", ["lane"])
BATCH_SECONDS = Histogram("ingest_batch_seconds", "Time from records to rows that can be queried")
RETRIES = Counter("ingest_retries_total", "Batches tried again because stream or database was away", ["part"])
SEALS = Counter("ingest_seals_total", "Seals checked", ["verdict"])
