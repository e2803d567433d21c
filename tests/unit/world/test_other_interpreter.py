"""`simulate --with`: refuses what is no Python 3.11, and otherwise goes on as that one."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

CODE = Path(__file__).parents[3] / "lane_controller"
SIMULATE = [sys.executable, "-m", "lane_controller.app.main", "simulate", "--seed", "11", "--passages", "90"]


def simulate(*more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SIMULATE, *more], capture_output=True, text=True, check=False)


def answers(path: Path, text: str) -> Path:
    """A program that says the same whatever it is asked."""
    path.write_text(f"#!/bin/sh\necho {text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "reason"), [("3 9", "Python 3.9"), ("hello", "no Python"), ("", "no Python"), (None, "no such program")]
)
def test_what_is_no_python_of_today_is_refused(tmp_path: Path, text: str | None, reason: str) -> None:
    program = tmp_path / "another"
    if text is not None:
        answers(program, text)
    refused = simulate("--with", str(program))
    assert refused.returncode == 2
    assert f"--with {program}: {reason}; name a PyPy" in refused.stderr
    assert not refused.stdout


def test_wrong_arguments_are_refused_before_it_is_asked(tmp_path: Path) -> None:
    refused = simulate("--with", str(tmp_path / "none"), "--faults", "earthquake")
    assert refused.returncode == 2
    assert "earthquake" in refused.stderr


def test_it_goes_on_with_every_argument() -> None:
    here, there = simulate("--json", "--no-shrink"), simulate("--json", "--no-shrink", "--with", sys.executable)
    assert there.returncode == here.returncode == 0, there.stderr
    times = {"seconds": 0, "core_seconds": 0}
    first, second = json.loads(here.stdout), json.loads(there.stdout)
    assert {**first, **times} == {**second, **times}


def test_no_statement_is_a_conditional_expression() -> None:
    """PyPy 7.3.19 takes both branches of one that ends a function (test_real_pypy)."""
    found = [
        f"{file.relative_to(CODE)}:{node.lineno}"
        for file in CODE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.IfExp)
    ]
    assert found == []
