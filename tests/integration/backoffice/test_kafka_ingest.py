"""Passages from a real Apache Kafka: two processes share the lanes, one of them dies, everything is there once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backoffice.storage.database import Database
from backoffice.storage.dsn import Address
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.stream.connect import open_stream
from tests.integration.backoffice.passages import chain
from tests.integration.backoffice.server_process import ServerProcess
from tests.integration.backoffice.test_serve import until
from tests.integration.backoffice.test_tag_list import Publisher, run, tariff_file
from tests.parts.kafka import KafkaBroker

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


def settings(folder: Path, database: str, stream: str) -> Path:
    folder.mkdir()
    file = folder / "backoffice.toml"
    text = f'database = "{database}"\nstream = "{stream}"\ndata_dir = "data"\n[http]\nlisten = "127.0.0.1:0"\n'
    file.write_text(text)
    return file


async def test_two_processes_and_a_kill(
    kafka_broker: KafkaBroker, stream_prefix: str, tmp_path: Path, server: ServerProcess, address: Address,
    database: Database,
) -> None:  # fmt: skip
    dsn = kafka_broker.dsn(stream_prefix)
    files = [settings(tmp_path / name, server.dsn(address.database), dsn) for name in ("one", "two")]
    run(files[0], "tariff", "publish", str(tariff_file(files[0])))
    stream = open_stream(dsn)
    await stream.ensure_topics({topic: topic in COMPACTED_TOPICS for topic in Topic})
    producer = await stream.producer("lanes")
    publishers = [Publisher(file) for file in files]
    lanes = {f"CM-0{n}": chain(300, lane=f"CM-0{n}") for n in range(1, 5)}
    try:
        for part in range(6):
            for lane, passages in lanes.items():
                sent = passages[part * 50 : part * 50 + 50]
                await producer.append(Topic.PASSAGES, [(lane, p.encode()) for p in sent + sent[:5]])
            await asyncio.sleep(0.5)
            if part == 3:
                publishers[1].kill()
                publishers[1].process = publishers[1].start()
        count = "SELECT count() FROM passages FINAL"
        await asyncio.to_thread(until, lambda: database.rows(count) == [(1200,)], 120.0)
        await asyncio.to_thread(until, publishers[1].is_ready, 60.0)  # the other one may have done all the work
    finally:
        statuses = [publisher.stop() for publisher in publishers]
        await stream.close()
    assert statuses == [0, 0]
    done = run(files[0], "verify")
    assert "1,200 lượt xe/passages, 1,200 charged, 42,000,000 VND" in done.stdout


async def test_a_broker_that_comes_up_later_is_waited_for(
    tmp_path: Path, server: ServerProcess, address: Address, database: Database
) -> None:
    broker = KafkaBroker(tmp_path / "kafka")
    file = settings(tmp_path / "one", server.dsn(address.database), broker.dsn("late"))
    publisher = Publisher(file)
    try:
        log = file.parent / "serve.log"
        await asyncio.to_thread(until, lambda: "stream_away" in log.read_text(), 60.0)
        assert publisher.process.poll() is None
        await asyncio.to_thread(broker.start)
        stream = open_stream(broker.dsn("late"))
        await stream.ensure_topics({topic: topic in COMPACTED_TOPICS for topic in Topic})
        producer = await stream.producer("lanes")
        await producer.append(Topic.PASSAGES, [("CM-01", p.encode()) for p in chain(5)])
        await stream.close()
        await asyncio.to_thread(until, lambda: database.rows("SELECT count() FROM passages FINAL") == [(5,)], 60.0)
    finally:
        assert publisher.stop() == 0
        broker.stop()
