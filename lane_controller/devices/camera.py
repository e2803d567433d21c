"""Camera and plate recogniser of one lane: a question from the core in, one PlateRead out.

In: `AskPlate` with the time of L1 on. Out: exactly one `PlateRead` per question within the deadline: the reading, or
"no plate" when camera or recogniser are dead, slow or see nothing. Evidence frames go to the spool by SHA-256. Nothing
here ever delays a decision: the core waits by its own timer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from anpr.frames import Frame, FrameRing
from anpr.observation import PlateObservation
from lane_controller.core.effects import AskPlate
from lane_controller.core.events import PlateRead
from lane_controller.devices.ports import Reject, Sink, TagLookup

log = logging.getLogger(__name__)

FRAMES: Final = 3
FRAME_WAIT_S: Final = 0.16
"""The camera's own delay: frames of the instant of L1 on arrive about this much later."""
WITHIN_US: Final = 1_000_000
QUESTIONS_MAX: Final = 4


class Recogniser(Protocol):
    """What is used of `anpr.worker.PlateWorker`."""

    async def read(self, jpegs: Sequence[bytes], deadline_s: float) -> PlateObservation | None:
        """The voted reading, or None."""


class Camera(Protocol):
    """What is used of `anpr.mjpeg.MjpegSource`."""

    ring: FrameRing
    connected: bool

    async def run(self) -> None:
        """Receive until cancelled."""


@dataclass(frozen=True, slots=True)
class PlateTiming:
    """`deadline_s`: longest time from question to answer; `camera_delay_us`: how late the camera's frames arrive."""

    deadline_s: float = 0.6
    camera_delay_us: int = 120_000


class PlateCamera:
    """The port `PlateReader` of one lane; `spool` stores a JPEG and gives its SHA-256 (None: the spool is full)."""

    def __init__(
        self, camera: Camera, recogniser: Recogniser, spool: Callable[[bytes], str | None], sink: Sink,
        tags: TagLookup, reject: Reject, timing: PlateTiming | None = None,
    ) -> None:  # fmt: skip
        self._camera, self._recogniser, self._spool = camera, recogniser, spool
        self._sink, self._tags, self._reject = sink, tags, reject
        self._timing = timing or PlateTiming()
        self._asked: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """See the port: receive frames until cancelled."""
        try:
            await self._camera.run()
        finally:
            for task in list(self._asked):
                task.cancel()
            await asyncio.gather(*self._asked, return_exceptions=True)

    def state(self) -> str:
        """See the port."""
        return "ok" if self._camera.connected else "lost"

    def ask(self, request: AskPlate) -> None:
        """See the port."""
        if len(self._asked) >= QUESTIONS_MAX:
            self._reject("camera", "too many questions", f"track {request.track}")
            self._sink(PlateRead(None, 0.0, track=request.track))
            return
        task = asyncio.create_task(self._answer(request), name=f"plate of track {request.track}")
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _answer(self, request: AskPlate) -> None:
        frames: tuple[str, ...] = ()
        plate: PlateObservation | None = None
        try:
            images = await self._frames(request.l1_on_mono_us)
            if images:
                reading = asyncio.create_task(self._recogniser.read(images, self._timing.deadline_s))
                frames = await self._keep(images)
                plate = await reading
        except Exception as error:  # whatever a camera or recogniser does, the core gets its answer
            self._reject("camera", "failed", f"track {request.track}: {type(error).__name__}: {error}")
        self._sink(self._event(plate, frames, request.track))

    async def _frames(self, l1_on_mono_us: int) -> list[bytes]:
        if not self._camera.connected:
            return []
        await asyncio.sleep(FRAME_WAIT_S)
        wanted_us = l1_on_mono_us + self._timing.camera_delay_us
        found: tuple[Frame, ...] = self._camera.ring.nearest(wanted_us, FRAMES, WITHIN_US)
        return [frame.jpeg for frame in found]

    async def _keep(self, images: list[bytes]) -> tuple[str, ...]:
        """Spool all frames; the names of those that were taken."""
        names = [await asyncio.to_thread(self._spool, image) for image in images]
        missing = names.count(None)
        if missing:
            self._reject("camera", "spool full", f"{missing} frames were not kept")
        return tuple(name for name in names if name is not None)

    def _event(self, plate: PlateObservation | None, frames: tuple[str, ...], track: int) -> PlateRead:
        if plate is None or plate.text is None:
            return PlateRead(None, 0.0, frames=frames, track=track)
        entry = self._tags.by_plate(plate.text)
        return PlateRead(plate.text, plate.confidence, plate.chars, False, frames, entry, track)


class NoCamera:
    """The port `PlateReader` of a lane without a camera: every question is answered "no plate" at once."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def run(self) -> None:
        """Wait to be cancelled."""
        await asyncio.Event().wait()

    def state(self) -> str:
        """See the port."""
        return "unknown"

    def ask(self, request: AskPlate) -> None:
        """See the port."""
        self._sink(PlateRead(None, 0.0, track=request.track))
