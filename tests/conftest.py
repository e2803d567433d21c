"""Fixtures of the whole test tree: real parts on free ports in folders of their own.

A part that is not on the machine skips its tests with the remedy; with CI or ETC_REQUIRE_PARTS=1 set it is an error.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.parts.chromium import chromium_path
from tests.parts.clickhouse_server import ClickhouseServer
from tests.parts.kafka import KafkaBroker
from tests.parts.missing import PartMissingError, skip_or_fail
from tests.parts.mosquitto import MosquittoServer
from tests.parts.pcscd import Pcscd

_numbers = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: the full number of rounds of the proofs (`make prove`); without it each runs a short part."""
    parser.addoption("--long", action="store_true", help="proofs with their full number of rounds (make prove)")


@pytest.fixture(scope="session")
def long_run(pytestconfig: pytest.Config) -> bool:
    """Whether the proofs run with their full number of rounds."""
    return bool(pytestconfig.getoption("--long"))


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One Apache Kafka for the session; nobody may stop it. Use `stream_prefix` to keep out of other tests' way."""
    try:
        with KafkaBroker(tmp_path_factory.mktemp("kafka") / "node") as broker:
            yield broker
    except PartMissingError as missing:
        skip_or_fail(missing)


@pytest.fixture
def own_kafka_broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    """An Apache Kafka for one test, which may kill and restart it."""
    try:
        with KafkaBroker(tmp_path / "kafka") as broker:
            yield broker
    except PartMissingError as missing:
        skip_or_fail(missing)


@pytest.fixture
def stream_prefix() -> str:
    """A prefix for topics and groups that no other test of this session has."""
    return f"t{next(_numbers)}."


@pytest.fixture
def mosquitto_server(tmp_path: Path) -> Iterator[MosquittoServer]:
    """A mosquitto for one test, which may kill and restart it."""
    try:
        with MosquittoServer(tmp_path / "mosquitto") as broker:
            yield broker
    except PartMissingError as missing:
        skip_or_fail(missing)


@pytest.fixture(scope="session")
def clickhouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickhouseServer]:
    """Debian's clickhouse-server for the session, for tests of the native wire."""
    try:
        with ClickhouseServer(tmp_path_factory.mktemp("clickhouse") / "server") as server:
            yield server
    except PartMissingError as missing:
        skip_or_fail(missing)


@pytest.fixture
def pcscd(tmp_path: Path) -> Iterator[Pcscd]:
    """A pcscd with a virtual card reader for one test, which may kill and restart it."""
    try:
        with Pcscd(tmp_path / "pcscd") as service:
            yield service
    except PartMissingError as missing:
        skip_or_fail(missing)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of Debian's Chromium."""
    try:
        return chromium_path()
    except PartMissingError as missing:
        skip_or_fail(missing)


@pytest.fixture
def require_part() -> Callable[[Callable[[], object]], object]:
    """Runs something that may raise PartMissingError, and skips or fails the test when it does."""

    def run(start: Callable[[], object]) -> object:
        try:
            return start()
        except PartMissingError as missing:
            skip_or_fail(missing)

    return run
