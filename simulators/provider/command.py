"""`simulators provider`: the two files of a reconciliation, and what must come out of them.

In: a number of passages, a seed, a share of faults. Out: `station.csv`, `provider.csv` and `truth.json` in a folder.
Rows are written as they are made, so that a file of millions needs no memory.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from simulators.provider.billing import Billing, station_of
from simulators.provider.faults import PROVIDER_COLUMNS
from simulators.provider.passages import LOCAL, STATION_COLUMNS, DayPlan, Row

app = typer.Typer(no_args_is_help=False, help="A payment provider's files / Tệp của nhà cung cấp giả lập")
_CUTOFF_HOURS = 22


@app.callback(invoke_without_command=True)
def provider(
    out: Annotated[Path, typer.Option(help="Folder for the files (thư mục)")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Accounting day, cut-off 22:00 (ngày đối soát)")],
    passages: Annotated[int, typer.Option(min=0, help="Passages of the day (số lượt xe)")] = 1_632,
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of passages with a fault (tỷ lệ lỗi)")] = 0.02,
    seed: Annotated[int, typer.Option(help="Same seed, same files")] = 1,
) -> None:
    """Write a day of a plaza as the station and as the provider tell it; everything in it is made up.

    Example: simulators provider --day 2026-06-15 --out day/
    then:    settlement reconcile --station day/station.csv --provider day/provider.csv --now NOW --out result/
    """
    start = (day - timedelta(hours=24 - _CUTOFF_HOURS)).replace(tzinfo=LOCAL)
    billing = Billing(DayPlan(passages, start, seed), faults, now=start + timedelta(hours=48))
    out.mkdir(parents=True, exist_ok=True)
    counts = write_files(out, billing)
    truth = {"day": day.date().isoformat(), "now": billing.now.isoformat(), "items": dict(sorted(counts.items()))}
    (out / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(truth))  # noqa: T201  the answer of the command


def write_files(out: Path, billing: Billing) -> Counter[str]:
    """`station.csv` and `provider.csv`; returns the items per class that must come out."""
    counts: Counter[str] = Counter()
    with (
        (out / "station.csv").open("w", encoding="utf-8") as station,
        (out / "provider.csv").open("w", encoding="utf-8") as charges,
    ):
        station.write(",".join(STATION_COLUMNS) + "\n")
        charges.write(",".join(PROVIDER_COLUMNS) + "\n")
        for case in billing.cases():
            station.writelines(_line(row) for row in station_of(case))
            charges.writelines(_line(row) for row in case.charges)
            counts.update(case.truth)
    return counts


def _line(row: Row) -> str:
    # No cell of these rows holds a comma or a quote; the dialects are in `dialects`.
    return ",".join(row.values()) + "\n"
