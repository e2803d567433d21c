"""RTSP (H.264, H.265, MJPEG): keeps one camera's ring full, for ever, without ageing.

Comes in: the camera's rtsp:// address. Goes out: JPEG frames in `source.ring`, stamped when their last packet arrived.
Must never happen: an exception of the network or a decoder reaches the lane; a slow machine lets the picture age: when
decoding falls behind, packets are dropped undecoded up to the next key frame. Needs PyAV (extra `rtsp`); without it the
camera is lost with the remedy, and the lane runs. Source: hardware.md section 3.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from anpr import metrics
from anpr.frames import Frame, FrameRing
from anpr.mjpeg import RETRY_S_FIRST, RETRY_S_MAX, STALL_S, monotonic_us

log = logging.getLogger(__name__)

MISSING: Final = "PyAV is not installed: pip install 'etc-plaza[rtsp]'"
FRAMES_PER_S: Final = 10.0
"""Kept: an encoded JPEG costs about as much as three decoded frames, and a vehicle stands still for a second."""
LATE_S: Final = 0.5
"""Behind the stream's own clock by more than this, packets are dropped up to the next key frame."""
DRIFT_PPM: Final = 500
"""A camera's clock may run this much slower than ours without being taken for late."""
JPEG_QUALITY: Final = 92
_OPTIONS: Final = {
    "rtsp_transport": "tcp",
    "fflags": "nobuffer",
    "flags": "low_delay",
    "max_delay": "0",
    "analyzeduration": "500000",
    "probesize": "500000",
}


class RtspSource:
    """`source.run()` in your own task, or `start` and `close`; read `source.ring`. As `MjpegSource`."""

    def __init__(
        self, url: str, *, name: str = "", ring: FrameRing | None = None,
        clock_us: Callable[[], int] = monotonic_us, stall_s: float = STALL_S,
    ) -> None:  # fmt: skip
        self.url = url
        self.name = name or url
        self.ring = ring if ring is not None else FrameRing()
        self.connected = False
        self.frames_received = 0
        self.rejected: dict[str, int] = {}
        self.connects = 0
        self.last_error = ""
        self._clock_us, self._stall_s = clock_us, stall_s
        self._stop = threading.Event()

    async def run(self) -> None:
        """Receives until cancelled, in a thread of its own; connects again after every loss, with a growing pause."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        thread = threading.Thread(target=self._serve, args=(loop, ended), name=f"rtsp {self.name}", daemon=True)
        thread.start()
        try:
            await ended.wait()
        finally:
            self._stop.set()
            self.connected = False

    def _serve(self, loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
        pause_s = RETRY_S_FIRST
        while not self._stop.is_set():
            before = self.frames_received
            try:
                self._receive(loop)
                self._lost(loop, "stream ended")
            except ImportError:
                self._lost(loop, MISSING)
            except Exception as error:  # PyAV's errors have no common base but Exception
                self._lost(loop, f"{type(error).__name__}: {error}")
            pause_s = RETRY_S_FIRST if self.frames_received > before else min(pause_s * 2, RETRY_S_MAX)
            self._stop.wait(pause_s)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(ended.set)

    def _receive(self, loop: asyncio.AbstractEventLoop) -> None:
        import av

        with av.open(self.url, options=_OPTIONS, timeout=(self._stall_s, self._stall_s)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "SLICE"  # frame threads would each hold a frame back
            work = _Decoding(stream, self._count)
            loop.call_soon_threadsafe(self._came)
            for packet in container.demux(stream):
                if self._stop.is_set():
                    return
                arrived_us = self._clock_us()
                for jpeg in work.take(packet, arrived_us):
                    loop.call_soon_threadsafe(self._keep, jpeg, arrived_us)

    def _came(self) -> None:
        self.connected, self.connects, self.last_error = True, self.connects + 1, ""
        metrics.STREAM_CONNECTS.labels(self.name, "connected").inc()

    def _lost(self, loop: asyncio.AbstractEventLoop, why: str) -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._gone, why)

    def _gone(self, why: str) -> None:
        if why != self.last_error:
            log.warning("camera %s: %s", self.name, why)
        self.connected, self.last_error = False, why
        metrics.STREAM_CONNECTS.labels(self.name, "lost").inc()

    def _keep(self, jpeg: bytes, arrived_us: int) -> None:
        self.frames_received += 1
        self.ring.push(Frame(jpeg, arrived_us))
        metrics.STREAM_FRAMES.labels(self.name).inc()

    def _count(self, reason: str) -> None:
        self.rejected[reason] = self.rejected.get(reason, 0) + 1
        metrics.STREAM_REJECTED.labels(self.name, reason).inc()


class _Decoding:
    """Packets in, JPEGs out, at most FRAMES_PER_S; in the source's thread."""

    def __init__(self, stream: Any, count: Callable[[str], None]) -> None:
        self._stream, self._count = stream, count
        self._is_jpeg = stream.codec_context.name == "mjpeg"
        self._kept_us = 0
        self._soonest_s: float | None = None
        self._seen_us: int | None = None
        self._skipping = False

    def take(self, packet: Any, arrived_us: int) -> list[bytes]:
        """JPEGs of this packet; none while catching up. A packet that cannot be decoded is counted."""
        if packet.size == 0:
            return []
        self._skipping = (self._skipping or self._is_late(packet, arrived_us)) and not packet.is_keyframe
        if self._skipping:
            self._count("late")
            return []
        wanted = arrived_us - self._kept_us >= 1_000_000 / FRAMES_PER_S
        if self._is_jpeg:
            if not wanted:
                return []
            self._kept_us = arrived_us
            return [bytes(packet)]
        return self._decoded(packet, arrived_us, wanted)

    def _decoded(self, packet: Any, arrived_us: int, wanted: bool) -> list[bytes]:
        try:
            frames = packet.decode()  # every packet: later ones build upon it
        except Exception as error:  # a damaged packet costs its frame, not the connection
            self._count("undecodable")
            log.debug("packet: %s", error)
            return []
        if not frames or not wanted:
            return []
        self._kept_us = arrived_us
        return [encoded(frames[-1].to_ndarray(format="bgr24"))]

    def _is_late(self, packet: Any, arrived_us: int) -> bool:
        """How far arrival lies behind the stream's own clock, counted from the packet that came soonest."""
        if packet.pts is None:
            return False
        lag_s = arrived_us / 1e6 - float(packet.pts * packet.time_base)
        if self._soonest_s is None or lag_s < self._soonest_s:
            self._soonest_s = lag_s
        self._soonest_s += (arrived_us - (self._seen_us or arrived_us)) * DRIFT_PPM / 1e12
        self._seen_us = arrived_us
        return lag_s - self._soonest_s > LATE_S


def encoded(image: Any) -> bytes:
    """A JPEG of a BGR image."""
    import cv2

    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError("the frame could not be encoded")
    return bytes(jpeg.tobytes())
