"""Keeps tasks running: one that fails is started again with growing pauses and shows as an alarm; the others go on.

In: named tasks. Out: nothing but their work; cancelled, all of them end. A task counts as well again when it has run
for WELL_AFTER_S.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from prometheus_client import Counter

from backoffice.storage.alarms import AlarmBoard
from backoffice.storage.live_view import Alarm

RESTARTS = Counter("backoffice_task_restarts_total", "Tasks that failed and were started again", ["task"])
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 10.0
WELL_AFTER_S: Final = 5.0

Task = Callable[[], Awaitable[None]]

log = structlog.get_logger("supervisor")


async def supervise(name: str, task: Task, alarms: AlarmBoard) -> None:
    """Run `task` again and again until cancelled."""
    pause_s = FIRST_PAUSE_S
    while True:
        started = time.monotonic()
        watch = asyncio.create_task(_clear_when_well(name, alarms))
        try:
            await task()
            reason = "it ended by itself"
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            log.exception("task_failed", task=name)
        finally:
            watch.cancel()
        pause_s = FIRST_PAUSE_S if time.monotonic() - started > WELL_AFTER_S else min(pause_s * 2, LONGEST_PAUSE_S)
        RESTARTS.labels(name).inc()
        alarms.report(_alarm(name, reason))
        await asyncio.sleep(pause_s)


async def _clear_when_well(name: str, alarms: AlarmBoard) -> None:
    await asyncio.sleep(WELL_AFTER_S)
    alarms.clear(f"task:{name}")


def _alarm(name: str, reason: str) -> Alarm:
    return Alarm(
        f"task:{name}", "TASK", "critical", f"Tác vụ {name} bị lỗi và được khởi động lại: {reason[:300]}",
        f"Task {name} failed and is started again: {reason[:300]}", datetime.now(UTC),
    )  # fmt: skip
