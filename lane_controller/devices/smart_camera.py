"""A camera that reads plates itself, as the plate source of one lane.

In: announcements as they arrive, the core's `AskPlate`. Out: exactly one first `PlateRead` for each question within the
deadline; later ones as corrections or late evidence, as the core sorts out (R16). An announcement shortly before L1 on
belongs to the vehicle that comes: cameras trigger earlier than the loop. Never: a passage made of a camera's word, or
the plate of one vehicle given to two.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from anpr.smart.announcement import PlateAnnouncement, Stage
from lane_controller.core.effects import AskPlate
from lane_controller.core.events import PlateRead
from lane_controller.devices.ports import Clock, Reject, Sink, TagLookup

log = logging.getLogger(__name__)

EARLY_US: Final = 1_500_000
"""An announcement this long before L1 on may still be of this vehicle."""
LATE_US: Final = 3_000_000
"""… and this long after it."""
KEPT: Final = 16


@dataclass(slots=True)
class _Vehicle:
    """What the camera said of one vehicle, and which track of the core it is."""

    camera_track: str
    received_us: int
    newest: PlateAnnouncement
    frames: tuple[str, ...] = ()
    track: int | None = None
    told: tuple[str | None, float] | None = None


@dataclass(slots=True)
class _Question:
    track: int
    l1_on_us: int
    answered: bool = False
    matched: bool = False
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)


class SmartCamera:
    """The port `PlateReader` of one lane. Everything runs on the loop's thread."""

    def __init__(
        self, spool: Callable[[bytes], str | None], sink: Sink, tags: TagLookup, clock: Clock, reject: Reject,
        deadline_s: float = 0.6, trust: float = 1.0,
    ) -> None:  # fmt: skip
        """`trust` scales the camera's confidence, which nobody has calibrated."""
        self._spool, self._sink, self._tags, self._clock, self._reject = spool, sink, tags, clock, reject
        self._deadline_s, self._trust = deadline_s, trust
        self._vehicles: deque[_Vehicle] = deque(maxlen=KEPT)
        self._questions: deque[_Question] = deque(maxlen=KEPT)
        self._heard = False

    async def run(self) -> None:
        """See the port: the server hands announcements in; there is nothing to fetch."""
        await asyncio.Event().wait()

    def state(self) -> str:
        """See the port: a camera that pushes is unknown until it has spoken."""
        return "ok" if self._heard else "unknown"

    def heard(self) -> None:
        """The camera sent something, if only a heartbeat."""
        self._heard = True

    async def announce(self, announcement: PlateAnnouncement) -> None:
        """Take one announcement; LOST says nothing about a passage and is left."""
        self._heard = True
        received_us = self._clock.now().mono_us
        if announcement.stage is Stage.LOST:
            return
        frames = await self._keep(announcement.images)
        self._take(announcement, frames, received_us)

    def ask(self, request: AskPlate) -> None:
        """See the port."""
        question = _Question(request.track, request.l1_on_mono_us)
        self._questions.append(question)
        early = next((one for one in self._vehicles if one.track is None and _belongs(one, question)), None)
        if early is not None:
            self._match(early, question)
            return
        loop = asyncio.get_running_loop()
        question.timer = loop.call_later(self._deadline_s, self._answer_none, question)

    def _take(self, announcement: PlateAnnouncement, frames: tuple[str, ...], received_us: int) -> None:
        vehicle = self._known(announcement.track)
        if vehicle is None:
            vehicle = _Vehicle(announcement.track, received_us, announcement, frames)
            self._vehicles.append(vehicle)
        else:
            vehicle.newest, vehicle.frames = announcement, (*vehicle.frames, *frames)
        if vehicle.track is not None:
            self._tell(vehicle)
            return
        waiting = [one for one in self._questions if not one.matched and _belongs(vehicle, one)]
        if waiting:
            self._match(vehicle, min(waiting, key=lambda one: abs(received_us - one.l1_on_us)))

    def _known(self, camera_track: str) -> _Vehicle | None:
        return next((one for one in self._vehicles if camera_track and one.camera_track == camera_track), None)

    def _match(self, vehicle: _Vehicle, question: _Question) -> None:
        vehicle.track, question.matched = question.track, True
        if question.timer is not None:
            question.timer.cancel()
        question.answered = True
        self._tell(vehicle)

    def _tell(self, vehicle: _Vehicle) -> None:
        """Hand the newest reading in; the same again is no news."""
        said = vehicle.newest
        confidence = min(1.0, said.confidence * self._trust)
        if vehicle.told == (said.text, confidence):
            return
        corrects, vehicle.told = vehicle.told is not None, (said.text, confidence)
        entry = None if said.text is None else self._tags.by_plate(said.text)
        self._sink(PlateRead(said.text, confidence, said.chars, corrects, vehicle.frames, entry, vehicle.track))

    def _answer_none(self, question: _Question) -> None:
        if not question.answered:
            question.answered = True
            self._sink(PlateRead(None, 0.0, track=question.track))

    async def _keep(self, images: tuple[bytes, ...]) -> tuple[str, ...]:
        names = [await asyncio.to_thread(self._spool, image) for image in images]
        if None in names:
            self._reject("camera", "spool full", f"{names.count(None)} pictures were not kept")
        return tuple(name for name in names if name is not None)


def _belongs(vehicle: _Vehicle, question: _Question) -> bool:
    """Whether the announcement came at the time of this vehicle."""
    return -EARLY_US <= vehicle.received_us - question.l1_on_us <= LATE_US


@dataclass(frozen=True, slots=True)
class PushedLane:
    """The camera of one lane and what it must know: `?token=` in the address it pushes to (None: nothing)."""

    camera: SmartCamera
    reject: Reject
    token: str | None = None
