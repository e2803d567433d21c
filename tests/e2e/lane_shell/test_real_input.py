"""Input that we did not make reaches the lane: a recorded reader over TCP, and photographs as camera frames over HTTP.

Photographs stay outside the repository: ETC_PHOTOGRAPHS names their folder, or they lie in ../shared/plates beside it.
Without them the same way is shown with rendered vehicles alone.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lane_controller.outbox.journal import JournalReader, journal_path
from simulators.camera.pictures import render_vehicle
from simulators.camera.server import SimulatedCamera
from simulators.llrp_reader.replay import replay
from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import LANE, Rig, rig
from tests.parts.mosquitto import MosquittoServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[3]
RECORDED = ROOT / "tests" / "data" / "llrp" / "ltk"
PHOTOGRAPHS = Path(os.environ.get("ETC_PHOTOGRAPHS", ROOT.parent / "shared" / "plates")) / "dev"
SHOWN = 8


@dataclass(frozen=True)
class Picture:
    """What the camera shows, and the plate that a person reads on it."""

    jpeg: bytes
    text: str


def inputs(r: Rig, kind: str) -> list[dict[str, Any]]:
    """The events of one kind that the lane's core was given, as its journal holds them."""
    reader = JournalReader(journal_path(r.settings.data_dir, LANE, 1))
    try:
        found = [json.loads(body)["event"] for _, body in reader.inputs("0", "9")]
    finally:
        reader.close()
    return [event for event in found if event["type"] == kind]


async def test_recorded_bytes_of_a_reader_reach_the_lane_as_tag_observations(
    tmp_path: Path, mosquitto_server: MosquittoServer
) -> None:
    """The other notation of the same recording says which tags were heard; it was not made by our codec."""
    notation = gzip.decompress((RECORDED / "dx101_a.xml.gz").read_bytes()).decode()
    heard = Counter(epc.upper() for epc in re.findall(r"EPC>([0-9A-Fa-f]+)<", notation))
    assert heard.total() == 130
    server = await replay(RECORDED / "dx101_a.bin", "127.0.0.1", 0)
    async with server, rig(tmp_path, mosquitto_server) as r:
        recorded_port = server.sockets[0].getsockname()[1]
        r.config.write_text(r.config.read_text().replace(f"port = {r.reader.port}", f"port = {recorded_port}"))
        async with r.lane():
            # The recording ends in silence, so the lane comes back and hears it again: whole rounds, nothing between.
            await eventually(lambda: len(inputs(r, "TagSeen")) >= heard.total(), what="the recorded tags in the lane")
        seen = Counter(event["epc"] for event in inputs(r, "TagSeen")[: heard.total()])
    assert seen == heard


def photographs() -> list[Picture]:
    """Four-wheel vehicles of the validation photographs, the first of each source."""
    labels = [json.loads(line) for line in (PHOTOGRAPHS / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    chosen = [one for one in labels if one["vehicle"] != "motorbike"][:SHOWN]
    return [Picture((PHOTOGRAPHS / one["file"]).read_bytes(), one["text"]) for one in chosen]


def rendered() -> list[Picture]:
    """Vehicles of our own renderer."""
    plates = ("20A12345", "97C00123", "29H61234", "30E88990")
    return [Picture(render_vehicle(text, "one-line", "white", "car", seed), text) for seed, text in enumerate(plates)]


@asynccontextmanager
async def lane_with_camera(folder: Path, broker: MosquittoServer) -> AsyncIterator[tuple[Rig, SimulatedCamera]]:
    """A lane that sees through a camera and reads with the real recogniser in its own process."""
    camera = SimulatedCamera()
    await camera.start()
    extra = "[anpr]\ndeadline_ms = 10000\n"
    try:
        async with rig(folder, broker, f'camera = "{camera.url}"', extra) as r, r.lane():
            await eventually(lambda: _states(r).get("camera") == "ok", what="the camera's picture in the lane")
            await eventually(lambda: _states(r).get("anpr") == "ok", what="the recogniser ready")
            yield r, camera
    finally:
        await camera.close()


def _states(r: Rig) -> dict[str, str]:
    return {device.name: device.state for device in r.office.statuses[-1].devices} if r.office.statuses else {}


async def drive_past(r: Rig, camera: SimulatedCamera, pictures: Sequence[Picture]) -> list[dict[str, Any]]:
    """Each picture stands at L1 once, without a tag, and backs out; what the core was told of its plate."""
    for number, picture in enumerate(pictures, start=1):
        camera.show(picture.jpeg)
        await asyncio.sleep(0.6)  # a few frames of it
        await r.arrive(None)
        await eventually(lambda wanted=number: len(inputs(r, "PlateRead")) >= wanted, what=f"plate reading {number}")
        await r.back_out()
        camera.show(None)
        await asyncio.sleep(0.6)
    return inputs(r, "PlateRead")


async def check(folder: Path, broker: MosquittoServer, pictures: Sequence[Picture]) -> tuple[int, int]:
    """(right, wrong) readings in the lane; each comes with its frames, byte for byte, in the evidence."""
    async with lane_with_camera(folder, broker) as (r, camera):
        told = await drive_past(r, camera, pictures)
        kept = {path.read_bytes() for path in (r.settings.data_dir / "evidence").rglob("*") if path.is_file()}
    assert len(told) == len(pictures)
    for event, picture in zip(told, pictures, strict=True):
        assert hashlib.sha256(picture.jpeg).hexdigest() in event["frames"]
        assert picture.jpeg in kept
    read = [(event["text"], picture.text) for event, picture in zip(told, pictures, strict=True) if event["text"]]
    return sum(text == truth for text, truth in read), sum(text != truth for text, truth in read)


async def test_rendered_vehicles_go_through_camera_and_recogniser_into_the_lane(
    tmp_path: Path, mosquitto_server: MosquittoServer
) -> None:
    right, wrong = await check(tmp_path, mosquitto_server, rendered())
    assert (right >= 2, wrong) == (True, 0)


@pytest.mark.photographs
@pytest.mark.skipif(
    not (PHOTOGRAPHS / "labels.jsonl").exists(),
    reason="no photographs: set ETC_PHOTOGRAPHS to a folder that holds dev/labels.jsonl and dev/images",
)
async def test_photographs_go_through_camera_and_recogniser_into_the_lane(
    tmp_path: Path, mosquitto_server: MosquittoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = photographs()
    right, wrong = await check(tmp_path, mosquitto_server, pictures)
    with capsys.disabled():
        sys.stdout.write(f"\nphotographs through a lane: {right} right, {wrong} wrong of {len(pictures)}\n")
    assert right > wrong
