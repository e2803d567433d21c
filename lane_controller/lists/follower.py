"""Follows the tag list and the tariff on the stream and puts them in force.

In: toll.tag-list.v1 and toll.tariff.v1, from the beginning at each start, without a group. Out: the table in force,
list and tariff events for the lanes, the cache on disk. What was read is swapped in as a whole once it matches a
heartbeat; until then, and whenever the stream is away, the last known list stays in force. A contradiction is counted
and the whole list is read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from lane_controller.contracts.v1 import HEARTBEAT_KEY, TagEntryV1, TagListChangeV1, TagListHeartbeatV1, TariffV1
from lane_controller.contracts.v1.base import MessageError
from lane_controller.contracts.values import Topic
from lane_controller.core.events import ListEntryChanged, ListHeartbeat, TariffChanged
from lane_controller.core.values import TagEntry, Tariff
from lane_controller.devices.ports import Clock, Reject, Sink
from lane_controller.lists.cache import ListCache
from lane_controller.lists.staging import Agreement, HeartbeatCheck
from lane_controller.lists.table import MemoryTable
from lane_controller.stream.port import Consumer, Record, Stream, StreamError

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
POLL_LIMIT: Final = 200
"""Records taken at once: decoding them holds the loop for a few milliseconds at most."""
RETRY_S: Final = (0.5, 1.0, 2.0, 5.0)
ASKED_MAX: Final = 20_000
"""Tags whose changes the lanes are told: those that were asked for lately."""

T = TypeVar("T")
Change = tuple[str, int, TagEntryV1 | None]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RereadError(Exception):
    """What was read is not the list that the back office holds."""


class ListFollower:
    """One per process; also the `TagLookup` of its lanes."""

    def __init__(self, stream: Stream, cache: ListCache, plaza: str, clock: Clock, reject: Reject) -> None:
        """Put the cached list in force."""
        self._stream, self._cache, self._plaza, self._clock, self._reject = stream, cache, plaza, clock, reject
        self._thread = ThreadPoolExecutor(1, "list-cache")
        self._sinks: dict[str, Sink] = {}
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._fresh_utc_us = cache.heartbeat_utc_us()
        self._tariffs = {tariff.version: tariff for tariff in cache.tariffs() if tariff.plaza == plaza}
        self.table = MemoryTable()
        self.table.load(cache.rows())
        self._new_tariffs: list[TariffV1] = []
        self._check = HeartbeatCheck()
        self.connected = False
        self.rereads = 0

    # -- look-ups -----------------------------------------------------------------------------------------------

    def by_epc(self, epc: str) -> TagEntry | None:
        """See devices.ports.TagLookup."""
        self._asked[epc] = None
        self._asked.move_to_end(epc)
        if len(self._asked) > ASKED_MAX:
            self._asked.popitem(last=False)
        return self.table.by_epc(epc)

    def by_plate(self, plate: str) -> TagEntry | None:
        """See devices.ports.TagLookup."""
        return self.table.by_plate(plate)

    def tariffs(self) -> tuple[Tariff, ...]:
        """All known tariffs of the plaza, by version."""
        return tuple(core_tariff(self._tariffs[version]) for version in sorted(self._tariffs))

    def age_us(self) -> int | None:
        """Age of the newest applied change or heartbeat; None: there never was one."""
        return None if self._fresh_utc_us is None else max(0, self._clock.now().utc_us - self._fresh_utc_us)

    def subscribe(self, lane: str, sink: Sink) -> None:
        """Tell a lane of changes from now on (in place of its run before), and how old the list is now."""
        self._sinks[lane] = sink
        age_us = self.age_us()
        if age_us is not None:
            sink(ListHeartbeat(self.table.version, age_us))

    # -- following ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow for ever."""
        attempt = 0
        try:
            while True:
                try:
                    await self._follow()
                except RereadError as error:
                    self.rereads += 1
                    self._reject("list", "mismatch", f"{error}; the whole list is read again")
                except (StreamError, OSError) as error:
                    self.connected = False
                    log.warning("the list cannot be followed, the last known stays in force: %s", error)
                await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
        finally:
            self._thread.shutdown()

    async def _follow(self) -> None:
        consumer = await self._stream.consumer([Topic.TAG_LIST.value, Topic.TARIFF.value], None)
        try:
            await self._stage(consumer)
            await self._live(consumer)
        finally:
            self.connected = False
            await consumer.close()

    async def _stage(self, consumer: Consumer) -> None:
        """Read from the beginning into a table beside the one in force; swap when it is whole."""
        table, rows, check = MemoryTable(), dict[str, Change](), HeartbeatCheck()
        while True:
            changes = self._decode(await consumer.poll(POLL_S, POLL_LIMIT), check)
            self.connected = True
            for change in changes:
                if table.apply(*change):
                    rows[change[0]] = change
            await self._store_tariffs()
            if not await consumer.caught_up():
                continue
            agreement = check.compare(table, self._clock.now().mono_us)
            if agreement is Agreement.CONTRADICTS:
                if self.table.count() == 0:
                    await self._swap(table, rows, None)
                raise RereadError(f"{table.count()} tags of version {table.version} were read, {check.newest!r}")
            if agreement is Agreement.AGREES or (agreement is Agreement.NO_HEARTBEAT and self.table.count() == 0):
                self._check = check
                return await self._swap(table, rows, check)

    async def _swap(self, table: MemoryTable, rows: dict[str, Change], check: HeartbeatCheck | None) -> None:
        before, self.table = self.table, table
        if check is not None and check.newest is not None:
            self._fresh(check.newest.sent_at_utc)
        for epc in list(self._asked):
            row = table.by_epc(epc)
            if row != before.by_epc(epc):
                self._tell(ListEntryChanged(epc, row, table.version))
        await self._in_thread(lambda: self._cache.replace(rows.values(), self._fresh_utc_us))
        log.info("tag list version %d with %d tags is in force", table.version, table.count())

    async def _live(self, consumer: Consumer) -> None:
        """Apply each change at once; every heartbeat proves that nothing is missing."""
        check = self._check
        while True:
            changes = self._decode(await consumer.poll(POLL_S, POLL_LIMIT), check)
            applied = [change for change in changes if self._apply(change)]
            agreement = check.compare(self.table, self._clock.now().mono_us)
            if agreement is Agreement.AGREES and check.newest is not None:
                self._fresh(check.newest.sent_at_utc)
            if applied:
                await self._in_thread(partial(self._cache.store, applied, self._fresh_utc_us))
            await self._store_tariffs()
            if agreement is Agreement.CONTRADICTS:
                raise RereadError(f"{self.table.count()} tags of version {self.table.version}, {check.newest!r}")

    def _apply(self, change: Change) -> bool:
        epc, version, entry = change
        if not self.table.apply(epc, version, entry):
            return False
        if epc in self._asked:
            self._tell(ListEntryChanged(epc, self.table.by_epc(epc), version))
        return True

    def _fresh(self, at: datetime) -> None:
        """Something of the list's life was applied: tell the lanes how old it is now."""
        at_us = (at - _EPOCH) // timedelta(microseconds=1)
        if self._fresh_utc_us is not None and at_us <= self._fresh_utc_us:
            return
        self._fresh_utc_us = at_us
        self._tell(ListHeartbeat(self.table.version, max(0, self._clock.now().utc_us - at_us)))

    def _tell(self, event: ListEntryChanged | ListHeartbeat | TariffChanged) -> None:
        for sink in self._sinks.values():
            sink(event)

    # -- decoding -----------------------------------------------------------------------------------------------

    def _decode(self, batch: Sequence[Record], check: HeartbeatCheck) -> list[Change]:
        changes: list[Change] = []
        for record in batch:
            try:
                if record.topic == Topic.TARIFF:
                    self._take_tariff(record)
                elif record.key == HEARTBEAT_KEY:
                    check.hear(TagListHeartbeatV1.decode(record.value or b""))
                elif record.value is not None:
                    changes.append(_change(record.key, record.value))
            except MessageError as error:
                self._reject("list", "malformed", f"{record.topic} offset {record.offset} key {record.key!r}: {error}")
        return changes

    def _take_tariff(self, record: Record) -> None:
        if record.value is None:
            return
        tariff = TariffV1.decode(record.value)
        if tariff.plaza == self._plaza and self._tariffs.get(tariff.version) != tariff:
            self._tariffs[tariff.version] = tariff
            self._new_tariffs.append(tariff)
            self._tell(TariffChanged(core_tariff(tariff)))

    async def _store_tariffs(self) -> None:
        while self._new_tariffs:
            tariff = self._new_tariffs.pop(0)
            await self._in_thread(partial(self._cache.store_tariff, tariff))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def core_tariff(tariff: TariffV1) -> Tariff:
    """A tariff in the core's own values."""
    valid_from_us = (tariff.valid_from_utc - _EPOCH) // timedelta(microseconds=1)
    return Tariff(tariff.version, valid_from_us, tuple(sorted(tariff.fares_vnd.items())))


def _change(key: str, value: bytes) -> Change:
    change = TagListChangeV1.decode(value)
    if change.epc != key or (change.entry is not None and change.entry.epc != key):
        raise MessageError(f"not a TagListChangeV1: epc {change.epc} under the key {key}")
    return change.epc, change.version, change.entry
