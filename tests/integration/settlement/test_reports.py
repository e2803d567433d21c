"""Reports of a period on the embedded server: every table ties, and every format says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from settlement.app import wiring
from settlement.app.report import FORMATS, Made, Order, make_report
from settlement.app.report_catalogue import BUILDS
from settlement.app.report_command import app
from settlement.app.report_names import PERIOD_REPORTS, found
from settlement.clearing.shifts import DEMONSTRATION_SHIFTS, Shift, Shifts
from settlement.clearing.tallies import REVIEW_FLAGS, Period
from settlement.intake.aggregates import DIMENSIONS, Aggregates, Scope
from settlement.intake.configuration import demonstration
from settlement.intake.problems import UnusableInputError
from settlement.intake.report_settings import ReportSettings, load_report_settings
from settlement.reconcile.accounting_day import Cutoff
from settlement.reports.wording import FLAGS
from tests.integration.settlement.a_month import FIRST_DAY, START, fill_month
from tests.integration.settlement.back_office_tables import BackOffice, insert_passages, passage
from tests.integration.settlement.read_back import VIETNAM, accounting_day, faces, facts, printed, sheets, table

pytestmark = pytest.mark.integration

DAYS, PASSAGES = 3, 150
PERIOD = Period(FIRST_DAY, FIRST_DAY + timedelta(days=DAYS - 1))
NOW = datetime(2026, 6, 20, 1, 0, tzinfo=UTC)
NAMES = [report.name for report in PERIOD_REPORTS]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def back_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackOffice]:
    server = BackOffice(tmp_path_factory.mktemp("reports"))
    yield server
    assert server.close() == 0


@pytest.fixture(scope="module")
def rows(back_office: BackOffice) -> list[Row]:
    """What the tables hold; written twice, as a killed ingest does."""
    found = fill_month(back_office, days=DAYS, passages=PASSAGES)
    insert_passages(back_office, found[:40])
    return found


def make(
    tables: BackOffice, out: Path, name: str, period: Period = PERIOD, formats: tuple[str, ...] = FORMATS, **scope: Any
) -> Made:
    report = found(name)
    assert report is not None
    configuration = demonstration()
    chosen = replace(Scope(period, configuration.cutoff, DEMONSTRATION_SHIFTS), **scope)
    with wiring.database(tables.address) as database:
        order = Order(report, chosen, NOW, out, formats)
        return make_report(order, database, configuration, ReportSettings(), wiring.report_renderers())


@pytest.fixture(scope="module")
def made(back_office: BackOffice, rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every report of the period in every format."""
    out = tmp_path_factory.mktemp("made")
    for name in NAMES:
        done = make(back_office, out, name)
        assert done.status == 0, done.messages
    return out


def workbook(out: Path, name: str, period: Period = PERIOD) -> Path:
    return out / f"{name}_{period.first}_{period.last}.xlsx"


CUTOFFS = [time(22, 0), time(0, 0), time(6, 30)]


@pytest.mark.parametrize("cutoff", CUTOFFS, ids=str)
def test_every_dimension_adds_up_to_what_the_rows_say(back_office: BackOffice, rows: list[Row], cutoff: time) -> None:
    """Counted anew in Python from the rows that were written: passages and revenue, along every dimension."""
    minutes = cutoff.hour * 60 + cutoff.minute
    shifts = Shifts((Shift("Sáng", time(5, 15)), Shift("Đêm", time(20, 0))))
    mine = [r for r in rows if PERIOD.first <= accounting_day(r["passed_at"], minutes) <= PERIOD.last]
    local = {id(r): r["passed_at"].astimezone(VIETNAM) for r in mine}
    naive = {
        "day": lambda r: accounting_day(r["passed_at"], minutes),
        "month": lambda r: accounting_day(r["passed_at"], minutes).replace(day=1),
        "hour": lambda r: local[id(r)].hour,
        "shift": lambda r: 0 if time(5, 15) <= local[id(r)].time() < time(20, 0) else 1,
        **{name: lambda r, name=name: r[name] for name in ("plaza", "lane", "class", "provider", "outcome")},
        **{name: lambda r, name=name: r[name] for name in ("operator", "reason")},
    }
    assert naive.keys() == DIMENSIONS.keys()
    with wiring.database(back_office.address) as database:
        asked = Aggregates(database, Scope(PERIOD, Cutoff(cutoff), shifts))
        total = asked.total()
        for name, key_of in naive.items():
            counts, money = Counter(), Counter()
            for row in mine:
                counts[key_of(row)] += 1
                money[key_of(row)] += row["fare_vnd"] if row["outcome"] == "charged" else 0
            tallies = asked.table(name)
            assert {t.key[0]: t.sums.passages for t in tallies} == dict(counts), name
            assert {t.key[0]: t.sums.revenue_vnd for t in tallies} == dict(money), name
            assert sum(sum(t.sums.by_class) for t in tallies) == total.passages == len(mine)
            assert sum(sum(t.sums.by_outcome) for t in tallies) == total.passages


