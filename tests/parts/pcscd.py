"""A real pcscd with the virtual reader of vsmartcard (vpcd), in namespaces of its own.

In: a folder. Out: the socket for `PCSCLITE_CSOCK_NAME`, and cards that are tapped by a process. Own mount namespace:
Debian's socket path is fixed. Own network namespace: the virtual reader listens on every address. Needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.parts.missing import PartMissingError, program
from tests.parts.process import PartProcess

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PORT = 35963
READER = "Virtual PCD 00 00"
_START = """
import fcntl, os, socket, struct, sys
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
name = struct.pack("16sH14x", b"lo", 0)
flags = struct.unpack("16sH14x", fcntl.ioctl(link, 0x8913, name))[1]
fcntl.ioctl(link, 0x8914, struct.pack("16sH14x", b"lo", flags | 1))
os.execv(sys.argv[1], sys.argv[1:])
"""


class Pcscd:
    """One service; `with Pcscd(folder) as pcscd:` starts it."""

    def __init__(self, folder: Path) -> None:
        if not DRIVER.exists():
            raise PartMissingError("vsmartcard-vpcd is missing; as root: apt-get install vsmartcard-vpcd pcscd")
        if os.geteuid() != 0:
            raise PartMissingError("a pcscd in namespaces of its own needs root")
        self._pcscd, self._unshare = program("pcscd"), program("unshare")
        if subprocess.run([self._unshare, "-m", "-n", "true"], check=False, capture_output=True).returncode != 0:
            pytest.skip("this container may not make namespaces (unshare -m -n); run it with CAP_SYS_ADMIN")
        # One path for all tests of a process: the client library reads the variable once and keeps what it said.
        self._run = Path(tempfile.gettempdir()) / f"etc-pcscd-{os.getpid()}"
        self._config = folder / "reader.conf"
        self._process: PartProcess | None = None
        self._folder = folder

    @property
    def socket_path(self) -> str:
        """For the environment variable PCSCLITE_CSOCK_NAME of clients."""
        return str(self._run / "pcscd.comm")

    def start(self) -> None:
        """Start and wait until it listens."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._run.mkdir(parents=True, exist_ok=True)
        for old in self._run.iterdir():
            old.unlink()
        self._config.write_text(
            'FRIENDLYNAME "Virtual PCD"\n'
            f"DEVICENAME /dev/null:0x{PORT:04X}\nLIBPATH {DRIVER}\nCHANNELID 0x{PORT:04X}\n",
            encoding="utf-8",
        )
        mount = f"mkdir -p /run/pcscd && mount --bind {self._run} /run/pcscd"
        command = f'{mount} && exec {sys.executable} -c "$START" {self._pcscd} -f -c {self._config}'
        self._process = PartProcess(
            "pcscd",
            [str(self._unshare), "-m", "-n", "sh", "-c", command],
            self._folder / "pcscd.log",
            {**os.environ, "START": _START},
        )
        self._process.start((self._run / "pcscd.comm").exists, within_s=10)
        time.sleep(0.3)  # the driver opens its port just after the socket is there

    def remove(self) -> None:
        """The end: service and socket are gone."""
        self.kill()
        shutil.rmtree(self._run, ignore_errors=True)

    def kill(self) -> None:
        """The service dies without a word."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def tap(self, *arguments: str, seconds: float = 0.6) -> None:
        """Hold a card to the reader for so long; `arguments` as for `simulators card tap`."""
        assert self._process is not None
        enter = [str(program("nsenter")), "-t", str(self._process.pid), "-n"]
        card = [str(Path(sys.executable).with_name("simulators")), "card", "tap", "--port", str(PORT)]
        subprocess.run([*enter, *card, "--seconds", str(seconds), *arguments], check=True, timeout=30)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()
