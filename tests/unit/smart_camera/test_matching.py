"""Announcements find their vehicle: early, late, corrected, doubled, lost, and never two vehicles."""

from __future__ import annotations

import asyncio

from anpr.smart.announcement import PlateAnnouncement, Stage
from lane_controller.core.effects import AskPlate
from lane_controller.core.events import Event, PlateRead
from lane_controller.core.instant import Now
from lane_controller.core.values import TagEntry
from lane_controller.devices.ports import PlcPosition
from lane_controller.devices.smart_camera import SmartCamera


class Lane:
    """Clock, sink, list and spool of one lane."""

    def __init__(self, deadline_s: float = 0.05, trust: float = 1.0) -> None:
        self.mono_us = 10_000_000
        self.read: list[tuple[str | None, float, bool, int | None]] = []
        self.frames: list[tuple[str, ...]] = []
        self.camera = SmartCamera(self.spool, self.sink, self, self, self.reject, deadline_s, trust)
        self.rejected: list[str] = []

    def now(self) -> Now:
        return Now(self.mono_us, self.mono_us)

    def spool(self, jpeg: bytes) -> str | None:
        return None if jpeg == b"full" else jpeg.decode()

    def reject(self, source: str, reason: str, detail: str) -> None:
        self.rejected.append(reason)

    def by_epc(self, epc: str) -> TagEntry | None:
        return None

    def by_plate(self, plate: str) -> TagEntry | None:
        return None

    def sink(self, event: Event, position: PlcPosition | None = None) -> None:
        assert isinstance(event, PlateRead)
        self.read.append((event.text, round(event.confidence, 3), event.corrects, event.track))
        self.frames.append(event.frames)

    async def says(
        self, text: str, confidence: float = 0.9, track: str = "c1", stage: Stage = Stage.NEW,
        images: tuple[bytes, ...] = (),
    ) -> None:  # fmt: skip
        await self.camera.announce(PlateAnnouncement(track, stage, text, confidence, images=images))

    def asks(self, track: int) -> None:
        self.camera.ask(AskPlate(track, self.mono_us))


async def test_an_announcement_just_before_l1_answers_at_once() -> None:
    lane = Lane()
    await lane.says("20A12345", images=(b"one", b"full"))
    lane.mono_us += 900_000
    lane.asks(7)
    assert lane.read == [("20A12345", 0.9, False, 7)]
    assert lane.frames == [("one",)]
    assert lane.rejected == ["spool full"]


async def test_one_that_is_too_old_is_another_vehicle() -> None:
    lane = Lane()
    await lane.says("20A12345")
    lane.mono_us += 1_600_000
    lane.asks(7)
    await asyncio.sleep(0.1)
    assert lane.read == [(None, 0.0, False, 7)]


async def test_the_deadline_answers_and_a_later_word_is_late_evidence() -> None:
    lane = Lane()
    lane.asks(7)
    await asyncio.sleep(0.1)
    lane.mono_us += 800_000
    await lane.says("20A12345")
    assert lane.read == [(None, 0.0, False, 7), ("20A12345", 0.9, False, 7)]


async def test_an_update_corrects_the_same_again_is_no_news_and_lost_is_nothing() -> None:
    lane = Lane(trust=0.5)
    lane.asks(7)
    await lane.says("20A12345", 0.8)
    await lane.says("20A12345", 0.8, stage=Stage.UPDATE)
    await lane.says("20A12346", 0.9, stage=Stage.UPDATE)
    await lane.says("20A12346", 0.9, stage=Stage.LOST)
    await asyncio.sleep(0.1)
    assert lane.read == [("20A12345", 0.4, False, 7), ("20A12346", 0.45, True, 7)]


async def test_two_vehicles_get_a_plate_each() -> None:
    lane = Lane()
    lane.asks(7)
    await lane.says("20A11111", track="c1")
    lane.mono_us += 1_000_000
    await lane.says("20A22222", track="c2")
    lane.mono_us += 400_000
    lane.asks(8)
    await asyncio.sleep(0.1)
    assert lane.read == [("20A11111", 0.9, False, 7), ("20A22222", 0.9, False, 8)]


async def test_without_track_ids_every_message_is_a_vehicle() -> None:
    lane = Lane()
    await lane.says("20A11111", track="")
    await lane.says("20A22222", track="")
    lane.asks(7)
    lane.asks(8)
    assert [(text, track) for text, _, _, track in lane.read] == [("20A11111", 7), ("20A22222", 8)]


async def test_a_camera_is_unknown_until_it_speaks() -> None:
    lane = Lane()
    assert lane.camera.state() == "unknown"
    lane.camera.heard()
    assert lane.camera.state() == "ok"
