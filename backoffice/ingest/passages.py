"""The task that takes passages from the stream: decode, store, commit, report; again and again.

In: a consumer of toll.passages.v1 in the group of the back office. Out: rows (through PassageStore), alarms, resend
commands, views for the live page. The offset is committed after the database has the rows, never before. While the
database is away the batch is kept and tried again; nothing is skipped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

import structlog

from backoffice.ingest import metrics
from backoffice.ingest.decode import Rejection, decode_passage
from backoffice.ingest.gaps import GapWatch
from backoffice.ingest.notices import chain_alarm, database_alarm, discrepancy_alarm, rejection_alarm
from backoffice.ingest.store import BatchReport, PassageStore
from backoffice.storage.alarms import AlarmBoard
from backoffice.storage.database import DatabaseError, Worker
from lane_controller.contracts.v1 import PassageV1
from lane_controller.stream.port import Consumer, Record

T = TypeVar("T")

BATCH_MAX: Final = 20_000
"""Records of one batch: enough that the cost of an insert (one fsync per table) does not show."""
_POLL_S: Final = 0.5
_RETRY_FIRST_S: Final = 0.2
_RETRY_MOST_S: Final = 10.0

log = structlog.get_logger("ingest")


class Audience(Protocol):
    """Who is told of stored passages (the live page, the lists)."""

    def stored(self, passages: Sequence[PassageV1]) -> None:
        """These are in the database now."""


class PassageIngest:
    """Runs until cancelled; what it has not committed comes again to the next one."""

    def __init__(
        self, consumer: Consumer, store: PassageStore, alarms: AlarmBoard, gaps: GapWatch, audience: Audience,
        refresh: Callable[[], None],
    ) -> None:  # fmt: skip
        self._consumer = consumer
        self._store = store
        self._alarms = alarms
        self._gaps = gaps
        self._audience = audience
        self._refresh = refresh
        self._worker = Worker("ingest")

    async def run(self) -> None:
        """Take batches for ever."""
        try:
            await self._stubbornly(self._store.load_known_lanes)
            while True:
                records = await self._consumer.poll(_POLL_S, BATCH_MAX)
                if records:
                    await self.take(records)
                await self._gaps.look(self._store.sequences())
        finally:
            self._worker.close()

    async def take(self, records: Sequence[Record]) -> BatchReport:
        """One batch: into the database, then commit, then tell."""
        started = time.monotonic()
        decoded = await self._worker.do(_decode_all, records)
        report = await self._stubbornly(lambda: self._write(decoded))
        await self._consumer.commit(records)
        metrics.BATCH_SECONDS.observe(time.monotonic() - started)
        self._tell(report)
        return report

    def _write(self, decoded: Sequence[tuple[Record, PassageV1 | Rejection]]) -> BatchReport:
        self._refresh()
        return self._store.write(decoded)

    async def _stubbornly(self, work: Callable[[], T]) -> T:
        wait_s = _RETRY_FIRST_S
        while True:
            try:
                result = await self._worker.do(work)
            except DatabaseError as error:
                metrics.RETRIES.labels("database").inc()
                log.warning("database_away", error=str(error), again_in_s=wait_s)
                self._alarms.report(database_alarm(str(error)))
                self._store.forget()
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, _RETRY_MOST_S)
            else:
                self._alarms.clear(database_alarm("").key)
                return result

    def _tell(self, report: BatchReport) -> None:
        metrics.DUPLICATES.inc(report.duplicates)
        for passage in report.stored:
            metrics.PASSAGES.labels(passage.outcome.value).inc()
        for rejection in report.rejections:
            metrics.REJECTED.labels(rejection.record.topic, rejection.reason).inc()
            log.warning(
                "message_rejected", offset=rejection.record.offset, key=rejection.record.key, why=rejection.text
            )
            self._alarms.report(rejection_alarm(rejection))
        for passage, found in report.discrepancies:
            metrics.DISCREPANCIES.labels(found.code.value).inc()
            self._alarms.report(discrepancy_alarm(passage, found))
        for passage in report.broken_chains:
            self._alarms.report(chain_alarm(passage))
        if report.stored:
            self._audience.stored(report.stored)


def _decode_all(records: Sequence[Record]) -> list[tuple[Record, PassageV1 | Rejection]]:
    return [(record, decode_passage(record)) for record in records]
