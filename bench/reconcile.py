"""The whole of `settlement reconcile` on 5 million passages against 5 million charges, beside the bare join.

In: `--rows N` (default 5,000,000), `--keep DIR` for the made files. Out: one JSON line (see report). The files are made
once per size and kept. The command runs as installers run it, in a process of its own on two cores at most; wall time,
CPU time and peak resident memory are the kernel's. Beside it, in the same run and in processes of their own: the full
join of the same keys (plaza, passage id), in polars from memory, and in ClickHouse (chdb) from the same files.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.reconcile_files import make
from bench.report import Report, Row

ROWS: Final = 5_000_000
CORES: Final = 2
DAY: Final = "2026-06-15"
NOW: Final = "2026-06-17T08:00:00+07:00"
_COMMAND: Final = "from settlement.app.main import main; main()"


@dataclass(frozen=True, slots=True)
class Ran:
    """What the kernel says of a finished process, and what it printed."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    printed: str


def run(*command: str) -> Ran:
    """Run a process to its end; RuntimeError where it fails."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE)
    printed = process.stdout.read().decode() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[:2]} ended with status {process.returncode}")
    return Ran(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, printed)


def reconcile(station: Path, provider: Path, out: Path) -> Ran:
    """The command of the console, statements included."""
    files = ("--station", str(station), "--provider", str(provider))
    return run("-c", _COMMAND, "reconcile", *files, "--day", DAY, "--now", NOW, "--out", str(out), "--json")


def join_in_polars(station: Path, provider: Path) -> None:
    """Prints the seconds of the bare full join and the rows that came out; reading the keys is not counted."""
    import polars as pl  # noqa: PLC0415

    keys = ["plaza", "passage_id"]
    mine, theirs = (
        pl.read_csv(path, columns=keys, schema_overrides=dict.fromkeys(keys, pl.String)).filter(
            pl.col("passage_id") != ""
        )
        for path in (station, provider)
    )
    started = time.perf_counter(), time.process_time()
    joined = mine.join(theirs, on=keys, how="full")
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    sys.stdout.write(json.dumps({"wall_s": wall, "cpu_s": cpu, "rows": len(joined)}))


def join_in_clickhouse(station: Path, provider: Path) -> None:
    """Prints the seconds of the same join with reading both key columns from the files, and the rows."""
    import chdb  # noqa: PLC0415

    def keys(path: Path) -> str:
        return f"(select plaza, passage_id from file('{path}', CSVWithNames) where passage_id != '')"  # noqa: S608

    sql = f"select count() from {keys(station)} a full join {keys(provider)} b using (plaza, passage_id)"  # noqa: S608
    started = time.perf_counter(), time.process_time()
    rows = int(str(chdb.query(f"{sql} settings max_threads = {CORES}", "CSV")).strip())
    wall, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    sys.stdout.write(json.dumps({"wall_s": wall, "cpu_s": cpu, "rows": rows}))


def measure(passages: int, keep: Path) -> Report:
    """All figures of one run."""
    station, provider = make(keep, passages)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])  # what is started from here on inherits it
    with tempfile.TemporaryDirectory() as out:
        whole = reconcile(station, provider, Path(out))
    summary = json.loads(whole.printed)
    rows = summary["station_rows"] + summary["provider_rows"]
    joins = {}
    for name in ("polars", "clickhouse"):
        ran = run("-m", "bench.reconcile", "--join", name, str(station), str(provider))
        joins[name] = json.loads(ran.printed) | {"peak_mb": ran.peak_mb}
    bare, engine = joins["polars"], joins["clickhouse"]
    name = "bare full join of the same keys, from memory"
    return Report(
        title=f"Reconcile {passages / 1e6:g} M × {passages / 1e6:g} M rows from files, {CORES} cores",
        rows=[
            Row("whole command, wall", whole.wall_s, "s", rows, bare["wall_s"], name, "≤ 60 s, goal 15 s"),
            Row("whole command, CPU", whole.cpu_s, "s", rows, bare["cpu_s"], name),
            Row("whole command, peak resident", whole.peak_mb, "MB", rows, bare["peak_mb"], name, "≤ 2500, goal 1500"),
            Row("the join in ClickHouse with reading the keys, wall", engine["wall_s"], "s", rows),
            Row("the join in ClickHouse with reading the keys, CPU", engine["cpu_s"], "s", rows),
            Row("the join in ClickHouse, peak resident", engine["peak_mb"], "MB", rows),
        ],
        note=f"{rows} rows read, {summary['rejected_rows']} rejected, {bare['rows']} rows joined; meanwhile"
        f" {os.getloadavg()[0]:.1f} processes wanted the machine's {os.cpu_count()} cores.",
        how="python -m bench.reconcile",
    )


def main() -> None:
    """Measure, or be the process in which a join is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "etc-bench-reconcile")
    parser.add_argument("--join", choices=("polars", "clickhouse"))
    parser.add_argument("files", nargs="*", type=Path)
    given = parser.parse_args()
    if given.join == "polars":
        join_in_polars(*given.files)
    elif given.join == "clickhouse":
        join_in_clickhouse(*given.files)
    else:
        measure(given.rows, given.keep).print()


if __name__ == "__main__":
    main()
