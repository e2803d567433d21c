"""Random dirty files: what is read, rejected and reconciled is what the naive reading of the specification gives."""

import json
import random
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.intake.canonical import read_all_cells, read_cells
from settlement.intake.columns import CANONICAL, Side
from tests.integration.settlement.runs import differences, rejected, run
from tests.property.settlement import naive_files, oracle
from tests.property.settlement.days import NOW
from tests.property.settlement.dirty_days import BAD, ODD, dirty_day

PLAZAS = ("CM", "BD")
SIDES = ("station", "provider")


@pytest.mark.proof
@pytest.mark.timeout(3_600)
def test_dirty_files_say_what_the_specification_says(tmp_path: Path, long_run: bool) -> None:
    for seed in range(3_000 if long_run else 30):
        check(tmp_path, seed)


def check(tmp_path: Path, seed: int) -> None:
    """Everything that a run writes, against the naive reading of both files."""
    day = dirty_day(seed)
    cutoff = ("22:00", "00:00", "05:30", "23:59")[seed % 4]
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"plazas": ["cm", "BD"], "cutoff": cutoff}), encoding="utf-8")
    cutoff_minutes = int(cutoff[:2]) * 60 + int(cutoff[3:])
    files = tmp_path / "station.csv", tmp_path / "provider.csv"
    files[0].write_bytes(day.station)
    files[1].write_bytes(day.provider)
    ended = run(*files, tmp_path / "out", day.day, NOW, config=config)
    naive = [naive_files.read(content, PLAZAS) for content in (day.station, day.provider)]
    wanted = [
        (f"{side}.csv", line, column) for side, one in zip(SIDES, naive, strict=True) for line, column in one.rejects
    ]
    assert [(r["file"], int(r["line"]), r["column"]) for r in rejected(tmp_path / "out")] == wanted
    assert (ended.status, ended.summary["rejected_rows"]) == (3 if wanted else 0, len(wanted)), seed
    assert [ended.summary[f"{side}_rows"] for side in SIDES] == [one.rows_read for one in naive]
    items = oracle.reconcile(naive[0].rows, naive[1].rows, NOW, cutoff_minutes)
    summary = oracle.summary(items, day.day)
    assert {key: ended.summary[key] for key in summary} == summary
    assert [tuple(row) for row in differences(tmp_path / "out")[1:]] == oracle.listed(items, day.day)


USUAL = {
    "passage_id": ("CM-01-e1-000001", "", "P2"),
    "passed_at": ("2026-06-15T08:20:41+07:00", "2026-06-15T08:20:41.123+07:00", "2026-06-15T01:20:41Z"),
    "plaza": ("CM", "BD"),
    "epc": ("E28011912000090626752665", ""),
    "plate": ("20A12345", "20A-123.45", ""),
    "class": ("1", "5"),
    "outcome": ("charged", "ticket"),
    "fare_vnd": ("35000", "0"),
    "offline": ("true", "false"),
    "plate_confidence": ("0.97", "0.9"),
    "charge_id": ("T1", "T2"),
    "kind": ("debit", "debit", "credit"),
    "amount_vnd": ("35000", "0"),
    "status": ("posted", "pending", "rejected"),
    "provider": ("VETC", ""),
    "ticket_no": ("", "V1"),
}
USUAL["charged_at"] = USUAL["passed_at"]


def cell_of(chance: random.Random, column: str) -> str:
    dice = chance.random()
    if dice < 0.85:
        return chance.choice(USUAL.get(column, ("", "x")))
    if dice < 0.95:
        return chance.choice((*BAD.get(column, ("",)), *ODD.get(column, ("x",))))
    letters = "0123456789.:+-TZ eE,\u00a0Đđß\u0661x"
    return "".join(chance.choice(letters) for _ in range(chance.randint(0, 9))).strip()


@pytest.mark.parametrize("side", Side)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9), alike=st.booleans())
def test_the_short_cut_says_what_the_rules_say(side: Side, seed: int, alike: bool) -> None:
    """Also where the cells of a column are alike, which is when the short cut is shortest."""
    columns, chance = CANONICAL[side], random.Random(seed)
    rows = [tuple(cell_of(chance, column) for column in columns) for _ in range(1 if alike else 200)]
    text = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    text = text.insert_column(0, pl.Series("line", range(2, len(rows) + 2), dtype=pl.UInt32))
    quick, plain = (read(text, side, PLAZAS, "f") for read in (read_cells, read_all_cells))
    assert quick[0].equals(plain[0])
    assert quick[0].schema == plain[0].schema
    assert quick[1] == plain[1]
