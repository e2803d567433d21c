"""What the lane process asks of machine and interpreter so that a decision does not stand behind other work.

In: nothing. Out: settings of this process. Called once, by the command that runs lanes. What is not allowed is left.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Final

log = logging.getLogger(__name__)

SWITCH_S: Final = 0.0005
"""Longest time that one thread keeps the interpreter while the journal's thread wants it; Python's own is 5 ms."""
NICENESS: Final = -10
"""Before the plate recogniser, the stream and whatever else runs on a lane computer; needs root or CAP_SYS_NICE."""


def come_first() -> None:
    """Take the interpreter and the processor before others."""
    sys.setswitchinterval(SWITCH_S)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, min(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    except OSError as error:
        log.info("the lane runs at ordinary priority (%s): grant CAP_SYS_NICE to run it before other programs", error)