def test_all_reports_of_a_period_tie_to_each_other_and_to_the_ledger(made: Path, rows: list[Row]) -> None:
    revenue = sum(r["fare_vnd"] for r in rows if r["outcome"] == "charged")
    passages = set()
    for name in NAMES[:7]:
        read = sheets(workbook(made, name))
        own = [sheet for sheet in read if sheet not in ("Tổng hợp", "Cân đối sổ cái")]
        if name.startswith("revenue"):
            assert {read[sheet][-1][-1] for sheet in own} == {revenue}
            assert read["Cân đối sổ cái"][-1][1:4] == [revenue, revenue, 0]
            assert facts(workbook(made, name))["Bút toán sổ cái"] == revenue
        else:
            passages |= {read[sheet][-1][-1] for sheet in own}
        for sheet in own:
            lines, total = read[sheet][:-1], read[sheet][-1]
            for column, value in enumerate(total):
                if isinstance(value, int):
                    assert sum(line[column] or 0 for line in lines) == value, (name, sheet, column)
    assert passages == {DAYS * PASSAGES}
    tickets = sheets(workbook(made, "tickets"))["Theo loại vé"]
    used = sum(r["outcome"] == "ticket" for r in rows)
    assert tickets[-1][2:] == [sum(r["outcome"] == "charged" for r in rows) + used, revenue]


def test_corrections_stand_beside_the_revenue_of_the_day_on_which_they_were_booked(made: Path, rows: list[Row]) -> None:
    charged = [r for r in rows if r["outcome"] == "charged"]
    wanted: Counter[date] = Counter()
    for row in charged[::97]:
        wanted[accounting_day(row["passed_at"] + timedelta(days=1), 22 * 60)] -= row["fare_vnd"]
    ledger = table(made / f"revenue-by-day_{PERIOD.first}_{PERIOD.last}_ledger.csv")
    booked = {
        date.fromisoformat(line["accounting_day"]): int(line["corrections_booked_on_the_day_vnd"]) for line in ledger
    }
    assert booked == {day: wanted.get(day, 0) for day in PERIOD.days()}
    assert sum(booked.values()) != 0


def test_lists_name_exactly_the_passages_that_they_are_about(made: Path, rows: list[Row]) -> None:
    wanted = {
        "exempt": (lambda r: r["outcome"] in ("exempt", "convoy", "emergency"), "exempt-passages"),
        "violations": (lambda r: r["outcome"] == "violation", "violations"),
        "manual-openings": (lambda r: r["outcome"] == "manual", "opened-by-hand"),
        "review": (lambda r: bool(set(r["flags"]) & set(REVIEW_FLAGS)), "passages-to-review"),
    }
    for name, (chosen, part) in wanted.items():
        listed = table(made / f"{name}_{PERIOD.first}_{PERIOD.last}_{part}.csv")
        mine = {r["passage_id"]: r for r in rows if chosen(r)}
        assert [line["passage_id"] for line in listed] == list(mine), name
        assert {line["image_sha256"] for line in listed} == {r["image_sha256"] for r in mine.values()}
        assert facts(workbook(made, name))["Lượt xe trong báo cáo"] == str(len(mine))
    assert {line["rules"] for line in listed} == {"R1 R4"}
    assert all("R4: another plate read" in line["would_have_changed_it"] for line in listed)


