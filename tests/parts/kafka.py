"""A real Apache Kafka, one node (deploy/kafka), on free ports in a folder of its own.

In: a folder. Out: a broker with its DSN, and its accidents: kill -9, restart on the same data.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.missing import PartFailedError, PartMissingError, program
from tests.parts.process import PartProcess, free_port, listens

ROOT = Path(__file__).resolve().parents[2]
LIBS = ROOT / ".parts/kafka/libs"
DEPLOY = ROOT / "deploy/kafka"

FAST_COMPACTION = (
    "&topic.segment.ms=500&topic.min.cleanable.dirty.ratio=0.001&topic.max.compaction.lag.ms=2000"
    "&topic.min.compaction.lag.ms=0&topic.delete.retention.ms=0&topic.segment.bytes=1048576"
)
"""DSN options with which a topic is compacted within seconds, as a test needs it."""

_TEST_SETTINGS = "log.cleaner.backoff.ms=500\nlog.initial.task.delay.ms=500\n"


class KafkaBroker:
    """One node; `with KafkaBroker(folder) as broker:` starts it."""

    def __init__(self, folder: Path) -> None:
        self._java = program("java", "apt-get install openjdk-17-jre-headless")
        _fetch_jars()
        self._folder = folder
        self.port = free_port()
        self._properties = folder / "server.properties"
        self._starts = 0
        self._process = PartProcess("Apache Kafka", self._command("kafka.Kafka"), folder / "kafka.log")

    @property
    def pid(self) -> int:
        """Process id of the running broker."""
        return self._process.pid

    def running(self) -> bool:
        """True while the broker lives."""
        return self._process.running()

    @property
    def address(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    def dsn(self, prefix: str, options: str = "") -> str:
        """A stream DSN whose topics and groups begin with `prefix`."""
        return f"kafka://{self.address}?prefix={prefix}{options}"

    def start(self) -> None:
        """Format the data folder when it is new, and start. PartFailedError: it did not come up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._properties.exists():
            self._format()
        self._starts = self._started_lines() + 1
        self._process.start(self._ready)

    def stop(self) -> None:
        """A clean stop."""
        self._process.stop()

    def kill9(self) -> None:
        """The end without a word."""
        self._process.kill()

    def restart(self) -> None:
        """Start again on the same data and port."""
        self._process.stop()
        self.start()

    def _format(self) -> None:
        text = (DEPLOY / "server.properties").read_text(encoding="utf-8")
        filled = {
            "ADDRESS": "127.0.0.1",
            "PORT": self.port,
            "CONTROLLER_PORT": free_port(),
            "DATA": self._folder / "data",
        }
        for name, value in filled.items():
            text = text.replace(f"@{name}@", str(value))
        self._properties.write_text(self._settings(text), encoding="utf-8")
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [
            *self._command("kafka.tools.StorageTool")[:-1],
            "format",
            f"--cluster-id={cluster}",
            "-c",
            str(self._properties),
        ]
        command += self._format_options()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PartFailedError(
                f"Apache Kafka cannot format {self._folder}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )

    def _settings(self, text: str) -> str:
        """The whole properties file; `text` is the one that is deployed, filled in."""
        return text + _TEST_SETTINGS

    def _format_options(self) -> list[str]:
        return []

    def _command(self, main: str) -> list[str]:
        options = ["-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-Djava.awt.headless=true"]
        log4j = f"-Dlog4j2.configurationFile={DEPLOY / 'log4j2.xml'}"
        return [str(self._java), *options, log4j, "-cp", f"{LIBS}/*", main, str(self._properties)]

    def _ready(self) -> bool:
        return self._started_lines() >= self._starts and listens(self.port)

    def _started_lines(self) -> int:
        """How often the log says that the broker is up: the runs before a restart are in it too."""
        log = self._process.log
        return log.read_text(errors="replace").count("Kafka Server started") if log.exists() else 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()


def _fetch_jars() -> None:
    """Bring the jars when they are missing; a check of their sums otherwise (a third of a second, once a session)."""
    if os.environ.get("ETC_KAFKA_JARS_CHECKED"):
        return
    done = subprocess.run([str(DEPLOY / "fetch.sh")], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PartMissingError(
            f"the jars of Apache Kafka are not here: {done.stderr.strip() or done.stdout.strip()[-2000:]}"
        )
    os.environ["ETC_KAFKA_JARS_CHECKED"] = "1"
