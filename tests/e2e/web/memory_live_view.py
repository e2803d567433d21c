"""A `LiveView` held in memory: what the page's tests put in is what the page is given.

In: views made by a test. Out: the port of storage/live_view.py, feed included. The real one stands on ClickHouse and
the streams and is tested with them; here the page alone is under test.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from backoffice.storage.live_view import (
    AccountView,
    Alarm,
    LaneCompleteness,
    LaneView,
    PassageView,
    Totals,
)
from lane_controller.contracts.v1 import DeviceStatusV1, LaneCommandV1, LaneStatusV1

EPC = "DE0100000000000000000A1F"
EXPLANATION: dict[str, Any] = {
    "rules": ["R1", "R3"],
    "would_change": ["balance below 35000"],
    "candidates": [{"epc": EPC, "reads": 42, "median_rssi_dbm": -51, "credible": True, "verdict": "listed"}],
    "times": {
        "first_read": {"mono_us": 8_900_000, "utc_us": 1},
        "l1_on": {"mono_us": 10_000_000, "utc_us": 1},
        "decided": {"mono_us": 10_401_000, "utc_us": 1},
        "l3_on": {"mono_us": 14_000_000, "utc_us": 1},
    },
    "trace": [
        {"sensor": "L1", "on": True, "mono_us": 10_000_000},
        {"sensor": "L1", "on": False, "mono_us": 12_000_000},
        {"sensor": "L2", "on": True, "mono_us": 13_000_000},
    ],
    "entry_version": 410,
}
DEVICES = ("reader", "plc", "camera", "anpr", "stream")


def status(lane: str, **changes: Any) -> LaneStatusV1:
    """An idle lane in AUTO, all devices well."""
    fields: dict[str, Any] = {
        "plaza": "CM",
        "lane": lane,
        "epoch": 1,
        "at_utc": datetime.now(UTC),
        "state": "AUTO",
        "signal": "red",
        "display_code": "IDLE",
        "barrier": "closed",
        "devices": tuple(DeviceStatusV1(name=name, state="ok") for name in DEVICES),
        "list_version": 571,
        "list_age_s": 3.0,
        "tariff_version": 1,
    }
    return LaneStatusV1(**(fields | changes))


def lane(name: str, stale: bool = False, last: PassageView | None = None, **changes: Any) -> LaneView:
    """A lane as heard just now, or two minutes ago when it is stale."""
    heard = datetime.now(UTC) - timedelta(seconds=120 if stale else 0)
    return LaneView(status(name, **changes), heard, stale, last)


def passage(lane_name: str, seq: int, **changes: Any) -> PassageView:
    """A charged passage of a class-1 car."""
    now = datetime.now(UTC)
    ordinary = PassageView(
        plaza="CM",
        lane=lane_name,
        epoch=1,
        seq=seq,
        passage_id=f"{lane_name}-e1-{seq:06d}",
        outcome="charged",
        passed_at_utc=now,
        detected_at_utc=now - timedelta(seconds=4),
        fare_vnd=35_000,
        epc=EPC,
        account="VETC-0000012",
        provider="VETC",
        plate="20A12345",
        plate_confidence=0.98,
        registered_plate="20A12345",
        vehicle_class=1,
        tariff_version=1,
        list_version=571,
        time_to_open_ms=14,
        explanation=EXPLANATION,
        record_hash="ab" * 32,
    )
    return replace(ordinary, **changes)


@dataclass
class MemoryLiveView:
    """Everything that a page can be given, as plain attributes."""

    lane_views: dict[str, LaneView] = field(default_factory=dict)
    passages: list[PassageView] = field(default_factory=list)
    open_alarms: list[Alarm] = field(default_factory=list)
    commands: list[LaneCommandV1] = field(default_factory=list)
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    accounts: list[AccountView] = field(default_factory=list)
    evidence: dict[str, Path] = field(default_factory=dict)
    holes: tuple[tuple[int, int], ...] = ()
    answer_with: tuple[str, str] | None = ("done", "")
    readers: list[asyncio.Queue[dict[str, Any]]] = field(default_factory=list)

    def lanes(self) -> Sequence[LaneView]:
        return [self.lane_views[name] for name in sorted(self.lane_views)]

    def alarms(self) -> Sequence[Alarm]:
        return self.open_alarms

    def completeness(self) -> Sequence[LaneCompleteness]:
        return [LaneCompleteness("CM", name, 1, 10, self.holes, 8) for name in sorted(self.lane_views)]

    async def recent_passages(self, limit: int, lane: str | None = None) -> Sequence[PassageView]:
        return [one for one in self.passages if lane in (None, one.lane)][:limit]

    async def passage(self, passage_id: str) -> PassageView | None:
        return next((one for one in self.passages if one.passage_id == passage_id), None)

    async def find_accounts(self, text: str, limit: int = 20) -> Sequence[AccountView]:
        return [one for one in self.accounts if text in one.account][:limit]

    async def totals_today(self) -> Totals:
        counts: dict[str, int] = {}
        sums: dict[str, int] = {}
        class_counts: dict[int, int] = {}
        class_sums: dict[int, int] = {}
        for one in self.passages:
            counts[one.outcome] = counts.get(one.outcome, 0) + 1
            sums[one.outcome] = sums.get(one.outcome, 0) + one.fare_vnd
            class_counts[one.vehicle_class] = class_counts.get(one.vehicle_class, 0) + 1
            class_sums[one.vehicle_class] = class_sums.get(one.vehicle_class, 0) + one.fare_vnd
        return Totals(date(2026, 3, 2), "00:00", counts, sums, class_counts, class_sums)

    async def subscribe(self) -> AsyncIterator[dict[str, Any]]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.readers.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.readers.remove(queue)

    async def send_command(self, command: LaneCommandV1) -> None:
        self.commands.append(command)
        if self.answer_with is not None:
            self.answers[command.command_id] = self.answer_with

    def command_answer(self, command_id: str) -> tuple[str, str] | None:
        return self.answers.get(command_id)

    def evidence_path(self, sha256: str) -> Path | None:
        return self.evidence.get(sha256)

    # -- what a test does ---------------------------------------------------------------------------------------

    def put_lane(self, view: LaneView) -> None:
        """The lane reports something new."""
        self.lane_views[view.status.lane] = view
        self._tell({"kind": "lane", "lane": view.status.lane, "data": {}})

    def put_passage(self, view: PassageView) -> None:
        """A passage came in."""
        self.passages.insert(0, view)
        lane_view = self.lane_views.get(view.lane)
        if lane_view is not None:
            self.lane_views[view.lane] = replace(lane_view, last_passage=view)
        self._tell({"kind": "passage", "lane": view.lane, "data": {"passage_id": view.passage_id}})
        self._tell({"kind": "totals", "lane": "", "data": {}})
        self._tell({"kind": "lane", "lane": view.lane, "data": {}})

    def put_evidence(self, folder: Path, data: bytes) -> str:
        """An image was uploaded; its hash."""
        digest = hashlib.sha256(data).hexdigest()
        path = folder / digest
        path.write_bytes(data)
        self.evidence[digest] = path
        return digest

    def _tell(self, change: dict[str, Any]) -> None:
        for queue in self.readers:
            queue.put_nowait(change)
