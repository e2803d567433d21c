"""What a lane does beside its vehicles: seals, retention, and telling its status.

In: the journal, the runner, the stream. Out: seals in the journal (the relay sends them), old input events dropped, and
LaneStatusV1 about once a second and at each change. None of it can delay or stop the loop of the lane.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lane_controller.app.commands import CommandDesk
from lane_controller.app.health import LaneHealth
from lane_controller.app.runner import LaneRunner, Place
from lane_controller.app.status import Surroundings, lane_status
from lane_controller.contracts.v1 import LaneStatusV1
from lane_controller.contracts.values import Topic
from lane_controller.devices.ports import Clock
from lane_controller.outbox.chain import GENESIS
from lane_controller.outbox.journal import Journal, JournalReader
from lane_controller.outbox.seals import make_seal
from lane_controller.outbox.writer import JournalWriter
from lane_controller.stream.port import Stream, StreamError

log = logging.getLogger(__name__)

SEAL_PASSAGES_MAX: Final = 10_000
STATUS_EVERY_S: Final = 1.0
STATUS_SPACING_S: Final = 0.1
RETENTION_EVERY_S: Final = 3_600.0
SHORT_BREAK_S: Final = 0.05
_MOVING: Final = {"at_utc", "list_age_s", "counters", "flags", "answers"}
"""Fields that alone are no change worth telling before the second is over."""


async def seal_for_ever(
    writer: JournalWriter, reader: JournalReader, place: Place, key: Ed25519PrivateKey, every_s: float,
    sealed: Callable[[], None],
) -> None:  # fmt: skip
    """Seal what came since the last seal, every `every_s` seconds, also when nothing came."""
    while True:
        await asyncio.sleep(every_s)
        while await seal_next(writer, reader, place, key) == SEAL_PASSAGES_MAX:
            pass
        sealed()


async def seal_next(writer: JournalWriter, reader: JournalReader, place: Place, key: Ed25519PrivateKey) -> int:
    """One seal over the passages after the last one; how many it covers."""
    after = await asyncio.to_thread(reader.last_sealed)
    # The one before is read too: its hash is the head of an empty run.
    found = await asyncio.to_thread(reader.passages, max(0, after - 1), SEAL_PASSAGES_MAX + 1)
    run = [passage for passage in found if passage.seq > after][:SEAL_PASSAGES_MAX]
    head = run[-1].hash if run else (found[-1].hash if found else GENESIS)
    seal = make_seal(key, (place.plaza, place.lane, place.epoch), run, after + 1, head, datetime.now(UTC))
    await writer.ask(lambda journal: journal.add_seal(seal.first_seq, seal.last_seq, seal.encode()))
    return len(run)


async def drop_old_for_ever(writer: JournalWriter, keep_inputs_days: int) -> None:
    """Keep input events and command ids no longer than configured, a few thousand rows at a time."""
    while True:
        dropped = await writer.ask(partial(_drop_some, keep_inputs_days=keep_inputs_days))
        await asyncio.sleep(SHORT_BREAK_S if dropped else RETENTION_EVERY_S)


def _drop_some(journal: Journal, keep_inputs_days: int) -> int:
    now = datetime.now(UTC)
    return journal.forget((now - timedelta(days=keep_inputs_days)).isoformat(), now.isoformat())


class StatusTeller:
    """Publishes the lane's status; one that cannot be sent is replaced by the next."""

    def __init__(
        self, stream: Stream, runner: LaneRunner, desk: CommandDesk, health: LaneHealth, clock: Clock,
        surroundings: Callable[[], Surroundings],
    ) -> None:  # fmt: skip
        self._stream, self._runner, self._desk, self._health = stream, runner, desk, health
        self._clock, self._surroundings = clock, surroundings
        self._told: dict[str, object] = {}

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            try:
                await self._tell_for_ever()
            except (StreamError, OSError) as error:
                log.info("%s: status not sent: %s", self._runner.place.lane, error)
                await asyncio.sleep(STATUS_EVERY_S)

    async def _tell_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        producer = await self._stream.producer(f"lane-status-{self._runner.place.lane}")
        told_at = 0.0
        try:
            while True:
                self._runner.changed.clear()
                flags, answers = list(self._runner.flags), list(self._desk.answers)
                around = self._surroundings()
                status = lane_status(self._runner.lane, self._clock.now(), around, flags, answers)
                if self._changed(status) or loop.time() - told_at >= STATUS_EVERY_S:
                    await producer.append(Topic.LANE_STATUS.value, [(status.lane, status.encode())])
                    told_at = loop.time()
                    self._remember(status)
                self._measure(around)
                await asyncio.sleep(STATUS_SPACING_S)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STATUS_EVERY_S - STATUS_SPACING_S):
                        await self._runner.changed.wait()
        finally:
            with contextlib.suppress(StreamError, OSError):
                await producer.close()

    def _changed(self, status: LaneStatusV1) -> bool:
        return bool(status.flags or status.answers) or status.model_dump(exclude=_MOVING) != self._told

    def _remember(self, status: LaneStatusV1) -> None:
        self._told = status.model_dump(exclude=_MOVING)
        for _ in status.flags:
            self._runner.flags.popleft()
        for _ in status.answers:
            self._desk.answers.popleft()

    def _measure(self, around: Surroundings) -> None:
        lane = self._runner.place.lane
        self._health.metrics.waiting.labels(lane).set(around.outbox_waiting)
        for name, state in around.devices.items():
            self._health.device(name, state.partition(": ")[0])
