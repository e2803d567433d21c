"""The back office's tables on a real ClickHouse engine, filled by the test."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from backoffice.contracts import ledger
from backoffice.contracts.tables import PASSAGE_COLUMNS, PASSAGES, POSTING_COLUMNS, POSTINGS

LOCAL_HOURS = timedelta(hours=7)
_UNQUOTED = "settings output_format_json_quote_64bit_integers = 0"


class Engine:
    """`settlement.intake.back_office.Database` over the engine process; also creates and fills the tables."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.settlement.engine_process", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(sql) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return [tuple(row) for row in answer["rows"]]

    def rows(self, sql: str, parameters: Mapping[str, int]) -> Sequence[tuple[Any, ...]]:
        return self.ask(f"{sql % parameters} {_UNQUOTED}")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


def create_tables(engine: Engine) -> None:
    _create(engine, PASSAGES, PASSAGE_COLUMNS, "(plaza, lane, epoch, seq)")
    _create(engine, POSTINGS, POSTING_COLUMNS, "posting_id")


def _create(engine: Engine, table: str, columns: Mapping[str, str], key: str) -> None:
    body = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
    engine.ask(f"drop table if exists {table}")
    engine.ask(f"create table {table} ({body}) engine = ReplacingMergeTree order by {key}")


def insert(engine: Engine, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    if lines:
        engine.ask(f"insert into {table} format JSONEachRow\n{lines}")


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
        "passed_at": stored(at),
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
        "at": stored(at),
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


def stored(at: datetime) -> str:
    """An aware time as the tables hold it."""
    return (at - (at.utcoffset() or timedelta())).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
