"""The two adapters that the contract runs on, and processes that use them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Consumer, Record, Stream
from tests.parts.kafka import FAST_COMPACTION

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.integration)])
def dsn(request: pytest.FixtureRequest, tmp_path: Path, stream_prefix: str) -> str:
    """The stream under test; every program that opens it sees the same topics."""
    if request.param == "embedded":
        return f"sqlite://{tmp_path}/stream.sqlite3?prefix={stream_prefix}&superseded_ms=0&tombstone_ms=0"
    broker = request.getfixturevalue("kafka_broker")
    return str(broker.dsn(stream_prefix, FAST_COMPACTION))


@pytest.fixture
async def stream(dsn: str) -> AsyncIterator[Stream]:
    found = open_stream(dsn)
    yield found
    await found.close()


async def read_all(consumer: Consumer, enough: Callable[[list[Record]], bool], within_s: float = 60.0) -> list[Record]:
    """Poll until `enough`; the test fails by its time limit otherwise."""
    found: list[Record] = []
    async with asyncio.timeout(within_s):
        while not enough(found):
            found += await consumer.poll(0.5)
    return found


async def read_to_end(consumer: Consumer, within_s: float = 60.0) -> list[Record]:
    """Everything that is in the topics now."""
    found: list[Record] = []
    async with asyncio.timeout(within_s):
        while not await consumer.caught_up():
            found += await consumer.poll(0.2)
    return found


@asynccontextmanager
async def program(module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that runs a module of this folder; killed at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"tests.contract.stream.{module}", *arguments, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def lines(process: asyncio.subprocess.Process) -> list[str]:
    """The rest of what the process printed, without a last line that its death cut off."""
    assert process.stdout is not None
    text = (await process.stdout.read()).decode()
    return text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
