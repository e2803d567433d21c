"""Topics and JSON of one lane's field devices as the PLC speaks them (hardware notes, section 2).

In: payload bytes of the lane's commands. Out: `Publication`s and parsed commands. Written apart from the lane
controller's own reading of the same wire, so that a mistake in one shows against the other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Action = Literal["open", "close", "latch_open", "unlatch"]
ACTIONS: tuple[Action, ...] = ("open", "close", "latch_open", "unlatch")


class WireError(ValueError):
    """The lane sent something that is no command; the text says what."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One message to send: topic below `etc/v1/PLAZA/LANE/`, JSON object, retained or not."""

    topic: str
    body: dict[str, Any]
    retain: bool = False

    def payload(self) -> bytes:
        """Compact JSON."""
        return json.dumps(self.body, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class BarrierCommand:
    """A request to move the arm, with its own id and time to live."""

    cmd_id: str
    action: Action
    issued_utc: datetime
    ttl_ms: int

    def age_ms(self, now_utc: datetime) -> float:
        """How long ago the lane issued it."""
        return (now_utc - self.issued_utc).total_seconds() * 1000


def parse_object(payload: bytes) -> dict[str, Any]:
    """The JSON object in `payload`."""
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise WireError(f"no JSON: {error}") from error
    if not isinstance(body, dict):
        raise WireError(f"expected a JSON object, got {type(body).__name__}")
    return body


def parse_barrier_command(payload: bytes) -> BarrierCommand:
    """A barrier/cmd message; WireError names the field that is wrong."""
    body = parse_object(payload)
    try:
        issued = datetime.fromisoformat(body["issued_utc"])
        command = BarrierCommand(str(body["cmd_id"]), body["action"], issued, int(body["ttl_ms"]))
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"barrier/cmd: {type(error).__name__}: {error}") from error
    if command.action not in ACTIONS:
        raise WireError(f"barrier/cmd: action {command.action!r} is none of {', '.join(ACTIONS)}")
    if issued.tzinfo is None:
        raise WireError("barrier/cmd: issued_utc has no time zone")
    return command
