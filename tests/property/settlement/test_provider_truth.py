"""A provider that errs in every way: what it did is what comes out."""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from settlement.intake.columns import PROVIDER, STATION
from settlement.reconcile.classes import LABELS
from simulators.provider.billing import Billing, station_of, truth
from simulators.provider.command import write_files
from simulators.provider.faults import FAULTS, PROVIDER_COLUMNS, Case
from simulators.provider.passages import STATION_COLUMNS, DayPlan
from tests.integration.settlement.runs import run

DAY = date(2026, 6, 15)
START = datetime.fromisoformat("2026-06-14T22:00:00+07:00")
SOON = datetime.fromisoformat("2026-06-15T23:00:00+07:00")


def found(tmp_path: Path, billing: Billing) -> dict[str, int]:
    write_files(tmp_path, billing)
    ended = run(tmp_path / "station.csv", tmp_path / "provider.csv", tmp_path / "out", DAY, billing.now)
    assert ended.status == 0, ended.messages
    return {code: line["pairs"] for code, line in ended.summary["classes"].items() if line["pairs"]}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_each_fault_ends_in_its_class(tmp_path: Path, fault: Callable[[Case], None]) -> None:
    billing = Billing(DayPlan(60, START, seed=3), 0.5, SOON, (fault,))
    assert found(tmp_path, billing) == truth(billing.cases())


@pytest.mark.parametrize("seed", range(3))
def test_a_day_with_every_fault_at_once(tmp_path: Path, seed: int) -> None:
    billing = Billing(DayPlan(1_500, START, seed), 0.3, SOON)
    wanted = truth(billing.cases())
    assert found(tmp_path, billing) == wanted
    # Both sides of 24 hours are there: DUP and BE_ONLY beside REFUND_MISSING.
    assert set(LABELS) == set(wanted)


def test_the_simulator_writes_canonical_columns() -> None:
    assert STATION_COLUMNS == STATION
    assert PROVIDER_COLUMNS == PROVIDER


def test_every_row_of_a_day_is_counted_once(tmp_path: Path) -> None:
    billing = Billing(DayPlan(500, START, seed=9), 0.5, SOON)
    cases = list(billing.cases())
    write_files(tmp_path, billing)
    ended = run(tmp_path / "station.csv", tmp_path / "provider.csv", tmp_path / "out", DAY, SOON)
    rows = Counter(station=sum(len(station_of(c)) for c in cases), provider=sum(len(c.charges) for c in cases))
    classes = ended.summary["classes"].values()
    assert ended.summary["other_day"] == {"station": 0, "provider": 0}
    assert sum(line["station_rows"] for line in classes) == rows["station"] == ended.summary["station_rows"]
    assert sum(line["provider_rows"] for line in classes) == rows["provider"] == ended.summary["provider_rows"]
