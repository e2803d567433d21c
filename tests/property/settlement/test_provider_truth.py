"""A provider that errs in every way: what it did is what comes out, row by row and đồng by đồng."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from settlement.app.reconcile import Ended
from settlement.intake.columns import PROVIDER, STATION
from settlement.reconcile.classes import LABELS, PAIR_ORDER
from simulators.provider import command
from simulators.provider.billing import Billing, station_of, truth, truth_in_full
from simulators.provider.cases import PROVIDER_COLUMNS, Case
from simulators.provider.combined import COMBINATIONS, several
from simulators.provider.dialects import DIALECTS
from simulators.provider.every_fault import EVERY_FAULT, READABLE
from simulators.provider.passages import STATION_COLUMNS, DayPlan
from simulators.provider.typed import TYPED
from simulators.provider.unreadable import (
    BAD_PROVIDER,
    BAD_STATION,
    unreadable_charge,
    unreadable_passage,
)
from tests.integration.settlement.runs import differences, rejected, run
from tests.property.settlement import oracle

DAY = date(2026, 6, 15)
START = datetime.fromisoformat("2026-06-14T22:00:00+07:00")
SOON = datetime.fromisoformat("2026-06-15T23:00:00+07:00")
CUTOFF_MINUTES = 22 * 60


def reconciled(tmp_path: Path, billing: Billing) -> Ended:
    wanted = command.write_files(tmp_path, billing)
    ended = run(tmp_path / "station.csv", tmp_path / "provider.csv", tmp_path / "out", DAY, billing.now)
    assert ended.status == (3 if wanted.rejected else 0), ended.messages
    agrees(tmp_path, ended, wanted)
    return ended


def agrees(tmp_path: Path, ended: Ended, wanted: command.Truth) -> None:
    """Classes, `also`, money and rejects are those of the truth."""
    classes = {code: line["pairs"] for code, line in ended.summary["classes"].items() if line["pairs"]}
    assert classes == wanted
    listed = Counter(" ".join([row[0], *row[1].split()]) for row in differences(tmp_path / "out")[1:])
    quiet = ("MATCHED", "NOT_CHARGEABLE")
    assert listed == Counter({item: n for item, n in wanted.in_full.items() if item not in quiet})
    money = (ended.summary["agreed_vnd"], ended.summary["disputed_vnd"])
    assert money == (wanted.agreed_vnd, wanted.disputed_vnd)
    refused = Counter((row["file"].split(".")[0], row["column"]) for row in rejected(tmp_path / "out"))
    assert refused == wanted.rejected
    assert ended.summary["rejected_rows"] == wanted.rejected.total()
    assert ended.summary["balanced"] is True


@pytest.mark.parametrize("fault", EVERY_FAULT, ids=lambda fault: fault.__name__)
def test_each_fault_ends_in_its_class(tmp_path: Path, fault: Callable[[Case], None]) -> None:
    reconciled(tmp_path, Billing(DayPlan(60, START, seed=3), 0.5, SOON, (fault,)))


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_days_with_every_fault_at_once(tmp_path: Path, long_run: bool) -> None:
    for seed in range(100 if long_run else 2):
        billing = Billing(DayPlan(1_500, START, seed), 0.4, SOON, EVERY_FAULT)
        ended = reconciled(tmp_path, billing)
        # Both sides of 24 hours are there: DUP and BE_ONLY beside REFUND_MISSING.
        assert {code for code, line in ended.summary["classes"].items() if line["pairs"]} == set(LABELS), seed


def test_every_combination_of_differences_is_made_and_found(tmp_path: Path) -> None:
    billing = Billing(DayPlan(8 * COMBINATIONS, START, seed=4), 1.0, SOON, (several,))
    made = truth_in_full(billing.cases())
    reconciled(tmp_path, billing)
    seen = {code: {item for item in made if item.split()[0] == code} for code in PAIR_ORDER}
    # CLASS hides AMOUNT: of four sets of the two, three differ. Offline or not, a rejected pair may show all others.
    others = 2**4 * 3
    assert len(seen["PENDING"]) == len(seen["REJECTED"]) == len(seen["OFFLINE_REJECT"]) == others
    assert len(seen["PROVIDER"]) == others // 2
    assert len(seen["TICKET"]) == others // 4
    assert len(seen["CLASS"]) == len(seen["AMOUNT"]) == 4


def test_every_bad_cell_of_every_column_has_its_turn(tmp_path: Path) -> None:
    billing = Billing(DayPlan(200, START, seed=5), 1.0, SOON, (unreadable_charge, unreadable_passage))
    made = {pair for case in billing.cases() for pair in case.rejected}
    assert made == {("station", name) for name in BAD_STATION} | {("provider", name) for name in BAD_PROVIDER}
    reconciled(tmp_path, billing)


def test_the_simulator_writes_canonical_columns() -> None:
    assert STATION_COLUMNS == STATION
    assert PROVIDER_COLUMNS == PROVIDER
    assert set(BAD_STATION) <= set(STATION)
    assert set(BAD_PROVIDER) <= set(PROVIDER)


def test_every_row_of_a_day_is_counted_once(tmp_path: Path) -> None:
    billing = Billing(DayPlan(500, START, seed=9), 0.5, SOON, EVERY_FAULT)
    cases = list(billing.cases())
    ended = reconciled(tmp_path, billing)
    lines = Counter(side for case in cases for side, _ in case.lines)
    refused = Counter(side for case in cases for side, _ in case.rejected)
    station = sum(len(station_of(c)) for c in cases) + lines["station"]
    provider = sum(len(c.charges) for c in cases) + lines["provider"]
    classes = ended.summary["classes"].values()
    assert ended.summary["other_day"] == {"station": 0, "provider": 0}
    assert ended.summary["station_rows"] == station
    assert ended.summary["provider_rows"] == provider
    assert sum(line["station_rows"] for line in classes) + refused["station"] == station
    assert sum(line["provider_rows"] for line in classes) + refused["provider"] == provider


@pytest.fixture(scope="module")
def whole_day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A day with every fault in the plain dialect."""
    folder = tmp_path_factory.mktemp("plain")
    return folder, reconciled(folder, every_way())


