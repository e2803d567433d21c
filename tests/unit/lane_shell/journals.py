"""Journals of whole scenarios: what a lane writes to disk while a scenario is played, without the devices.

In: a world that has run. Out: the journal file that the lane's runner would have left, marks and restarts included.
"""

from __future__ import annotations

import json
from pathlib import Path

from lane_controller.app.scenario_world import World
from lane_controller.core.effects import Record
from lane_controller.core.events import Booted
from lane_controller.core.instant import Now
from lane_controller.core.lane import start, step
from lane_controller.core.plain import to_plain
from lane_controller.core.state import Lane
from lane_controller.outbox.encode import entry_of, utc_of
from lane_controller.outbox.journal import Batch, Entry, Input, Journal
from lane_controller.outbox.marks import Mark, mark_input

PLAZA, EPOCH = "CM", 1


def write_journal(world: World, path: Path, mark_every: int = 40) -> None:
    """Step the core through the world's inputs once more and write down what the runner does."""
    journal: Journal | None = None
    lane: Lane | None = None
    noted: list[Input] = []
    for count, (event, now) in enumerate(world.capsule):
        if isinstance(event, Booted):
            if journal is not None:
                journal.commit(Batch(noted, []))
                journal.close()
            lane, noted = start(world.scenario.config), []
            journal = Journal(path, PLAZA, world.scenario.config.lane, EPOCH, event.boot_id)
            noted.append(mark_input(Mark(lane, journal.heads[0], True, now)))
        assert journal is not None
        assert lane is not None
        noted.append(_input(event, now))
        lane, effects = step(lane, event, now)
        entries = [entry_of(e.record, PLAZA, lane.config.lane, EPOCH) for e in effects if isinstance(e, Record)]
        noted = _commit(journal, noted, entries)
        if count % mark_every == mark_every - 1:
            noted.append(mark_input(Mark(lane, journal.heads[0], False, now)))
    assert journal is not None
    journal.commit(Batch(noted, []))
    journal.close()


def _commit(journal: Journal, noted: list[Input], entries: list[Entry]) -> list[Input]:
    """Inputs reach the disk with the next records; what is still noted."""
    if not entries:
        return noted
    journal.commit(Batch(noted, entries))
    return []


def _input(event: object, now: Now) -> Input:
    body = {"event": to_plain(event), "utc_us": now.utc_us}  # type: ignore[arg-type]
    return Input(utc_of(now).isoformat(), now.mono_us * 1000, json.dumps(body, separators=(",", ":")).encode())
