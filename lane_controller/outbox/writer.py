"""The thread that owns a lane's journal, and the calls the event loop makes to it.

In: batches from the runner, and small jobs (cursors, seals). Out: awaitables that end when the disk has the bytes. The
event loop never waits in an fsync; commits happen in the order of the calls; a commit that fails is tried again until
the disk takes it, because nothing that needs it may happen before.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from lane_controller.outbox.journal import Batch, Entry, Input, Journal

log = logging.getLogger(__name__)

NOTE_FLUSH_S: Final = 0.2
"""Input events without a record reach the disk after at most about this long."""
RETRY_S: Final = 0.5
CHECKPOINT_COMMITS: Final = 500
"""Commits between moves of the WAL into the file, done while nobody waits."""

T = TypeVar("T")


@dataclass(slots=True)
class _Job:
    work: Callable[[Journal], Any]
    done: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class JournalWriter:
    """Wraps an open journal. All methods are for the event loop's thread."""

    def __init__(self, journal: Journal, on_retry: Callable[[Exception], None] | None = None) -> None:
        """Start the thread; `on_retry` is told (in that thread) of each refused write."""
        self.journal = journal
        self._on_retry = on_retry or (lambda error: None)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._noted: list[Input] = []
        self._flush: asyncio.TimerHandle | None = None
        self._commits = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"journal {journal.lane}", daemon=True)
        self._thread.start()

    def note(self, event: Input) -> None:
        """Keep an input event; it reaches the disk with the next commit, or soon."""
        self._noted.append(event)
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(NOTE_FLUSH_S, self._flush_notes)

    def commit(self, entries: list[Entry]) -> asyncio.Future[list[int]]:
        """Everything noted so far and these records in one transaction; ends when it is durable."""
        batch = self._take(entries)
        return self.ask(lambda journal: journal.commit(batch))

    def ask(self, work: Callable[[Journal], T]) -> asyncio.Future[T]:
        """Run `work` in the journal's thread, after everything asked before."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, done, loop))
        return done

    async def close(self) -> None:
        """Write what is noted, then release the journal."""
        if self._noted:
            await self.commit([])
        self._closing.set()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _take(self, entries: list[Entry]) -> Batch:
        batch, self._noted = Batch(self._noted, entries), []
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        return batch

    def _flush_notes(self) -> None:
        self._flush = None
        if self._noted:
            self.commit([]).add_done_callback(_log_failure)

    def _run(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                self._work(job)
                self._tidy()
        finally:
            self.journal.close()

    def _work(self, job: _Job) -> None:
        while True:
            try:
                result = job.work(self.journal)
            except sqlite3.OperationalError as error:
                # A full disk or an I/O error: the next try may find it well, and nothing can go on without it.
                log.error("journal %s refuses a write: %s", self.journal.path, error)
                self._on_retry(error)
                if self._closing.is_set():
                    return _settle(job, None, error)
                time.sleep(RETRY_S)
            except Exception as error:
                return _settle(job, None, error)
            else:
                return _settle(job, result, None)

    def _tidy(self) -> None:
        self._commits += 1
        if self._commits >= CHECKPOINT_COMMITS and self._jobs.empty():
            self._commits = 0
            try:
                self.journal.checkpoint()
            except sqlite3.Error as error:
                log.error("journal %s: checkpoint failed: %s", self.journal.path, error)


def _settle(job: _Job, result: Any, error: Exception | None) -> None:
    try:
        job.loop.call_soon_threadsafe(_resolve, job.done, result, error)
    except RuntimeError:
        log.error("the event loop ended before the journal did")


def _resolve(done: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)


def _log_failure(done: asyncio.Future[Any]) -> None:
    if not done.cancelled() and done.exception() is not None:
        log.error("journal: input events were not written: %s", done.exception())
