"""The tag list: versions that rise by exactly one, whatever dies in between, and say what the database says."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from backoffice.ledger.postings import top_up
from backoffice.lists.accounts_file import parse
from backoffice.lists.registry import Registry
from backoffice.storage.database import Database
from backoffice.storage.dsn import Address
from lane_controller.contracts.v1 import (
    HEARTBEAT_KEY,
    TagEntryV1,
    TagListChangeV1,
    TagListHeartbeatV1,
    TariffV1,
    checksum_text,
    entry_digest,
)
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Consumer, Stream
from tests.integration.backoffice.server_process import ServerProcess

pytestmark = pytest.mark.integration

HEADER = "epc,tid,account,provider,plate,class,status,available_vnd,holder\n"


def rows(count: int, first: int = 1) -> str:
    numbers = range(first, first + count)
    return HEADER + "".join(f"E28011{n:018X},,TK{n // 2:06d},VETC,20A-{n:05d},1,active,1000000,An\n" for n in numbers)


class Lane:
    """What a lane does with the topic: keeps the entries, checks the heartbeats."""

    def __init__(self, consumer: Consumer) -> None:
        self.consumer = consumer
        self.entries: dict[str, TagEntryV1] = {}
        self.versions: list[int] = []
        self.content: dict[int, bytes] = {}
        self.heartbeat: TagListHeartbeatV1 | None = None

    async def read(self) -> None:
        for record in await self.consumer.poll(0.2, 5000):
            assert record.value is not None
            if record.key == HEARTBEAT_KEY:
                self.heartbeat = TagListHeartbeatV1.decode(record.value)
                continue
            change = TagListChangeV1.decode(record.value)
            # A version that comes again must be the same change: the number was not reused.
            assert self.content.setdefault(change.version, record.value) == record.value
            if change.version > (self.versions[-1] if self.versions else 0):
                self.versions.append(change.version)
            if change.entry is None:
                self.entries.pop(change.epc, None)
            else:
                self.entries[change.epc] = change.entry

    def complete(self) -> bool:
        """What the heartbeat says is what is here, and no version is missing."""
        beat, digest = self.heartbeat, 0
        for entry in self.entries.values():
            digest ^= entry_digest(entry)
        here = (len(self.versions), len(self.entries), checksum_text(digest))
        told = beat and (beat.version, beat.entries, beat.checksum)
        return told == here and self.versions == list(range(1, len(self.versions) + 1))

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not (self.complete() and done()):
                await self.read()


class Publisher:
    """`backoffice serve` as a process, to be killed."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        program = "from backoffice.app.main import main; main()"
        with (self.config.parent / "serve.log").open("a") as log:
            self.log_begins = log.tell()
            command = [sys.executable, "-c", program, "serve", "--config", str(self.config)]
            return subprocess.Popen(command, stdout=log, stderr=log)

    def is_ready(self) -> bool:
        """Whether the process that runs now (not one before it) has said so; from then on SIGTERM stops it cleanly."""
        return b"ready: " in (self.config.parent / "serve.log").read_bytes()[self.log_begins :]

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=30)


@pytest.fixture
async def stream(stream_dsn: str) -> AsyncIterator[Stream]:
    stream = open_stream(stream_dsn)
    await stream.ensure_topics({topic: topic in COMPACTED_TOPICS for topic in Topic})
    yield stream
    await stream.close()


@pytest.fixture
def config(tmp_path: Path, server: ServerProcess, address: Address, stream_dsn: str) -> Path:
    file = tmp_path / "backoffice.toml"
    file.write_text(
        f'database = "{server.dsn(address.database)}"\nstream = "{stream_dsn}"\ndata_dir = "data"\n'
        '[http]\nlisten = "127.0.0.1:0"\n[lists]\nheartbeat_s = 0.5\n'
    )
    return file


@pytest.fixture
def registry(database: Database) -> Registry:
    return Registry(database)


def take(registry: Registry, text: str) -> None:
    content = parse(text, "CM")
    assert content.problems == []
    registry.put_accounts(list(content.accounts.values()))
    registry.book([top_up(a, "VETC", vnd, f"opening:{a}", 1) for a, vnd in content.opening_vnd.items()], 1)
    registry.put_tags(list(content.tags.values()))


async def test_versions_never_skip_or_repeat_across_kills(
    config: Path, stream: Stream, registry: Registry, database: Database
) -> None:
    lane = Lane(await stream.consumer([Topic.TAG_LIST], None))
    publisher = Publisher(config)
    try:
        for life in range(4):
            take(registry, rows(150, 1 + 100 * life))
            await asyncio.sleep(0.4 * life)  # at a different moment of its work each time
            publisher.kill()
            publisher.process = publisher.start()
            registry.book([top_up("TK000007", "VETC", 5_000, f"topup:VETC:{life}", 2)], 2)
        paid = f"E28011{14:018X}"
        await lane.until(lambda: len(lane.entries) == 450 and lane.entries[paid].available_vnd == 1_020_000)
        stored = database.rows("SELECT count(), uniqExact(version), min(version), max(version) FROM tag_changes FINAL")
        assert stored == [(len(lane.versions), len(lane.versions), 1, len(lane.versions))]
    finally:
        assert publisher.stop() == 0


