"""Files that cannot be used end with status 2 and a remedy; lines that cannot be read cost only themselves."""

from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from settlement.app.main import app
from settlement.app.reconcile import Ended
from settlement.intake.columns import PROVIDER, STATION
from settlement.intake.problems import UnusableInputError
from settlement.intake.sources import CsvSource
from tests.integration.settlement.runs import differences, rejected, run

DAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
HEAD_S, HEAD_P = ",".join(STATION), ",".join(PROVIDER)
GOOD_S = "P1,2026-06-15T08:00:00+07:00,CM,CM-01,1,E1,20A12345,1,charged,35000,,VETC,1,false,0.97"
GOOD_P = "C1,P1,2026-06-15T08:00:01+07:00,CM,CM-01,E1,20A-123.45,1,debit,35000,,posted,VETC,,"


def reconcile(tmp_path: Path, station: bytes, provider: bytes) -> Ended:
    (tmp_path / "station.csv").write_bytes(station)
    (tmp_path / "provider.csv").write_bytes(provider)
    return run(tmp_path / "station.csv", tmp_path / "provider.csv", tmp_path / "out", DAY, NOW)


def lines(*text: str) -> bytes:
    return ("\n".join(text) + "\n").encode()


UNUSABLE = {
    "empty file": (b"", "no header"),
    "blank lines only": (b"\n \n\xc2\xa0\n", "no header"),
    "column missing": (lines(HEAD_S.replace(",epc", ""), GOOD_S), "no column epc"),
    "column twice": (lines(HEAD_S + ",EPC", GOOD_S + ",E1"), "epc is there 2 times"),
    "not UTF-8": (lines(HEAD_S, GOOD_S) + "Ca s\u00e1ng".encode("latin-1"), "line 3: not UTF-8"),
    "UTF-16": (lines(HEAD_S, GOOD_S).decode().encode("utf-16"), "not UTF-8"),
    "header with bad quoting": (lines('"' + HEAD_S, GOOD_S), "bad quoting in the header"),
    "broken workbook": (b"PK\x03\x04 and no more", "not a readable XLSX"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_an_unusable_file_is_named_with_the_reason(tmp_path: Path, name: str) -> None:
    content, reason = UNUSABLE[name]
    with pytest.raises(UnusableInputError, match=r"station\.csv") as caught:
        reconcile(tmp_path, content, lines(HEAD_P, GOOD_P))
    assert reason in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_unusable(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match=r"nowhere\.csv"):
        run(tmp_path / "nowhere.csv", tmp_path / "nowhere.csv", tmp_path / "out", DAY, NOW)


def test_header_alone_is_a_day_of_nothing(tmp_path: Path) -> None:
    ended = reconcile(tmp_path, HEAD_S.encode(), HEAD_P.encode())
    assert ended.status == 0
    assert ended.summary["station_rows"] == 0
    assert ended.summary["balanced"] is True


def test_the_last_line_needs_no_line_end(tmp_path: Path) -> None:
    ended = reconcile(tmp_path, lines(HEAD_S, GOOD_S).rstrip(b"\n"), lines(HEAD_P, GOOD_P).rstrip(b"\n"))
    assert ended.summary["classes"]["MATCHED"]["pairs"] == 1


BAD_LINES = {
    'open quote: "P2,2026-06-15T08:00:00+07:00': "",
    'P2,2026-06-15T08:00:00+07:00,CM,CM-01,1,E1,20A"12345,1,charged,35000,,VETC,1,false,0.97': "",
    'P2,2026-06-15T08:00:00+07:00,CM,CM-01,1,"E1"x,20A12345,1,charged,35000,,VETC,1,false,0.97': "",
    "P2,2026-06-15T08:00:00+07:00": "",
    GOOD_S.replace("P1", "P2") + ",": "",
    GOOD_S.replace("P1", "P2").replace(",1,charged", ",,charged"): "class",
    GOOD_S.replace("P1", "P2").replace("charged", "paid"): "outcome",
    GOOD_S.replace("P1", "P2").replace("35000", "35000.0"): "fare_vnd",
    GOOD_S.replace("P1", "P2").replace("35000", "1234567890123"): "fare_vnd",
    GOOD_S.replace("P1", "P2").replace("35000", "３５０００"): "fare_vnd",
    GOOD_S.replace("P1", "P2").replace("false", "0"): "offline",
    GOOD_S.replace("P1", "P2").replace("0.97", "1.01"): "plate_confidence",
    GOOD_S.replace("P1", "P2").replace("0.97", "nan"): "plate_confidence",
    GOOD_S.replace("P1", "P2").replace("0.97", "-0"): "plate_confidence",
    GOOD_S.replace("P1", "P2").replace("06-15T08", "02-30T08"): "passed_at",
    GOOD_S.replace("P1", "P2").replace("+07:00", ""): "passed_at",
    GOOD_S.replace("P1", "P2").replace("08:00:00+", "08:00:60+"): "passed_at",
    GOOD_S.replace("P1", "P2").replace("08:00:00+", "08:00:00.1234567+"): "passed_at",
    GOOD_S.replace("P1", "P2").replace("+07:00", "+24:00"): "passed_at",
    GOOD_S.replace("P1", "P2").replace("CM,", "XX,", 1).replace("35000", "x"): "plaza",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_costs_only_itself(tmp_path: Path, line: str) -> None:
    ended = reconcile(tmp_path, lines(HEAD_S, line, GOOD_S), lines(HEAD_P, GOOD_P))
    assert ended.status == 3
    assert [(r["line"], r["column"]) for r in rejected(tmp_path / "out")] == [("2", BAD_LINES[line])]
    assert ended.summary["rejected"] == {"station": 1, "provider": 0}
    assert ended.summary["station_rows"] == 2
    assert ended.summary["classes"]["MATCHED"]["pairs"] == 1


GOOD_LINES = (
    GOOD_S.replace("P1", '"P""2"'),
    GOOD_S.replace("P1", "P2").replace("0.97", ""),
    GOOD_S.replace("P1", "P2").replace("0.97", "1"),
    GOOD_S.replace("P1", "P2").replace("0.97", ".5"),
    GOOD_S.replace("P1", "P2").replace("charged,35000", "EXEMPT,0").replace("20A12345,1,", "20A12345,,"),
    GOOD_S.replace("P1", "P2").replace("false", "").replace("CM,", "cm,", 1),
    GOOD_S.replace("P1", "P2").replace("08:00:00+07:00", "01:00:00.000001Z"),
    GOOD_S.replace("P1", "P2").replace("08:00:00+07:00", "00:00:00-01:00"),
)


@pytest.mark.parametrize("line", GOOD_LINES)
def test_a_line_that_is_only_unusual_is_read(tmp_path: Path, line: str) -> None:
    ended = reconcile(tmp_path, lines(HEAD_S, line, GOOD_S), lines(HEAD_P, GOOD_P))
    assert (ended.status, ended.summary["rejected_rows"]) == (0, 0)
    assert ended.summary["classes"]["MATCHED"]["pairs"] == 1


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (("C1", ""), "charge_id"),
        (("35000", "0"), "amount_vnd"),
        (("1,debit,35000", "1,credit,0"), "amount_vnd"),
        (("posted", "done"), "status"),
        (("1,debit", ",debit"), "class"),
        (("1,debit", "1,Refund"), "kind"),
    ],
)
def test_bad_charges(tmp_path: Path, change: tuple[str, str], column: str) -> None:
    ended = reconcile(tmp_path, lines(HEAD_S, GOOD_S), lines(HEAD_P, GOOD_P.replace(*change, 1)))
    assert [r["column"] for r in rejected(tmp_path / "out")] == [column]
    assert ended.summary["classes"]["FE_ONLY"]["pairs"] == 1


def test_repeated_passages(tmp_path: Path) -> None:
    other_plaza = GOOD_S.replace("CM,", "BD,", 1)
    twice = GOOD_S.replace("P1", "P2")
    content = lines(HEAD_S, GOOD_S, GOOD_S, other_plaza, twice, twice.replace("20A", "20B"), twice)
    ended = reconcile(tmp_path, content, lines(HEAD_P, GOOD_P))
    assert [r["line"] for r in rejected(tmp_path / "out")] == ["3", "5", "6", "7"]
    assert ended.summary["classes"]["MATCHED"]["pairs"] == 1
    assert ended.summary["classes"]["FE_ONLY"]["pairs"] == 1


def test_a_row_that_could_not_be_read_repeats_nothing(tmp_path: Path) -> None:
    ended = reconcile(tmp_path, lines(HEAD_S, GOOD_S.replace("35000", "x"), GOOD_S), lines(HEAD_P, GOOD_P))
    assert ended.summary["classes"]["MATCHED"]["pairs"] == 1


def test_blocks_do_not_change_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [GOOD_S.replace("P1", f"P{n}").replace("08:00:00", f"08:{n // 60:02d}:{n % 60:02d}") for n in range(1, 200)]
    many[50] = many[50].replace("20A12345", '"20A12345"')
    many[120] = "x"
    station, provider = lines("", HEAD_S, *many), lines(HEAD_P, GOOD_P)
    whole = reconcile(tmp_path, station, provider)
    shown, refused = differences(tmp_path / "out"), rejected(tmp_path / "out")
    monkeypatch.setattr(CsvSource.__init__, "__defaults__", (100,))
    parts = reconcile(tmp_path, station, provider)
    assert parts.summary == whole.summary
    assert (differences(tmp_path / "out"), rejected(tmp_path / "out")) == (shown, refused)
    assert refused[0]["line"] == "123"


def test_cells_of_any_length_and_letter_reach_the_statement(tmp_path: Path) -> None:
    odd = GOOD_S.replace("P1", "P2").replace("20A12345", "=HYPERLINK(1)<b>" + "ă" * 40_000).replace("CM-01", "L\x07 漢")
    (tmp_path / "station.csv").write_bytes(lines(HEAD_S, GOOD_S, odd))
    (tmp_path / "provider.csv").write_bytes(lines(HEAD_P, GOOD_P, "x" * 50_000))
    files = (tmp_path / "station.csv", tmp_path / "provider.csv")
    ended = run(*files, tmp_path / "out", DAY, NOW, statements=True)
    assert (ended.status, ended.summary["classes"]["FE_ONLY"]["pairs"]) == (3, 1)
    cell = openpyxl.load_workbook(tmp_path / "out" / "statement.xlsx")["Sai lệch"].cell(4, 9)
    assert cell.data_type == "s"
    assert str(cell.value).startswith("=HYPERLINK")


def test_a_folder_that_cannot_be_made_ends_with_status_2(tmp_path: Path) -> None:
    (tmp_path / "station.csv").write_bytes(lines(HEAD_S, GOOD_S))
    (tmp_path / "provider.csv").write_bytes(lines(HEAD_P, GOOD_P))
    options = ["--station", str(tmp_path / "station.csv"), "--provider", str(tmp_path / "provider.csv")]
    result = CliRunner().invoke(app, ["reconcile", *options, "--out", str(tmp_path / "station.csv" / "out")])
    assert result.exit_code == 2
    assert "cannot be used" in result.stderr


@pytest.mark.parametrize(
    "options",
    [["--day", "15/06/2026"], ["--day", "2026-02-30"], ["--now", "2026-06-15T08:00:00"], ["--mapping", "nobody"]],
    ids=str,
)
def test_bad_options_end_with_status_2(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "station.csv").write_bytes(lines(HEAD_S, GOOD_S))
    (tmp_path / "provider.csv").write_bytes(lines(HEAD_P, GOOD_P))
    files = ["--station", str(tmp_path / "station.csv"), "--provider", str(tmp_path / "provider.csv")]
    result = CliRunner().invoke(app, ["reconcile", *files, "--out", str(tmp_path / "out"), *options])
    assert result.exit_code == 2
    assert options[0] in result.stderr
