"""The list in force, kept: written, merged, checked and replaced while lanes ask it, without holding up their loop.

In: changes applied to `table`, and now and then a whole list read anew. Out: a table that is always the newest whole
one. Files are written in one thread; merging, building and checking run in processes of their own. A disk that refuses
to write stops nothing: the list goes on in memory and what was not written goes with the next attempt.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from lane_controller.lists.country import jobs
from lane_controller.lists.country.base import DamageError
from lane_controller.lists.country.shelf import Draft, Opened, Shelf, ShelfBusyError
from lane_controller.lists.country.table import MERGE_ROWS, CountryTable
from lane_controller.lists.records import Change

log = logging.getLogger(__name__)

SMALL_BYTES: Final = 2 * 1024 * 1024
"""A list of this size is built in the worker thread: a process would take longer to start."""
VERIFY_EVERY_S: Final = 24 * 3600.0
VERIFY_FIRST_S: Final = 15.0
"""After the start: what is read to be checked is in the page cache for the look-ups."""
RETRY_S: Final = 60.0
TURN_S: Final = 0.001
"""How long applying changes keeps the loop; a timer of asyncio needs three turns of it before its task runs."""
PROCESSES_MAX: Final = 16
Item = TypeVar("Item")
Result = TypeVar("Result")
P = ParamSpec("P")


class CountryList:
    """One per process. Every method belongs to the loop's thread."""

    def __init__(self, shelf: Shelf, opened: Opened, merge_rows: int = MERGE_ROWS) -> None:
        """See `open_list`."""
        self._shelf, self._opened, self._merge_rows = shelf, opened, merge_rows
        self._thread = ThreadPoolExecutor(1, "tag-list")
        self._merging: asyncio.Task[None] | None = None
        self._storing: asyncio.Task[None] | None = None
        self._to_store = False
        self._no_merge_before_s = 0.0
        self.told: Callable[[str, str], None] = _log
        """Hears of everything that is no good: one word, and the details."""
        self.write_errors = 0
        self.merges = 0

    @property
    def table(self) -> CountryTable:
        """The list in force; ask anew each time, it may have been replaced."""
        return self._opened.table

    async def take(self, changes: Iterable[Change], table: CountryTable | None = None) -> list[tuple[str, int]]:
        """Apply to this table (that in force), a millisecond at a time; what changed, as (EPC, version)."""
        into = self.table if table is None else table
        applied = []
        until_s = time.monotonic() + TURN_S
        for epc, version, row in changes:
            if into.apply_row(bytes.fromhex(epc), version, row):
                applied.append((epc, version))
            if time.monotonic() >= until_s:
                await asyncio.sleep(0)
                until_s = time.monotonic() + TURN_S
        return applied

    def store_soon(self) -> None:
        """Write what was applied, together with what comes until the disk is ready for it."""
        self._to_store = True
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_all(), name="writing of the tag list")

    async def _store_all(self) -> None:
        while self._to_store:
            self._to_store = False
            await self.store()

    async def store(self) -> None:
        """Write what was applied; durable when this returns, unless the disk refuses, which is counted and told."""
        opened = self._opened
        try:
            await self._in_thread(opened.keeper.append, opened.table.cut())
        except OSError as error:
            self.write_errors += 1
            self.told("disk", f"changes of the tag list stay in memory, they cannot be written: {error}")
        if opened.table.changed() >= self._merge_rows and self._may_merge():
            self._merging = asyncio.create_task(self._merge(opened), name="merge of the tag list")

    def _may_merge(self) -> bool:
        idle = self._merging is None or self._merging.done()
        return (
            idle and self._opened.table.damage is None and asyncio.get_running_loop().time() > self._no_merge_before_s
        )

    async def _merge(self, opened: Opened) -> None:
        keeper, table = opened.keeper, opened.table
        try:
            job = await self._in_thread(keeper.rotate, table.freeze())
            await jobs.run("merge", job.base, job.out, *job.logs)
            base = await self._in_thread(keeper.adopt, job)
            table.swap(base).close()
            self.merges += 1
            await self._in_thread(keeper.tidy)
        except DamageError as error:
            table.note_damage(str(error))
        except (jobs.JobError, OSError) as error:
            self._no_merge_before_s = asyncio.get_running_loop().time() + RETRY_S
            self.told("merge", f"the tag list could not be merged, tried again in {RETRY_S:.0f} s: {error}")

    async def merged(self) -> None:
        """Wait for a merge that is under way."""
        if self._merging is not None:
            await self._merging

    # -- reading anew -------------------------------------------------------------------------------------------

    async def draft(self) -> Draft:
        """A list to be read beside this one."""
        return await self._in_thread(self._shelf.draft)

    async def build(self, draft: Draft, fresh_utc_us: int) -> Opened:
        """The draft as a list of its own, not yet in force. DamageError, JobError, OSError: it could not be made."""
        job = draft.job(fresh_utc_us)
        if await self._in_thread(draft.flush) > SMALL_BYTES:
            await jobs.run(*job)
        else:
            await self._in_thread(jobs.do, job)
        return await self._in_thread(draft.finish)

    async def replace(self, opened: Opened) -> Opened:
        """This list is in force from now on; the one before, to be closed. OSError: the one before still is."""
        await self._stop_merging()
        await self._in_thread(opened.keeper.append, opened.table.cut())
        await self._in_thread(self._shelf.take, opened)
        before, self._opened = self._opened, opened
        return before

    async def abandon(self, draft: Draft) -> None:
        """Leave nothing of it behind."""
        await self._in_thread(draft.abandon)

    # -- life ---------------------------------------------------------------------------------------------------

    async def verify_for_ever(self) -> None:
        """Read the whole base now and then: damage is found before a vehicle finds it."""
        pause_s = VERIFY_FIRST_S
        while True:
            await asyncio.sleep(pause_s)
            await self.verify()
            pause_s = VERIFY_EVERY_S

    async def verify(self) -> None:
        """Read the whole base in a process of its own; damage is noted at the table."""
        table = self.table
        path = table.base().path
        try:
            await jobs.run("verify", path)
        except DamageError as error:
            table.note_damage(str(error))
        except jobs.JobError as error:
            if path.exists():  # else it was merged or replaced meanwhile
                log.error("the tag list could not be verified: %s", error)

    async def close(self) -> None:
        """Write what is left and let another process have the folder."""
        if self._storing is not None:
            await self._storing
        await self._stop_merging()
        await self.store_last()
        self._thread.shutdown()
        self._opened.close()
        self._shelf.close()

    async def store_last(self) -> None:
        """As `store`, without beginning a merge."""
        try:
            await self._in_thread(self._opened.keeper.append, self.table.cut())
        except OSError as error:
            log.error("the last changes of the tag list are not on disk; the stream brings them again: %s", error)

    async def _stop_merging(self) -> None:
        if self._merging is not None:
            self._merging.cancel()
            await asyncio.gather(self._merging, return_exceptions=True)

    async def _in_thread(self, work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))


async def in_turns(changes: Iterable[Item]) -> AsyncIterator[Item]:
    """The same again, giving way to the loop every millisecond; making them counts."""
    until_s = time.monotonic() + TURN_S
    for change in changes:
        yield change
        if time.monotonic() >= until_s:
            await asyncio.sleep(0)
            until_s = time.monotonic() + TURN_S


def _log(reason: str, detail: str) -> None:
    log.error("tag list, %s: %s", reason, detail)


def open_free_list(data_dir: Path) -> CountryList:
    """As `open_list`, in the first of the folders tag-list-1, tag-list-2 … that no other process holds."""
    for number in range(1, PROCESSES_MAX):
        with contextlib.suppress(ShelfBusyError):
            return open_list(data_dir / f"tag-list-{number}")
    return open_list(data_dir / f"tag-list-{PROCESSES_MAX}")


def open_list(root: Path, merge_rows: int = MERGE_ROWS) -> CountryList:
    """The list in force in this folder; empty when there is none that can be trusted. ShelfBusyError, OSError."""
    shelf = Shelf(root)
    try:
        return CountryList(shelf, shelf.open(), merge_rows)
    except BaseException:
        shelf.close()
        raise
