"""A simulation under another interpreter: the same code and the same digest, sooner under one that compiles.

In: the name of an interpreter, and a request. Out: this process goes on as that interpreter.
Never: a Python older than the code is written for; a second installation: what a simulation needs beside the standard
library (typer, PyYAML) is plain Python and is read where this interpreter has it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import typer
import yaml

import lane_controller
from lane_controller.app.refuse import fail
from lane_controller.app.simulate_run import Request

PROGRAM = "lane_controller.app.simulate_run"
NEEDED = (3, 11)
REMEDY = "name a PyPy for Python 3.11 (Debian 13: apt install pypy3; Debian 12: deploy/pypy/fetch.sh)"


def go_on(interpreter: str, asked: Request) -> NoReturn:
    """Become `interpreter` and carry the request out. Ends with status 2 where it is no Python that can."""
    path = shutil.which(interpreter)
    if path is None:
        fail(f"--with {interpreter}: no such program; {REMEDY}", 2)
    version = _version(path)
    if version is None or version < NEEDED:
        found = "no Python" if version is None else f"Python {version[0]}.{version[1]}"
        fail(f"--with {interpreter}: {found}; {REMEDY}", 2)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(_folders())}
    os.execve(path, [path, "-m", PROGRAM, asked.text()], environment)  # noqa: S606 - it is what was asked for


def _folders() -> list[str]:
    """Where the code and what it needs lie; not the standard library of this interpreter."""
    files = [module.__file__ for module in (lane_controller, typer, yaml)]
    return sorted({str(Path(file).resolve().parents[1]) for file in files if file is not None})


def _version(path: str) -> tuple[int, int] | None:
    """Major and minor version; None: it does not answer as a Python does."""
    question = [path, "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        told = subprocess.run(question, capture_output=True, text=True, timeout=60, check=False).stdout.split()
        return int(told[0]), int(told[1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        return None
