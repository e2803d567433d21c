"""The embedded ClickHouse server as a process of its own, as installers run it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

USER = "etc"
PASSWORD = "mật khẩu s3cret"


class ServerProcess:
    """`backoffice database` on a free port; restart keeps the directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password_file = folder / "password"
        folder.mkdir(parents=True, exist_ok=True)
        self.password_file.write_text(PASSWORD + "\n", encoding="utf-8")
        self.port = 0
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        program = "from backoffice.app.main import main; main()"
        options = ["--data", str(self.folder / "data"), "--user", USER, "--listen", f"127.0.0.1:{self.port}"]
        options += ["--password-file", str(self.password_file)]
        with (self.folder / "server.log").open("a") as log:
            command = [sys.executable, "-c", program, "database", *options]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready.startswith("ready: "), (self.folder / "server.log").read_text()
        self.port = int(ready.split()[1].rstrip("/").rpartition(":")[2])
        return process

    def dsn(self, database: str) -> str:
        return f"clickhouse://{USER}:m%E1%BA%ADt%20kh%E1%BA%A9u%20s3cret@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        """As a power cut of the process."""
        self.process.send_signal(signal.SIGKILL)
        self._reap()

    def restart(self) -> None:
        self.process = self._start()

    def stop(self) -> int:
        self.process.terminate()
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status
