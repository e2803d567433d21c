"""MJPEG over HTTP: keeps one camera's ring full, for ever.

Comes in: the camera's URL. Goes out: frames in `source.ring`, stamped when their last byte arrived.
Must never happen: an exception of the network reaches the lane; the stream blocks because nobody reads the ring.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import httpx

from anpr import metrics
from anpr.frames import Frame, FrameRing, MultipartParser

STALL_S = 5.0
"""A camera that sends nothing for so long is dead for a lane: connect again."""
RETRY_S_FIRST = 0.2
RETRY_S_MAX = 5.0


def monotonic_us() -> int:
    """Monotonic time of this machine in whole microseconds."""
    return time.monotonic_ns() // 1000


class MjpegSource:
    """`await source.start()`, read `source.ring`, `await source.close()`; or run `source.run()` in your own task."""

    def __init__(
        self,
        url: str,
        *,
        name: str = "",
        ring: FrameRing | None = None,
        clock_us: Callable[[], int] = monotonic_us,
        stall_s: float = STALL_S,
    ) -> None:
        self.url = url
        self.name = name or url
        self.ring = ring if ring is not None else FrameRing()
        self.connected = False
        self.frames_received = 0
        self.rejected: dict[str, int] = {}
        self.connects = 0
        self.last_error = ""
        self._clock_us = clock_us
        self._stall_s = stall_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts receiving in the background; returns at once, also when the camera is away."""
        if self._task is None:
            self._task = asyncio.create_task(self.run(), name=f"camera {self.name}")

    async def close(self) -> None:
        """Stops receiving. The ring keeps what it has."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.connected = False

    async def run(self) -> None:
        """Receives until cancelled; connects again after every loss, with a growing pause."""
        pause_s = RETRY_S_FIRST
        while True:
            before = self.frames_received
            try:
                await self._receive()
                self._lost("stream ended")
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
                self._lost(f"{type(error).__name__}: {error}")
            pause_s = RETRY_S_FIRST if self.frames_received > before else min(pause_s * 2, RETRY_S_MAX)
            await asyncio.sleep(pause_s)

    def _lost(self, why: str) -> None:
        self.connected = False
        self.last_error = why
        metrics.STREAM_CONNECTS.labels(self.name, "lost").inc()

    async def _receive(self) -> None:
        limits = httpx.Timeout(self._stall_s)
        async with (
            httpx.AsyncClient(timeout=limits, trust_env=False, verify=_tls()) as client,
            client.stream("GET", self.url) as reply,
        ):
            reply.raise_for_status()
            parser = MultipartParser(_boundary(reply.headers.get("content-type", "")))
            self.connected, self.connects = True, self.connects + 1
            metrics.STREAM_CONNECTS.labels(self.name, "connected").inc()
            async for received in reply.aiter_raw():
                for jpeg in parser.feed(received):
                    self._keep(jpeg)
                self._count_rejected(parser)

    def _keep(self, jpeg: bytes) -> None:
        self.frames_received += 1
        self.ring.push(Frame(jpeg, self._clock_us()))
        metrics.STREAM_FRAMES.labels(self.name).inc()

    def _count_rejected(self, parser: MultipartParser) -> None:
        for reason, parts in parser.rejected.items():
            self.rejected[reason] = self.rejected.get(reason, 0) + parts
            metrics.STREAM_REJECTED.labels(self.name, reason).inc(parts)
        parser.rejected.clear()


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the certificates takes 40 ms, in which nothing else of the process runs."""
    return httpx.create_ssl_context(trust_env=False)


def _boundary(content_type: str) -> str:
    """The boundary of a multipart content type. Raises ValueError when the camera sends something else."""
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if not content_type.lower().startswith("multipart/") or found is None:
        raise ValueError(f"not an MJPEG stream: content type {content_type!r}; give the camera's multipart address")
    return found.group(1)
