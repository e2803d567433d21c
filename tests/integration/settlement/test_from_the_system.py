"""Reconciling from the system's tables: the same as from files of the same traffic, and each provider sees its rows."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from backoffice.contracts import ledger
from settlement.app import wiring
from settlement.app.export import export
from settlement.app.main import app
from settlement.intake.columns import PROVIDER, STATION, Side
from settlement.intake.configuration import demonstration
from tests.integration.settlement.back_office_tables import (
    BackOffice,
    charge,
    insert_passages,
    insert_postings,
    passage,
)
from tests.integration.settlement.runs import run

pytestmark = pytest.mark.integration

DAY = date(2026, 6, 15)
NOON = datetime(2026, 6, 15, 5, 0, tzinfo=UTC)
NOW = datetime(2026, 6, 17, 1, 0, tzinfo=UTC)
SOME = timedelta(minutes=3)
VETC, VDTC = {"provider": "VETC"}, {"provider": "VDTC", "lane": "CM-02"}
FILES = ("summary.json", "differences.csv", "rejected.csv")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackOffice]:
    server = BackOffice(tmp_path_factory.mktemp("back_office"))
    fill(server)
    yield server
    assert server.close() == 0


def fill(tables: BackOffice) -> None:
    """A day of two providers with every way in which passages and ledger can part."""
    cars = [
        passage(n, NOON + n * SOME, epc=f"E28011{n:04d}", registered_plate="20A-123.45", plate_confidence=0.97, **VETC)
        for n in range(1, 9)
    ]
    cars += [
        passage(n, NOON + n * SOME, epc=f"E2{n:04d}", plate="29Đ12345", plate_confidence=0.5, offline=1, **VDTC)
        | {"passage_id": f"CM-02-e1-{n:06d}"}
        for n in range(1, 6)
    ]
    cars[1] |= {"registered_plate": "99C-999.99"}
    odd = [
        passage(20, NOON, outcome="manual", provider="", fare_vnd=0, **{"class": 0}),
        passage(21, NOON + SOME, provider="XYZ", plate="30A11111"),
        passage(22, NOON + SOME, outcome="ticket", ticket_no="V77", **VETC),
        # Outside the day, but within the overlap; and far outside, with a correction within the day.
        passage(23, NOON - timedelta(hours=20), **VETC),
        passage(24, NOON - timedelta(days=9), **VETC),
    ]
    legs = [leg for car in (*cars[:2], *cars[3:11], cars[12], odd[3], odd[4]) for leg in charge(car, car["passed_at"])]
    legs += in_suspense(cars[2]) + in_suspense(odd[1])
    legs += reversal(legs, cars[4], NOON + timedelta(hours=1))
    legs += corrected(legs, odd[4], NOON + timedelta(hours=2), 50_000)
    legs += in_suspense(cars[11])
    legs += corrected(legs, cars[11], NOON + timedelta(days=1), 35_000)
    insert_passages(tables, [*cars, *odd])
    insert_postings(tables, legs)


def in_suspense(car: dict[str, Any]) -> list[dict[str, Any]]:
    debit, credit = charge(car, car["passed_at"])
    return [debit | {"account": ledger.suspense(car["plaza"])}, credit]


def reversal(legs: list[dict[str, Any]], car: dict[str, Any], at: datetime) -> list[dict[str, Any]]:
    """What takes back the charge of a passage."""
    back = {"kind": "reversal", "at": at}
    return [
        leg
        | back
        | {
            "posting_id": f"{leg['posting_id']}/reversal:k1",
            "amount_vnd": -leg["amount_vnd"],
            "reverses": leg["posting_id"],
        }
        for leg in legs
        if leg["passage_id"] == car["passage_id"]
    ]


def corrected(legs: list[dict[str, Any]], car: dict[str, Any], at: datetime, fare_vnd: int) -> list[dict[str, Any]]:
    again = charge(car | {"fare_vnd": fare_vnd}, at, kind="correction")
    named = [leg | {"posting_id": f"{leg['posting_id']}/correction:k1"} for leg in again]
    return reversal(legs, car, at) + named


def command(*options: str) -> Result:
    return CliRunner().invoke(app, list(options))


def from_the_system(address: str, out: Path, *options: str) -> Result:
    day = ["--day", DAY.isoformat(), "--now", NOW.isoformat()]
    return command("reconcile", "--database", address, "--out", str(out), *day, *options)


def pairs(folder: Path) -> dict[str, int]:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return {code: line["pairs"] for code, line in summary["classes"].items() if line["pairs"]}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.parametrize("code", ["", "VETC", "vdtc"])
def test_files_of_the_same_traffic_give_the_same_bytes(tables: BackOffice, tmp_path: Path, code: str) -> None:
    done = from_the_system(tables.address, tmp_path / "system", "--provider-code", code)
    assert done.exit_code == 0, done.stderr
    with wiring.database(tables.address) as database:
        wanted = wiring.wanted(DAY, code, demonstration())
        for side in Side:
            export(database, side, wanted, tmp_path / f"{side.value}.csv")
    run(tmp_path / "station.csv", tmp_path / "provider.csv", tmp_path / "files", DAY, NOW)
    for name in FILES:
        assert (tmp_path / "system" / name).read_bytes() == (tmp_path / "files" / name).read_bytes(), name


def test_what_the_ledger_did_comes_out_in_its_class(tables: BackOffice, tmp_path: Path) -> None:
    done = from_the_system(tables.address, tmp_path, "--provider-code", "VETC")
    assert done.exit_code == 0, done.stderr
    # 8 cars: one with another registered plate, one in suspense, one reversed; a ticket without a charge.
    assert pairs(tmp_path) == {
        "MATCHED": 5,
        "PLATE": 1,
        "PENDING": 1,
        "FE_ONLY": 1,
        "REFUNDED": 1,
        "NOT_CHARGEABLE": 1,
    }
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    # The passage before the cut-off; the passage of another week with its charge, reversal and correction.
    assert summary["other_day"] == {"station": 2, "provider": 4}
    assert summary["agreed_vnd"] == 6 * 35_000


def test_each_provider_sees_its_own_rows_and_no_others(tables: BackOffice, tmp_path: Path) -> None:
    for code, prefix, other in (("VETC", "CM-01", "CM-02"), ("VDTC", "CM-02", "CM-01")):
        out = tmp_path / code
        done = command(
            "export", "--database", tables.address, "--day", "2026-06-15", "--provider-code", code,
            "--out", str(out / "station.csv"), "--charges", str(out / "charges.csv"),
        )  # fmt: skip
        assert done.exit_code == 0, done.stderr
        for name, columns in (("station.csv", STATION), ("charges.csv", PROVIDER)):
            rows = table(out / name)
            assert tuple(rows[0]) == columns
            assert {row["provider"] for row in rows} == {code}
            assert all(prefix in row["passage_id"] and other not in row["passage_id"] for row in rows)


def test_a_suspense_that_was_corrected_is_a_charge(tables: BackOffice, tmp_path: Path) -> None:
    done = from_the_system(tables.address, tmp_path, "--provider-code", "VDTC")
    assert done.exit_code == 0, done.stderr
    # One of five stood in suspense, was taken back and booked on an account the day after.
    assert pairs(tmp_path) == {"MATCHED": 4, "TIME": 1, "REFUNDED": 1}


def test_passages_of_nobody_are_named(tables: BackOffice, tmp_path: Path) -> None:
    done = from_the_system(tables.address, tmp_path, "--provider-code", "VETC")
    assert [row["passage_id"] for row in table(tmp_path / "unassigned.csv")] == [
        "CM-01-e1-000020",
        "CM-01-e1-000021",
    ]
    assert "2 lượt không thuộc nhà cung cấp nào" in done.stderr
    assert "5 × VDTC CM" in done.stderr


def test_a_provider_s_file_against_the_lanes(tables: BackOffice, tmp_path: Path) -> None:
    with wiring.database(tables.address) as database:
        export(database, Side.PROVIDER, wiring.wanted(DAY, "VETC", demonstration()), tmp_path / "vetc.csv")
    options = ("--provider-code", "VETC", "--provider", str(tmp_path / "vetc.csv"))
    done = from_the_system(tables.address, tmp_path / "out", *options)
    whole = from_the_system(tables.address, tmp_path / "whole", "--provider-code", "VETC")
    assert (done.exit_code, whole.exit_code) == (0, 0)
    for name in FILES[:2]:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--day", "2026-06-15"), "--station"),
        (("--station", "a.csv", "--day", "2026-06-15"), "--provider"),
        (("--database", "clickhouse://h/d"), "--day"),
        (("--database", "clickhouse://h/d", "--station", "a.csv", "--provider", "b.csv"), "--database"),
    ],
    ids=str,
)
def test_a_choice_without_sense_is_refused(tmp_path: Path, options: tuple[str, ...], named: str) -> None:
    done = command("reconcile", "--out", str(tmp_path), *options)
    assert done.exit_code == 2
    assert named in done.stderr
