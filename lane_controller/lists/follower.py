"""Follows the tag list and the tariff on the stream and puts them in force.

In: toll.tag-list.v1 and toll.tariff.v1, from the beginning at each start, without a group. Out: the table in force on
disk, list and tariff events for the lanes. A list on disk goes on from where it is; where there is none, or one that
contradicts a heartbeat or is damaged, the whole list is read beside it and takes its place once it matches a heartbeat.
Until then, and whenever the stream is away, the last known list stays in force.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from lane_controller.contracts.v1 import HEARTBEAT_KEY, TagListHeartbeatV1, TariffV1
from lane_controller.contracts.v1.base import MessageError
from lane_controller.contracts.values import Topic
from lane_controller.core.events import ListEntryChanged, ListHeartbeat, TariffChanged
from lane_controller.core.values import TagEntry, Tariff
from lane_controller.devices.ports import Clock, Reject, Sink
from lane_controller.lists.cache import TariffCache
from lane_controller.lists.country.base import DamageError
from lane_controller.lists.country.jobs import JobError
from lane_controller.lists.country.row import RowError
from lane_controller.lists.country.shelf import Opened
from lane_controller.lists.country.table import CountryTable
from lane_controller.lists.country.upkeep import CountryList, in_turns
from lane_controller.lists.records import Change, change_of, core_tariff, utc_us, version_in
from lane_controller.lists.staging import Agreement, HeartbeatCheck
from lane_controller.stream.port import Consumer, Record, Stream, StreamError

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
POLL_LIMIT: Final = 1_000
"""Records taken at once."""
RETRY_S: Final = (0.5, 1.0, 2.0, 5.0)
FRESH_EVERY_US: Final = 60_000_000
"""How old the list is goes to disk this often when nothing changes."""
ASKED_MAX: Final = 20_000
"""Tags whose changes the lanes are told: those that were asked for lately."""

T = TypeVar("T")


class RereadError(Exception):
    """What was read is not the list that the back office holds."""


class ListFollower:
    """One per process; also the `TagLookup` of its lanes."""

    def __init__(
        self, stream: Stream, tag_list: CountryList, cache: TariffCache, plaza: str, clock: Clock, reject: Reject
    ) -> None:
        """Put what is on disk in force."""
        self._stream, self._list, self._cache = stream, tag_list, cache
        self._plaza, self._clock, self._reject = plaza, clock, reject
        self._thread = ThreadPoolExecutor(1, "tariffs")
        self._sinks: dict[str, Sink] = {}
        self._asked: OrderedDict[str, None] = OrderedDict()
        self._fresh_utc_us = tag_list.table.fresh_utc_us or None
        self._tariffs = {tariff.version: tariff for tariff in cache.tariffs() if tariff.plaza == plaza}
        self._new_tariffs: list[TariffV1] = []
        self._check = HeartbeatCheck()
        self._stored_fresh_utc_us = self._fresh_utc_us or 0
        self._contradicted = False
        self.connected = False
        self.rereads = 0
        tag_list.told = partial(reject, "list")
        self._put_in_use()

    @property
    def table(self) -> CountryTable:
        """The list in force."""
        return self._list.table

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
                except (JobError, DamageError) as error:
                    self._reject("list", "build", f"the list that was read could not be built: {error}")
                await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
        finally:
            self._thread.shutdown()

    async def _follow(self) -> None:
        consumer = await self._stream.consumer([Topic.TAG_LIST.value, Topic.TARIFF.value], None)
        try:
            if self._contradicted or self.table.damage is not None or self.table.version == 0:
                await self._read_anew(consumer)
            else:
                await self._catch_up(consumer)
            await self._live(consumer)
        finally:
            self.connected = False
            await consumer.close()

    async def _read_anew(self, consumer: Consumer) -> None:
        """Read from the beginning into a list beside the one in force; swap when it is whole."""
        draft, check = await self._list.draft(), HeartbeatCheck()
        opened: Opened | None = None
        try:
            async for _, _, row in self._to_the_end(consumer, check):
                draft.add_row(row)
            opened = await self._list.build(draft, 0)
            await self._until_whole(consumer, check, opened.table)
            await self._swap(opened, check)
        except BaseException:
            if opened is None or opened.table is not self.table:
                if opened is not None:
                    opened.close()
                await asyncio.shield(self._list.abandon(draft))
            raise
        if self._contradicted:
            raise RereadError(_told(self.table, check))

    async def _to_the_end(self, consumer: Consumer, check: HeartbeatCheck) -> AsyncIterator[Change]:
        """Every change that is on the stream now."""
        while True:
            batch = await consumer.poll(POLL_S, POLL_LIMIT)
            self.connected = True
            async for change in in_turns(self._changes(batch, check)):
                yield change
            await self._store_tariffs()
            if await consumer.caught_up():
                return

    async def _until_whole(self, consumer: Consumer, check: HeartbeatCheck, table: CountryTable) -> None:
        """Go on until a heartbeat says that this is the list. RereadError: one says that it is not."""
        while True:
            agreement = check.compare(table, self._clock.now().mono_us)
            nothing_yet = self.table.version == 0
            if agreement is Agreement.CONTRADICTS and not nothing_yet:
                raise RereadError(_told(table, check))
            if agreement in (Agreement.AGREES, Agreement.CONTRADICTS):
                self._contradicted = agreement is Agreement.CONTRADICTS
                return
            if agreement is Agreement.NO_HEARTBEAT and nothing_yet:
                return
            await self._list.take([change async for change in self._to_the_end(consumer, check)], table)

    async def _swap(self, opened: Opened, check: HeartbeatCheck) -> None:
        newest = None if self._contradicted else check.newest
        if newest is not None:
            opened.table.fresh_utc_us = utc_us(newest.sent_at_utc)
        before = await self._list.replace(opened)
        try:
            self._put_in_use()
            self._check = check
            if newest is not None:
                self._fresh(newest.sent_at_utc)
            async for epc in in_turns(list(self._asked)):
                row = self.table.by_epc(epc)
                if row != before.table.by_epc(epc):
                    self._tell(ListEntryChanged(epc, row, self.table.version))
        finally:
            before.close()
        log.info("tag list version %d with %d tags is in force", self.table.version, self.table.count())

    async def _catch_up(self, consumer: Consumer) -> None:
        """Apply what came since the list on disk was written."""
        self._check = HeartbeatCheck()
        while True:
            await self._take(await consumer.poll(POLL_S, POLL_LIMIT))
            self.connected = True
            if await consumer.caught_up():
                return

    async def _live(self, consumer: Consumer) -> None:
        """Apply each change at once; every heartbeat proves that nothing is missing."""
        check = self._check
        while True:
            agreement = check.compare(self.table, self._clock.now().mono_us)
            if agreement is Agreement.AGREES and check.newest is not None:
                self._fresh(check.newest.sent_at_utc)
            if agreement is Agreement.CONTRADICTS:
                self._contradicted = True
                raise RereadError(_told(self.table, check))
            if self.table.damage is not None:
                raise RereadError(self.table.damage)
            await self._take(await consumer.poll(POLL_S, POLL_LIMIT))

    async def _take(self, batch: Sequence[Record]) -> None:
        table = self.table
        applied = dict(await self._list.take(self._changes(batch, self._check, table)))
        for epc, version in applied.items():
            if epc in self._asked:
                self._tell(ListEntryChanged(epc, table.by_epc(epc), version))
        if applied:
            self._list.store_soon()
        await self._store_tariffs()

    def _put_in_use(self) -> None:
        self.table.plaza = self._plaza
        self.table.damaged = partial(self._reject, "list", "damaged")

    def _fresh(self, at: datetime) -> None:
        """Something of the list's life was applied: tell the lanes how old it is now."""
        at_us = utc_us(at)
        if self._fresh_utc_us is not None and at_us <= self._fresh_utc_us:
            return
        self._fresh_utc_us = self.table.fresh_utc_us = at_us
        self._tell(ListHeartbeat(self.table.version, max(0, self._clock.now().utc_us - at_us)))
        if at_us - self._stored_fresh_utc_us > FRESH_EVERY_US:
            self._stored_fresh_utc_us = at_us
            self._list.store_soon()

    def _tell(self, event: ListEntryChanged | ListHeartbeat | TariffChanged) -> None:
        for sink in self._sinks.values():
            sink(event)

    # -- decoding -----------------------------------------------------------------------------------------------

    def _changes(
        self, batch: Sequence[Record], check: HeartbeatCheck, known: CountryTable | None = None
    ) -> Iterator[Change]:
        """Changes of the batch, without those that this table has already."""
        for record in batch:
            try:
                if record.topic == Topic.TARIFF:
                    self._take_tariff(record)
                elif record.key == HEARTBEAT_KEY:
                    check.hear(TagListHeartbeatV1.decode(record.value or b""))
                elif record.value is not None and not _is_known(known, record.key, record.value):
                    yield change_of(record.key, record.value)
            except (MessageError, RowError) as error:
                self._reject("list", "malformed", f"{record.topic} offset {record.offset} key {record.key!r}: {error}")

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
            await self._in_thread(partial(self._cache.store, tariff))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _told(table: CountryTable, check: HeartbeatCheck) -> str:
    return f"{table.count()} tags of version {table.version}, {check.newest!r}"


def _is_known(table: CountryTable | None, key: str, value: bytes) -> bool:
    """A compacted topic gives all tags again at each start: most need no more than a look at their version."""
    version = None if table is None else version_in(value)
    return table is not None and version is not None and table.knows(key, version)
