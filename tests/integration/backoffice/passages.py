"""Passages as a lane publishes them: numbered without gaps, chained by hash."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from lane_controller.contracts.hashes import passage_hash
from lane_controller.contracts.v1 import PassageV1

START = datetime(2026, 6, 15, 3, 0, tzinfo=UTC)
FARES = {1: 35_000, 2: 50_000, 3: 75_000, 4: 120_000, 5: 180_000}


def passage(seq: int, previous: str = "0" * 64, *, lane: str = "CM-01", **changes: Any) -> PassageV1:
    """A charged car of class 1 unless the test says otherwise."""
    detected = START + timedelta(seconds=7 * seq)
    fields: dict[str, Any] = {
        "plaza": "CM",
        "lane": lane,
        "epoch": 1,
        "seq": seq,
        "passage_id": f"{lane}-e1-{seq:06d}",
        "outcome": "charged",
        "fare_vnd": 35_000,
        "epc": "E2801160600002075A1B2C3D",
        "account": "TK000001",
        "provider": "VETC",
        "plate": "20A12345",
        "plate_confidence": 0.98,
        "registered_plate": "20A12345",
        "class_charged": 1,
        "class_registered": 1,
        "tariff_version": 1,
        "list_version": 1,
        "detected_at_utc": detected,
        "decided_at_utc": detected + timedelta(milliseconds=310),
        "passed_at_utc": detected + timedelta(seconds=3),
        "time_to_open_ms": 12,
        "explanation": {"rule": "R1", "candidates": [{"epc": "E2801160600002075A1B2C3D", "score": 7.25}]},
        "record_hash": "0" * 64,
        "previous_hash": previous,
    }
    return sealed(PassageV1.model_validate(fields | changes))


def sealed(message: PassageV1) -> PassageV1:
    """The same passage with the hash of its content."""
    return message.model_copy(update={"record_hash": passage_hash(json.loads(message.encode()))})


def chain(
    count: int, first: int = 1, previous: str = "0" * 64, *, lane: str = "CM-01", **changes: Any
) -> list[PassageV1]:
    """`count` passages, each naming the hash of the one before."""
    made = []
    for seq in range(first, first + count):
        made.append(passage(seq, previous, lane=lane, **changes))
        previous = made[-1].record_hash
    return made
