"""What the lane process asks of machine and interpreter so that a decision does not stand behind other work.

In: nothing. Out: settings of this process and of every thread that it starts later. Called once, before the first
thread, by the command that runs lanes. What is not allowed is left. Must not happen: a child that computes inherits
the precedence; children that a lane starts put it down (`anpr.worker_process`, `lists.country.jobs`).
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Final

log = logging.getLogger(__name__)

SWITCH_S: Final = 0.0005
"""Longest time that one thread keeps the interpreter while the journal's thread wants it; Python's own is 5 ms."""
REALTIME_PRIORITY: Final = 1
"""The lowest there is: before every ordinary program, behind everything else of the kernel."""
NICENESS: Final = -10
"""Where real time is refused. It counts within a session only where the kernel groups by session (autogroup)."""


def come_first() -> None:
    """Take the interpreter and the processor before others."""
    sys.setswitchinterval(SWITCH_S)
    if len(os.sched_getaffinity(0)) == 1:
        # A month's passages that are sent at last would leave the broker of the same machine nothing.
        _be_less_nice()
        return
    try:
        # All threads alike: one that is put aside while it holds the interpreter holds up the one that decides.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))
    except OSError as error:
        log.info("no real-time scheduling (%s): grant CAP_SYS_NICE to run the lane before other programs", error)
        _be_less_nice()


def _be_less_nice() -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, min(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    except OSError as error:
        log.info("the lane runs at ordinary priority: %s", error)
