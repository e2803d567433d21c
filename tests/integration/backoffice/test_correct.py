"""`backoffice correct`: a person decides, nothing that was booked changes, and everything still adds up."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from backoffice.ingest.decode import decode_passage
from backoffice.ingest.store import PassageStore
from backoffice.lists.registry import AccountRow, Registry
from backoffice.rating.charge import Contract
from backoffice.rating.tariff import Tariff, Tariffs
from backoffice.storage.database import Database
from backoffice.storage.dsn import Address
from lane_controller.contracts.values import Topic
from lane_controller.stream.port import Record
from tests.integration.backoffice.passages import FARES, passage
from tests.integration.backoffice.server_process import ServerProcess
from tests.integration.backoffice.test_tag_list import run

pytestmark = pytest.mark.integration

BY = ("--operator", "an", "--reason", "camera shows class 1")


@pytest.fixture
def config(tmp_path: Path, server: ServerProcess, address: Address) -> Path:
    file = tmp_path / "backoffice.toml"
    file.write_text(f'database = "{server.dsn(address.database)}"\nstream = "sqlite://{tmp_path}/s"\ndata_dir = "d"\n')
    return file


@pytest.fixture
def wrong_fare(database: Database) -> str:
    """A passage that the lane charged 50,000 VND where the tariff says 35,000: it stands in suspense."""
    store = PassageStore(database, lambda plaza: Contract(plaza, ("VETC",)), lambda: time.time_ns() // 1000)
    store.tariffs = Tariffs([Tariff("CM", 1, 0, FARES)])
    message = passage(1, fare_vnd=50_000)
    record = Record(Topic.PASSAGES, 0, 0, message.lane, message.encode(), 0)
    store.write([(record, decode_passage(record))])
    Registry(database).put_accounts([AccountRow("TK000001", "VETC", "An"), AccountRow("TK000002", "VETC", "Bình")])
    return message.passage_id


def balances(database: Database) -> dict[str, int]:
    sql = "SELECT account, sum(amount_vnd) AS vnd FROM postings FINAL GROUP BY account HAVING vnd != 0"
    return dict(database.rows(sql))


def test_decision_after_decision(config: Path, database: Database, wrong_fare: str) -> None:
    before = database.rows("SELECT * EXCEPT written_at FROM postings FINAL ORDER BY posting_id")
    assert balances(database) == {"suspense:CM": 50_000, "operator_payable:CM:VETC": -50_000}
    run(config, "correct", wrong_fare, "--account", "TK000001", "--amount", "35000", *BY)
    assert balances(database) == {"customer:TK000001": 35_000, "operator_payable:CM:VETC": -35_000}
    run(config, "correct", wrong_fare, "--account", "TK000002", *BY)
    assert balances(database) == {"customer:TK000002": 35_000, "operator_payable:CM:VETC": -35_000}
    run(config, "correct", wrong_fare, "--waive", *BY)
    assert balances(database) == {}
    refused = run(config, "correct", wrong_fare, "--waive", *BY, expected=2)
    assert "nothing stands" in refused.stderr
    after = database.rows("SELECT * EXCEPT written_at FROM postings FINAL ORDER BY posting_id")
    assert set(before) < set(after)
    decisions = (
        "SELECT correction_id, account, amount_vnd, operator, reason FROM corrections FINAL ORDER BY correction_id"
    )
    assert database.rows(decisions) == [
        ("k1", "TK000001", 35_000, "an", "camera shows class 1"),
        ("k2", "TK000002", 35_000, "an", "camera shows class 1"),
        ("k3", "", 0, "an", "camera shows class 1"),
    ]
    assert "complete and balanced" in run(config, "verify").stdout


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "--account, or --waive"),
        (("--waive", "--account", "TK000001"), "--account, or --waive"),
        (("--account", "TK9"), "account 'TK9' is not known"),
    ],
)
def test_what_is_no_decision_is_refused(
    config: Path, database: Database, wrong_fare: str, options: tuple[str, ...], problem: str
) -> None:
    before = database.rows("SELECT count() FROM postings FINAL")
    assert problem in run(config, "correct", wrong_fare, *options, *BY, expected=2).stderr
    assert database.rows("SELECT count() FROM postings FINAL") == before


def test_a_leg_taken_back_twice_is_found(config: Path, database: Database, wrong_fare: str) -> None:
    run(config, "correct", wrong_fare, "--waive", *BY)
    database.command(
        "INSERT INTO postings SELECT concat(posting_id, '-again') AS posting_id, * EXCEPT posting_id "
        "FROM postings FINAL WHERE reverses != ''"
    )
    told = run(config, "verify", expected=1).stdout
    assert told.count("is taken back 2 times") == 2