def every_way() -> Billing:
    rows = tuple(fault for fault in EVERY_FAULT if fault.__name__ != "no_row_at_all")
    return Billing(DayPlan(200, START, seed=11), 0.5, SOON, rows)


@pytest.mark.parametrize("name", [*DIALECTS, "xlsx"])
def test_neither_dialect_nor_row_order_changes_anything(
    tmp_path: Path, whole_day: tuple[Path, Ended], name: str
) -> None:
    """The rows of each dialect are shuffled, too. A workbook holds text as text, so its cells read alike."""
    folder, plain = whole_day
    wanted = command.write_in_dialect(tmp_path, every_way(), name)
    ending = "xlsx" if name == "xlsx" else "csv"
    files = (tmp_path / f"station.{ending}", tmp_path / f"provider.{ending}")
    ended = run(*files, tmp_path / "out", DAY, SOON)
    agrees(tmp_path, ended, wanted)
    assert ended.summary == plain.summary
    assert differences(tmp_path / "out") == differences(folder / "out")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_trying_everything_agrees_on_small_days(tmp_path: Path, long_run: bool) -> None:
    """The brute-force matcher and the rules in plain Python, on days where chains, ties and refunds meet."""
    for seed in range(1_000 if long_run else 8):
        agrees_with_trying(tmp_path, seed)


def agrees_with_trying(tmp_path: Path, seed: int) -> None:
    billing = Billing(DayPlan(25, START, seed), 0.8, SOON, (*TYPED, *READABLE))
    reconciled(tmp_path, billing)
    stations, providers = rows_of(tmp_path / "station.csv"), rows_of(tmp_path / "provider.csv")
    random.Random(seed).shuffle(stations)
    random.Random(seed).shuffle(providers)
    items = oracle.reconcile(stations, providers, SOON, CUTOFF_MINUTES)
    assert [tuple(row) for row in differences(tmp_path / "out")[1:]] == oracle.listed(items, DAY)
    found = oracle.summary(items, DAY)
    assert found["agreed_vnd"] == sum(case.agreed_vnd for case in billing.cases())
    assert found["disputed_vnd"] == sum(case.disputed_vnd for case in billing.cases())


def made_by_command(tmp_path: Path, *options: str) -> Iterator[Path]:
    done = CliRunner().invoke(command.app, ["--day", "2026-06-15", "--out", str(tmp_path), *options])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output) == json.loads((tmp_path / "truth.json").read_text())
    yield from sorted(tmp_path.iterdir())


def test_the_command_tells_the_truth_of_what_it_wrote(tmp_path: Path) -> None:
    names = [p.name for p in made_by_command(tmp_path, "--passages", "300", "--faults", "0.5", "--unreadable")]
    assert names == ["provider.csv", "station.csv", "truth.json"]
    told = json.loads((tmp_path / "truth.json").read_text())
    now = datetime.fromisoformat(told["now"])
    ended = run(tmp_path / "station.csv", tmp_path / "provider.csv", tmp_path / "out", DAY, now)
    assert told["items"] == {
        code: line["pairs"] for code, line in sorted(ended.summary["classes"].items()) if line["pairs"]
    }
    assert (told["agreed_vnd"], told["disputed_vnd"]) == (ended.summary["agreed_vnd"], ended.summary["disputed_vnd"])
    assert sum(count for *_, count in told["rejected"]) == ended.summary["rejected_rows"] > 0
    assert [p.name for p in made_by_command(tmp_path / "x", "--passages", "3", "--dialect", "xlsx")] == [
        "provider.xlsx", "station.xlsx", "truth.json",
    ]  # fmt: skip
    bad = CliRunner().invoke(command.app, ["--day", "2026-06-15", "--out", str(tmp_path), "--dialect", "docx"])
    assert bad.exit_code == 2


def test_a_day_without_passages_has_nothing_to_tell() -> None:
    assert truth(Billing(DayPlan(0, START, 1), 1.0, SOON, EVERY_FAULT).cases()) == Counter()
