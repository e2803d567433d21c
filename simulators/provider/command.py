"""`simulators provider`: the two files of a reconciliation, and what must come out of them.

In: a number of passages, a seed, a share of faults, a dialect. Out: the files of station and provider and `truth.json`
in a folder. In the plain dialect rows are written as they are made, so that a file of millions needs no memory.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from simulators.provider.billing import Billing, station_of
from simulators.provider.cases import PROVIDER_COLUMNS, Case
from simulators.provider.dialects import DIALECTS, Dialect, csv_bytes, xlsx_bytes
from simulators.provider.every_fault import EVERY_FAULT, READABLE
from simulators.provider.passages import LOCAL, STATION_COLUMNS, DayPlan, Row

app = typer.Typer(no_args_is_help=False, help="A payment provider's files / Tệp của nhà cung cấp giả lập")
_CUTOFF_HOURS = 22
PLAIN = "plain"
XLSX = "xlsx"


@app.callback(invoke_without_command=True)
def provider(
    out: Annotated[Path, typer.Option(help="Folder for the files (thư mục)")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Accounting day, cut-off 22:00 (ngày đối soát)")],
    passages: Annotated[int, typer.Option(min=0, help="Passages of the day (số lượt xe)")] = 1_632,
    faults: Annotated[float, typer.Option(min=0, max=1, help="Share of passages with a fault (tỷ lệ lỗi)")] = 0.02,
    seed: Annotated[int, typer.Option(help="Same seed, same files")] = 1,
    unreadable: Annotated[bool, typer.Option("--unreadable", help="Rows that cannot be read, too (dòng hỏng)")] = False,
    dialect: Annotated[str, typer.Option(help=f"How the files are written: {PLAIN}, {XLSX}, {', '.join(DIALECTS)}")] = (
        PLAIN
    ),
) -> None:
    """Write a day of a plaza as the station and as the provider tell it; everything in it is made up.

    `truth.json` holds what a reconciliation must find: items per class and `also`, money, rejected rows.

    Example: simulators provider --day 2026-06-15 --out day/
    then:    settlement reconcile --station day/station.csv --provider day/provider.csv --now NOW --out result/
    """
    if dialect not in (PLAIN, XLSX, *DIALECTS):
        raise typer.BadParameter(f"{dialect!r}: choose of {PLAIN}, {XLSX}, {', '.join(DIALECTS)}")
    start = (day - timedelta(hours=24 - _CUTOFF_HOURS)).replace(tzinfo=LOCAL)
    chosen = EVERY_FAULT if unreadable else READABLE
    billing = Billing(DayPlan(passages, start, seed), faults, now=start + timedelta(hours=48), faults=chosen)
    out.mkdir(parents=True, exist_ok=True)
    found = write_files(out, billing) if dialect == PLAIN else write_in_dialect(out, billing, dialect)
    truth = {"day": day.date().isoformat(), "now": billing.now.isoformat(), **found.content}
    (out / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(truth))  # noqa: T201  the answer of the command


class Truth(Counter[str]):
    """Items per class that must come out (a counter), with `also`, money and rejects beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.in_full: Counter[str] = Counter()
        self.rejected: Counter[tuple[str, str]] = Counter()
        self.agreed_vnd = 0
        self.disputed_vnd = 0

    def take(self, case: Case) -> None:
        """Add a case."""
        self.update(item.split(" ")[0] for item in case.truth)
        self.in_full.update(case.truth)
        self.rejected.update(case.rejected)
        self.agreed_vnd += case.agreed_vnd
        self.disputed_vnd += case.disputed_vnd

    @property
    def content(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "items": dict(sorted(self.items())),
            "items_with_also": dict(sorted(self.in_full.items())),
            "agreed_vnd": self.agreed_vnd,
            "disputed_vnd": self.disputed_vnd,
            "rejected": [[side, column, count] for (side, column), count in sorted(self.rejected.items())],
        }


def write_files(out: Path, billing: Billing) -> Truth:
    """`station.csv` and `provider.csv`; returns what must come out of them."""
    found = Truth()
    with (
        (out / "station.csv").open("w", encoding="utf-8") as station,
        (out / "provider.csv").open("w", encoding="utf-8") as charges,
    ):
        station.write(",".join(STATION_COLUMNS) + "\n")
        charges.write(",".join(PROVIDER_COLUMNS) + "\n")
        files = {"station": station, "provider": charges}
        for case in billing.cases():
            station.writelines(_line(row) for row in station_of(case))
            charges.writelines(_line(row) for row in case.charges)
            for side, text in case.lines:
                files[side].write(text + "\n")
            found.take(case)
    return found


def write_in_dialect(out: Path, billing: Billing, name: str) -> Truth:
    """The same rows in another order, in a dialect or as workbooks. Lines that are no rows are left out."""
    cases = list(billing.cases())
    found = Truth()
    for case in cases:
        case.rejected = [(side, column) for side, column in case.rejected if column]
        found.take(case)
    chance = random.Random(billing.plan.seed + 2)
    rows = {
        "station": (STATION_COLUMNS, [row for case in cases for row in station_of(case)]),
        "provider": (PROVIDER_COLUMNS, [row for case in cases for row in case.charges]),
    }
    for side, (columns, mine) in rows.items():
        chance.shuffle(mine)
        ending = "xlsx" if name == XLSX else "csv"
        (out / f"{side}.{ending}").write_bytes(_written(columns, mine, DIALECTS.get(name)))
    return found


def _written(columns: tuple[str, ...], rows: Iterable[Row], dialect: Dialect | None) -> bytes:
    return xlsx_bytes(columns, rows) if dialect is None else csv_bytes(columns, rows, dialect)


def _line(row: Row) -> str:
    # No cell of these rows holds a comma or a quote; the dialects are in `dialects`.
    return ",".join(row.values()) + "\n"
