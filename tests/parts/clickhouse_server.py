"""Debian's clickhouse-server (18.16) on free ports with a user and a password, in a folder of its own.

In: a folder. Out: a server that proves the native wire. Its SQL is old: it must never be taken for the schema's engine.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.missing import program
from tests.parts.process import PartProcess, free_port, listens

USER = "etc"
PASSWORD = "thử-thách"  # not ASCII, so that the wire's text encoding is seen

_CONFIG = """<yandex>
    <logger><level>information</level><console>1</console></logger>
    <tcp_port>{port}</tcp_port>
    <listen_host>127.0.0.1</listen_host>
    <path>{folder}/data/</path>
    <tmp_path>{folder}/tmp/</tmp_path>
    <user_files_path>{folder}/user_files/</user_files_path>
    <format_schema_path>{folder}/format_schemas/</format_schema_path>
    <users_config>{folder}/users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <mark_cache_size>67108864</mark_cache_size>
    <timezone>UTC</timezone>
</yandex>
"""

_USERS = """<yandex>
    <profiles><default><max_memory_usage>1000000000</max_memory_usage></default></profiles>
    <users><{user}>
        <password_sha256_hex>{password}</password_sha256_hex>
        <networks><ip>127.0.0.1</ip></networks>
        <profile>default</profile>
        <quota>default</quota>
    </{user}></users>
    <quotas><default/></quotas>
</yandex>
"""


class ClickhouseServer:
    """One server; `with ClickhouseServer(folder) as server:` starts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.host = "127.0.0.1"
        self.port = free_port()
        command = [str(program("clickhouse-server")), f"--config-file={folder / 'config.xml'}"]
        self._process = PartProcess("clickhouse-server", command, folder / "clickhouse.log")

    def start(self) -> None:
        """Start and wait until it listens. PartFailedError: it did not come up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        config = _CONFIG.format(port=self.port, folder=self._folder)
        (self._folder / "config.xml").write_text(config, encoding="utf-8")
        hashed = hashlib.sha256(PASSWORD.encode()).hexdigest()
        (self._folder / "users.xml").write_text(_USERS.format(user=USER, password=hashed), encoding="utf-8")
        self._process.start(lambda: listens(self.port))

    def stop(self) -> None:
        """A clean stop."""
        self._process.stop()

    def kill(self) -> None:
        """The end without a word."""
        self._process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
