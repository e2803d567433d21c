"""One embedded database server for the folder, a plaza with tables of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.settlement.back_office_tables import BackOffice
from tests.integration.settlement.closing.closed_plaza import Plaza


@pytest.fixture(scope="package")
def back_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackOffice]:
    server = BackOffice(tmp_path_factory.mktemp("closing_back_office"))
    yield server
    assert server.close() == 0


@pytest.fixture
def plaza(back_office: BackOffice, tmp_path: Path) -> Plaza:
    back_office.fresh()
    return Plaza(back_office, tmp_path / "plaza")
