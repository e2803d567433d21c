"""A real mosquitto on a free port, for tests of MQTT.

In: a folder. Out: a broker without accounts (write them into `extra`). Its retained messages survive a restart.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.missing import program
from tests.parts.process import PartProcess, free_port, listens


class MosquittoServer:
    """One broker; `with MosquittoServer(folder) as broker:` starts it."""

    def __init__(self, folder: Path, port: int | None = None, extra: str = "") -> None:
        self._folder = folder
        self._extra = extra
        self._program = program("mosquitto")
        self.host = "127.0.0.1"
        self.port = port or free_port()
        config = folder / "mosquitto.conf"
        self._process = PartProcess("mosquitto", [str(self._program), "-c", str(config)], folder / "mosquitto.log")

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"{self.host}:{self.port}"

    def start(self) -> None:
        """Start and wait until it listens. PartFailedError: it did not come up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "mosquitto.conf").write_text(
            f"listener {self.port} {self.host}\n"
            "allow_anonymous true\n"
            "user root\n"  # started as root it would drop to a user that cannot write to this folder
            f"persistence true\npersistence_location {self._folder}/\n"
            "max_queued_messages 100000\n"
            f"{self._extra}\n",
            encoding="utf-8",
        )
        self._process.start(lambda: listens(self.port), within_s=10)

    def stop(self) -> None:
        """A clean stop: retained messages and durable sessions are saved."""
        self._process.stop()

    def kill(self) -> None:
        """The end without a word."""
        self._process.kill()

    def restart(self) -> None:
        """Stop cleanly and start again on the same port and data."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
