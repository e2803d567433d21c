"""Long work on files of the list, in a process of its own: the lanes' loop never waits for it.

In: `python -m lane_controller.lists.country.jobs merge|build|verify` and paths. Out: exit status 0, or 3 with one line
on standard error: what is damaged. A job that is killed leaves only files that the next start removes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lane_controller.lists.country.base import BaseFile, DamageError
from lane_controller.lists.country.build import Spool, build
from lane_controller.lists.country.merge import merge

DAMAGED: Final = 3
AVERAGE_ROW: Final = 85
NICENESS: Final = 10


class JobError(Exception):
    """A job ended without its result; the text says why. Try again later."""


def do(arguments: Sequence[str]) -> None:
    """Run a job here. DamageError, OSError."""
    verb, *paths = arguments
    if verb == "merge":
        base, out, *logs = paths
        merge(Path(base), [Path(log) for log in logs], Path(out))
    elif verb == "build":
        folder, target, fresh_utc_us = paths
        spool = Spool(Path(folder))
        build(Path(target), spool.runs(), spool.size() // AVERAGE_ROW, int(fresh_utc_us))
    elif verb == "verify":
        _verify(Path(paths[0]))
    else:
        raise ValueError(f"no such job: {verb}; there are merge, build, verify")


def _verify(path: Path) -> None:
    base = BaseFile(path)
    try:
        base.verify()
    finally:
        base.close()


async def run(*arguments: str | Path) -> None:
    """Run a job in a process of its own. DamageError: what it read is damaged. JobError: anything else."""
    command = (sys.executable, "-m", __name__, *map(str, arguments))
    child = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    try:
        _, told = await child.communicate()
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    if child.returncode == DAMAGED:
        raise DamageError(told.decode(errors="replace").strip())
    if child.returncode != 0:
        raise JobError(f"{arguments[0]} ended with {child.returncode}: {told.decode(errors='replace')[-500:].strip()}")


def main() -> None:
    """Console entry of a job."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # the lane that starts this one runs in real time
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    try:
        do(sys.argv[1:])
    except DamageError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(DAMAGED) from error


if __name__ == "__main__":
    main()