def test_the_kind_of_a_ticket_comes_from_the_published_list(made: Path, rows: list[Row]) -> None:
    used = list(dict.fromkeys(r["ticket_no"] for r in rows if r["outcome"] == "ticket"))
    by_epc = list({r["epc"]: r["ticket_no"] for r in rows if r["outcome"] == "ticket"}.values())
    kinds = {no: "Vé quý" if n % 3 == 0 else "Vé tháng" for n, no in enumerate(by_epc, start=1) if n % 7}
    listed = table(made / f"tickets_{PERIOD.first}_{PERIOD.last}_tickets-used.csv")
    assert {line["ticket_no"]: line["kind"] for line in listed} == {no: kinds.get(no, "Chưa rõ kỳ hạn") for no in used}
    assert len(listed) == len(used)


@pytest.mark.parametrize("name", NAMES)
def test_a_report_reads_back_on_paper_in_vietnamese(made: Path, rows: list[Row], name: str) -> None:
    report = found(name)
    assert report is not None
    paper = workbook(made, name).with_suffix(".pdf")
    pages = printed(paper)
    assert f"{report.title} {PERIOD.text}" in pages[0]
    assert f"{DAYS * PASSAGES}" in pages[0]
    for number, page in enumerate(pages, start=1):
        assert f"Trang {number}/{len(pages)}" in page
        assert "Trạm CM" in page
        assert f"Kỳ {PERIOD.text}" in page
        assert "Số liệu minh họa" in page
        assert "lập lúc 20/06/2026 08:00:00" in page
    assert set(faces(paper).values()) == {True}, faces(paper)
    heading = openpyxl.load_workbook(workbook(made, name)).worksheets[1][3]
    assert all(cell.value for cell in heading)
    if report.money:
        revenue = sum(r["fare_vnd"] for r in rows if r["outcome"] == "charged")
        assert f"{revenue:,} đ".replace(",", ".") in "\n".join(pages)


@pytest.mark.parametrize("name", ["revenue-by-lane", "traffic-by-hour"])
def test_charts_are_native_and_name_their_axes(
    back_office: BackOffice, rows: list[Row], tmp_path: Path, name: str
) -> None:
    make(back_office, tmp_path, name, formats=("xlsx",))
    book = openpyxl.load_workbook(workbook(tmp_path, name))
    charts = [(sheet, chart) for sheet in book for chart in sheet._charts]
    assert charts
    for sheet, chart in charts:
        for title in (chart.title, chart.x_axis.title, chart.y_axis.title):
            assert title.tx.rich.p[0].r[0].t
        assert "\\." in chart.y_axis.numFmt.formatCode
        assert not chart.y_axis.delete
        reference = chart.series[0].val.numRef.f
        first, last = (int(part.rpartition("$")[2]) for part in reference.split(":"))
        assert (first, last) == (4, sheet.max_row - 1), "the bars are the lines without their total"
    sheet = charts[0][0]
    assert sheet.print_title_rows == "$3:$3"
    assert "&P/&N" in str(sheet.oddFooter.right.text)


def test_equal_data_give_equal_bytes(back_office: BackOffice, made: Path, tmp_path: Path) -> None:
    for name in ("revenue-by-shift", "review"):
        for again in make(back_office, tmp_path, name).files:
            assert again.read_bytes() == (made / again.name).read_bytes(), again.name


EMPTY = Period(date(2031, 1, 1), date(2031, 1, 2))


@pytest.mark.parametrize("name", ["revenue-by-shift", "traffic-by-class", "tickets", "review"])
def test_a_period_without_passages_is_an_empty_report(
    back_office: BackOffice, rows: list[Row], tmp_path: Path, name: str
) -> None:
    done = make(back_office, tmp_path, name, EMPTY)
    assert done.status == 0
    assert any("not over" in line for line in done.messages), "2031 has not come"
    assert facts(workbook(tmp_path, name, EMPTY))["Lượt xe trong kỳ"] == "0"
    text = "\n".join(printed(workbook(tmp_path, name, EMPTY).with_suffix(".pdf")))
    assert "Lượt xe trong kỳ 0" in text
    assert ("Không có số liệu (nothing" in text) == (name in ("tickets", "review", "revenue-by-shift"))
    last = [read[-1] for sheet, read in sheets(workbook(tmp_path, name, EMPTY)).items() if sheet != "Tổng hợp"]
    assert not any(value for line in last for value in line if isinstance(value, int))


def test_one_plaza_of_two(back_office: BackOffice, rows: list[Row], tmp_path: Path) -> None:
    done = make(back_office, tmp_path, "traffic-by-lane", formats=("xlsx",), plazas=("BD",))
    assert done.status == 0
    read = facts(workbook(tmp_path, "traffic-by-lane"))
    assert (read["Trạm"], read["Lượt xe trong kỳ"]) == ("Trạm BD", "0")


