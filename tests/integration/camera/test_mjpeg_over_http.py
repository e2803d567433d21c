"""The receiver against the simulated camera, over real HTTP."""

import asyncio
import itertools
from collections.abc import Callable

import httpx
import pytest

from anpr.frames import FrameRing
from anpr.mjpeg import MjpegSource
from simulators.camera.pictures import idle_picture, render_vehicle
from simulators.camera.server import SimulatedCamera, play

CAR = render_vehicle("30A12345", seed=4)
PATIENCE_S = 30.0


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(round(PATIENCE_S / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError(f"not within {PATIENCE_S} s")


@pytest.mark.parametrize("with_length", [True, False])
async def test_frames_arrive_stamped_and_the_nearest_are_found(with_length: bool) -> None:
    ticks = itertools.count(1_000_000, 100_000)
    camera = SimulatedCamera(rate_hz=50, with_length=with_length)
    await camera.start()
    source = MjpegSource(camera.url, clock_us=lambda: next(ticks))
    await source.start()
    await _until(lambda: source.frames_received >= 3)
    camera.show(CAR)
    await _until(lambda: source.ring.latest() is not None and source.ring.latest().jpeg == CAR)
    seen = source.ring.latest()
    near = source.ring.nearest(seen.received_mono_us, 2)
    assert CAR in [frame.jpeg for frame in near]
    assert source.ring.between(0, seen.received_mono_us)[0].jpeg == idle_picture()
    assert source.rejected == {}
    await source.close()
    await camera.close()


async def test_garbage_is_counted_and_the_stream_goes_on() -> None:
    camera = SimulatedCamera(rate_hz=50)
    await camera.start()
    source = MjpegSource(camera.url)
    await source.start()
    await _until(lambda: source.connected)
    camera.send_garbage(b"<html>no picture</html>")
    camera.send_garbage(CAR[: len(CAR) // 2])
    await _until(lambda: source.rejected.get("not a whole JPEG", 0) >= 2)
    before = source.frames_received
    await _until(lambda: source.frames_received > before)
    assert source.connects == 1
    await source.close()
    await camera.close()


async def test_connects_again_after_the_camera_restarts_and_keeps_what_it_had() -> None:
    camera = SimulatedCamera(rate_hz=50)
    await camera.start()
    port = camera.port
    source = MjpegSource(camera.url, ring=FrameRing(span_us=600_000_000))
    await source.start()
    await _until(lambda: source.frames_received >= 2)
    await camera.close()
    await _until(lambda: not source.connected)
    kept = len(source.ring)
    assert kept >= 2
    again = SimulatedCamera(port=port, rate_hz=50)
    await again.start()
    await _until(lambda: source.connects >= 2 and len(source.ring) > kept)
    await source.close()
    await again.close()


async def test_a_camera_that_falls_silent_is_left() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    source = MjpegSource(f"http://127.0.0.1:{port}/stream.mjpg", stall_s=0.2)
    await source.start()
    await _until(lambda: source.connects >= 2)
    assert "Timeout" in source.last_error
    await source.close()
    server.close()
    await server.wait_closed()


async def test_a_page_that_is_no_stream_is_named() -> None:
    camera = SimulatedCamera()
    await camera.start()
    source = MjpegSource(camera.snapshot_url)
    await source.start()
    await _until(lambda: bool(source.last_error))
    assert "not an MJPEG stream" in source.last_error
    await source.close()
    await camera.close()


async def test_a_viewer_that_does_not_read_holds_up_nobody() -> None:
    camera = SimulatedCamera(rate_hz=200)
    await camera.start()
    camera.show(bytes(CAR) + bytes(200_000))
    _, lazy = await asyncio.open_connection("127.0.0.1", camera.port, limit=1024)
    lazy.write(b"GET /stream.mjpg HTTP/1.1\r\n\r\n")
    await _until(lambda: camera.frames_skipped > 5)
    camera.show(CAR)
    source = MjpegSource(camera.url)
    await source.start()
    await _until(lambda: source.frames_received >= 5)
    assert source.ring.latest().jpeg == CAR
    await source.close()
    lazy.close()
    await camera.close()


async def test_snapshot_and_unknown_paths() -> None:
    camera = SimulatedCamera()
    await camera.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(camera.snapshot_url)).content == idle_picture()
        camera.show(CAR)
        assert (await client.get(camera.snapshot_url)).content == CAR
        missing = await client.get(camera.snapshot_url.replace("snapshot", "nothing"))
        assert missing.status_code == 404
        assert "/stream.mjpg" in missing.text
    await play(camera, [CAR], 0.01)
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(camera.snapshot_url)).content == idle_picture()
    await camera.close()
