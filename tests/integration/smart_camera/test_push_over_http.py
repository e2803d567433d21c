"""Smart cameras push over real HTTP: XML alone, multipart with pictures, JSON; and whatever else comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from lane_controller.core.effects import AskPlate
from lane_controller.core.events import Event, PlateRead
from lane_controller.core.instant import Now
from lane_controller.core.values import TagEntry
from lane_controller.devices.camera_push import BODY_BYTES_MAX, CameraPush
from lane_controller.devices.ports import PlcPosition
from lane_controller.devices.smart_camera import PushedLane, SmartCamera
from tests.unit.smart_camera.test_announcements import ALERT

pytestmark = pytest.mark.integration
JPEG = b"\xff\xd8\xff" + b"picture"


@dataclass
class Gate:
    """The push server with one lane, and what came out of it."""

    push: CameraPush = field(default_factory=lambda: CameraPush("127.0.0.1", 0))
    events: list[Event] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)

    def now(self) -> Now:
        return Now(0, 0)

    def sink(self, event: Event, position: PlcPosition | None = None) -> None:
        self.events.append(event)

    def reject(self, source: str, reason: str, detail: str) -> None:
        self.rejected.append(reason)

    def spool(self, jpeg: bytes) -> str:
        self.kept.append(jpeg)
        return f"{len(self.kept)}"

    def by_epc(self, epc: str) -> TagEntry | None:
        return None

    def by_plate(self, plate: str) -> TagEntry | None:
        return None

    @property
    def plates(self) -> list[str | None]:
        return [event.text for event in self.events if isinstance(event, PlateRead)]


@contextlib.asynccontextmanager
async def gate(token: str | None = None) -> AsyncIterator[tuple[Gate, httpx.AsyncClient, SmartCamera]]:
    made = Gate()
    camera = SmartCamera(made.spool, made.sink, made, made, made.reject, 30.0)
    made.push.lanes["CM-01"] = PushedLane(camera, made.reject, token)
    serving = asyncio.create_task(made.push.run())
    await made.push.ready.wait()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{made.push.port}", timeout=10) as client:
            yield made, client, camera
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_xml_alone_multipart_and_json_all_arrive() -> None:
    async with gate() as (made, client, camera):
        for track in (1, 2, 3):
            camera.ask(AskPlate(track, 0))
        bare = await client.post("/plates/CM-01/hikvision", content=ALERT, headers={"content-type": "application/xml"})
        second = ALERT.replace("30E-123.45", "30E-222.22").replace("c056e3000001", "c056e3000002")
        files = [
            ("anpr.xml", ("anpr.xml", second, "text/xml")),
            ("detectionPicture.jpg", ("detectionPicture.jpg", JPEG, "image/jpeg")),
            ("licensePlatePicture.jpg", ("licensePlatePicture.jpg", JPEG + b"2", "image/jpeg")),
        ]
        parts = await client.post("/plates/CM-01/hikvision", files=files)
        plain = await client.post("/plates/CM-01", json={"plate": "30E-333.33", "confidence": 0.99, "track": "z"})
        assert [answer.status_code for answer in (bare, parts, plain)] == [200, 200, 200]
        assert made.plates == ["30E12345", "30E22222", "30E33333"]
        assert made.kept == [JPEG, JPEG + b"2"]
        assert made.rejected == []


async def test_what_is_no_use_is_told_counted_and_survived() -> None:
    async with gate(token="secret-token") as (made, client, camera):
        camera.ask(AskPlate(1, 0))
        known, alerts = "/plates/CM-01?token=secret-token", "/plates/CM-01/hikvision?token=secret-token"
        broken = {"content-type": "multipart/form-data"}
        answers = [
            await client.post("/plates/CM-01", json={"plate": "30E12345"}),
            await client.post("/plates/CM-01?token=other", json={"plate": "30E12345"}),
            await client.post("/plates/CM-09", json={"plate": "30E12345"}),
            await client.post(known, content=b"\xff\xfe"),
            await client.post(known, json={"plate": 5}),
            await client.post(alerts, content=b"<a", headers={"content-type": "text/xml"}),
            await client.post(alerts, content=b"x", headers=broken),
            await client.post(known, content=b"x" * (BODY_BYTES_MAX + 1)),
            await client.get("/plates/CM-01"),
        ]
        assert [answer.status_code for answer in answers] == [403, 403, 404, 400, 400, 400, 400, 413, 405]
        assert "plate" in answers[4].text
        assert made.plates == []
        assert made.rejected == ["wrong token", "wrong token", "malformed", "malformed", "malformed"]
        good = await client.post(known, json={"plate": "30E12345", "confidence": 0.9})
        assert good.status_code == 200
        assert made.plates == ["30E12345"]
