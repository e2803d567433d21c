"""The live picture: implements `LiveView` over memory, the database and the stream.

In: lane status and stored passages as they happen. Out: views, and a feed of changes to any number of readers. A reader
that does not keep up loses the oldest changes and is told so.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from backoffice.app.settings import LOCAL_OFFSET, Settings
from backoffice.ingest.notices import journal_alarm, journal_alarm_key
from backoffice.ingest.rows import image_of
from backoffice.lists.accounts_file import plain_plate
from backoffice.lists.registry import Registry
from backoffice.storage import reads
from backoffice.storage.alarms import Alarms
from backoffice.storage.database import Database, Worker
from backoffice.storage.evidence import EvidenceStore
from backoffice.storage.live_view import AccountView, Alarm, LaneCompleteness, LaneView, PassageView, Totals
from lane_controller.contracts.v1 import LaneCommandV1, LaneStatusV1, PassageV1
from lane_controller.contracts.values import Topic
from lane_controller.stream.port import Producer

FEED_MAX: Final = 500
REMEMBERED: Final = 500
TOTALS_FRESH_S: Final = 1.0
_ANSWERS_MAX: Final = 1000


def passage_view(p: PassageV1) -> PassageView:
    """A message as pages show it."""
    return PassageView(
        plaza=p.plaza, lane=p.lane, epoch=p.epoch, seq=p.seq, passage_id=p.passage_id, outcome=p.outcome.value,
        passed_at_utc=p.passed_at_utc, detected_at_utc=p.detected_at_utc, fare_vnd=p.fare_vnd, epc=p.epc or "",
        tid=p.tid or "", account=p.account or "", provider=p.provider or "", plate=p.plate or "",
        plate_confidence=p.plate_confidence or 0.0, registered_plate=p.registered_plate or "",
        vehicle_class=p.class_charged or 0, class_measured=p.class_measured or 0, ticket_no=p.ticket_no or "",
        tariff_version=p.tariff_version, list_version=p.list_version, offline=p.offline, operator=p.operator or "",
        reason=p.reason or "", flags=p.flags, time_to_open_ms=p.time_to_open_ms, image_sha256=image_of(p),
        explanation=p.explanation, record_hash=p.record_hash,
    )  # fmt: skip


class Live:
    """One per process; the asyncio side is called from the loop, `alarms` may change from any thread."""

    def __init__(
        self, settings: Settings, database: Database, alarms: Alarms, evidence: EvidenceStore,
        completeness: Callable[[], Sequence[LaneCompleteness]],
    ) -> None:  # fmt: skip
        self._settings = settings
        self._database = database
        self._alarms = alarms
        self._evidence = evidence
        self._completeness = completeness
        self._worker = Worker("reads")
        self._lanes: dict[str, LaneView] = {}
        self._recent: deque[PassageView] = deque(maxlen=REMEMBERED)
        self._answers: dict[str, tuple[str, str]] = {}
        self._feeds: set[asyncio.Queue[dict[str, Any]]] = set()
        self._totals: tuple[float, Totals] | None = None
        self._producer: Producer | None = None
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._stored_listeners: list[Callable[[], None]] = []
        alarms.listen(self._alarms_changed)

    # -- what happens ------------------------------------------------------------------------------------------------

    async def begin(self, producer: Producer) -> None:
        """Load what was known before: last status and passage of each lane."""
        self._producer = producer
        recent = await self._worker.do(reads.recent_passages, self._database, REMEMBERED)
        self._recent.extend(reversed(recent))
        for status, at in await self._worker.do(reads.lane_statuses, self._database):
            last = self._last_passage(status.lane)
            self._lanes.setdefault(status.lane, LaneView(status, at, stale=True, last_passage=last))

    def heard(self, status: LaneStatusV1) -> None:
        """A lane reported."""
        known = self._lanes.get(status.lane)
        last = known.last_passage if known else self._last_passage(status.lane)
        self._lanes[status.lane] = LaneView(status, datetime.now(UTC), stale=False, last_passage=last)
        alarm = journal_alarm(status)
        if alarm is None:
            self._alarms.clear(journal_alarm_key(status.lane))
        else:
            self._alarms.report(alarm)
        for answer in status.answers:
            self._answers[answer.command_id] = (answer.result, answer.detail or "")
        while len(self._answers) > _ANSWERS_MAX:
            del self._answers[next(iter(self._answers))]
        self._tell({"kind": "lane", "lane": status.lane, "data": status.model_dump(mode="json")})

    def _last_passage(self, lane: str) -> PassageView | None:
        return next((view for view in reversed(self._recent) if view.lane == lane), None)

    def stored(self, passages: Sequence[PassageV1]) -> None:
        """Passages are in the database."""
        for view in (passage_view(p) for p in passages[-REMEMBERED:]):
            self._recent.append(view)
            known = self._lanes.get(view.lane)
            if known:
                self._lanes[view.lane] = replace(known, last_passage=view)
            self._tell({"kind": "passage", "lane": view.lane, "data": {"passage_id": view.passage_id}})
        self._totals = None
        self._tell({"kind": "totals", "lane": "", "data": {}})
        for listener in self._stored_listeners:
            listener()

    def when_stored(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever passages were stored."""
        self._stored_listeners.append(listener)

    def _alarms_changed(self) -> None:
        change = {"kind": "alarms", "lane": "", "data": {}}
        if threading.get_ident() == self._loop_thread:
            self._tell(change)
        else:
            self._loop.call_soon_threadsafe(self._tell, change)

    def _tell(self, change: dict[str, Any]) -> None:
        for feed in self._feeds:
            if feed.full():
                while not feed.empty():
                    feed.get_nowait()
                feed.put_nowait({"kind": "missed", "lane": "", "data": {}})
            feed.put_nowait(change)

    # -- LiveView ----------------------------------------------------------------------------------------------------

    def lanes(self) -> Sequence[LaneView]:
        """See LiveView."""
        oldest = datetime.now(UTC) - timedelta(seconds=self._settings.lane_stale_after_s)
        views = (self._lanes[lane] for lane in sorted(self._lanes))
        return [replace(view, stale=view.received_at_utc < oldest) for view in views]

    def alarms(self) -> Sequence[Alarm]:
        """See LiveView."""
        return self._alarms.view()

    def completeness(self) -> Sequence[LaneCompleteness]:
        """See LiveView."""
        return self._completeness()

    async def recent_passages(self, limit: int, lane: str | None = None) -> Sequence[PassageView]:
        """See LiveView."""
        found = [view for view in reversed(self._recent) if lane in (None, view.lane)][:limit]
        if len(found) < limit and len(self._recent) == REMEMBERED:
            return await self._worker.do(reads.recent_passages, self._database, limit, lane)
        return found

    async def passage(self, passage_id: str) -> PassageView | None:
        """See LiveView."""
        return await self._worker.do(reads.passage, self._database, passage_id)

    async def find_accounts(self, text: str, limit: int = 20) -> Sequence[AccountView]:
        """See LiveView."""
        return await self._worker.do(find_accounts, Registry(self._database), text, limit)

    async def totals_today(self) -> Totals:
        """See LiveView."""
        if self._totals is None or time.monotonic() - self._totals[0] > TOTALS_FRESH_S:
            cutoff = self._settings.cutoff_after_midnight
            day = reads.accounting_day(datetime.now(UTC), cutoff, LOCAL_OFFSET)
            totals = await self._worker.do(reads.totals_of_day, self._database, day, cutoff, LOCAL_OFFSET)
            self._totals = (time.monotonic(), totals)
        return self._totals[1]

    async def subscribe(self) -> AsyncIterator[dict[str, Any]]:
        """See LiveView."""
        feed: asyncio.Queue[dict[str, Any]] = asyncio.Queue(FEED_MAX)
        self._feeds.add(feed)
        try:
            while True:
                yield await feed.get()
        finally:
            self._feeds.discard(feed)

    async def send_command(self, command: LaneCommandV1) -> None:
        """See LiveView."""
        if self._producer is None:
            raise RuntimeError("the live view has not begun")
        await self._producer.append(Topic.LANE_COMMANDS, [(command.lane, command.encode())])

    def command_answer(self, command_id: str) -> tuple[str, str] | None:
        """See LiveView."""
        return self._answers.get(command_id)

    def evidence_path(self, sha256: str) -> Path | None:
        """See LiveView."""
        return self._evidence.path(sha256)

    def close(self) -> None:
        """End the reading thread."""
        self._worker.close()


def find_accounts(registry: Registry, text: str, limit: int = 20) -> list[AccountView]:
    """Accounts by number, EPC or plate."""
    wanted = text.strip()
    plain = plain_plate(wanted)
    names = {tag.account for tag in (*registry.tags([plain]), *registry.tags_with_plate(plain))}
    accounts = registry.accounts(sorted({wanted, wanted.upper(), *names})[:limit])
    balances = registry.available_vnd([account.account for account in accounts])
    tags = registry.tags_of([account.account for account in accounts])
    return [
        AccountView(
            a.account, a.provider, a.holder, balances[a.account],
            tuple(
                {"epc": t.epc, "tid": t.tid, "plate": t.plate, "class": t.vehicle_class, "status": t.status,
                 "ticket": t.ticket, "exempt_reason": t.exempt_reason}
                for t in tags if t.account == a.account and not t.removed
            ),
        )
        for a in accounts
    ]  # fmt: skip
