"""Programs of a plaza never outlive it, and one that dies comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from simulators.plaza.children import start
from simulators.plaza.supervisor import Part, PlazaError, Supervisor

pytestmark = pytest.mark.integration

SLEEPER = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
PARENT_OF_ONE = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
print(child.pid, flush=True)
time.sleep(600)
"""
LAUNCHER = """
import asyncio, sys, pathlib
from simulators.plaza.children import start
async def main():
    child = await start('sleeper', [sys.executable, '-c', 'import time; time.sleep(600)'], pathlib.Path(sys.argv[1]))
    print(child.process.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def gone(pid: int) -> bool:
    """True when no such process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


async def until(condition: object, within_s: float = 20.0) -> None:
    """Wait for a condition that is to come true."""
    end = time.monotonic() + within_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come true"
        await asyncio.sleep(0.05)


async def printed(log: Path) -> str:
    """The first line that a child printed."""
    await until(lambda: log.exists() and b"\n" in log.read_bytes())
    return log.read_text(encoding="utf-8").splitlines()[0]


async def test_a_child_dies_with_a_parent_that_was_killed_hard(tmp_path: Path) -> None:
    log = tmp_path / "launcher.log"
    launcher = await start("launcher", [sys.executable, "-c", LAUNCHER, str(tmp_path / "sleeper.log")], log)
    child = int(await printed(log))
    assert not gone(child)
    launcher.process.kill()
    await launcher.process.wait()
    await until(lambda: gone(child))


async def test_a_child_that_ignores_sigterm_is_ended_all_the_same(tmp_path: Path) -> None:
    child = await start("stubborn", [sys.executable, "-c", STUBBORN], tmp_path / "stubborn.log")
    await printed(child.log)
    assert await child.stop(within_s=0.5) is False
    assert gone(child.process.pid)


async def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    child = await start("parent", [sys.executable, "-c", PARENT_OF_ONE], tmp_path / "parent.log")
    grandchild = int(await printed(child.log))
    await child.stop()
    await until(lambda: gone(grandchild))


async def ready() -> bool:
    """A part that is ready at once."""
    return True


async def never() -> bool:
    """A part that never gets ready."""
    return False


async def test_a_program_that_dies_is_reported_and_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    speaks = f"print('the last words', flush=True); {SLEEPER}"
    await supervisor.bring_up(Part("sleeper", "sleeps", [sys.executable, "-c", speaks], ready))
    first = supervisor.running["sleeper"]
    await printed(first.log)
    os.kill(first.process.pid, signal.SIGKILL)
    await until(lambda: supervisor.running["sleeper"] is not first)
    report = next(text for text in said if "restarting" in text)
    assert "sleeper" in report
    assert "the last words" in report
    second = supervisor.running["sleeper"].process.pid
    await supervisor.stop()
    assert gone(second)


async def test_a_program_that_cannot_start_ends_the_start_with_its_own_words(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda _: None)
    broken = Part("broken", "breaks", [sys.executable, "-c", "raise SystemExit('port 99999 is no port')"], never)
    with pytest.raises(PlazaError, match="port 99999 is no port"):
        await supervisor.bring_up(broken)
    await supervisor.stop()


async def test_a_command_that_fails_is_told_with_its_status(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda _: None)
    with pytest.raises(PlazaError, match="status 3"):
        await supervisor.once("import", [sys.executable, "-c", "raise SystemExit(3)"])
    await supervisor.once("import", [sys.executable, "-c", "pass"])
    await supervisor.stop()
