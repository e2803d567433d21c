"""The thread that owns a lane's journal, and the calls the event loop makes to it.

In: batches from the runner, and small jobs (cursors, seals). Out: calls and awaitables that come when the disk has the
bytes. The event loop never waits in an fsync; commits happen in the order of the calls; a commit that fails is tried
again until the disk takes it, because nothing that needs it may happen before. The WAL is moved into the file while
nobody waits for a commit (docs/adr/0015).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from lane_controller.outbox.journal import Batch, Entry, Input, Journal

log = logging.getLogger(__name__)

NOTE_KEEP_S: Final = 0.2
"""Input events without a record are written after at most about this long, so that a kill does not take them."""
NOTE_FLUSH_S: Final = 1.0
"""And after this long the disk has them: each fsync is one that a decision, of this lane or of another, can stand
behind, and the PLC tells its edges again."""
RETRY_S: Final = 0.5
IDLE_S: Final = 0.5
CHECKPOINT_IDLE: Final = 256
"""Commits that are moved out of the WAL once no job has come for `IDLE_S`."""
CHECKPOINT_BUSY: Final = 4_000
"""Commits that are moved out of the WAL though the lane never rests: about 130 MB."""

T = TypeVar("T")
Settle: TypeAlias = Callable[[Any, Exception | None], None]


@dataclass(slots=True)
class _Job:
    work: Callable[[Journal], Any]
    settle: Settle
    """Called on the event loop with the result, or with the error."""
    loop: asyncio.AbstractEventLoop


class JournalWriter:
    """Wraps an open journal. All methods are for the event loop's thread."""

    def __init__(self, journal: Journal, on_retry: Callable[[Exception], None] | None = None) -> None:
        """Start the thread; `on_retry` is told (in that thread) of each refused write."""
        self.journal = journal
        self._on_retry = on_retry or (lambda error: None)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._noted: list[Input] = []
        self._keep: asyncio.TimerHandle | None = None
        self._flush: asyncio.TimerHandle | None = None
        self._commits = CHECKPOINT_IDLE
        """Commits since the WAL was emptied; what a killed process left there goes at the first pause."""
        self.refused: str | None = None
        """Why the disk takes nothing at the moment; None: it does."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"journal {journal.lane}", daemon=True)
        self._thread.start()

    def note(self, event: Input) -> None:
        """Keep an input event; it reaches the disk with the next commit, or soon."""
        self._noted.append(event)
        loop = asyncio.get_running_loop()
        if self._keep is None:
            self._keep = loop.call_later(NOTE_KEEP_S, self._keep_notes)
        if self._flush is None:
            self._flush = loop.call_later(NOTE_FLUSH_S, self._flush_notes)

    def commit_then(self, entries: list[Entry], settle: Settle) -> None:
        """Everything noted so far and these records in one transaction; `settle` is called as soon as it is durable.

        A call instead of a future: the command that waits for it leaves one turn of the loop earlier.
        """
        batch = self._take(entries)
        self._jobs.put(_Job(lambda journal: journal.commit(batch), settle, asyncio.get_running_loop()))

    def commit(self, entries: list[Entry]) -> asyncio.Future[list[int]]:
        """The same as an awaitable."""
        batch = self._take(entries)
        return self.ask(lambda journal: journal.commit(batch))

    def ask(self, work: Callable[[Journal], T]) -> asyncio.Future[T]:
        """Run `work` in the journal's thread, after everything asked before."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, partial(_resolve, done), loop))
        return done

    async def close(self) -> None:
        """Write what is noted, then release the journal."""
        if self._flush is not None:
            await self.commit([])
        self._closing.set()
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _take(self, entries: list[Entry]) -> Batch:
        batch, self._noted = Batch(self._noted, entries), []
        for timer in (self._keep, self._flush):
            if timer is not None:
                timer.cancel()
        self._keep = self._flush = None
        return batch

    def _keep_notes(self) -> None:
        self._keep = None
        inputs, self._noted = self._noted, []
        self.ask(lambda journal: journal.keep(inputs)).add_done_callback(_log_failure)

    def _flush_notes(self) -> None:
        self.commit([]).add_done_callback(_log_failure)

    def _run(self) -> None:
        try:
            while (job := self._next()) is not None:
                self._work(job)
                self._commits += 1
                if self._commits >= CHECKPOINT_BUSY and self._jobs.empty():
                    self._tidy()
        finally:
            self.journal.close()

    def _next(self) -> _Job | None:
        """The next job; while there is none for a moment, the WAL is emptied."""
        if self._commits >= CHECKPOINT_IDLE:
            with contextlib.suppress(queue.Empty):
                return self._jobs.get(timeout=IDLE_S)
            self._tidy()
        return self._jobs.get()

    def _work(self, job: _Job) -> None:
        while True:
            try:
                result = job.work(self.journal)
            except sqlite3.OperationalError as error:
                # A full disk or an I/O error: the next try may find it well, and nothing can go on without it.
                self._say_refused(error)
                self._on_retry(error)
                if self._closing.is_set():
                    return _tell(job, None, error)
                time.sleep(RETRY_S)
            except Exception as error:
                return _tell(job, None, error)
            else:
                self._say_taken()
                return _tell(job, result, None)

    def _say_refused(self, error: sqlite3.OperationalError) -> None:
        if self.refused is None:
            log.critical(
                "journal %s: the disk takes no records: %s. No car is let through until it does: free some space."
                " (Ổ đĩa không ghi được nhật ký, làn không mở cho xe nào: hãy giải phóng dung lượng.)",
                self.journal.path, error,
            )  # fmt: skip
        self.refused = f"{error}: free some space (hãy giải phóng dung lượng)"

    def _say_taken(self) -> None:
        if self.refused is not None:
            self.refused = None
            log.critical("journal %s: the disk takes records again (đã ghi lại được)", self.journal.path)

    def _tidy(self) -> None:
        self._commits = 0
        try:
            self.journal.checkpoint()
        except sqlite3.Error as error:
            log.error("journal %s: checkpoint failed: %s", self.journal.path, error)


def _tell(job: _Job, result: Any, error: Exception | None) -> None:
    try:
        job.loop.call_soon_threadsafe(job.settle, result, error)
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
