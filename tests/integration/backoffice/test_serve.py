"""`backoffice serve` as installers run it: a passage from the stream to page, ledger and verify; evidence; settings."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from backoffice.storage.database import Database
from backoffice.storage.dsn import Address
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Stream
from tests.integration.backoffice.passages import chain
from tests.integration.backoffice.server_process import ServerProcess
from tests.integration.backoffice.test_tag_list import Publisher, run, tariff_file
from tests.parts.process import free_port

pytestmark = pytest.mark.integration


@pytest.fixture
def config(tmp_path: Path, server: ServerProcess, address: Address, stream_dsn: str) -> Path:
    file = tmp_path / "backoffice.toml"
    file.write_text(
        f'database = "{server.dsn(address.database)}"\nstream = "{stream_dsn}"\ndata_dir = "data"\n'
        f'[http]\nlisten = "127.0.0.1:{free_port()}"\nevidence_limit_bytes = 100000\n'
    )
    return file


@pytest.fixture
def page(config: Path) -> Iterator[httpx.Client]:
    publisher = Publisher(config)
    url = next(line.split('"')[1] for line in config.read_text().splitlines() if line.startswith("listen"))
    with httpx.Client(base_url=f"http://{url}", timeout=20) as client:
        until(lambda: answers(client))
        yield client
    assert publisher.stop() == 0


@pytest.fixture
async def stream(stream_dsn: str) -> AsyncIterator[Stream]:
    stream = open_stream(stream_dsn)
    await stream.ensure_topics({topic: topic in COMPACTED_TOPICS for topic in Topic})
    yield stream
    await stream.close()


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/metrics").status_code == 200
    except httpx.TransportError:
        return False


def until(done: Callable[[], Any], timeout_s: float = 60.0) -> None:
    end = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


async def test_a_passage_reaches_ledger_and_verify(
    config: Path, stream: Stream, page: httpx.Client, database: Database
) -> None:
    run(config, "tariff", "publish", str(tariff_file(config)))
    passages = chain(25)
    producer = await stream.producer("lane")
    await asyncio.sleep(1.1)  # tariffs are read at most once a second
    await producer.append(Topic.PASSAGES, [("CM-01", p.encode()) for p in passages[:24]])
    count = "SELECT count() FROM passages FINAL"
    await asyncio.to_thread(until, lambda: database.rows(count) == [(24,)])
    assert json.loads(run(config, "verify", "--json").stdout) == {
        "passages": 24, "charged": 24, "charged_vnd": 24 * 35_000, "findings": []
    }  # fmt: skip
    await asyncio.to_thread(until, lambda: 'ingest_passages_total{outcome="charged"} 24.0' in page.get("/metrics").text)
    assert (await asyncio.to_thread(page.get, "/health")).status_code == 200
    # Something is broken on purpose, and verify names it.
    database.command(
        "ALTER TABLE postings DELETE WHERE posting_id = 'CM-01-e1-000003/payable' SETTINGS mutations_sync = 1"
    )
    database.command("ALTER TABLE passages DELETE WHERE seq = 7 SETTINGS mutations_sync = 1")
    database.command("OPTIMIZE TABLE account_postings FINAL")
    broken = json.loads(run(config, "verify", "--json", expected=1).stdout)["findings"]
    assert {(f["check"], f["subject"]) for f in broken} == {
        ("charge", "CM-01-e1-000003"),
        ("stranger", "CM-01-e1-000007"),
        ("sum", "postings"),
        ("gap", "CM-01 epoch 1"),
    }


def test_evidence_is_what_its_name_says(page: httpx.Client, config: Path, database: Database) -> None:
    picture = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 100
    name = hashlib.sha256(picture).hexdigest()
    assert page.get(f"/evidence/{name}").status_code == 404
    assert page.put(f"/evidence/{name}", content=picture[:-1]).status_code == 400
    assert page.put(f"/evidence/{'0' * 63}", content=picture).status_code == 400
    assert page.put(f"/evidence/{name.upper()}", content=picture).status_code == 400
    assert (
        page.put(f"/evidence/{hashlib.sha256(bytes(100_001)).hexdigest()}", content=bytes(100_001)).status_code == 413
    )
    assert page.put(f"/evidence/{name}", content=picture).status_code == 201
    assert page.put(f"/evidence/{name}", content=picture).status_code == 200
    found = page.get(f"/evidence/{name}")
    assert (found.content, found.headers["content-type"]) == (picture, "image/jpeg")
    script = b"<script>alert(1)</script>"
    page.put(f"/evidence/{hashlib.sha256(script).hexdigest()}", content=script, headers={"content-type": "text/html"})
    served = page.get(f"/evidence/{hashlib.sha256(script).hexdigest()}")
    assert served.headers["content-type"] == "application/octet-stream"
    assert database.rows(f"SELECT size_bytes FROM evidence FINAL WHERE sha256 = '{name}'") == [(len(picture),)]
    left_behind = [path.name for path in (config.parent / "data/evidence").glob("upload-*")]
    assert left_behind == []


def test_a_database_that_goes_away_is_an_alarm_and_its_return_ends_it(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "ch")
    config = tmp_path / "backoffice.toml"
    port = free_port()
    config.write_text(
        f'database = "{server.dsn("etc")}"\nstream = "sqlite://{tmp_path}/s.sqlite3"\ndata_dir = "data"\n'
        f'[http]\nlisten = "127.0.0.1:{port}"\n'
    )
    publisher = Publisher(config)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        until(lambda: answers(client) and client.get("/health").status_code == 200)
        server.kill()
        until(lambda: client.get("/health").status_code == 503)
        server.restart()
        until(lambda: client.get("/health").status_code == 200)
    assert publisher.stop() == 0
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "database: Field required"),
        ("database = 1", "database: Input should be a valid string"),
        ('database = "mysql://u:hidden@h/d"\nstream = "x"\ndata_dir = "d"', "the scheme is 'mysql'"),
        ('database = "clickhouse://u:hidden@h/a-b"\nstream = "x"\ndata_dir = "d"', "'a-b' is no database name"),
        ('database = "clickhouse://u:hidden@h/d"\nstream = "x"\ndata_dir = "d"\nport = 1', "port: Extra inputs"),
        ('database = "clickhouse://u:hidden@h/d"\nstream = "x"\ndata_dir = "d"', "stream 'x': write sqlite:///"),
        (
            'database = "clickhouse://u:hidden@h/d"\nstream = "x"\ndata_dir = "d"\ncutoff = "25:00"',
            "cutoff: String should match",
        ),
        ("database = ", "not TOML"),
    ],
)
def test_settings_that_cannot_be_used_are_named_and_no_password_is_shown(
    tmp_path: Path, text: str, problem: str
) -> None:
    file = tmp_path / "backoffice.toml"
    file.write_text(text)
    program = "from backoffice.app.main import main; main()"
    command = [sys.executable, "-c", program, "serve", "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert problem in done.stderr
    assert "hidden" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
