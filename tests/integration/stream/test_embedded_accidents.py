"""Accidents of the embedded stream: many processes at once, killed writers, files that are full, broken or too new."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from lane_controller.contracts.values import Topic
from lane_controller.stream.connect import open_stream
from lane_controller.stream.embedded import EmbeddedStream
from lane_controller.stream.port import StreamError
from lane_controller.stream.sqlite_log import Keeping, LogFile
from tests.contract.stream.conftest import ROOT, lines, program, read_to_end

PASSAGES = "toll.passages.v1"
TAG_LIST = "toll.tag-list.v1"


def dsn_of(folder: Path) -> str:
    return f"sqlite://{folder}/stream.sqlite3"


async def test_eight_processes_may_create_the_file_at_the_same_moment(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from lane_controller.stream.connect import open_stream\n"
        "async def main():\n"
        "    stream = open_stream(sys.argv[1])\n"
        "    await stream.ensure_topics({'toll.passages.v1': False, 'toll.tag-list.v1': True})\n"
        "    await (await stream.producer('x')).append('toll.passages.v1', [(sys.argv[2], b'1')])\n"
        "    await stream.close()\n"
        "asyncio.run(main())\n"
    )
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, dsn_of(tmp_path), str(number), cwd=ROOT)
        for number in range(8)
    ]
    assert await asyncio.gather(*(process.wait() for process in started)) == [0] * 8
    stream = EmbeddedStream(tmp_path / "stream.sqlite3")
    found = await read_to_end(await stream.consumer([PASSAGES], None))
    assert {record.key for record in found} == {str(number) for number in range(8)}
    await stream.close()


async def test_several_writers_killed_at_once_lose_nothing_acknowledged(tmp_path: Path) -> None:
    stream = EmbeddedStream(tmp_path / "stream.sqlite3")
    await stream.ensure_topics({PASSAGES: False})
    keys = ["CM-01", "CM-02", "CM-03"]

    async def killed(key: str) -> list[str]:
        async with program("writer", dsn_of(tmp_path), PASSAGES, key, "1000000", "2") as process:
            assert process.stdout is not None
            head = [(await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip() for _ in range(40)]
            process.kill()
            return head + await lines(process)

    acknowledged = await asyncio.gather(*(killed(key) for key in keys))
    found = await read_to_end(await stream.consumer([PASSAGES], None))
    for key, printed in zip(keys, acknowledged, strict=True):
        numbers = [int(record.value or b"") for record in found if record.key == key]
        assert numbers[: len(printed)] == [int(text) for text in printed]
    offsets = [record.offset for record in found]
    assert offsets == list(range(len(offsets)))
    await stream.close()


async def test_a_full_disk_is_named_and_appending_goes_on_later(tmp_path: Path) -> None:
    stream = EmbeddedStream(tmp_path / "stream.sqlite3")
    await stream.ensure_topics({PASSAGES: False})
    producer = await stream.producer("lane")
    await producer.append(PASSAGES, [("CM-01", b"before")])
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, usual[1]))  # Python ignores SIGXFSZ: writes fail instead
    try:
        with pytest.raises(StreamError, match=r"stream\.sqlite3.*check free space"):
            await producer.append(PASSAGES, [("CM-01", bytes(1_000_000))])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    await producer.append(PASSAGES, [("CM-01", b"after")])
    found = await read_to_end(await stream.consumer([PASSAGES], None))
    assert [record.value for record in found] == [b"before", b"after"]
    await stream.close()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "stream.sqlite3"
    path.write_bytes(b"not a database at all" * 100)
    stream = EmbeddedStream(path)
    with pytest.raises(StreamError, match=r"stream\.sqlite3"):
        await stream.ensure_topics({PASSAGES: False})
    with pytest.raises(StreamError, match=r"stream\.sqlite3"):
        await (await stream.consumer([PASSAGES], None)).poll(0.1)
    await stream.close()


async def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "stream.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    stream = EmbeddedStream(path)
    with pytest.raises(StreamError, match="99"):
        await stream.ensure_topics({PASSAGES: False})
    await stream.close()


async def test_a_folder_without_rights_or_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    stream = EmbeddedStream(tmp_path / "file" / "stream.sqlite3")
    with pytest.raises(StreamError, match=r"stream\.sqlite3"):
        await stream.ensure_topics({PASSAGES: False})
    await stream.close()


async def test_a_file_that_kept_every_status_keeps_the_newest_from_now_on(tmp_path: Path) -> None:
    path, status = tmp_path / "stream.sqlite3", f"test.{Topic.LANE_STATUS.value}"
    old = EmbeddedStream(path)
    await old.ensure_topics({status: False, PASSAGES: False})
    producer = await old.producer("lane")
    told = [(lane, b"%d" % n) for n in range(50) for lane in ("CM-01", "CM-02")]
    await producer.append(status, told)
    await producer.append(PASSAGES, [("CM-01", b"%d" % n) for n in range(50)])
    member = await old.consumer([status], "backoffice")
    await member.commit((await member.poll(5.0))[:30])
    await old.close()
    with contextlib.closing(sqlite3.connect(path)) as db:  # as the program before left it
        db.execute("PRAGMA user_version = 1")

    new = EmbeddedStream(path)
    await new.ensure_topics({status: True, PASSAGES: False})
    await (await new.producer("lane")).append(status, [("CM-01", b"now")])
    await asyncio.sleep(1.5)  # longer than the pause between compactions
    found = await read_to_end(await new.consumer([status], None))
    assert [(r.key, r.value) for r in found] == [("CM-01", b"49"), ("CM-02", b"49"), ("CM-01", b"now")]
    member = await new.consumer([status], "backoffice")
    assert (await member.poll(5.0))[-1].value == b"now"
    assert len(await read_to_end(await new.consumer([PASSAGES], None))) == 50
    await new.close()


async def test_compaction_leaves_versions_for_slow_readers(tmp_path: Path) -> None:
    stream = EmbeddedStream(tmp_path / "stream.sqlite3", Keeping(superseded_ms=3_600_000))
    await stream.ensure_topics({TAG_LIST: True})
    producer = await stream.producer("lists")
    for version in range(3):
        await producer.append(TAG_LIST, [("E1", b"%d" % version)])
    await asyncio.sleep(1.5)  # longer than the pause between compactions
    await producer.append(TAG_LIST, [("E2", b"x")])
    found = await read_to_end(await stream.consumer([TAG_LIST], None))
    assert [record.value for record in found] == [b"0", b"1", b"2", b"x"]
    await stream.close()


async def test_a_busy_topic_does_not_starve_another(tmp_path: Path) -> None:
    stream = EmbeddedStream(tmp_path / "stream.sqlite3")
    await stream.ensure_topics({PASSAGES: False, TAG_LIST: True})
    producer = await stream.producer("lane")
    await producer.append(PASSAGES, [("CM-01", b"x")] * 1000)
    await producer.append(TAG_LIST, [("E1", b"y")])
    reader = await stream.consumer([PASSAGES, TAG_LIST], None)
    found = [*await reader.poll(1.0, 10), *await reader.poll(1.0, 10)]
    assert TAG_LIST in {record.topic for record in found}
    await stream.close()


async def test_only_what_is_replaced_within_a_second_goes_without_an_fsync(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "s.sqlite3", Keeping())
    seen: list[int] = []

    def synchronous() -> int:
        return int(file._db.execute("pragma synchronous").fetchone()[0])

    for lasting in (True, False, False, True):
        with file.transaction(lasting=lasting):
            seen.append(synchronous())
    file.close()
    assert seen == [2, 1, 1, 2]


@pytest.mark.parametrize(("topic", "lasting"), [("lane-status", False), ("passages", True), ("seals", True)])
async def test_a_status_alone_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, topic: str, lasting: bool
) -> None:
    asked: list[bool] = []
    transaction = LogFile.transaction

    def noted(self: LogFile, *, lasting: bool = True) -> Any:
        asked.append(lasting)
        return transaction(self, lasting=lasting)

    stream = open_stream(f"sqlite://{tmp_path}/s.sqlite3?prefix=test.")
    await stream.ensure_topics({f"toll.{topic}.v1": False})
    producer = await stream.producer("p")
    monkeypatch.setattr(LogFile, "transaction", noted)
    await producer.append(f"toll.{topic}.v1", [("CM-01", b"{}")])
    monkeypatch.undo()
    reader = await stream.consumer([f"toll.{topic}.v1"], None)
    assert [record.value for record in await reader.poll(5.0)] == [b"{}"]
    await stream.close()
    assert asked == [lasting]
