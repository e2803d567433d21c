"""The lane comes before other programs; what it starts to compute for it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Final

import pytest

WHO: Final = "import json, os; print(json.dumps([os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)]))"
FIRST: Final = "from lane_controller.app.pace import come_first; come_first(); "
THREAD: Final = """
import os, threading
thread = threading.Thread(target=lambda: print(os.sched_getscheduler(0)))
thread.start()
thread.join()
"""
WORKER: Final = """
import asyncio, os, pathlib
from anpr.worker import PlateWorker
async def main():
    worker = PlateWorker()
    await worker.start()
    group = pathlib.Path(f"/proc/{worker.pid}/autogroup")
    assert not group.exists() or group.read_text().rstrip().endswith("nice 10"), group.read_text()
    print(os.sched_getscheduler(worker.pid), os.getpriority(os.PRIO_PROCESS, worker.pid))
    await worker.close()
asyncio.run(main())
"""
JOB: Final = """
import os, sys
from lane_controller.lists.country import jobs
jobs.do = lambda arguments: print(os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0))
jobs.main()
"""
MAY: Final = "os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))"


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def realtime() -> None:
    try:
        _run(f"import os; {MAY}")
    except subprocess.CalledProcessError:
        pytest.skip("this machine does not allow real-time scheduling")


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="only one processor")
def test_the_lane_and_its_threads_run_in_real_time(realtime: None) -> None:
    assert json.loads(_run(FIRST + WHO))[0] == os.SCHED_RR
    assert int(_run(FIRST + THREAD)) == os.SCHED_RR


def test_without_the_right_to_it_the_lane_runs_all_the_same(realtime: None) -> None:
    refused = "import os\ndef refuse(*_): raise PermissionError(1, 'no')\nos.sched_setscheduler = refuse\n"
    policy, niceness = json.loads(_run(refused + FIRST + WHO))
    assert (policy, niceness) == (os.SCHED_OTHER, -10)


def test_the_only_processor_is_left_to_the_broker_too(realtime: None) -> None:
    one = "import os; os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1]); "
    assert json.loads(_run(one + FIRST + WHO)) == [os.SCHED_OTHER, -10]


@pytest.mark.parametrize(("code", "niceness"), [(WORKER, 10), (JOB, 10)], ids=["recogniser", "job on the list"])
def test_what_computes_for_the_lane_steps_back(realtime: None, code: str, niceness: int) -> None:
    assert _run(FIRST + code) == f"{os.SCHED_OTHER} {niceness}"
