"""The form in which a benchmark states what it measured.

In: measured samples. Out: rows with value, unit, n and, where there is one, the baseline of the same run and the ratio.
Never a figure without its n.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `baseline`: same run, same unit. `hold`: the bound of the design, in words."""

    what: str
    value: float
    unit: str
    n: int
    baseline: float | None = None
    baseline_name: str = ""
    hold: str = ""

    @property
    def ratio(self) -> float | None:
        """value / baseline, where there is a baseline above zero."""
        return self.value / self.baseline if self.baseline else None


@dataclass(frozen=True, slots=True)
class Report:
    """What one benchmark prints as its only line on standard output."""

    title: str
    rows: Sequence[Row]
    note: str = ""
    how: str = ""

    def print(self) -> None:
        """One JSON object on standard output."""
        sys.stdout.write(json.dumps({**asdict(self), "machine": machine()}, ensure_ascii=False) + "\n")


def percentile(samples: Sequence[float], percent: float) -> float:
    """Nearest-rank percentile of a non-empty sample (no interpolation: the figure was really seen)."""
    if not samples:
        raise ValueError("a percentile needs at least one sample")
    ordered = sorted(samples)
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[max(rank - 1, 0)]


def machine() -> str:
    """Processor, cores and Python, without names of hosts or people."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in _lines(Path("/proc/cpuinfo"))
            if line.startswith(("model name", "Model"))
        ),
        platform.machine(),
    )
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
