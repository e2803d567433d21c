"""`make bench`: runs every benchmark one after the other, each in a process of its own, and writes docs/benchmarks.md.

In: the names of benchmarks to run (all by default). Out: docs/benchmarks.md; sections of benchmarks that did not run
now are kept from the last time, with their own date. Never run two at once: they would measure each other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "docs" / "benchmarks.json"
PAGE: Final = ROOT / "docs" / "benchmarks.md"
BENCHMARKS: Final = ("lane_step", "lane_latency", "tag_list", "simulate", "plates", "ingest", "reconcile")
HEADER: Final = """# Benchmarks

Written by `make bench`; every figure was measured on the machine that its section names, beside a baseline in the same
run. Machines are noisy: read the ratios. "Hold" is the bound of the design.
"""


def run_one(name: str) -> dict[str, Any]:
    """The report of one benchmark; how far it is, and why it failed, it says itself on standard error."""
    command = [sys.executable, "-m", f"bench.{name}"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=1800)
    if done.returncode != 0:
        raise SystemExit(f"benchmark {name} failed with status {done.returncode}")
    report: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {**report, "measured_utc": datetime.now(UTC).strftime("%Y-%m-%d %H:%M")}


def table(report: dict[str, Any]) -> str:
    """One section of the page."""
    lines = [f"## {report['title']}", "", f"{report['machine']}; {report['measured_utc']} UTC.", ""]
    lines += [part for part in (report.get("how"), report.get("note")) if part]
    lines += ["", "| what | value | baseline in the same run | ratio | n | hold |", "|---|---|---|---|---|---|"]
    lines += [_line(row) for row in report["rows"]]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, Any]) -> str:
    baseline, ratio = row.get("baseline"), "–"
    if baseline:
        ratio = f"{row['value'] / baseline:.2f}"
    shown = f"{_number(baseline)} {row['unit']} ({row['baseline_name']})" if baseline else "–"
    return (
        f"| {row['what']} | {_number(row['value'])} {row['unit']} | {shown} | {ratio} | {row['n']:,} | {row['hold']} |"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def main() -> None:
    """Run what was asked for and write the page."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; none: all")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names:
        sys.stdout.write(f"{name} …\n")
        sys.stdout.flush()
        results[name] = run_one(name)
        sys.stdout.write(table(results[name]) + "\n")
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sections = [table(results[name]) for name in BENCHMARKS if name in results]
    PAGE.write_text(HEADER + "\n" + "\n".join(sections), encoding="utf-8")
    sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
