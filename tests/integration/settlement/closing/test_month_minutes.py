"""Minutes of a month and the summary of discrepancies, from days that were closed by the commands."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from settlement.app.main import app
from settlement.books.closings import closed_days
from settlement.clearing.closed_day import ClosedDay
from settlement.clearing.vnd_words import vnd_in_words
from settlement.intake.columns import PROVIDER
from tests.integration.settlement.back_office_tables import BackOffice
from tests.integration.settlement.closing.closed_plaza import Plaza, read_rows, write_rows
from tests.integration.settlement.read_back import faces, facts, printed, sheets, table

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

JUNE = (date(2026, 6, 29), date(2026, 6, 30))
JULY = date(2026, 7, 1)
"""The books begin on 29 June, so June is complete with two days, and July is open after its first."""


def run(*line: str) -> Result:
    return CliRunner().invoke(app, line)


def done(*line: str) -> str:
    result = run(*line)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def plaza(back_office: BackOffice, tmp_path_factory: pytest.TempPathFactory) -> Plaza:
    """One plaza for all tests here: none of them changes it."""
    back_office.fresh()
    return Plaza(back_office, tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="module")
def closed(plaza: Plaza) -> list[ClosedDay]:
    """Three closed days; one charge of the first came late and is a correction of the second."""
    for number, day in enumerate((*JUNE, JULY)):
        plaza.make_day(day, passages=40, faults=0.3, seed=number + 1)
        if number == 0:
            charges = plaza.folder / f"provider-{day}.csv"
            rows = read_rows(charges)
            late = next(
                n
                for n, row in enumerate(rows)
                if row["charge_id"][-1].isdigit()
                and row["status"] == "posted"
                and int(row["amount_vnd"])
                and sum(r["passage_id"] == row["passage_id"] for r in rows) == 1
            )
            write_rows(charges, PROVIDER, rows[:late] + rows[late + 1 :])
            done(*plaza.close_line(day))
            write_rows(charges, PROVIDER, rows)
            files = ["--station", str(plaza.folder / f"station-{day}.csv"), "--charges", str(charges)]
            done("late", str(day), *plaza.usual(), *files, "--by", "Lan", "--book")
        else:
            done(*plaza.close_line(day))
    books = plaza.books()
    days = list(closed_days(books, "VETC", JUNE[0], JULY))
    books.close()
    assert [one.day for one in days] == [*JUNE, JULY]
    assert [len(one.minutes.corrections) for one in days] == [0, 1, 0]
    return days


def minutes(plaza: Plaza, out: Path, month: str, *more: str) -> Result:
    made = ["--out", str(out), "--now", "2026-07-03T08:00:00+07:00"]
    where = ["--database", plaza.back_office.address, "--config", str(plaza.config)]
    return run("report", "month-minutes", "--provider", "VETC", "--month", month, *where, *made, *more)


def test_a_month_carries_over_adds_up_and_names_what_was_corrected(
    plaza: Plaza, closed: list[ClosedDay], tmp_path: Path
) -> None:
    june, july = closed[:2], closed[2]
    assert minutes(plaza, tmp_path, "2026-06", "--paid-vnd", "1000000").exit_code == 0
    book = tmp_path / "month-minutes_VETC_2026-06.xlsx"
    net = sum(one.minutes.net_vnd for one in june)
    read = facts(book)
    assert read["Số ngày đã chốt"] == "2/2"
    assert read["Ngày trước khi bắt đầu sổ"] == "28"
    assert read["Doanh thu đã thống nhất"] == sum(one.minutes.agreed_vnd for one in june)
    assert read["Phí dịch vụ thu"] == -sum(one.minutes.fee_vnd for one in june)
    assert read["Còn phải trả của tháng"] == net
    assert read["Bằng chữ"] == vnd_in_words(net)
    assert (read["Số dư đầu kỳ"], read["Số dư cuối kỳ"]) == (0, net - 1_000_000)
    tables = sheets(book)
    assert [row[-1] for row in tables["Từng ngày"][:-1]] == [one.minutes.digest for one in june]
    assert tables["Từng ngày"][-1][7] == net
    (correction,) = june[1].minutes.corrections
    line = tables["Điều chỉnh"][0]
    assert line[0] == correction.correction_id
    assert line[1].date() == JUNE[0]
    assert line[2].date() == JUNE[1]
    assert correction.originals
    assert all(key in line[4] for key in (*correction.originals, *correction.late))
    assert line[9] == correction.net_vnd == june[1].minutes.corrections_vnd != 0
    assert tables["Thuế GTGT"][0][:3] == ["8,00 %", read["Doanh thu đã thống nhất"], read["Trong đó thuế GTGT"]]
    counted: Counter[str] = Counter()
    for one in june:
        counted.update({code: line.pairs for code, line in one.minutes.classes.items()})
    assert {row[0]: row[2] for row in tables["Kết quả"][:-1]} == dict(counted)

    assert minutes(plaza, tmp_path, "2026-07", "--draft", "--paid-before-vnd", "1000000").exit_code == 0
    draft = facts(tmp_path / "month-minutes_VETC_2026-07_draft.xlsx")
    assert draft["Số dư đầu kỳ"] == net - 1_000_000
    assert draft["Số dư cuối kỳ"] == net - 1_000_000 + july.minutes.net_vnd


def test_disputes_are_carried_until_somebody_decides(plaza: Plaza, closed: list[ClosedDay], tmp_path: Path) -> None:
    assert minutes(plaza, tmp_path, "2026-06").exit_code == 0
    assert minutes(plaza, tmp_path, "2026-07", "--draft").exit_code == 0
    june = sheets(tmp_path / "month-minutes_VETC_2026-06.xlsx")
    july = sheets(tmp_path / "month-minutes_VETC_2026-07_draft.xlsx")
    changed = sum(one.disputed_vnd for day in closed for one in day.minutes.corrections)
    new = sum(day.minutes.disputed_vnd for day in closed[:2])
    assert [row[1] for row in june["Tranh chấp"]] == [0, new, changed, new + changed]
    assert july["Tranh chấp"][0][1] == june["Tranh chấp"][-1][1]
    assert june["Sai lệch còn mở"][-1][5] == june["Tranh chấp"][-1][1], "the list adds up to what is carried"
    assert len(june["Sai lệch còn mở"]) < len(july["Sai lệch còn mở"])


def test_an_open_month_is_refused_or_a_draft_on_every_page(
    plaza: Plaza, closed: list[ClosedDay], tmp_path: Path
) -> None:
    refused = minutes(plaza, tmp_path, "2026-07")
    assert refused.exit_code == 1
    assert "2026-07-02" in refused.output
    assert "--draft" in refused.output
    assert not list(tmp_path.iterdir())
    assert minutes(plaza, tmp_path, "2026-07", "--draft", "--format", "pdf").exit_code == 0
    paper = tmp_path / "month-minutes_VETC_2026-07_draft.pdf"
    pages = printed(paper)
    assert "Ngày chưa chốt" in "\n".join(pages)
    letters = Counter("BẢN NHÁP – DRAFT".replace(" ", ""))
    for number, page in enumerate(pages, start=1):
        # The mark stands aslant, so its letters come apart when the page is read.
        assert not letters - Counter(page), f"page {number} is not marked"
        assert f"Trang {number}/{len(pages)}" in page
    assert all(faces(paper).values())
    assert minutes(plaza, tmp_path, "2026-06", "--format", "pdf").exit_code == 0
    final = printed(tmp_path / "month-minutes_VETC_2026-06.pdf")
    assert "DRAFT" not in "".join(final)
    assert "Nhà cung cấp dịch vụ (provider): VETC" in final[-1]
    assert "Biên bản đối soát tháng 06/2026 – VETC" in final[0]


def test_discrepancies_are_those_of_the_closed_days(plaza: Plaza, closed: list[ClosedDay], tmp_path: Path) -> None:
    out = tmp_path
    where = ["--database", plaza.back_office.address, "--config", str(plaza.config), "--out", str(out)]
    period = ["--from", "2026-06-28", "--to", "2026-07-01", "--now", "2026-07-03T08:00:00+07:00"]
    done("report", "bang-tong-hop-sai-lech", *period, *where)
    name = "discrepancies_2026-06-28_2026-07-01"
    tables = sheets(out / f"{name}.xlsx")
    wanted: Counter[str] = Counter()
    disputed: Counter[str] = Counter()
    for day in closed:
        for code, line in day.minutes.classes.items():
            if line.pairs and code not in ("MATCHED", "NOT_CHARGEABLE"):
                wanted[code] += line.pairs
                disputed[code] += line.disputed_vnd
    assert {row[0]: row[2] for row in tables["Theo loại"][:-1]} == dict(wanted)
    assert {row[0]: row[8] for row in tables["Theo loại"][:-1]} == dict(disputed)
    for sheet in ("Theo ngày", "Theo làn"):
        assert tables[sheet][-1][-2:] == [wanted.total(), disputed.total()]
    listed = table(out / f"{name}_items.csv")
    assert Counter(row["code"] for row in listed) == wanted
    read = facts(out / f"{name}.xlsx")
    assert read["Ngày chưa chốt, không tính"] == "28/06/2026"
    assert read["Tranh chấp lúc chốt ngày"] == sum(day.minutes.disputed_vnd for day in closed)
    first = [(out / f"{name}.{kind}").read_bytes() for kind in ("xlsx", "pdf")]
    done("report", "discrepancies", *period, *where)
    assert [(out / f"{name}.{kind}").read_bytes() for kind in ("xlsx", "pdf")] == first


def test_a_provider_without_closed_days_is_named(plaza: Plaza, closed: list[ClosedDay], tmp_path: Path) -> None:
    out = ["--out", str(tmp_path), "--database", plaza.back_office.address]
    bad = run("report", "month-minutes", "--provider", "VDTC", "--month", "2026-06", *out)
    assert (bad.exit_code, "known are: VETC" in bad.output) == (2, True), bad.output
    assert run("report", "month-minutes", "--provider", "VETC", "--month", "2026-13", *out).exit_code == 2
    assert not list(tmp_path.iterdir())
