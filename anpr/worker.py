"""The recogniser in a process of its own, behind an asyncio call with a deadline.

Comes in: JPEG frames of one vehicle. Goes out: one voted `PlateObservation`, or None in time.
Must never happen: a slow, hung or dead recogniser holds up the lane; a late reading is taken for the next vehicle.

The pipe carries messages of a 4-byte big-endian length and a body; `anpr.worker_process` is the other end.
The parent keeps the queue and sends one request at a time, so what is past its deadline is never even started.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from anpr import metrics
from anpr.observation import PlateObservation

QUEUE_MAX = 4
"""Requests that may wait. More than a vehicle per camera in the queue means that the answers come too late anyway."""
HUNG_AFTER_S = 10.0
"""A process that owes an answer for so long is killed; ordinary reads take well under a second."""
START_S = 20.0
RESTART_S_FIRST = 0.1
RESTART_S_MAX = 5.0
REPLY_BYTES_MAX = 1 << 20


@dataclass(slots=True)
class WorkerCounts:
    """Requests by what became of them, and restarts; also in prometheus."""

    read: int = 0
    late: int = 0
    refused: int = 0
    failed: int = 0
    restarts: int = 0


@dataclass(slots=True)
class _Request:
    jpegs: tuple[bytes, ...]
    deadline_s: float
    """On the clock of time.monotonic()."""
    answer: asyncio.Future[PlateObservation | None] = field(repr=False)


class WorkerDiedError(Exception):
    """The process ended or broke the pipe's rules; the caller restarts it."""


class PlateWorker:
    """`await start()`, `await read(jpegs, deadline_s)` as often as you like, `await close()`."""

    def __init__(
        self, *, queue_max: int = QUEUE_MAX, command: Sequence[str] | None = None, hung_after_s: float = HUNG_AFTER_S
    ) -> None:
        self.counts = WorkerCounts()
        self.ready = asyncio.Event()
        """Set while a process with a loaded model waits for work."""
        self._command = tuple(command or (sys.executable, "-m", "anpr.worker_process"))
        self._hung_after_s = hung_after_s
        self._queue: asyncio.Queue[_Request] = asyncio.Queue(queue_max)
        self._awaited: set[asyncio.Future[PlateObservation | None]] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The recogniser process, for health pages and tests."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self, timeout_s: float = START_S) -> None:
        """Starts the process and waits until the model is loaded. Raises TimeoutError if it is not in time.

        After a timeout the worker keeps on trying; `read` gives None until it is ready.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._serve(), name="anpr worker")
        async with asyncio.timeout(timeout_s):
            await self.ready.wait()

    async def read(self, jpegs: Sequence[bytes], deadline_s: float) -> PlateObservation | None:
        """Reads one vehicle's plate from its frames; None when there is no plate or no answer within `deadline_s`.

        An observation with `text=None` is a plate that was seen and could not be read.
        """
        answer: asyncio.Future[PlateObservation | None] = asyncio.get_running_loop().create_future()
        request = _Request(tuple(jpegs), time.monotonic() + deadline_s, answer)
        try:
            self._queue.put_nowait(request)
        except asyncio.QueueFull:
            self._count("refused")
            return None
        self._awaited.add(answer)
        try:
            # At the deadline the future is cancelled; the serving task sees that and drops the late answer.
            async with asyncio.timeout(deadline_s):
                return await answer
        except TimeoutError:
            self._count("late")
            return None
        finally:
            self._awaited.discard(answer)

    async def close(self) -> None:
        """Stops the process; requests that wait get None."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        while not self._queue.empty():
            self._queue.get_nowait()
        for answer in self._awaited:
            if not answer.done():
                answer.set_result(None)
        await self._stop_process()

    def _count(self, outcome: str) -> None:
        setattr(self.counts, outcome, getattr(self.counts, outcome) + 1)
        metrics.READS.labels(outcome).inc()

    async def _serve(self) -> None:
        pause_s = RESTART_S_FIRST
        while True:
            try:
                await self._start_process()
                pause_s = RESTART_S_FIRST
                await self._answer_requests()
            except (WorkerDiedError, OSError):
                await self._stop_process()
                self.counts.restarts += 1
                metrics.RESTARTS.inc()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RESTART_S_MAX)

    async def _start_process(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C in a terminal stops the lane first, the lane then closes the worker
        )
        async with asyncio.timeout(START_S):
            hello = await self._receive(self._process)
        if not hello.get("ready"):
            raise WorkerDiedError(f"unexpected greeting {hello!r}")
        self.ready.set()

    async def _answer_requests(self) -> None:
        while True:
            request = await self._next_request()
            if request is None:
                continue
            try:
                async with asyncio.timeout(self._hung_after_s):
                    reply = await self._exchange(request)
            except (WorkerDiedError, OSError, TimeoutError) as error:
                self._count("failed")
                _resolve(request, None)
                raise WorkerDiedError(str(error)) from error
            self._deliver(request, reply)

    async def _next_request(self) -> _Request | None:
        """The next request that is still wanted. Raises WorkerDiedError when the process ends while idle."""
        process = self._running()
        waiting = asyncio.ensure_future(self._queue.get())
        ended = asyncio.ensure_future(process.wait())
        try:
            await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise WorkerDiedError(f"process {process.pid} ended with status {process.returncode}")
            request = waiting.result()
            return request if not request.answer.done() and request.deadline_s > time.monotonic() else None
        finally:
            waiting.cancel()
            ended.cancel()

    def _deliver(self, request: _Request, reply: dict[str, Any]) -> None:
        if "error" in reply:
            self._count("failed")
            _resolve(request, None)
        elif not request.answer.done():  # else: late, already counted by the caller
            self._count("read")
            _resolve(request, PlateObservation.from_json(reply["plate"]) if reply["plate"] else None)

    async def _exchange(self, request: _Request) -> dict[str, Any]:
        process = self._running()
        if process.stdin is None:
            raise WorkerDiedError("the process has no input")
        header = {"sizes": [len(jpeg) for jpeg in request.jpegs], "budget_s": request.deadline_s - time.monotonic()}
        body = json.dumps(header).encode()
        process.stdin.write(len(body).to_bytes(4, "big") + body)
        for jpeg in request.jpegs:
            process.stdin.write(jpeg)
        await process.stdin.drain()
        return await self._receive(process)

    def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise WorkerDiedError("no process")
        return self._process

    async def _receive(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        if process.stdout is None:
            raise WorkerDiedError("the process has no output")
        try:
            length = int.from_bytes(await process.stdout.readexactly(4), "big")
            if length > REPLY_BYTES_MAX:
                raise WorkerDiedError(f"a reply of {length} bytes: something else writes to the pipe")
            reply = json.loads(await process.stdout.readexactly(length))
        except (asyncio.IncompleteReadError, ValueError) as error:
            raise WorkerDiedError(f"the pipe broke: {error}") from error
        if not isinstance(reply, dict):
            raise WorkerDiedError(f"unexpected reply {reply!r}")
        return reply

    async def _stop_process(self) -> None:
        self.ready.clear()
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


def _resolve(request: _Request, plate: PlateObservation | None) -> None:
    if not request.answer.done():
        request.answer.set_result(plate)
