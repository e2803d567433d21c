"""One process of a real part: started with its output in a file, waited for, stopped or killed.

In: a command line and a folder. Out: a running process. Nothing may stay behind when the test ends, however it ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.parts.missing import PartFailedError

_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """True when something accepts connections on that port of 127.0.0.1."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class PartProcess:
    """A command, its output in `log`, and its end."""

    def __init__(self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self._name = name
        self._command = list(command)
        self._env = dict(env) if env is not None else None
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool], within_s: float = 60.0) -> None:
        """Start and wait until `ready`. PartFailedError: it ended or took too long; the text has the end of its log."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self._env,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one prctl call, safe after fork
            )
        until = time.monotonic() + within_s
        while not ready():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise PartFailedError(f"{self._name} did not come up:\n{self.tail()}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Process id of the running part."""
        if self._process is None:
            raise PartFailedError(f"{self._name} is not running")
        return self._process.pid

    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self, within_s: float = 20.0) -> None:
        """SIGTERM, and SIGKILL when that is not enough."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(within_s)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """SIGKILL: what a power cut or the out-of-memory killer does."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self._process = None

    def tail(self, lines: int = 40) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def _die_with_parent() -> None:
    """When the thread that started it is gone (pytest was killed), so is the part: nothing is left running."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
