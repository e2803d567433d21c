"""One thread that writes to the file of the embedded stream and commits what has gathered meanwhile together.

In: write functions from any task. Out: their results, once they are on disk: one fsync serves all who wait. A group of
writes of which none has to last is committed without one.
A write that fails must not take its neighbours with it, and none may be reported done before its commit.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from lane_controller.stream.port import StreamError
from lane_controller.stream.sqlite_log import LogFile

GROUP_LIMIT: Final = 256
"""Most writes in one commit: bounds how long other processes wait for the file."""
COMPACT_EVERY_S: Final = 1.0
COMPACT_LIMIT: Final = 2_000
"""Records removed per second and process at most: compaction holds the file for a few milliseconds at a time."""

Write = Callable[[LogFile], Any]


class _Waiting:
    """A write and whoever waits for it."""

    def __init__(self, write: Write, lasting: bool) -> None:
        self.write, self.lasting = write, lasting
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Any] = self._loop.create_future()

    def settle(self, result: object, error: BaseException | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, result, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    def _settle(self, result: object, error: BaseException | None) -> None:
        if self.done.done():  # the waiting task was cancelled
            return
        if error is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(error)


class GroupCommit:
    """Writes in one thread; `close` waits for what was handed over before it."""

    def __init__(self, open_file: Callable[[], LogFile]) -> None:
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._open_file = open_file
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="stream-writer", daemon=True)
        self._thread.start()

    async def do(self, write: Write, *, lasting: bool = True) -> Any:
        """Run `write` inside a transaction; its result when that is on disk. StreamError: it may not be.

        Not `lasting`: its result when every reader sees it; a power cut may undo it.
        """
        if self._closed:
            raise StreamError("the stream is closed: open it again")
        waiting = _Waiting(write, lasting)
        self._queue.put(waiting)
        return await waiting.done

    async def close(self) -> None:
        """Finish what was handed over and end the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        file: LogFile | None = None
        next_compaction = time.monotonic() + COMPACT_EVERY_S
        while True:
            group, last = self._gather(next_compaction - time.monotonic())
            if group:
                file = self._commit(file, group)
            if file is not None and time.monotonic() >= next_compaction:
                _compact(file)
            if time.monotonic() >= next_compaction:
                next_compaction = time.monotonic() + COMPACT_EVERY_S
            if last:
                break
        if file is not None:
            file.close()

    def _gather(self, timeout_s: float) -> tuple[list[_Waiting], bool]:
        """What waits, up to the limit, and whether the end was asked for."""
        group: list[_Waiting] = []
        try:
            item = self._queue.get(timeout=max(timeout_s, 0.001))
            while item is not None:
                group.append(item)
                if len(group) >= GROUP_LIMIT:
                    return group, False
                item = self._queue.get_nowait()
        except queue.Empty:
            return group, False
        return group, True

    def _commit(self, file: LogFile | None, group: list[_Waiting]) -> LogFile | None:
        """Commit the group together or, when one of it fails, each by itself."""
        try:
            opened = file or self._open_file()
        except StreamError as error:
            for waiting in group:
                waiting.settle(None, error)
            return None
        if not _commit_together(opened, group):
            for waiting in group:
                _commit_alone(opened, waiting)
        return opened


def _commit_together(file: LogFile, group: list[_Waiting]) -> bool:
    if len(group) == 1:
        return False
    try:
        with file.transaction(lasting=any(waiting.lasting for waiting in group)):
            results = [waiting.write(file) for waiting in group]
    except Exception:  # whose fault it is shows when each runs alone
        return False
    for waiting, result in zip(group, results, strict=True):
        waiting.settle(result, None)
    return True


def _commit_alone(file: LogFile, waiting: _Waiting) -> None:
    try:
        with file.transaction(lasting=waiting.lasting):
            result = waiting.write(file)
    except Exception as error:  # whatever it is, it belongs to the task that waits
        waiting.settle(None, error)
    else:
        waiting.settle(result, None)


def _compact(file: LogFile) -> None:
    now_utc_ms = time.time_ns() // 1_000_000
    try:
        if file.compaction_due(now_utc_ms):
            with file.transaction(lasting=False):
                file.compact(now_utc_ms, COMPACT_LIMIT)
    except StreamError:
        return  # the file is busy or full: appends report that, and compaction comes round again
