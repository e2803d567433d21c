"""The back office's published tables on the embedded ClickHouse server, filled by the test."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from clickhouse_driver import Client

from backoffice.contracts import ledger
from backoffice.contracts.tables import PASSAGE_COLUMNS, PASSAGES, POSTING_COLUMNS, POSTINGS
from backoffice.storage.dsn import parse
from backoffice.storage.migrate import migrate
from tests.integration.backoffice.server_process import ServerProcess


class BackOffice:
    """The embedded server as installers run it, with a migrated database of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._server = ServerProcess(folder)
        self._client: Client | None = None
        self.fresh()

    def fresh(self) -> None:
        """Go on with new, empty tables of the back office."""
        self.leave()
        self.address = self._server.dsn(f"t{uuid.uuid4().hex}")
        migrate(parse(self.address))
        self._client = Client.from_url(self.address)

    def leave(self) -> None:
        """End the connection, if there is one."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None

    def ask(self, sql: str) -> None:
        assert self._client is not None
        self._client.execute(sql)

    def insert(self, table: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Columns that a row does not name hold what the type has for "nothing"."""
        names = ", ".join(f"`{name}`" for name in columns)
        nothing = {name: _nothing(kind) for name, kind in columns.items()}
        data = [tuple((nothing | dict(row))[name] for name in columns) for row in rows]
        if data:
            assert self._client is not None
            self._client.execute(f"insert into {table} ({names}) values", data)

    def kill_and_restart(self) -> None:
        """As a power cut of the database; its port changes nothing."""
        self.leave()
        self._server.kill()
        self._server.restart()

    def close(self) -> int:
        self.leave()
        return self._server.stop()


def _nothing(kind: str) -> Any:
    if kind.startswith("Array"):
        return []
    return "" if kind == "String" else 0


def insert_passages(back_office: BackOffice, rows: Sequence[Mapping[str, Any]]) -> None:
    back_office.insert(PASSAGES, PASSAGE_COLUMNS, rows)


def insert_postings(back_office: BackOffice, rows: Sequence[Mapping[str, Any]]) -> None:
    back_office.insert(POSTINGS, POSTING_COLUMNS, rows)


def passage(number: int, at: datetime, **changes: Any) -> dict[str, Any]:
    """A passage of lane CM-01, class 1, charged 35,000 VND unless the test says otherwise."""
    row: dict[str, Any] = {
        "plaza": "CM",
        "lane": "CM-01",
        "epoch": 1,
        "seq": number,
        "passage_id": f"CM-01-e1-{number:06d}",
        "outcome": "charged",
        "account": f"A{number}",
        "provider": "VETC",
        "plate": "20A12345",
        "class": 1,
        "fare_vnd": 35_000,
        "passed_at": at,
        "time_to_open_ms": -1,
    }
    return row | changes


def charge(row: Mapping[str, Any], at: datetime, **changes: Any) -> list[dict[str, Any]]:
    """The two legs of a charged passage: debit the customer, credit what the provider owes."""
    common = {
        "passage_id": row["passage_id"],
        "kind": "charge",
        "plaza": row["plaza"],
        "provider": row["provider"],
        "at": at,
        "reverses": "",
    }
    amount = row["fare_vnd"]
    debit = {
        "posting_id": f"{row['passage_id']}/customer",
        "leg": "customer",
        "account": ledger.customer(row["account"]),
        "amount_vnd": amount,
    }
    credit = {
        "posting_id": f"{row['passage_id']}/payable",
        "leg": "payable",
        "account": ledger.operator_payable(row["plaza"], row["provider"]),
        "amount_vnd": -amount,
    }
    return [common | debit | changes, common | credit | changes]
