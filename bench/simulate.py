"""How many simulated passages one processor makes in a second, and what the build of the interpreter adds.

In: nothing, or paths of other interpreters (Python 3.11 or later; else the system's own is one). All get the same
episodes with all faults, in turns, so that what disturbs the machine disturbs all. Out: one report. Processor time, not
the clock's; of each episode the fastest of its rounds (what it takes where nobody is in the way) and the mean (as it
went). All must come to the same digests, or the figures mean nothing.
Run: python -m bench.simulate [INTERPRETER...]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.report import Report, Row

EPISODES: Final = range(8)
ROUNDS: Final = 15
HOLD: Final = "≥ 500 /s"
SYSTEMS: Final = "/usr/bin/python3"
SUITS: Final = "import sys; sys.exit(sys.version_info < (3, 11))"


@dataclass(frozen=True, slots=True)
class Took:
    """One episode, once."""

    passages: int
    core_s: float
    digest: str


@dataclass(slots=True)
class Interpreter:
    """A process that simulates what it is told, and what it took."""

    name: str
    path: str
    took: dict[int, list[Took]] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[str]:
        """The process; it waits for numbers of episodes."""
        command = [self.path, "-m", "bench.simulate_worker"]
        folder = Path(__file__).parents[1]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder)

    def rate(self, seconds_of: str) -> float:
        """Passages a second of processor time. `seconds_of`: "fastest" or "mean" of an episode's rounds."""
        passages = sum(rounds[0].passages for rounds in self.took.values())
        return passages / sum(_seconds(rounds, seconds_of) for rounds in self.took.values())


def _seconds(rounds: Sequence[Took], of: str) -> float:
    times = [took.core_s for took in rounds]
    return min(times) if of == "fastest" else sum(times) / len(times)


def ask(process: subprocess.Popen[str], episode: int) -> Took:
    """One episode there."""
    if process.stdin is None or process.stdout is None:
        raise TypeError("a process is asked through its pipes")
    process.stdin.write(f"{episode}\n")
    process.stdin.flush()
    answer = process.stdout.readline().split()
    if len(answer) != 3:
        raise RuntimeError(f"{process.args!r} ended at episode {episode}")
    return Took(int(answer[0]), float(answer[1]), answer[2])


def measure(interpreters: Sequence[Interpreter]) -> None:
    """All in turns; the first round is a rehearsal."""
    processes = [interpreter.start() for interpreter in interpreters]
    try:
        for turn in range(ROUNDS + 1):
            sys.stderr.write(f"round {turn} of {ROUNDS}\n")
            for episode in EPISODES:
                for interpreter, process in zip(interpreters, processes, strict=True):
                    took = ask(process, episode)
                    if turn:
                        interpreter.took.setdefault(episode, []).append(took)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _same_everywhere(interpreters: Sequence[Interpreter]) -> None:
    for episode in EPISODES:
        if len({took.digest for interpreter in interpreters for took in interpreter.took[episode]}) != 1:
            raise RuntimeError(f"episode {episode} did not come out the same everywhere")


def others(named: Sequence[str]) -> list[Interpreter]:
    """Those that were named, or the system's where it is another one."""
    paths = named or [SYSTEMS] * (Path(SYSTEMS).resolve() != Path(sys.executable).resolve())
    found = [
        path for path in paths if shutil.which(path) and not subprocess.run([path, "-c", SUITS], check=False).returncode
    ]
    return [Interpreter("the system's Python" if path == SYSTEMS else path, path) for path in found]


def rows(this: Interpreter, compared: Sequence[Interpreter]) -> list[Row]:
    """Each one's fastest and mean rate, the others beside this one's."""
    n = ROUNDS * len(EPISODES)
    found = [Row(f"{this.name}, {of} rounds", this.rate(of), "/s", n, hold=HOLD) for of in ("fastest", "mean")]
    for it in compared:
        found += [
            Row(f"{it.name}, {of} rounds", it.rate(of), "/s", n, this.rate(of), f"{this.name}, {of}", HOLD)
            for of in ("fastest", "mean")
        ]
    return found


def main() -> None:
    """Print the report."""
    this = Interpreter("this interpreter", sys.executable)
    compared = others(sys.argv[1:])
    measure([this, *compared])
    _same_everywhere([this, *compared])
    how = (
        f"{len(EPISODES)} episodes of 100 vehicles with all faults, {ROUNDS} times in turns in one process each; "
        "passages a second of processor time, beside the same work by another build of the interpreter."
    )
    Report("Simulated lane: passages a core-second", rows(this, compared), how=how).print()


if __name__ == "__main__":
    main()
