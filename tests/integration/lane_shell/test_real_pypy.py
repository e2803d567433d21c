"""The same seed gives the same bytes under PyPy: another implementation of the language, another C library."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.parts.missing import PartMissingError, skip_or_fail
from tests.parts.pypy import pypy_path

pytestmark = pytest.mark.integration
TOLD = ("seconds", "core_seconds", "processes", "interpreter")


@pytest.fixture(scope="module")
def pypy() -> Path:
    try:
        return pypy_path()
    except PartMissingError as missing:
        skip_or_fail(missing)


def simulated(*more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "lane_controller.app.main", "simulate", "--seed", "12", "--passages", "250"]
    run = subprocess.run([*command, "--json", "--no-shrink", *more], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_same_seed_same_bytes(pypy: Path) -> None:
    here, there = simulated(), simulated("--with", str(pypy), "--processes", "2")
    assert there["interpreter"] == "pypy"
    assert {name: value for name, value in here.items() if name not in TOLD} == {
        name: value for name, value in there.items() if name not in TOLD
    }
