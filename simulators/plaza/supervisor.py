"""Keeps the programs of a plaza running: starts them in order, restarts one that dies, stops all in reverse order.

In: parts with their command and their sign of readiness. Out: running programs and a line for each event. A program
that dies is reported with its last log lines and started again, after a pause that grows; the others go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulators.plaza.children import Child, start

RESTART_PAUSES_S: Final = (0.5, 2.0, 5.0, 15.0)
CALM_S: Final = 60.0
"""A program that ran this long starts its pauses from the first again."""

READY_EVERY_S: Final = 0.1


class PlazaError(Exception):
    """The plaza cannot start; the text names the program, what it printed and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """One program. `ready` answers True once others may use it; `ready_within_s` is how long we wait for that."""

    name: str
    does: str
    command: Sequence[str]
    ready: Callable[[], Awaitable[bool]]
    ready_within_s: float = 60.0


@dataclass
class Supervisor:
    """Runs parts. `say` gets a line for people."""

    logs: Path
    say: Callable[[str], None]
    running: dict[str, Child] = field(default_factory=dict)
    watchers: list[asyncio.Task[None]] = field(default_factory=list)
    stopping: bool = False

    async def bring_up(self, *parts: Part) -> None:
        """Start all parts at once and return when every one is ready. PlazaError: one is not."""
        for part in parts:
            self.running[part.name] = await start(part.name, part.command, self._log(part.name))
            self.say(f"  … {part.name}: {part.does}")
        await asyncio.gather(*(self._until_ready(part) for part in parts))
        for part in parts:
            self.watchers.append(asyncio.create_task(self._watch(part), name=f"watch {part.name}"))

    async def once(self, name: str, command: Sequence[str], within_s: float = 120.0) -> None:
        """Run a command to its end. PlazaError: it failed."""
        child = await start(name, command, self._log(name))
        self.running[name] = child
        try:
            async with asyncio.timeout(within_s):
                status = await child.process.wait()
        except TimeoutError:
            await child.stop()
            raise PlazaError(f"{name} did not end within {within_s:.0f} s; see {child.log}") from None
        finally:
            self.running.pop(name, None)
        if status != 0:
            raise PlazaError(_failed(child, f"ended with status {status}"))

    async def stop(self) -> None:
        """Everything down, last started first. Nothing is left behind."""
        self.stopping = True
        for watcher in self.watchers:
            watcher.cancel()
        await asyncio.gather(*self.watchers, return_exceptions=True)
        for name, child in reversed(self.running.items()):
            if not await child.stop():
                self.say(f"  ! {name} không dừng kịp, đã kết thúc cưỡng bức / did not stop in time and was killed")
        self.running.clear()

    async def _until_ready(self, part: Part) -> None:
        child = self.running[part.name]
        until = time.monotonic() + part.ready_within_s
        while not await part.ready():
            if not child.running:
                raise PlazaError(_failed(child, f"ended with status {child.process.returncode} while starting"))
            if time.monotonic() > until:
                raise PlazaError(_failed(child, f"was not ready within {part.ready_within_s:.0f} s"))
            await asyncio.sleep(READY_EVERY_S)
        self.say(f"  ✓ {part.name}")

    async def _watch(self, part: Part) -> None:
        deaths = 0
        while True:
            child, begun = self.running[part.name], time.monotonic()
            status = await child.process.wait()
            if self.stopping:
                return
            child.kill_group()
            deaths = 1 if time.monotonic() - begun > CALM_S else deaths + 1
            self.say("  ! " + _failed(child, f"đã dừng / ended (status {status}), khởi động lại / restarting"))
            await asyncio.sleep(RESTART_PAUSES_S[min(deaths, len(RESTART_PAUSES_S)) - 1])
            self.running[part.name] = await start(part.name, part.command, self._log(part.name))

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def _failed(child: Child, what: str) -> str:
    lines = "".join(f"\n      | {line}" for line in child.last_lines())
    return f"{child.name} {what}; see {child.log}{lines}"
