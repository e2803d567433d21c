"""A plaza whose days can be closed: files of both parties, the back office's tables, keys, a configuration."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from backoffice.contracts.tables import SEAL_COLUMNS, SEALS
from settlement.books.database import BookDatabase
from settlement.books.key_files import make_key
from settlement.intake.columns import PROVIDER, STATION
from simulators.provider.billing import Billing, station_of
from simulators.provider.faults import FAULTS, Fault
from simulators.provider.passages import LOCAL, DayPlan, Row
from tests.integration.settlement.back_office_tables import (
    BackOffice,
    charge,
    insert_passages,
    insert_postings,
    passage,
)

FIRST = date(2026, 6, 15)
PROGRAM = "from settlement.app.main import main; main()"


def start_of(day: date) -> datetime:
    """First moment of an accounting day with the cut-off 22:00."""
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL) - timedelta(hours=2)


def write_rows(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    lines = [",".join(columns), *(",".join(row[name] for name in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    return [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]


class Plaza:
    """One provider (VETC) at plaza CM. Days are made one by one; the tables hold a complete, sealed, booked station."""

    def __init__(self, back_office: BackOffice, folder: Path) -> None:
        self.back_office = back_office
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.operator_key, self.provider_key = folder / "operator.key", folder / "vetc.key"
        self.operator_public, self.provider_public = make_key(self.operator_key), make_key(self.provider_key)
        self.config = folder / "config.json"
        self._seq: dict[str, int] = defaultdict(int)
        self.write_config()

    def write_config(self, **changes: Any) -> None:
        keys = {"operator": self.operator_public, "providers": {"VETC": self.provider_public}}
        vat = [{"from": "2025-07-01", "rate_bp": 800}]
        content = {"plazas": ["CM"], "cutoff": "22:00", "fee_bp": 650, "vat": vat, "keys": keys}
        self.config.write_text(json.dumps({**content, **changes}), encoding="utf-8")

    def make_day(
        self, day: date, passages: int = 40, faults: float = 0.2, seed: int = 1, kinds: tuple[Fault, ...] = FAULTS
    ) -> tuple[Path, Path]:
        """Files of a day, and the station's side of it in the back office's tables."""
        now = start_of(day) + timedelta(days=2)
        cases = list(Billing(DayPlan(passages, start_of(day), seed), faults, now, kinds).cases())
        stations = [row | {"provider": "VETC"} for case in cases for row in station_of(case)]
        charges = [row | {"provider": "VETC"} for case in cases for row in case.charges]
        # The simulator numbers every day alike; here the days are those of one plaza.
        for row in {id(row): row for row in (*stations, *charges)}.values():
            row["passage_id"] = row["passage_id"].replace("-e1-", f"-e{day:%m%d}-")
        ids = {row["charge_id"] for row in charges}
        named = {name: f"{day:%m%d}{name}" for name in ids}
        for row in charges:
            row["charge_id"] = named[row["charge_id"]]
            row["related_charge_id"] = named.get(row["related_charge_id"], row["related_charge_id"])
        return self.write_day(day, stations, charges)

    def write_day(self, day: date, stations: list[Row], charges: list[Row]) -> tuple[Path, Path]:
        station, provider = self.folder / f"station-{day}.csv", self.folder / f"provider-{day}.csv"
        write_rows(station, STATION, stations)
        write_rows(provider, PROVIDER, charges)
        self.store(day, stations)
        return station, provider

    def store(self, day: date, stations: list[Row], *, seal: bool = True) -> None:
        """Passages, their postings and a seal per lane over them, made an hour after the end of the day."""
        rows, legs, first = [], [], dict(self._seq)
        for row in sorted(stations, key=lambda one: one["passed_at"]):
            lane = row["lane"]
            self._seq[lane] += 1
            at = datetime.fromisoformat(row["passed_at"]).astimezone(UTC)
            stored = passage(
                self._seq[lane], at, lane=lane, passage_id=row["passage_id"], outcome=row["outcome"],
                plate=row["plate"], ticket_no=row["ticket_no"], fare_vnd=int(row["fare_vnd"]),
                account=f"A{self._seq[lane]}", **{"class": int(row["class"] or 0)},
            )  # fmt: skip
            rows.append(stored)
            if row["outcome"] == "charged":
                legs += charge(stored, at)
        insert_passages(self.back_office, rows)
        insert_postings(self.back_office, legs)
        if seal:
            self.seal(day, {lane: (first.get(lane, 0) + 1, last) for lane, last in self._seq.items()})

    def seal(self, day: date, runs: dict[str, tuple[int, int]], verdict: str = "good") -> None:
        sealed_at = start_of(day) + timedelta(days=1, hours=1)
        rows = [
            {
                "plaza": "CM", "lane": lane, "epoch": 1, "first_seq": a, "last_seq": b, "count": b - a + 1,
                "head_hash": f"{b:064x}", "sealed_at": sealed_at, "public_key": "ab" * 32,
                "signature": f"{lane}{a}-{b}", "verdict": verdict, "checked_at": sealed_at,
            }
            for lane, (a, b) in runs.items()
        ]  # fmt: skip
        self.back_office.insert(SEALS, SEAL_COLUMNS, rows)

    def books(self) -> BookDatabase:
        return BookDatabase(self.back_office.address)

    def close_line(self, day: date, *more: str, both: bool = True) -> list[str]:
        keys = ["--operator-key", str(self.operator_key)]
        keys += ["--provider-key", str(self.provider_key)] if both else []
        files = ["--station", str(self.folder / f"station-{day}.csv")]
        files += ["--charges", str(self.folder / f"provider-{day}.csv")]
        return ["close", str(day), *self.usual(), *files, *keys, "--out", str(self.folder / "minutes"), *more]

    def usual(self) -> list[str]:
        return ["--provider", "VETC", "--config", str(self.config), "--database", self.back_office.address]

    def minutes(self, day: date) -> Path:
        return self.folder / "minutes" / f"minutes-VETC-{day}.json"


def command(*line: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The console command itself, in a process of its own."""
    return subprocess.run([sys.executable, "-c", PROGRAM, *line], capture_output=True, text=True, check=False, env=env)