def test_money_is_not_reported_while_a_passage_and_its_postings_differ(
    back_office: BackOffice, rows: list[Row], tmp_path: Path
) -> None:
    """On a plaza of its own: a passage that nobody booked."""
    lonely = passage(9_999, START, passage_id="XX-09-e1-009999", lane="XX-09", plaza="XX")
    insert_passages(back_office, [lonely])
    refused = make(back_office, tmp_path, "revenue-by-lane", plazas=("XX",))
    assert refused.status == 1
    assert any("XX-09-e1-009999" in line for line in refused.messages)
    assert not list(tmp_path.iterdir())
    assert make(back_office, tmp_path, "traffic-by-lane", plazas=("XX",), formats=("csv",)).status == 0, (
        "a report without money counts vehicles"
    )


def test_every_name_has_a_report_and_every_flag_a_meaning() -> None:
    assert BUILDS.keys() == set(NAMES)
    assert len({name for report in PERIOD_REPORTS for name in (report.name, report.alias)}) == 2 * len(NAMES)
    assert set(REVIEW_FLAGS) <= FLAGS.keys()


def command(*options: str) -> subprocess.CompletedProcess[str]:
    program = "from settlement.app.main import main; main()"
    line = [sys.executable, "-c", program, "report", *options]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_the_command_writes_what_was_asked_for(back_office: BackOffice, rows: list[Row], tmp_path: Path) -> None:
    config = {
        "plazas": ["CM"], "cutoff": "22:00", "fee_bp": 500, "vat": [{"from": "2026-01-01", "rate_bp": 800}],
        "corrections_vnd": 0, "shifts": [{"name": "Ngày", "from": "06:00"}, {"name": "Đêm", "from": "18:00"}],
        "plaza_names": {"CM": "Trạm thu phí Chợ Mới"},
    }  # fmt: skip
    (tmp_path / "plaza.json").write_text(json.dumps(config), encoding="utf-8")
    period = ("--from", "2026-06-01", "--to", "2026-06-03", "--now", "2026-06-20T08:00:00+07:00")
    where = (
        "--database",
        back_office.address,
        "--out",
        str(tmp_path / "out"),
        "--config",
        str(tmp_path / "plaza.json"),
    )
    done = command("luu-luong-theo-gio", *period, *where, "--format", "pdf")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / "out" / "traffic-by-hour_2026-06-01_2026-06-03.pdf")]
    pages = printed(Path(done.stdout.strip()))
    assert "Trạm thu phí Chợ Mới" in pages[0]
    assert "minh họa" not in pages[0], "nothing here is a demonstration value"


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        (("--from", "2026-06-31"), "--from"),
        (("--from", "2026-06-03", "--to", "2026-06-01"), "lies before"),
        (("--from", "2026-06-01", "--format", "docx"), "docx"),
    ],
)
def test_options_that_cannot_be_used_are_named(tmp_path: Path, wrong: tuple[str, ...], names: str) -> None:
    where = ("--database", "clickhouse://127.0.0.1:1/none", "--out", str(tmp_path))
    bad = CliRunner().invoke(app, ["traffic-by-hour", *wrong, *where])
    assert (bad.exit_code, names in bad.output) == (2, True), bad.output


def test_the_list_teaches_what_there_is() -> None:
    done = CliRunner().invoke(app, ["list"])
    assert done.exit_code == 0
    for report in PERIOD_REPORTS:
        assert report.name in done.output


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ({"shifts": [{"name": "A", "from": "25:00"}]}, "time of day"),
        ({"shifts": [{"name": "A", "from": "06:00"}, {"name": "A", "from": "07:00"}]}, "same name"),
        ({"shifts": []}, "at least one"),
        ({"parties": {"operator": {"name": "X", "tax_code": "12"}}}, "tax_code"),
        ({"plaza_names": ["CM"]}, "plaza_names"),
        ({"invoice": {"transactions_max": 0}}, "transactions_max"),
    ],
)
def test_settings_that_cannot_be_used_name_their_key(tmp_path: Path, content: Row, names: str) -> None:
    path = tmp_path / "plaza.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UnusableInputError, match=names):
        load_report_settings(path)
