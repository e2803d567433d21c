"""The task that follows lane status: newest of each lane in memory, kept in the database now and then.

In: toll.lane-status.v1. Out: calls to a listener; one row per lane. A status that cannot be read is counted and kept as
rejected; an older one than is known is passed over. Nothing of it is money: a lost row is only a stale picture.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from backoffice.ingest import metrics, rows
from backoffice.ingest.decode import Rejection
from backoffice.storage.clock import to_us
from backoffice.storage.database import Database, Worker
from lane_controller.contracts.v1 import LaneStatusV1, MessageError
from lane_controller.stream.port import Consumer, Record

_POLL_S: Final = 0.5
KEEP_EVERY_S: Final = 5.0


class StatusIngest:
    """Runs until cancelled."""

    def __init__(self, consumer: Consumer, database: Database, heard: Callable[[LaneStatusV1], None]) -> None:
        self._consumer = consumer
        self._database = database
        self._heard = heard
        self._newest: dict[str, LaneStatusV1] = {}
        self._changed: set[str] = set()
        self._worker = Worker("lane-status")

    async def run(self) -> None:
        """Follow for ever."""
        keep_at = time.monotonic() + KEEP_EVERY_S
        try:
            while True:
                records = await self._consumer.poll(_POLL_S)
                rejections = [rejection for record in records if (rejection := self._take(record))]
                await self._keep_rejected(rejections)
                if records:
                    await self._consumer.commit(records)
                if time.monotonic() >= keep_at:
                    keep_at = time.monotonic() + KEEP_EVERY_S
                    await self._keep()
        finally:
            self._worker.close()

    def _take(self, record: Record) -> Rejection | None:
        try:
            status = LaneStatusV1.decode(record.value or b"")
        except MessageError as error:
            metrics.REJECTED.labels(record.topic, "malformed").inc()
            return Rejection(record, "malformed", str(error))
        known = self._newest.get(status.lane)
        if known is None or known.at_utc <= status.at_utc:
            self._newest[status.lane] = status
            self._changed.add(status.lane)
            self._heard(status)
        return None

    async def _keep_rejected(self, rejections: Sequence[Rejection]) -> None:
        if rejections:
            columns = rows.rejection_columns(rejections, time.time_ns() // 1000)
            await self._worker.do(self._database.insert, "rejected_messages", columns)

    async def _keep(self) -> None:
        statuses = [self._newest[lane] for lane in sorted(self._changed)]
        self._changed.clear()
        if statuses:
            columns: dict[str, list[Any]] = {
                "plaza": [s.plaza for s in statuses],
                "lane": [s.lane for s in statuses],
                "message": [s.encode().decode() for s in statuses],
                "at": [to_us(s.at_utc) for s in statuses],
            }
            await self._worker.do(self._database.insert, "lane_status", columns)
