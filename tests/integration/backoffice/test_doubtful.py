"""`backoffice doubtful`: one tag charged twice sooner than a vehicle can come again, until a person has decided."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backoffice.ingest.decode import decode_passage
from backoffice.ingest.store import PassageStore
from backoffice.lists.registry import AccountRow, Registry
from backoffice.rating.charge import Contract
from backoffice.rating.tariff import Tariff, Tariffs
from backoffice.storage.database import Database
from backoffice.storage.dsn import Address
from lane_controller.contracts.v1 import PassageV1
from lane_controller.contracts.values import Topic
from lane_controller.stream.port import Record
from tests.integration.backoffice.passages import FARES, passage
from tests.integration.backoffice.server_process import ServerProcess
from tests.integration.backoffice.test_tag_list import run

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def config(tmp_path: Path, server: ServerProcess, address: Address) -> Path:
    file = tmp_path / "backoffice.toml"
    file.write_text(f'database = "{server.dsn(address.database)}"\nstream = "sqlite://{tmp_path}/s"\ndata_dir = "d"\n')
    return file


def crossed(seq: int, lane: str, ago_s: int, **changes: Any) -> PassageV1:
    at = NOW - timedelta(seconds=ago_s)
    times = {"detected_at_utc": at - timedelta(seconds=4), "decided_at_utc": at - timedelta(seconds=3)}
    return passage(seq, lane=lane, passed_at_utc=at, **times, **changes)


def store(database: Database, *passages: PassageV1) -> None:
    into = PassageStore(database, lambda plaza: Contract(plaza, ("VETC",)), lambda: time.time_ns() // 1000)
    into.tariffs = Tariffs([Tariff("CM", 1, 0, FARES)])
    records = [Record(Topic.PASSAGES, 0, n, p.lane, p.encode(), 0) for n, p in enumerate(passages)]
    into.write([(record, decode_passage(record)) for record in records])
    Registry(database).put_accounts([AccountRow("TK000001", "VETC", "An")])


def listed(config: Path, *options: str, expected: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(config, "doubtful", "--json", *options, expected=expected).stdout)
    return found


def test_a_stray_charged_beside_its_own_vehicle_until_it_is_corrected(config: Path, database: Database) -> None:
    stray = crossed(1, "CM-01", 60, plate=None, plate_confidence=None, flags=["NO_PLATE"])
    store(database, stray, crossed(1, "CM-02", 40))
    (pair,) = listed(config, expected=1)
    assert pair["doubtful"] == stray.passage_id
    assert pair["apart_s"] == 20
    assert [one["lane"] for one in pair["passages"]] == ["CM-01", "CM-02"]
    told = run(config, "doubtful", expected=1).stdout
    assert f"backoffice correct {stray.passage_id} --waive" in told
    run(config, "correct", stray.passage_id, "--waive", "--operator", "an", "--reason", "the tag was in lane 2")
    assert listed(config, expected=0) == []
    customer = "SELECT sum(amount_vnd) FROM postings FINAL WHERE account = 'customer:TK000001'"
    assert database.rows(customer) == [(35_000,)]


def test_plates_that_do_not_tell_leave_it_open(config: Path, database: Database) -> None:
    store(database, crossed(1, "CM-01", 60), crossed(1, "CM-02", 40))
    (pair,) = listed(config, expected=1)
    assert pair["doubtful"] is None


@pytest.mark.parametrize(
    "second",
    [
        crossed(2, "CM-01", 0),
        crossed(1, "CM-02", 40, epc="E2801160600002075A1B2C99"),
        crossed(1, "CM-02", 40, outcome="ticket", fare_vnd=0, ticket_no="V-1"),
    ],
    ids=["came again later", "another tag", "charged once"],
)
def test_what_can_be_is_not_doubted(config: Path, database: Database, second: PassageV1) -> None:
    store(database, crossed(1, "CM-01", 121), second)
    assert listed(config, "--within", "120", expected=0) == []


def test_three_in_a_row_are_two_pairs(config: Path, database: Database) -> None:
    store(database, *(crossed(1, f"CM-0{n}", 100 - 30 * n) for n in (1, 2, 3)))
    pairs = listed(config, expected=1)
    assert [[one["lane"] for one in pair["passages"]] for pair in pairs] == [["CM-02", "CM-03"], ["CM-01", "CM-02"]]


def test_nothing_doubtful_is_said(config: Path, database: Database) -> None:
    store(database, crossed(1, "CM-01", 60))
    assert "nothing doubtful" in run(config, "doubtful").stdout
