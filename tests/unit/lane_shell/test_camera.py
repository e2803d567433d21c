"""Every question of the core gets exactly one answer, whatever camera and recogniser do."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from anpr.frames import Frame, FrameRing
from anpr.observation import PlateObservation
from lane_controller.contracts.values import TagStatus
from lane_controller.core.effects import AskPlate
from lane_controller.core.events import Event, PlateRead
from lane_controller.core.values import TagEntry
from lane_controller.devices.camera import QUESTIONS_MAX, NoCamera, PlateCamera, PlateTiming
from lane_controller.devices.ports import PlcPosition
from lane_controller.outbox.evidence import EvidenceSpool

L1_ON_US = 5_000_000
ENTRY = TagEntry("AA", None, "acc", "VETC", "20A12345", 1, TagStatus.ACTIVE, 10, None, 1)


@dataclass
class RingCamera:
    """Frames without a network."""

    ring: FrameRing = field(default_factory=FrameRing)
    connected: bool = True

    async def run(self) -> None:
        await asyncio.Event().wait()


@dataclass
class Reads:
    """A recogniser that answers, hangs or breaks as told."""

    text: str | None = "20A12345"
    hang: bool = False
    broken: bool = False
    seen: list[tuple[bytes, ...]] = field(default_factory=list)

    async def read(self, jpegs: Sequence[bytes], deadline_s: float) -> PlateObservation | None:
        self.seen.append(tuple(jpegs))
        if self.broken:
            raise RuntimeError("the process is gone")
        if self.hang:
            await asyncio.sleep(deadline_s)
            return None
        return PlateObservation(self.text, 0.97, None, None, (0, 0, 1, 1), (("2", 0.99),))


class Tags:
    """A list with one row."""

    def by_epc(self, epc: str) -> TagEntry | None:
        return None

    def by_plate(self, plate: str) -> TagEntry | None:
        return ENTRY if plate == ENTRY.plate else None


@dataclass
class Bench:
    """Camera, recogniser, spool, and what reached the core."""

    camera: RingCamera
    recogniser: Reads
    spool: EvidenceSpool
    events: list[Event] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    def sink(self, event: Event, position: PlcPosition | None = None) -> None:
        self.events.append(event)

    def reject(self, source: str, reason: str, detail: str) -> None:
        self.rejected.append(reason)

    async def answer(self, *tracks: int) -> list[PlateRead]:
        timing = PlateTiming(deadline_s=0.05, camera_delay_us=0)
        plates = PlateCamera(self.camera, self.recogniser, self.spool.put, self.sink, Tags(), self.reject, timing)
        running = asyncio.create_task(plates.run())
        for track in tracks:
            plates.ask(AskPlate(track, L1_ON_US))
        while len(self.events) < len(tracks):
            await asyncio.wait_for(asyncio.sleep(0.01), 60)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return [event for event in self.events if isinstance(event, PlateRead)]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    camera = RingCamera()
    for offset_ms in (-900, -500, -80, 0, 80, 400):
        camera.ring.push(Frame(f"jpeg at {offset_ms}".encode(), L1_ON_US + offset_ms * 1000))
    return Bench(camera, Reads(), EvidenceSpool(tmp_path))


async def test_the_frames_nearest_to_the_loop_are_read_and_kept(bench: Bench) -> None:
    (plate,) = await bench.answer(7)
    images = (b"jpeg at -80", b"jpeg at 0", b"jpeg at 80")
    assert bench.recogniser.seen == [images]
    assert (plate.track, plate.text, plate.confidence, plate.entry) == (7, "20A12345", 0.97, ENTRY)
    assert plate.frames == tuple(hashlib.sha256(image).hexdigest() for image in images)
    assert sorted(file.read_bytes() for file in bench.spool.to_send()) == sorted(images)


async def test_a_dead_camera_is_no_plate_at_once(bench: Bench) -> None:
    bench.camera.connected = False
    assert await bench.answer(1) == [PlateRead(None, 0.0, track=1)]
    assert bench.recogniser.seen == []


async def test_a_slow_recogniser_is_no_plate_with_the_evidence_kept(bench: Bench) -> None:
    bench.recogniser.hang = True
    (plate,) = await bench.answer(1)
    assert plate.text is None
    assert len(plate.frames) == 3


async def test_a_broken_recogniser_is_no_plate_and_counted(bench: Bench) -> None:
    bench.recogniser.broken = True
    (plate,) = await bench.answer(1)
    assert (plate.text, plate.track) == (None, 1)
    assert bench.rejected == ["failed"]


async def test_a_plate_that_cannot_be_read_has_no_text(bench: Bench) -> None:
    bench.recogniser.text = None
    (plate,) = await bench.answer(1)
    assert (plate.text, plate.confidence, plate.entry) == (None, 0.0, None)


async def test_a_full_spool_keeps_the_plate_and_says_so(bench: Bench) -> None:
    bench.spool.bytes_max = 0
    (plate,) = await bench.answer(1)
    assert (plate.text, plate.frames) == ("20A12345", ())
    assert bench.rejected == ["spool full"]


async def test_too_many_questions_are_answered_not_queued(bench: Bench) -> None:
    tracks = range(1, QUESTIONS_MAX + 3)
    plates = await bench.answer(*tracks)
    assert sorted(plate.track or 0 for plate in plates) == list(tracks)
    assert bench.rejected == ["too many questions"] * 2


def test_a_lane_without_a_camera_answers_no_plate() -> None:
    events: list[Event] = []
    NoCamera(lambda event, position=None: events.append(event)).ask(AskPlate(3, 0))
    assert events == [PlateRead(None, 0.0, track=3)]
