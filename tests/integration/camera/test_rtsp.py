"""Frames over RTSP: PyAV's client against a server written from the standards; loss, return, garbage, nobody there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from anpr.mjpeg import monotonic_us
from anpr.rtsp import RtspSource
from simulators.camera.rtsp import RtspCamera
from tests.integration.lane_shell.eventually import eventually

pytestmark = pytest.mark.integration
Image = NDArray[np.uint8]


def coloured(blue: int, green: int, red: int) -> Image:
    return np.full((360, 640, 3), (blue, green, red), np.uint8)


def newest(source: RtspSource) -> NDArray[np.uint8] | None:
    frames = source.ring.nearest(monotonic_us(), 1, 10_000_000)
    if not frames:
        return None
    image = cv2.imdecode(np.frombuffer(frames[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (360, 640, 3)
    return image.astype(np.uint8)


def seen(source: RtspSource) -> tuple[int, ...] | None:
    """The colour of the newest frame, in steps of 50."""
    image = newest(source)
    return None if image is None else tuple(int(value) for value in np.round(image.mean(axis=(0, 1)) / 50))


def is_noise(source: RtspSource) -> bool:
    image = newest(source)
    return image is not None and float(image.std()) > 30


@contextlib.asynccontextmanager
async def receiving(url: str) -> AsyncIterator[RtspSource]:
    source = RtspSource(url, name="test", stall_s=2.0)
    task = asyncio.create_task(source.run())
    try:
        yield source
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def shows(source: RtspSource, *steps: int) -> Callable[[], bool]:
    return lambda: seen(source) == steps


async def test_what_the_camera_shows_is_in_the_ring_also_after_a_cut() -> None:
    async with RtspCamera() as camera, receiving(camera.url) as source:
        camera.show(coloured(0, 0, 200))
        await eventually(shows(source, 0, 0, 4), what="red")
        assert source.connected
        noise = np.random.default_rng(1).integers(0, 255, (360, 640, 3), dtype=np.uint8)
        camera.show(noise)  # key frames of many packets
        await eventually(lambda: is_noise(source), what="noise")
        camera.drop_clients()
        camera.show(coloured(200, 0, 0))
        await eventually(shows(source, 4, 0, 0), what="blue, over a new connection")
        assert source.connects == 2


async def test_nobody_there_is_told_and_a_camera_that_comes_later_is_found() -> None:
    async with RtspCamera() as camera:
        port = camera.port
    async with receiving(f"rtsp://127.0.0.1:{port}/stream") as source:
        await eventually(lambda: source.last_error, what="a reason")
        assert not source.connected
        async with RtspCamera(port) as camera:
            camera.show(coloured(0, 200, 0))
            await eventually(shows(source, 0, 4, 0), what="green")


async def test_something_that_is_no_rtsp_ends_nothing() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)) * 10)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server, receiving(f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/stream") as source:
        await eventually(lambda: source.last_error, what="a reason")
        assert source.frames_received == 0
