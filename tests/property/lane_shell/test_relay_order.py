"""The relay against a stream that fails at random, and a lane that restarts at random: in order, at least once, all."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_controller.contracts.values import Topic
from lane_controller.outbox import relay as relay_module
from lane_controller.outbox.journal import Batch, Entry, Journal, JournalReader
from lane_controller.outbox.relay import Relay
from lane_controller.outbox.writer import JournalWriter
from lane_controller.stream.port import Consumer, Producer, StreamError
from tests.integration.lane_shell.eventually import eventually


class FlakyStream:
    """Appends to a list; each call takes the next letter: o works, l is lost, k works but says that it failed."""

    def __init__(self, script: str) -> None:
        self._script = list(script)
        self.taken: list[tuple[str, str, bytes | None]] = []

    async def ensure_topics(self, topics: Mapping[str, bool]) -> None:
        raise NotImplementedError

    async def producer(self, client: str) -> Producer:
        return self

    async def consumer(self, topics: Sequence[str], group: str | None) -> Consumer:
        raise NotImplementedError

    async def close(self) -> None:
        return

    async def append(self, topic: str, records: Sequence[tuple[str, bytes | None]]) -> None:
        await asyncio.sleep(0)
        fate = self._script.pop(0) if self._script else "o"
        if fate in "ok":
            self.taken += [(topic, key, value) for key, value in records]
        if fate in "lk":
            raise StreamError("the broker went away")

    def seqs(self) -> list[int]:
        return [json.loads(value or b"")["seq"] for topic, _, value in self.taken if topic == Topic.PASSAGES]


def write(journal: Journal, count: int) -> None:
    for _ in range(count):
        seq = journal.heads[1] + 1
        passage_id = f"CM-01-e1-{seq:06d}"
        message = {"seq": seq, "passage_id": passage_id, "outcome": "charged", "fare_vnd": 1}
        journal.commit(Batch([], [Entry("2026", "PassageClosed", {"seq": seq}, passage_id, message)]))


async def run_until(relay: Relay, stream: FlakyStream, last: int, again: list[int]) -> None:
    task = asyncio.create_task(relay.run())
    await eventually(lambda: not relay.waiting(last) and set(again) <= set(stream.seqs()), what="everything sent")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def one_life(path: Path, stream: FlakyStream, count: int) -> None:
    """Start, write `count` passages, send everything, stop."""
    journal = Journal(path, "CM", "CM-01", 1)
    write(journal, count)
    writer, reader = JournalWriter(journal), JournalReader(path)
    await run_until(Relay("CM-01", stream, writer, reader), stream, journal.heads[1], [])
    reader.close()
    await writer.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "BACKOFF_S", (0.0,))
    monkeypatch.setattr(relay_module, "BATCH", 3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=st.lists(st.tuples(st.integers(0, 8), st.text("olk", max_size=12)), min_size=1, max_size=3))
def test_every_passage_arrives_and_first_arrivals_are_in_order(impatient: None, lives: list[tuple[int, str]]) -> None:
    taken: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "CM-01-e1.journal.sqlite3"
        for count, script in lives:
            stream = FlakyStream(script)
            asyncio.run(one_life(path, stream, count))
            taken += stream.seqs()
    total = sum(count for count, _ in lives)
    assert list(dict.fromkeys(taken)) == list(range(1, total + 1))


async def test_a_resend_repeats_what_was_asked_and_nothing_new_is_skipped(impatient: None, tmp_path: Path) -> None:
    path = tmp_path / "CM-01-e1.journal.sqlite3"
    stream = FlakyStream("")
    await one_life(path, stream, 9)
    journal = Journal(path, "CM", "CM-01", 1)
    write(journal, 2)
    writer, reader = JournalWriter(journal), JournalReader(path)
    relay = Relay("CM-01", stream, writer, reader)
    stream.taken.clear()
    relay.resend(3, 7)
    await run_until(relay, stream, 11, [3, 4, 5, 6, 7, 10, 11])
    assert stream.seqs() == [3, 4, 5, 6, 7, 10, 11]
    reader.close()
    await writer.close()
