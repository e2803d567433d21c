"""Child processes that never outlive their parent, each with a log file of its own.

In: a name and a command line. Out: a running child, its end, its last log lines. A child is the leader of a process
group; stopping it stops the whole group. When the parent dies, however hard, the kernel sends the child SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

PR_SET_PDEATHSIG: Final = 1
"""prctl(2): the signal that the kernel sends when the parent ends."""

LOG_KEPT_BYTES: Final = 10_000_000
STOP_S: Final = 15.0
"""A child that has not ended this long after SIGTERM is killed; it is built to survive that."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def program(name: str) -> str:
    """The console program of this environment, wherever the environment lies."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"the program {name} is not installed beside {sys.executable}; run `make setup`")
    return found


@dataclass(slots=True)
class Child:
    """One running program."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    @property
    def running(self) -> bool:
        """False once it has ended."""
        return self.process.returncode is None

    def last_lines(self, count: int = 6) -> list[str]:
        """The end of its log."""
        text = self.log.read_bytes()[-8_192:].decode("utf-8", "replace")
        return [line for line in text.splitlines() if line.strip()][-count:]

    async def stop(self, within_s: float = STOP_S) -> bool:
        """SIGTERM, wait, and SIGKILL for what is left of its group; False when it had to be killed."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
        try:
            async with asyncio.timeout(within_s):
                await self.process.wait()
        except TimeoutError:
            self.kill_group()
            await self.process.wait()
            return False
        self.kill_group()
        return True

    def kill_group(self) -> None:
        """End what the child itself may have left behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


async def start(name: str, command: Sequence[str], log: Path) -> Child:
    """Start `command`; what it prints goes to `log`, behind what earlier runs printed."""
    _roll(log)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            preexec_fn=partial(die_with, os.getpid()),
        )
    return Child(name, process, log)


def die_with(parent: int) -> None:
    """In a child: get SIGTERM when the process `parent` ends.

    Runs between fork and exec, where nothing may take a lock or load a module.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we asked
        os._exit(0)


def _roll(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_KEPT_BYTES:
        log.replace(log.with_suffix(log.suffix + ".1"))
