"""A running embedded server, and a fresh migrated database in it for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from backoffice.storage.database import Database
from backoffice.storage.dsn import Address, parse
from backoffice.storage.migrate import migrate
from tests.integration.backoffice.server_process import ServerProcess


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("clickhouse"))
    yield process
    assert process.stop() == 0


@pytest.fixture
def address(server: ServerProcess) -> Address:
    address = parse(server.dsn(f"t{uuid.uuid4().hex}"))
    migrate(address)
    return address


@pytest.fixture
def database(address: Address) -> Iterator[Database]:
    database = Database(address)
    yield database
    database.close()


@pytest.fixture
def stream_dsn(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/stream.sqlite3"
