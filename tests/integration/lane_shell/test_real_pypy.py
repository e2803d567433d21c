"""The same seed gives the same bytes under PyPy: another implementation of the language, another C library."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.parts.pypy import pypy_path

pytestmark = pytest.mark.integration
TOLD = ("seconds", "core_seconds", "processes", "interpreter")


def simulated(*more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "lane_controller.app.main", "simulate", "--seed", "12", "--passages", "250"]
    run = subprocess.run([*command, "--json", "--no-shrink", *more], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_same_seed_same_bytes(require_part: Callable[[Callable[[], object]], object]) -> None:
    pypy = str(require_part(pypy_path))
    here, there = simulated(), simulated("--with", pypy, "--processes", "2")
    assert there["interpreter"] == "pypy"
    assert {name: value for name, value in here.items() if name not in TOLD} == {
        name: value for name, value in there.items() if name not in TOLD
    }


def test_an_episode_that_pypy_once_compiled_wrongly(require_part: Callable[[Callable[[], object]], object]) -> None:
    """PyPy 7.3.19 takes both branches of a conditional expression that is a statement at the end of a function: each
    L3 on was an L3 off as well, and one episode in three hundred told of it."""
    pypy = str(require_part(pypy_path))
    assert episode() == episode("--with", pypy)


def episode(*more: str) -> str:
    command = [sys.executable, "-m", "lane_controller.app.main", "simulate", "--seed", "31", "--episode", "279"]
    run = subprocess.run([*command, "--no-shrink", *more], capture_output=True, text=True, check=False)
    assert "digest" in run.stdout, run.stderr
    return run.stdout