async def test_every_kind_of_change_reaches_the_lanes(config: Path, stream: Stream, registry: Registry) -> None:
    take(registry, rows(4))
    lane = Lane(await stream.consumer([Topic.TAG_LIST], None))
    publisher = Publisher(config)
    try:
        await lane.until(lambda: len(lane.entries) == 4)
        assert {e.account: e.available_vnd for e in lane.entries.values()} == dict.fromkeys(
            ["TK000000", "TK000001", "TK000002"], 1_000_000
        )
        run(config, "accounts", "block", f"E28011{1:018X}")
        run(config, "accounts", "topup", "TK000001", "250000", "--reference", "bank-7")
        run(config, "accounts", "topup", "TK000001", "250000", "--reference", "bank-7")
        run(config, "tariff", "publish", str(tariff_file(config)))
        await lane.until(
            lambda: (
                lane.entries[f"E28011{1:018X}"].status == "blocked"
                and lane.entries[f"E28011{2:018X}"].available_vnd == 1_250_000
                and lane.entries[f"E28011{3:018X}"].available_vnd == 1_250_000
            )
        )
        tag = registry.tags([f"E28011{4:018X}"])[0]
        registry.put_tags([type(tag)(**{n: getattr(tag, n) for n in tag.__slots__} | {"removed": True})])
        await lane.until(lambda: len(lane.entries) == 3)
        tariffs = await stream.consumer([Topic.TARIFF], None)
        found = [TariffV1.decode(r.value) for r in await tariffs.poll(10.0) if r.value is not None]
        assert [(t.version, t.fares_vnd[5], t.demonstration) for t in found] == [(1, 180_000, True)]
    finally:
        assert publisher.stop() == 0


async def test_a_stream_that_lost_everything_gets_the_whole_list_again(
    config: Path, tmp_path: Path, stream: Stream, registry: Registry
) -> None:
    take(registry, rows(30))
    lane = Lane(await stream.consumer([Topic.TAG_LIST], None))
    publisher = Publisher(config)
    try:
        await lane.until(lambda: len(lane.entries) == 30)
    finally:
        assert publisher.stop() == 0
    config.write_text(config.read_text().replace("stream.sqlite3", "another.sqlite3"))
    another = open_stream(f"sqlite://{tmp_path}/another.sqlite3")
    await another.ensure_topics({topic: topic in COMPACTED_TOPICS for topic in Topic})
    publisher = Publisher(config)
    try:
        fresh = Lane(await another.consumer([Topic.TAG_LIST], None))
        await fresh.until(lambda: len(fresh.entries) == 30)
        assert fresh.entries == lane.entries
    finally:
        assert publisher.stop() == 0
        await another.close()


def test_a_second_publisher_is_refused(config: Path) -> None:
    publisher = Publisher(config)
    try:
        log = config.parent / "serve.log"
        while "ready" not in log.read_text():
            assert publisher.process.poll() is None, log.read_text()
        second = run(config, "serve", expected=2)
        assert "another process publishes the lists" in second.stderr
    finally:
        assert publisher.stop() == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("epc,account\n", "line 1: column provider is missing"),
        (HEADER.replace("holder", "owner"), "line 1: unknown column 'owner'"),
        (HEADER + "E28,,A1,VETC,20A1,6,active,1,x\n", "line 2: column class: '6'"),
        (HEADER + "XYZ,,A1,VETC,20A1,1,active,1,x\n", "line 2: column epc"),
        (HEADER + "E280,,A1,VETC,20A1,1,lost,1,x\n", "line 2: 'lost' is not a valid TagStatus"),
        (HEADER + "E280,,A1,VETC,20A1,1,active,1.5,x\n", "line 2: column available_vnd: '1.5'"),
        (HEADER + "E280,,,VETC,20A1,1,active,1,x\n", "line 2: column account: empty"),
        (HEADER + "E280,,A1,VETC,20A1,1,active,1,x,y\n", "line 2: more cells than columns"),
        (HEADER + "E280,,A1,VETC,20A1,1,,1,x\nE2 80,,A1,VETC,20A1,1,,1,x\n", "line 3: column epc: E280 stands on an"),
        (HEADER + "E280,,A1,VETC,20A1,1,,1,x\nE281,,A1,VETC,20A1,1,,2,x\n", "line 3: column available_vnd: account A1"),
        (HEADER + "E280,,A1,VETC,20A1,1,,1,x\nE281,,A1,VDTC,20A1,1,,1,x\n", "line 3: column provider: account A1"),
    ],
)
def test_a_wrong_file_is_not_taken_and_says_why(config: Path, registry: Registry, text: str, problem: str) -> None:
    file = config.parent / "accounts.csv"
    file.write_text(text)
    refused = run(config, "accounts", "import", str(file), expected=2)
    assert problem in refused.stderr
    assert "nothing was imported" in refused.stderr
    assert registry.all_accounts(10) == []


def tariff_file(config: Path) -> Path:
    file = config.parent / "tariff.toml"
    file.write_text(
        'plaza = "CM"\nname = "demo"\ndemonstration = true\nvalid_from = 2020-01-01T00:00:00+07:00\n'
        "[fares_vnd]\n1 = 35000\n2 = 50000\n3 = 75000\n4 = 120000\n5 = 180000\n"
    )
    return file


def run(config: Path, *arguments: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
    program = "from backoffice.app.main import main; main()"
    command = [sys.executable, "-c", program, *arguments, "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == expected, done.stderr
    return done
