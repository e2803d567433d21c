"""Watches the holes in the numbering of lanes: alarm, and a request to the lane to send again.

In: the sequences of all lanes. Out: one alarm per (lane, epoch) with a hole, `resend` commands on toll.lane-commands.v1
repeated while the hole is there. A request that cannot be appended is made again later.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import structlog

from backoffice.ingest import metrics
from backoffice.ingest.notices import gap_alarm
from backoffice.ingest.sequence import LaneSequence
from backoffice.storage.alarms import AlarmBoard
from lane_controller.contracts.v1 import LaneCommandV1
from lane_controller.contracts.values import Topic
from lane_controller.stream.port import Producer, StreamError

LaneKey = tuple[str, str, int]

GRACE_S: Final = 1.0
"""A hole younger than this may still close by itself (two processes share the work)."""
REPEAT_S: Final = 30.0
_RANGES_MAX: Final = 20

log = structlog.get_logger("ingest")


class GapWatch:
    """Remembers since when a hole is known and when it was last asked for."""

    def __init__(
        self, producer: Producer, alarms: AlarmBoard, grace_s: float = GRACE_S, repeat_s: float = REPEAT_S
    ) -> None:
        self._producer = producer
        self._alarms = alarms
        self._grace_s = grace_s
        self._repeat_s = repeat_s
        self._ask_at: dict[LaneKey, float] = {}
        self._asked = 0

    async def look(self, sequences: Mapping[LaneKey, LaneSequence]) -> None:
        """Compare with what was seen before; ask for what is due."""
        for key, sequence in sequences.items():
            if sequence.missing:
                self._open(key, sequence)
                await self._ask(key, sequence)
            elif self._ask_at.pop(key, None) is not None:
                metrics.MISSING.labels(key[1]).set(0)
                self._alarms.clear(f"gap:{key[1]}:{key[2]}")

    def _open(self, key: LaneKey, sequence: LaneSequence) -> None:
        self._ask_at.setdefault(key, time.monotonic() + self._grace_s)
        count = sum(last - first + 1 for first, last in sequence.missing)
        metrics.MISSING.labels(key[1]).set(count)
        first, last = sequence.missing[0][0], sequence.missing[-1][1]
        self._alarms.report(gap_alarm(key[1], key[2], count, first, last))

    async def _ask(self, key: LaneKey, sequence: LaneSequence) -> None:
        if time.monotonic() < self._ask_at[key]:
            return
        commands = [self._command(key, hole) for hole in sequence.missing[:_RANGES_MAX]]
        try:
            await self._producer.append(Topic.LANE_COMMANDS, [(key[1], command.encode()) for command in commands])
        except StreamError as error:
            log.warning("resend_not_asked", lane=key[1], error=str(error))
            return
        self._ask_at[key] = time.monotonic() + self._repeat_s
        log.info("resend_asked", lane=key[1], epoch=key[2], ranges=len(commands))

    def _command(self, key: LaneKey, hole: tuple[int, int]) -> LaneCommandV1:
        plaza, lane, epoch = key
        self._asked += 1
        now = datetime.now(UTC)
        return LaneCommandV1(
            command_id=f"resend-{lane}-e{epoch}-{hole[0]}-{hole[1]}-{int(now.timestamp() * 1000)}-{self._asked}",
            plaza=plaza, lane=lane, issued_at_utc=now, ttl_ms=600_000, kind="resend", epoch=epoch,
            first_seq=hole[0], last_seq=hole[1], reason="missing at the back office",
        )  # fmt: skip
