"""Runs of a reconciliation within the test process, and the sample days."""

import csv
import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from settlement.app import wiring
from settlement.app.inputs import of_file
from settlement.app.reconcile import Ended, Renderers, Task, reconcile
from settlement.intake import configuration, mapping

DATA = Path(__file__).parents[2] / "data" / "settlement" / "samples"


@dataclass(frozen=True)
class Sample:
    name: str
    day: date
    now: datetime
    status: int

    @property
    def folder(self) -> Path:
        return DATA / self.name

    @property
    def summary(self) -> Any:
        return json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))

    @property
    def differences(self) -> list[list[str]]:
        return differences(self.folder)


SAMPLES = [
    Sample("plain", date(2026, 6, 15), datetime.fromisoformat("2026-06-17T08:00:00+07:00"), 0),
    Sample("every-class", date(2026, 6, 16), datetime.fromisoformat("2026-06-17T08:00:00+07:00"), 0),
    Sample("messy", date(2026, 6, 20), datetime.fromisoformat("2026-06-21T08:00:00+07:00"), 3),
]


def differences(folder: Path) -> list[list[str]]:
    """Cells of `differences.csv` without `note`."""
    with (folder / "differences.csv").open(encoding="utf-8", newline="") as text:
        return [row[:-1] for row in csv.reader(text)]


def rejected(folder: Path) -> list[dict[str, str]]:
    with (folder / "rejected.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def run(
    station: Path,
    provider: Path,
    out: Path,
    day: date | None,
    now: datetime,
    *,
    config: Path | None = None,
    mapping_name: str | None = None,
    statements: bool = False,
) -> Ended:
    """One run; without `statements` the XLSX and PDF stay empty, which saves most of the time."""
    renderers = wiring.reconciliation_renderers() if statements else Renderers(lambda _: b"", lambda _: b"")
    task = Task(of_file(station), of_file(provider), day, now, out)
    settings = configuration.load(config)
    return reconcile(task, mapping.load(mapping_name), settings, renderers, lambda _: lambda done: None)


def run_sample(sample: Sample, station: Path, provider: Path, out: Path, *, statements: bool = False) -> Ended:
    config = DATA / "config.json"
    return run(station, provider, out, sample.day, sample.now, config=config, statements=statements)
