"""One vehicle from the antenna to the statement: the same passage id and the same đồng at every station on the way."""

from __future__ import annotations

import csv
import json
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from clickhouse_driver import Client

from backoffice.contracts.tables import PASSAGE_COLUMNS, PASSAGES
from settlement.reconcile.accounting_day import Cutoff, day_of
from tests.e2e.plaza.books import every_seal_is_judged
from tests.e2e.plaza.joined import OPENING_VND, PLAZA, JoinedPlaza, eventually
from tests.parts.kafka import KafkaBroker
from tests.parts.kcat import read_topic
from tests.parts.mosquitto import MosquittoServer

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(400)]

LANE = "CM-02"
LOCAL = timezone(timedelta(hours=7))
CUTOFF = Cutoff(time(22, 0))
"""Without a configuration a day's statement begins at 22:00 of the day before."""


async def test_one_vehicle_is_the_same_everywhere(
    tmp_path: Path, mosquitto_server: MosquittoServer, kafka_broker: KafkaBroker, stream_prefix: str
) -> None:
    async with JoinedPlaza(tmp_path, mosquitto_server, kafka_broker, stream_prefix, [LANE], cars=5) as plaza:
        car = plaza.cars[2]
        await plaza.roads[LANE].drive(car)

        (recorded,) = await plaza.passages_in_journal(LANE)
        passage_id = recorded["passage_id"]
        assert (recorded["outcome"], recorded["epc"], recorded["fare_vnd"]) == ("charged", car.epc, car.fare_vnd)

        with Client.from_url(plaza.database_dsn) as client:

            async def stored() -> bool:
                return bool(client.execute("SELECT count() FROM passages FINAL")[0][0])

            await eventually(stored, "the passage in ClickHouse", plaza.logs)

            (sent,) = read_topic(kafka_broker.address, f"{stream_prefix}toll.passages.v1")
            assert sent.key == LANE
            assert json.loads(sent.value or "") == recorded

            kept = _stored_passage(client, passage_id)
            assert (kept["lane"], kept["seq"], kept["epc"], kept["account"]) == (LANE, 1, car.epc, car.account)
            assert (kept["fare_vnd"], kept["class"], kept["provider"]) == (
                car.fare_vnd,
                car.vehicle_class,
                car.provider,
            )
            assert kept["record_hash"] == recorded["record_hash"]
            _money_adds_up(client, passage_id, car.fare_vnd, f"customer:{car.account}", car.provider)

            shown = await plaza.snapshot()
            assert [row["passage_id"] for row in shown["recent"]] == [passage_id]
            await every_seal_is_judged(plaza)
            assert (await plaza.command("backoffice", "verify", "--config", str(plaza.backoffice_toml))).startswith(
                "1 "
            )

        await _statement_names_it(plaza, recorded, car.fare_vnd, car.provider)


def _money_adds_up(client: Client, passage_id: str, fare_vnd: int, customer: str, provider: str) -> None:
    """The payer is debited and the provider owes the operator: exactly the fare, exactly once."""
    legs = dict(
        client.execute("SELECT account, amount_vnd FROM postings FINAL WHERE passage_id = %(id)s", {"id": passage_id})
    )
    assert legs == {customer: fare_vnd, f"operator_payable:{PLAZA}:{provider}": -fare_vnd}
    assert client.execute("SELECT sum(amount_vnd) FROM postings FINAL") == [(0,)]
    balance = client.execute("SELECT -sum(amount_vnd) FROM postings FINAL WHERE account = %(a)s", {"a": customer})
    assert balance == [(OPENING_VND - fare_vnd,)]


async def _statement_names_it(plaza: JoinedPlaza, recorded: dict[str, Any], fare_vnd: int, provider: str) -> None:
    """The statement of its accounting day holds the passage, in the CSV and in the workbook, and owes its fare."""
    passed_at = datetime.fromisoformat(recorded["passed_at_utc"]).astimezone(LOCAL)
    out = plaza.folder / "statement"
    day = day_of(passed_at, CUTOFF).isoformat()
    await plaza.command("settlement", "statement", "--day", day, "--database", plaza.database_dsn, "--out", str(out))

    with (out / "passages.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["passage_id"], row["fare_vnd"], row["provider"]) == (recorded["passage_id"], str(fare_vnd), provider)
    assert datetime.fromisoformat(row["passed_at"]) == passed_at

    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    control = summary["control"]
    assert (control["passages"], control["charged_vnd"], control["ledger_vnd"]) == (1, fare_vnd, fare_vnd)
    assert summary["agreed_vnd"] == fare_vnd
    assert summary["net_payable_vnd"] == fare_vnd - summary["fee_vnd"] + summary["corrections_vnd"]

    book = openpyxl.load_workbook(out / "statement.xlsx", read_only=True, data_only=True)
    lines = [line for sheet in book for line in sheet.iter_rows(values_only=True) if recorded["passage_id"] in line]
    book.close()
    (line,) = lines
    assert fare_vnd in line
    assert provider in line


def _stored_passage(client: Client, passage_id: str) -> dict[str, Any]:
    """The one row of a passage, by the names of the published columns."""
    sql = f"SELECT {', '.join(PASSAGE_COLUMNS)} FROM {PASSAGES} FINAL WHERE passage_id = %(id)s"
    (row,) = client.execute(sql, {"id": passage_id})
    return dict(zip(PASSAGE_COLUMNS, row, strict=True))
