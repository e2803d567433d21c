"""`settlement statement` against the embedded ClickHouse server: what is read back is what the tables hold."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pdfplumber
import pytest

from backoffice.contracts import ledger
from settlement.app import wiring
from settlement.app.statement import Finished, Order, make_statement
from settlement.intake.configuration import demonstration
from tests.integration.settlement.back_office_tables import (
    BackOffice,
    charge,
    insert_passages,
    insert_postings,
    passage,
)

pytestmark = pytest.mark.integration

DAY = date(2026, 6, 15)
START = datetime(2026, 6, 14, 15, 0, tzinfo=UTC)
"""22:00 in Vietnam on the evening before."""
NOON = datetime(2026, 6, 15, 5, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def back_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackOffice]:
    server = BackOffice(tmp_path_factory.mktemp("back_office"))
    yield server
    assert server.close() == 0


@pytest.fixture
def tables(back_office: BackOffice) -> BackOffice:
    back_office.fresh()
    return back_office


def run(tables: BackOffice, out: Path, plazas: frozenset[str] = frozenset()) -> Finished:
    order = Order(DAY, plazas, datetime(2026, 6, 16, tzinfo=UTC), out)
    with wiring.database(tables.address) as database:
        return make_statement(order, database, demonstration(), wiring.statement_renderers())


def command(address: str, out: Path) -> subprocess.CompletedProcess[str]:
    """The console command itself."""
    program = "from settlement.app.main import main; main()"
    options = ["--day", "2026-06-15", "--database", address, "--out", str(out), "--json"]
    line = [sys.executable, "-c", program, "statement", *options]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def fill(tables: BackOffice, rows: list[dict[str, Any]]) -> None:
    """Passages with the postings that a correct ledger has for them."""
    insert_passages(tables, rows)
    legs = [leg for row in rows if row["outcome"] == "charged" for leg in charge(row, row["passed_at"])]
    insert_postings(tables, legs)


def a_day() -> list[dict[str, Any]]:
    return [
        passage(1, START),
        passage(2, NOON, **{"class": 4, "fare_vnd": 120_000, "lane": "CM-02", "provider": "VDTC"}),
        passage(3, NOON, outcome="ticket", fare_vnd=0, ticket_no="VT-1"),
        passage(4, NOON, outcome="manual", fare_vnd=35_000, plate="29TĐ01234"),
        passage(5, NOON, outcome="violation", fare_vnd=0, **{"class": 0}),
        passage(6, START + timedelta(days=1) - MICROSECOND, **{"class": 5, "fare_vnd": 180_000}),
        passage(7, START - MICROSECOND),
        passage(8, START + timedelta(days=1)),
    ]


def test_the_day_is_cut_to_the_microsecond_and_money_follows_the_terms(tables: BackOffice, tmp_path: Path) -> None:
    fill(tables, a_day())
    finished = run(tables, tmp_path)
    assert finished.status == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary == finished.summary
    assert summary["control"]["passages"] == 6
    assert summary["agreed_vnd"] == 35_000 + 120_000 + 180_000
    assert summary["fee_vnd"] == 21_775
    assert summary["vat_vnd"] == 24_815
    assert summary["net_payable_vnd"] == 335_000 - 21_775
    assert summary["revenue_by_class"]["4"] == {"passages": 1, "charged": 1, "revenue_vnd": 120_000}
    assert summary["revenue_by_lane"]["CM-02"]["revenue_vnd"] == 120_000
    assert summary["revenue_by_provider"]["VETC"]["revenue_vnd"] == 215_000
    assert summary["outcomes"]["manual"] == 1
    assert summary["demonstration_values"] is True


def test_the_workbook_says_the_same_and_holds_every_passage(tables: BackOffice, tmp_path: Path) -> None:
    fill(tables, a_day())
    run(tables, tmp_path)
    book = openpyxl.load_workbook(tmp_path / "statement.xlsx")
    listed = {row[0].value: row for row in book["Lượt xe"].iter_rows(min_row=4)}
    assert {f"CM-01-e1-{n:06d}" for n in range(1, 7)} <= listed.keys()
    assert "CM-01-e1-000007" not in listed
    fare = listed["CM-01-e1-000002"][5]
    assert (fare.value, fare.data_type) == (120_000, "n")
    assert "\\." in fare.number_format
    assert '" đ"' in fare.number_format
    assert listed["CM-01-e1-000001"][1].value == datetime(2026, 6, 14, 22, 0)  # noqa: DTZ001
    assert len(book["Theo loại xe"]._charts) == 1
    assert len(book["Theo giờ"]._charts) == 1
    facts = {row[0].value: row[1].value for row in book["Tổng hợp"].iter_rows()}
    assert facts["Còn phải trả"] == 335_000 - 21_775
    assert any("MINH HỌA" in str(name) for name in facts)


def test_the_printed_statement_reads_back_in_vietnamese(tables: BackOffice, tmp_path: Path) -> None:
    fill(tables, a_day())
    run(tables, tmp_path)
    content = (tmp_path / "statement.pdf").read_bytes()
    with pdfplumber.open(BytesIO(content)) as pdf:
        text = "\n".join(page.extract_text() for page in pdf.pages)
        fonts = {char["fontname"] for page in pdf.pages for char in page.chars}
    assert "Bảng kê doanh thu ngày 15/06/2026" in text
    assert "Phí dịch vụ thu (6,50 %)" in text
    assert "313.225 đ" in text
    assert "Lưu lượng theo giờ" in text
    assert all(f"CM-01-e1-{n:06d}" in text for n in range(1, 7))
    assert fonts
    assert all("+DejaVuSans" in name for name in fonts), "every face must be embedded as a subset"


def test_csv_tables_carry_the_same_sums(tables: BackOffice, tmp_path: Path) -> None:
    fill(tables, a_day())
    run(tables, tmp_path)
    with (tmp_path / "passages.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert sum(int(row["revenue_vnd"]) for row in rows) == 335_000
    assert rows[0]["passed_at"] == "2026-06-14T22:00:00+07:00"
    with (tmp_path / "revenue.csv").open(encoding="utf-8", newline="") as text:
        revenue = list(csv.DictReader(text))
    for table in ("class", "lane", "provider", "hour"):
        assert sum(int(row["revenue_vnd"]) for row in revenue if row["table"] == table) == 335_000


def test_the_same_day_gives_the_same_bytes(tables: BackOffice, tmp_path: Path) -> None:
    fill(tables, a_day())
    run(tables, tmp_path / "one")
    tables.fresh()
    fill(tables, list(reversed(a_day())))
    run(tables, tmp_path / "two")
    for name in ("statement.xlsx", "statement.pdf", "passages.csv", "revenue.csv", "summary.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_rows_written_twice_count_once(tables: BackOffice, tmp_path: Path) -> None:
    fill(tables, a_day())
    fill(tables, a_day())
    assert run(tables, tmp_path).summary["agreed_vnd"] == 335_000


def test_an_empty_day_is_a_statement_of_nothing(tables: BackOffice, tmp_path: Path) -> None:
    finished = run(tables, tmp_path)
    assert finished.status == 0
    assert finished.summary["net_payable_vnd"] == 0


def break_missing_leg(tables: BackOffice, rows: list[dict[str, Any]]) -> str:
    insert_passages(tables, rows)
    insert_postings(tables, [leg for row in rows[1:2] for leg in charge(row, NOON)])
    return str(rows[0]["passage_id"])


def break_amount(tables: BackOffice, rows: list[dict[str, Any]]) -> str:
    insert_passages(tables, rows)
    insert_postings(tables, charge(rows[0], NOON) + charge(rows[1] | {"fare_vnd": 30_000}, NOON))
    return str(rows[1]["passage_id"])


def break_balance(tables: BackOffice, rows: list[dict[str, Any]]) -> str:
    insert_passages(tables, rows)
    insert_postings(tables, charge(rows[0], NOON)[1:] + charge(rows[1], NOON))
    return str(rows[0]["passage_id"])


def break_stranger(tables: BackOffice, rows: list[dict[str, Any]]) -> str:
    fill(tables, rows)
    insert_postings(tables, charge(passage(99, NOON), NOON))
    return "CM-01-e1-000099"


def break_provider(tables: BackOffice, rows: list[dict[str, Any]]) -> str:
    insert_passages(tables, rows)
    legs = charge(rows[0], NOON) + charge(rows[1], NOON)
    legs[1]["account"] = ledger.operator_payable("CM", "VDTC")
    insert_postings(tables, legs)
    return str(rows[0]["passage_id"])


def break_swap(tables: BackOffice, rows: list[dict[str, Any]]) -> str:
    """Both sums agree, two passages do not."""
    insert_passages(tables, rows)
    insert_postings(
        tables,
        charge(rows[0] | {"fare_vnd": 40_000}, NOON) + charge(rows[1] | {"fare_vnd": 30_000}, NOON),
    )
    return str(rows[0]["passage_id"])


@pytest.mark.parametrize(
    "fault", [break_missing_leg, break_amount, break_balance, break_stranger, break_provider, break_swap]
)
def test_a_day_that_does_not_balance_names_the_passage_and_leaves_no_statement(
    tables: BackOffice, tmp_path: Path, fault: Any
) -> None:
    (tmp_path / "statement.xlsx").write_text("of an earlier run")
    passage_id = fault(tables, [passage(1, NOON), passage(2, NOON + MICROSECOND)])
    finished = run(tables, tmp_path)
    assert finished.status == 1
    assert finished.summary["balanced"] is False
    with (tmp_path / "control_differences.csv").open(encoding="utf-8", newline="") as text:
        named = {row["passage_id"] for row in csv.DictReader(text)}
    assert passage_id in named
    assert any(passage_id in line for line in finished.messages)
    assert not (tmp_path / "statement.xlsx").exists()


def test_a_late_correction_belongs_to_the_day_on_which_it_was_booked(tables: BackOffice, tmp_path: Path) -> None:
    yesterday = passage(7, START - timedelta(hours=3))
    today, later = passage(1, NOON), passage(2, NOON)
    fill(tables, [yesterday, today, later])
    taken_back = [
        leg
        | {
            "posting_id": leg["posting_id"] + "/reversal",
            "kind": "reversal",
            "reverses": leg["posting_id"],
            "amount_vnd": -leg["amount_vnd"],
        }
        for leg in charge(yesterday, NOON) + charge(later, START + timedelta(days=2))
    ]
    insert_postings(tables, taken_back)
    finished = run(tables, tmp_path)
    assert finished.status == 0, finished.messages
    assert finished.summary["agreed_vnd"] == 70_000
    assert finished.summary["corrections_vnd"] == -35_000
    assert finished.summary["net_payable_vnd"] == 70_000 - 4_550 - 35_000


def test_a_charge_without_a_payer_is_owed_and_shown_in_suspense(tables: BackOffice, tmp_path: Path) -> None:
    row = passage(1, NOON, account="")
    legs = charge(row, NOON)
    legs[0]["account"] = ledger.suspense("CM")
    insert_passages(tables, [row])
    insert_postings(tables, legs)
    summary = run(tables, tmp_path).summary
    assert (summary["agreed_vnd"], summary["control"]["suspense_vnd"]) == (35_000, 35_000)


def test_one_plaza_of_two(tables: BackOffice, tmp_path: Path) -> None:
    other = passage(1, NOON, plaza="BD", lane="BD-01", passage_id="BD-01-e1-000001")
    fill(tables, [passage(1, NOON), other])
    assert run(tables, tmp_path, frozenset({"BD"})).summary["control"]["passages"] == 1
    assert run(tables, tmp_path).summary["control"]["passages"] == 2


def test_the_command_prints_the_summary_and_ends_with_the_status(tables: BackOffice, tmp_path: Path) -> None:
    fill(tables, a_day())
    done = command(tables.address, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((tmp_path / "summary.json").read_text())
    insert_postings(tables, charge(passage(99, NOON), NOON))
    broken = command(tables.address, tmp_path)
    assert broken.returncode == 1
    assert "CM-01-e1-000099" in broken.stderr
    assert json.loads(broken.stdout)["differences"][0]["passage_id"] == "CM-01-e1-000099"


def test_a_database_that_is_not_there_is_named_without_its_password(tables: BackOffice, tmp_path: Path) -> None:
    done = command("clickhouse://etc:geheim@127.0.0.1:1/back_office", tmp_path)
    assert done.returncode == 2
    assert "127.0.0.1:1" in done.stderr
    assert "geheim" not in done.stderr
    tables.ask("drop table postings")
    assert command(tables.address, tmp_path).returncode == 2
    assert command("http://127.0.0.1/", tmp_path).returncode == 2
