"""The three sample days of the specification come out exactly, through the command and in every dialect."""

import json
import random
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import openpyxl
import pdfplumber
import pytest

from settlement.intake.columns import PROVIDER, STATION
from simulators.provider.dialects import Dialect, csv_bytes, xlsx_bytes
from tests.integration.settlement.runs import DATA, SAMPLES, Sample, differences, rejected, run_sample

BY_NAME = [pytest.param(sample, id=sample.name) for sample in SAMPLES]
READABLE = BY_NAME[:2]
"""Sample days without broken lines: they survive every change of dialect."""
SIDES = {"station.csv": STATION, "provider.csv": PROVIDER}
DIALECTS = [
    Dialect(separator=";", bom=True, newline="\r\n"),
    Dialect(quote_all=True, newline="\r\n"),
    Dialect(separator=";", quote_all=True, shuffle_columns=3, heading_case="upper"),
    Dialect(padding="\u00a0", shuffle_columns=8, heading_case="title"),
    Dialect(padding=" ", extra_column=True, blank_lines=True),
    Dialect(separator=";", blank_lines=True, bom=True, quote_all=True, padding="\t"),
]


def rows_of(path: Path) -> list[dict[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    names = lines[0].split(",")
    return [dict(zip(names, line.split(","), strict=True)) for line in lines[1:]]


def without_note(folder: Path) -> list[bytes]:
    """Lines of `differences.csv` up to the last comma: no cell but the note holds one in the samples."""
    return [line.rpartition(b",")[0] for line in (folder / "differences.csv").read_bytes().split(b"\n")]


@pytest.mark.parametrize("sample", BY_NAME)
def test_the_command_gives_what_the_specification_says(sample: Sample, tmp_path: Path) -> None:
    options = [
        "reconcile",
        *("--station", str(sample.folder / "station.csv"), "--provider", str(sample.folder / "provider.csv")),
        *("--config", str(DATA / "config.json"), "--day", sample.day.isoformat(), "--now", sample.now.isoformat()),
        *("--out", str(tmp_path), "--json"),
    ]
    program = "from settlement.app.main import main; main()"
    done = subprocess.run([sys.executable, "-c", program, *options], capture_output=True, text=True, check=False)
    assert done.returncode == sample.status, done.stderr
    assert json.loads(done.stdout) == sample.summary
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == sample.summary
    assert differences(tmp_path) == sample.differences
    assert without_note(tmp_path) == without_note(sample.folder)


@pytest.mark.parametrize("sample", BY_NAME)
def test_another_order_of_rows_gives_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    run_sample(sample, sample.folder / "station.csv", sample.folder / "provider.csv", tmp_path / "a", statements=True)
    for name in SIDES:
        lines = (sample.folder / name).read_bytes().splitlines(keepends=True)
        start = lines.index(next(line for line in lines if line.strip())) + 1
        rest = lines[start:]
        random.Random(7).shuffle(rest)
        (tmp_path / name).write_bytes(b"".join(lines[:start] + rest))
    ended = run_sample(sample, tmp_path / "station.csv", tmp_path / "provider.csv", tmp_path / "b", statements=True)
    assert ended.status == sample.status
    names = ["summary.json", "differences.csv"]
    # Rejected rows are named by line: only their number is the same in another order.
    names += ["statement.xlsx", "statement.pdf", "rejected.csv"] if sample.status == 0 else []
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert len(rejected(tmp_path / "a")) == len(rejected(tmp_path / "b"))


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
@pytest.mark.parametrize("sample", READABLE)
def test_no_dialect_changes_what_a_file_says(sample: Sample, dialect: Dialect, tmp_path: Path) -> None:
    for name, columns in SIDES.items():
        (tmp_path / name).write_bytes(csv_bytes(columns, rows_of(sample.folder / name), dialect))
    ended = run_sample(sample, tmp_path / "station.csv", tmp_path / "provider.csv", tmp_path)
    assert ended.summary == sample.summary
    assert (ended.status, rejected(tmp_path)) == (0, [])
    assert differences(tmp_path) == sample.differences


@pytest.mark.parametrize("numbers", [(), ("lane_seq", "class", "fare_vnd", "amount_vnd", "plate_confidence")], ids=str)
@pytest.mark.parametrize("sample", READABLE)
def test_workbooks_read_like_csv(sample: Sample, numbers: tuple[str, ...], tmp_path: Path) -> None:
    for name, columns in SIDES.items():
        path = tmp_path / name.replace(".csv", ".xlsx")
        path.write_bytes(xlsx_bytes(columns, rows_of(sample.folder / name), numbers))
    ended = run_sample(sample, tmp_path / "station.xlsx", tmp_path / "provider.xlsx", tmp_path)
    assert ended.summary == sample.summary
    assert differences(tmp_path) == sample.differences


def test_rejected_rows_name_line_and_column(tmp_path: Path) -> None:
    messy = SAMPLES[2]
    run_sample(messy, messy.folder / "station.csv", messy.folder / "provider.csv", tmp_path)
    found = [(row["file"], int(row["line"]), row["column"]) for row in rejected(tmp_path)]
    assert found == [
        ("station.csv", 11, "fare_vnd"),
        ("station.csv", 13, "passed_at"),
        ("station.csv", 14, "passed_at"),
        ("station.csv", 15, "class"),
        ("station.csv", 16, "plaza"),
        ("station.csv", 17, ""),
        ("provider.csv", 12, "amount_vnd"),
        ("provider.csv", 13, "amount_vnd"),
        ("provider.csv", 14, "kind"),
        ("provider.csv", 15, "charged_at"),
        ("provider.csv", 16, ""),
        ("provider.csv", 18, "charge_id"),
        ("provider.csv", 19, "charge_id"),
        ("provider.csv", 20, "charge_id"),
    ]
    assert all(row["reason"] for row in rejected(tmp_path))


def test_the_statement_reads_back(tmp_path: Path) -> None:
    sample = SAMPLES[1]
    run_sample(sample, sample.folder / "station.csv", sample.folder / "provider.csv", tmp_path, statements=True)
    book = openpyxl.load_workbook(tmp_path / "statement.xlsx")
    facts = {row[0].value: row[1] for row in book["Tổng hợp"].iter_rows()}
    assert facts["Còn phải trả"].value == sample.summary["net_payable_vnd"]
    assert '" đ"' in facts["Còn phải trả"].number_format
    classes = {row[0].value: [cell.value for cell in row[2:7]] for row in book["Kết quả"].iter_rows(min_row=4)}
    for code, line in sample.summary["classes"].items():
        assert classes[code] == list(line.values())
    listed = [row[0].value for row in book["Sai lệch"].iter_rows(min_row=4)]
    assert listed == [row[0] for row in sample.differences[1:]]
    with pdfplumber.open(BytesIO((tmp_path / "statement.pdf").read_bytes())) as pdf:
        text = "\n".join(page.extract_text() for page in pdf.pages)
        fonts = {char["fontname"] for page in pdf.pages for char in page.chars}
    assert "Bảng đối soát ngày 16/06/2026" in text
    assert "776.050 đ" in text
    assert "Trừ sau không thành công" in text
    assert "MINH HỌA" not in text, "the rates came from a configuration file"
    assert all("+DejaVuSans" in name for name in fonts)
