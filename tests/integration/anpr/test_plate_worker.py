"""The recogniser's process: readings, deadlines, a full queue, bad frames, kill -9."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from anpr.worker import PlateWorker
from simulators.camera.pictures import idle_picture, render_vehicle

CAR = render_vehicle("30A12345", seed=4, strength=0.0)
LONG_S = 30.0
"""A deadline that only a broken worker misses, however busy the machine."""


@pytest_asyncio.fixture
async def worker() -> AsyncIterator[PlateWorker]:
    started = PlateWorker()
    await started.start(timeout_s=60)
    yield started
    await started.close()
    assert started.pid is None


async def test_reads_votes_and_says_which_frame(worker: PlateWorker) -> None:
    plate = await worker.read([idle_picture(), CAR, CAR], LONG_S)
    assert plate is not None
    assert plate.text == "30A12345"
    assert plate.frame_index in (1, 2)
    assert plate.frames_read == 2
    assert await worker.read([idle_picture()], LONG_S) is None
    assert worker.counts.read == 2


async def test_a_bad_frame_is_left_out_and_only_bad_frames_fail(worker: PlateWorker) -> None:
    plate = await worker.read([b"", CAR[:500], CAR], LONG_S)
    assert plate is not None
    assert plate.text == "30A12345"
    assert await worker.read([b"no picture"], LONG_S) is None
    assert await worker.read([], LONG_S) is None
    assert worker.counts.failed == 1
    assert worker.counts.restarts == 0


async def test_a_late_answer_is_dropped_and_never_given_to_the_next(worker: PlateWorker) -> None:
    assert await worker.read([CAR] * 3, 0.0005) is None
    assert worker.counts.late == 1
    other = render_vehicle("51G70088", seed=9, strength=0.0)
    plate = await worker.read([other], LONG_S)
    assert plate is not None
    assert plate.text == "51G70088"


async def test_a_full_queue_refuses_at_once(worker: PlateWorker) -> None:
    answers = await asyncio.gather(*(worker.read([CAR], LONG_S) for _ in range(12)))
    refused = sum(answer is None for answer in answers)
    assert refused == worker.counts.refused
    assert refused >= 12 - 4 - 1
    assert worker.counts.read == 12 - refused


async def test_kill_9_is_survived(worker: PlateWorker) -> None:
    first = worker.pid
    assert first is not None
    reading = asyncio.create_task(worker.read([CAR] * 3, LONG_S))
    await asyncio.sleep(0)
    os.kill(first, signal.SIGKILL)
    await reading  # None, or the plate if it was quicker than the signal
    plate = None
    for _ in range(5):
        plate = await worker.read([CAR], LONG_S)
        if plate is not None:
            break
    assert plate is not None
    assert plate.text == "30A12345"
    assert worker.pid not in (None, first)
    assert worker.counts.restarts >= 1


async def test_a_process_that_prints_nonsense_is_restarted_and_never_believed() -> None:
    liar = PlateWorker(command=[sys.executable, "-c", "print('hello'); import time; time.sleep(60)"], hung_after_s=1)
    with pytest.raises(TimeoutError):
        await liar.start(timeout_s=2)
    assert await liar.read([CAR], 0.2) is None
    assert liar.counts.restarts >= 1
    await liar.close()


async def test_a_hung_process_is_killed() -> None:
    hello = (
        "import sys, time\n"
        "body = b'{\"ready\": true}'\n"
        "sys.stdout.buffer.write(len(body).to_bytes(4, 'big') + body)\n"
        "sys.stdout.flush()\n"
        "time.sleep(600)\n"
    )
    hung = PlateWorker(command=[sys.executable, "-c", hello], hung_after_s=0.5)
    await hung.start(timeout_s=60)
    first = hung.pid
    assert await hung.read([CAR], 0.2) is None
    await hung.ready.wait()
    for _ in range(200):
        if hung.counts.restarts:
            break
        await asyncio.sleep(0.05)
    assert hung.counts.restarts >= 1
    await hung.close()
    assert first is not None
    assert not Path(f"/proc/{first}").exists()


async def test_close_ends_the_process_and_requests_that_wait() -> None:
    short = PlateWorker()
    await short.start(timeout_s=60)
    pid = short.pid
    reading = asyncio.create_task(short.read([CAR] * 3, LONG_S))
    await asyncio.sleep(0)
    await short.close()
    await short.close()
    assert await asyncio.wait_for(reading, LONG_S) is None or reading.result() is not None
    assert pid is not None
    assert not Path(f"/proc/{pid}").exists()


def test_reading_needs_no_torch() -> None:
    code = (
        "import sys\n"
        "sys.modules['torch'] = sys.modules['ultralytics'] = None\n"  # any import of them raises
        "import numpy, anpr.worker, anpr.worker_process, anpr.mjpeg, simulators.camera.server\n"
        "import lane_controller.app.main, lane_controller.app.runner, lane_controller.app.wiring\n"
        "from anpr.recognise import Recogniser\n"
        "Recogniser().plates(numpy.zeros((120, 160, 3), numpy.uint8))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
