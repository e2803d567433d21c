"""Invoice data on the embedded server: it follows its schema, sums to the ledger and says what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from settlement.app.invoice_command import app
from settlement.clearing.invoices import BUILTIN_GOODS, Party, Pass, per_month, per_pass
from settlement.clearing.tallies import Period
from settlement.clearing.terms import DEMONSTRATION, half_up
from settlement.clearing.vnd_words import vnd_in_words
from settlement.files.invoice_files import InvoiceBatch, NotTheLedgerError, as_json, as_xml
from tests.integration.settlement.a_month import fill_month
from tests.integration.settlement.back_office_tables import (
    BackOffice,
    charge,
    insert_passages,
    insert_postings,
    passage,
)
from tests.integration.settlement.read_back import accounting_day, faces, facts, printed, sheets
from tests.integration.settlement.xsd_check import Schema

Row = dict[str, Any]
DAY = date(2026, 6, 2)
KNOWN = "TK000091"
"""Passes three times in the made-up days."""
CONFIG = {
    "parties": {"operator": {"name": "Công ty BOT & con", "tax_code": "0100000000", "address": "Thái Nguyên"}},
    "buyers": {KNOWN: {"name": "Vận tải <A>", "tax_code": "4600000001-001"}},
    "invoice": {"name": "Phí đường bộ", "unit": "lượt", "transactions_max": 2},
}


@pytest.fixture(scope="module")
def back_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackOffice]:
    server = BackOffice(tmp_path_factory.mktemp("invoices"))
    yield server
    assert server.close() == 0


@pytest.fixture(scope="module")
def rows(back_office: BackOffice) -> list[Row]:
    """A month, and one charge that nobody is known to pay."""
    found = fill_month(back_office, days=3, passages=60)
    lonely = passage(7_000, datetime(2026, 6, 2, 3, 0, tzinfo=UTC), account="", lane="CM-07", **{"class": 0})
    lonely |= {"passage_id": "CM-07-e1-007000", "plate": ""}
    insert_passages(back_office, [lonely])
    insert_postings(back_office, charge(lonely, lonely["passed_at"]))
    return [*found, lonely]


@pytest.fixture(scope="module")
def schema() -> Schema:
    with as_file(files("settlement.files") / "invoice.xsd") as path:
        return Schema(path)


def export(tables: BackOffice, out: Path, *options: str) -> list[Path]:
    config = out / "plaza.json"
    out.mkdir(exist_ok=True)
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    line = [*options, "--database", tables.address, "--out", str(out / "made"), "--config", str(config)]
    done = CliRunner().invoke(app, ["export", *line, "--now", "2026-07-01T08:00:00+07:00"])
    assert done.exit_code == 0, done.output
    return sorted((out / "made").iterdir())


def charged(rows: list[Row], day: date | None = None) -> list[Row]:
    every = [r for r in rows if r["outcome"] == "charged"]
    return [r for r in every if day in (None, accounting_day(r["passed_at"], 22 * 60))]


@pytest.mark.integration
def test_a_day_has_one_invoice_per_charged_passage_and_sums_to_the_ledger(
    back_office: BackOffice, rows: list[Row], schema: Schema, tmp_path: Path
) -> None:
    data, form = export(back_office, tmp_path, "--day", str(DAY))
    document = ET.parse(form).getroot()
    assert schema.complaints(document) == []
    mine = charged(rows, DAY)
    assert {one.get("key") for one in document.findall("Invoice")} == {r["passage_id"] for r in mine}
    revenue = sum(r["fare_vnd"] for r in mine)
    totals = {one.tag: int(one.text or "") for one in document.find("Totals") or ()}
    assert totals["Total"] == totals["LedgerRevenue"] == revenue
    assert totals["VatAmount"] == sum(half_up(r["fare_vnd"] * 800, 10_800) for r in mine)
    for one in document.findall("Invoice"):
        total = int(one.findtext("Total", ""))
        assert sum(int(line.findtext("Amount", "")) for line in one.findall("Line")) == total
        assert int(one.findtext("BeforeTax", "")) + int(one.findtext("VatAmount", "")) == total
        assert one.findtext("InWords") == vnd_in_words(total)
    assert "không phải hóa đơn" in document.findtext("Notice", "")
    assert document.findtext("Seller/Name") == "Công ty BOT & con"
    content = json.loads(data.read_bytes())
    assert content["totals"]["total_vnd"] == revenue
    assert [one["key"] for one in content["invoices"]] == [one.get("key") for one in document.findall("Invoice")]
    nobody = next(one for one in content["invoices"] if one["key"] == "CM-07-e1-007000")
    assert "account" not in nobody["buyer"]
    assert "class" not in nobody["lines"][0]


@pytest.mark.integration
def test_corrections_are_adjustments_of_the_period_in_which_they_were_booked(
    back_office: BackOffice, rows: list[Row], tmp_path: Path
) -> None:
    data, _ = export(back_office, tmp_path, "--day", str(DAY))
    content = json.loads(data.read_bytes())
    waived = [r for r in charged(rows)[::97] if accounting_day(r["passed_at"] + timedelta(days=1), 22 * 60) == DAY]
    assert [(a["passage_id"], a["change_vnd"]) for a in content["adjustments"]] == [
        (r["passage_id"], -r["fare_vnd"]) for r in waived
    ]
    assert waived
    assert content["totals"]["ledger_corrections_vnd"] == -sum(r["fare_vnd"] for r in waived)


@pytest.mark.integration
def test_a_month_has_invoices_per_account_of_bounded_length_and_a_list(
    back_office: BackOffice, rows: list[Row], schema: Schema, tmp_path: Path
) -> None:
    paper, book, data, form = export(back_office, tmp_path, "--month", "2026-06")
    document = ET.parse(form).getroot()
    assert schema.complaints(document) == []
    content = json.loads(data.read_bytes())
    mine = charged(rows)
    passages = [line["passage_id"] for one in content["invoices"] for line in one["lines"]]
    assert sorted(passages) == sorted(r["passage_id"] for r in mine)
    assert all(len(one["lines"]) <= 2 for one in content["invoices"]), "the configuration allows two"
    assert max(len(one["lines"]) for one in content["invoices"]) == 2
    revenue = sum(r["fare_vnd"] for r in mine)
    assert content["totals"]["total_vnd"] == content["totals"]["ledger_revenue_vnd"] == revenue
    buyers = {one["buyer"].get("account", ""): one["buyer"] for one in content["invoices"]}
    assert {account: one.get("tax_code") for account, one in buyers.items()} == {
        account: "4600000001-001" if account == KNOWN else None for account in {r["account"] for r in mine}
    }
    assert facts(book)["Tổng cộng"] == revenue
    assert facts(book)["Bằng chữ"] == vnd_in_words(revenue)
    assert sheets(book)["Từng hóa đơn"][-1][6] == revenue
    assert "không phải hóa đơn" in printed(paper)[0]
    assert all(faces(paper).values())


@pytest.mark.integration
def test_equal_data_give_equal_bytes(back_office: BackOffice, rows: list[Row], tmp_path: Path) -> None:
    one = export(back_office, tmp_path / "one", "--month", "2026-06")
    two = export(back_office, tmp_path / "two", "--month", "2026-06")
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]


@pytest.mark.parametrize("options", [(), ("--day", "2026-06-02", "--month", "2026-06"), ("--month", "2026-6")])
def test_a_day_or_a_month_has_to_be_named(tmp_path: Path, options: tuple[str, ...]) -> None:
    where = ("--database", "clickhouse://127.0.0.1:1/none", "--out", str(tmp_path))
    assert CliRunner().invoke(app, ["export", *options, *where]).exit_code == 2


def a_pass(number: int, fare_vnd: int = 35_000, day: date = DAY, account: str = "A") -> Pass:
    at = datetime(2026, 6, 2, 3, 0, number, tzinfo=UTC)
    return Pass(f"P{number}", day, at, "CM", "CM-01", 1, "20A12345", account, "VETC", fare_vnd)


def test_each_rate_of_a_month_is_rounded_once() -> None:
    """The rate changes on 2025-07-01: 10 % before, 8 % since (demonstration values)."""
    passes = [a_pass(n, day=date(2025, 6, 30)) for n in range(3)] + [a_pass(n, day=date(2025, 7, 1)) for n in (3, 4)]
    (invoice,) = per_month("2025-07", passes, DEMONSTRATION, {}, 1_000)
    assert [(p.rate_bp, p.total_vnd, p.vat_vnd) for p in invoice.vat] == [(800, 70_000, 5_185), (1000, 105_000, 9_545)]
    assert invoice.total_vnd == 175_000
    assert sum(one.vat_vnd for one in per_pass(passes, DEMONSTRATION, {})) == 3 * 3_182 + 2 * 2_593


def batch(passes: list[Pass], ledger_vnd: int, **changes: Any) -> InvoiceBatch:
    invoices = tuple(per_pass(passes, DEMONSTRATION, {}))
    period = Period(DAY, DAY)
    fields: dict[str, Any] = {
        "mode": "pass", "period": period, "cutoff": "22:00", "seller": Party("X"), "goods": BUILTIN_GOODS,
        "invoices": invoices, "adjustments": (), "ledger_vnd": ledger_vnd, "corrections_vnd": 0, "demonstration": True,
    }  # fmt: skip
    return InvoiceBatch(**(fields | changes))


def test_a_batch_that_is_not_the_ledger_is_refused() -> None:
    batch([a_pass(1)], 35_000)
    with pytest.raises(NotTheLedgerError, match=r"35000.*34999"):
        batch([a_pass(1)], 34_999)
    with pytest.raises(NotTheLedgerError):
        batch([a_pass(1)], 35_000, corrections_vnd=-1)


def test_an_empty_period_is_an_empty_batch(schema: Schema) -> None:
    empty = batch([], 0)
    assert schema.complaints(ET.fromstring(as_xml(empty))) == []
    assert json.loads(as_json(empty))["totals"]["total_vnd"] == 0


def test_names_of_any_letters_stay_xml(schema: Schema) -> None:
    odd = batch([a_pass(1, account="<&\"'\x07漢>")], 35_000, seller=Party("Công ty \x00 <b>&amp;"))
    document = ET.fromstring(as_xml(odd))
    assert schema.complaints(document) == []
    assert document.findtext("Seller/Name") == "Công ty \ufffd <b>&amp;"
    assert document.findtext("Invoice/Buyer/Account") == "<&\"'\ufffd漢>"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Total>35000</Total>", "<Total>-35000</Total>"),
        ("<Class>1</Class>", "<Class>6</Class>"),
        ('mode="pass"', 'mode="year"'),
        ("<Quantity>1</Quantity>", ""),
        ("<InWords>", "<Extra>x</Extra><InWords>"),
        ('cutoff="22:00"', 'cutoff="24:00"'),
        ('demonstration="true"', ""),
        ("<Name>X</Name>", "<Name>X</Name><TaxCode>12</TaxCode>"),
    ],
)
def test_the_schema_refuses_what_is_not_of_the_form(schema: Schema, old: str, new: str) -> None:
    """The checker of these tests does find faults."""
    text = as_xml(batch([a_pass(1)], 35_000)).decode()
    assert old in text
    assert schema.complaints(ET.fromstring(text.replace(old, new, 1).encode()))
