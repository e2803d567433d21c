"""Commands of the back office to one lane: login, logout, release, mode, resend.

In: toll.lane-commands.v1. Out: operator events to the core, and one answer per command in the lane's status. A command
is obeyed at most once (its id is durable before it acts) and never after its time to live.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lane_controller.app.runner import LaneRunner
from lane_controller.app.status import held_track
from lane_controller.contracts.v1 import CommandAnswerV1, LaneCommandV1, MessageError
from lane_controller.contracts.values import Topic
from lane_controller.core.effects import Effect, RaiseFlag
from lane_controller.core.events import Event, ModeRequested, OperatorLoggedIn, OperatorLoggedOut, ReleaseRequested
from lane_controller.core.values import Flag, Mode
from lane_controller.devices.ports import Clock, Reject
from lane_controller.outbox.encode import utc_of
from lane_controller.outbox.relay import Relay
from lane_controller.outbox.writer import JournalWriter
from lane_controller.stream.port import Record, Stream, StreamError

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
RETRY_S: Final = 1.0
REMEMBER: Final = timedelta(days=7)
"""Ids of obeyed commands are kept this long; the longest time to live is ten minutes."""
SKEW: Final = timedelta(seconds=5)
"""The back office's clock may be ahead of the lane's by this much."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What commands act on."""

    runner: LaneRunner
    relay: Relay
    journal: JournalWriter


class CommandDesk:
    """One per lane; `run` until cancelled. `answers` are taken by the status."""

    def __init__(self, stream: Stream, hands: Hands, clock: Clock, reject: Reject) -> None:
        self._stream, self._hands, self._clock, self._reject = stream, hands, clock, reject
        self._place = hands.runner.place
        self.answers: deque[CommandAnswerV1] = deque(maxlen=100)
        self.connected = False

    async def run(self) -> None:
        """Obey for ever."""
        while True:
            try:
                await self._follow()
            except (StreamError, OSError) as error:
                self.connected = False
                log.warning("%s: commands of the back office do not come in: %s", self._place.lane, error)
            await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        group = f"lane-commands-{self._place.plaza}-{self._place.lane}"
        consumer = await self._stream.consumer([Topic.LANE_COMMANDS.value], group)
        try:
            while True:
                batch = await consumer.poll(POLL_S)
                self.connected = True
                for record in batch:
                    await self._take(record)
                if batch:
                    await consumer.commit(batch)
        finally:
            self.connected = False
            await consumer.close()

    async def _take(self, record: Record) -> None:
        if record.key != self._place.lane or record.value is None:
            return
        try:
            command = LaneCommandV1.decode(record.value)
        except MessageError as error:
            self._reject("commands", "malformed", str(error))
            return
        if (command.plaza, command.lane) != (self._place.plaza, self._place.lane):
            self._reject("commands", "wrong lane", f"{command.command_id} is for {command.plaza} {command.lane}")
            return
        answer = await self._judge(command)
        log.info("%s: command %s %s: %s", command.lane, command.kind, command.command_id, answer)
        self.answers.append(answer)
        self._hands.runner.changed.set()

    async def _judge(self, command: LaneCommandV1) -> CommandAnswerV1:
        now = utc_of(self._clock.now())
        problem = _out_of_time(command, now)
        if problem is not None:
            return CommandAnswerV1(command_id=command.command_id, result="expired", detail=problem)
        forget_after = (now + REMEMBER).isoformat()
        fresh = await self._hands.journal.ask(lambda journal: journal.claim_command(command.command_id, forget_after))
        if not fresh:
            return CommandAnswerV1(command_id=command.command_id, result="duplicate", detail="obeyed before")
        refusal = await self._obey(command)
        if refusal is None:
            return CommandAnswerV1(command_id=command.command_id, result="done")
        return CommandAnswerV1(command_id=command.command_id, result="refused", detail=refusal)

    async def _obey(self, command: LaneCommandV1) -> str | None:
        """Do it; why not, if not."""
        if command.kind == "resend":
            return self._resend(command)
        event = self._event(command)
        if isinstance(event, str):
            return event
        effects = await self._hands.runner.ask(event)
        return "the lane refused the release: nobody is held, or nobody is logged in" if _refused(effects) else None

    def _event(self, command: LaneCommandV1) -> Event | str:
        """The core's event, or why there is none."""
        desk = self._hands.runner.lane.desk
        match command.kind:
            case "login":
                return OperatorLoggedIn(command.operator) if command.operator else "login without a name"
            case "logout":
                return OperatorLoggedOut()
            case "mode":
                return ModeRequested(Mode(command.mode.value), command.operator or "") if command.mode else "no mode"
            case _:
                held = held_track(self._hands.runner.lane)
                meant = command.passage_id
                if meant is not None and (held is None or held.passage_id != meant):
                    return f"{meant} is not the vehicle that waits"
                if command.operator is not None and command.operator != desk.operator:
                    return f"{command.operator} is not logged in at this lane"
                return ReleaseRequested(command.reason or "", command.vehicle_class)

    def _resend(self, command: LaneCommandV1) -> str | None:
        if command.first_seq is None or command.last_seq is None or command.last_seq < command.first_seq:
            return "first_seq and last_seq are needed, in order"
        if command.epoch not in (None, self._place.epoch):
            return f"epoch {command.epoch} is not here; this journal is epoch {self._place.epoch}"
        self._hands.relay.resend(command.first_seq, command.last_seq)
        return None


def _out_of_time(command: LaneCommandV1, now: datetime) -> str | None:
    if now - command.issued_at_utc > timedelta(milliseconds=command.ttl_ms):
        return f"{(now - command.issued_at_utc).total_seconds():.1f} s old, it lived {command.ttl_ms} ms"
    if command.issued_at_utc - now > SKEW:
        return "issued in the future: set the clocks of lane and back office"
    return None


def _refused(effects: Sequence[Effect]) -> bool:
    return any(isinstance(effect, RaiseFlag) and effect.flag is Flag.RELEASE_REFUSED for effect in effects)
