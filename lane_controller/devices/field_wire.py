"""The field devices' MQTT messages: topics, and strict models of what the PLC sends.

In: payload bytes. Out: validated messages or a `WireError` that names topic, field and value; and the JSON of what the
lane sends. Sources: hardware notes section 2. Nothing of a malformed message is ever used.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lane_controller.core.effects import CommandBarrier
from lane_controller.core.values import AckResult, BarrierState, Sensor, VehicleKind
from lane_controller.devices.ports import PlcPosition

SENSOR_OF_NAME: Final = {sensor.value.lower(): sensor for sensor in Sensor}
PAYLOAD_BYTES_MAX: Final = 4_096

Boot = Annotated[str, Field(min_length=1, max_length=64)]
Number = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Level = Annotated[bool, Field(strict=True)]


class WireError(ValueError):
    """A message of the PLC is not what its topic promises. `reason` is a fixed word for the counter."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class LevelMessage(_Message):
    """io/SENSOR/state, retained: the level, and the number of the edge that made it."""

    v: Level
    seq: Number
    ts_ms: Number
    boot: Boot


class EdgeMessage(_Message):
    """io/events: one edge. `ts_ms` is the PLC's monotonic time; `recovered`: out of its log, late."""

    sensor: Annotated[str, Field(max_length=8)]
    v: Level
    seq: Number
    ts_ms: Number
    boot: Boot
    recovered: Level = False

    @property
    def which(self) -> Sensor:
        """The sensor in the lane's own words."""
        return SENSOR_OF_NAME[self.sensor]


class BarrierMessage(_Message):
    """barrier/state, retained: what the limit switches say."""

    state: BarrierState
    open_limit: Level
    closed_limit: Level
    last_cmd_id: Annotated[str, Field(max_length=128)] | None = None
    ts_ms: Number
    boot: Boot


class AckMessage(_Message):
    """barrier/ack: received, not done."""

    cmd_id: Annotated[str, Field(max_length=128)]
    result: AckResult


class StatusMessage(_Message):
    """status, retained and repeated every second; `online: false` is the last will. `ts_ms`: the PLC's time now."""

    online: Level
    boot: Boot
    ts_ms: Number | None = None


class ClassMessage(_Message):
    """avc/class: what the classifier makes of the vehicle that came onto L1. `class` absent: it cannot tell."""

    vehicle_class: Annotated[int, Field(strict=True, ge=1, le=5)] | None = Field(default=None, alias="class")
    kind: VehicleKind = VehicleKind.FOUR_WHEEL
    length_m: Annotated[float, Field(gt=0, le=40, allow_inf_nan=False)] | None = None


PlcMessage = LevelMessage | EdgeMessage | BarrierMessage | AckMessage | StatusMessage | ClassMessage

_MODELS: Final[dict[str, type[PlcMessage]]] = {
    **{f"io/{name}/state": LevelMessage for name in SENSOR_OF_NAME},
    "io/events": EdgeMessage,
    "barrier/state": BarrierMessage,
    "barrier/ack": AckMessage,
    "status": StatusMessage,
    "avc/class": ClassMessage,
}
SUBSCRIPTIONS: Final = ("io/+/state", "io/events", "barrier/state", "barrier/ack", "status", "avc/class")
LEVELS: Final = "io/+/state"
_NEVER_RETAINED: Final = frozenset({"io/events", "barrier/ack", "avc/class"})


def parse(topic: str, payload: object, retained: bool) -> PlcMessage:
    """The message on `topic` (below the lane's root); WireError otherwise."""
    model = _MODELS.get(topic)
    if model is None:
        raise WireError("unasked", f"{topic}: nobody asked for this topic")
    if not isinstance(payload, bytes) or len(payload) > PAYLOAD_BYTES_MAX:
        raise WireError("size", f"{topic}: a payload of at most {PAYLOAD_BYTES_MAX} bytes was expected")
    if retained and topic in _NEVER_RETAINED:
        raise WireError("retained", f"{topic}: a retained message here is an old one; clear it at the broker")
    try:
        message = model.model_validate_json(payload)
    except ValidationError as error:
        raise WireError("malformed", f"{topic}: {_explain(error)} in {payload[:120]!r}") from error
    if isinstance(message, EdgeMessage) and message.sensor not in SENSOR_OF_NAME:
        raise WireError("unknown sensor", f"{topic}: sensor {message.sensor!r}; known: {', '.join(SENSOR_OF_NAME)}")
    return message


def command_payload(command: CommandBarrier, issued: datetime, number: int) -> bytes:
    """The barrier/cmd message of a core command."""
    return _json(
        {
            "cmd_id": command.cmd_id,
            "action": command.action.value,
            "reason": command.cause.value,
            "passage_id": command.passage_id,
            "issued_utc": issued.isoformat(),
            "ttl_ms": command.ttl_ms,
            "seq": number,
        }
    )


def signal_payload(aspect: str) -> bytes:
    """The signal/cmd message."""
    return _json({"aspect": aspect})


def display_payload(code: str, lines: tuple[str, ...]) -> bytes:
    """The display/cmd message, UTF-8."""
    return _json({"code": code, "lines": list(lines)})


def heartbeat_payload(at: datetime, beat: int, durable: PlcPosition | None) -> bytes:
    """The pc/heartbeat message; `beat` starts at 1 with each start of the lane program.

    `heard` names the last edge that is on the lane's disk: the PLC keeps newer ones in its log for a lane that dies.
    """
    heard = None if durable is None else {"boot": durable.boot, "seq": durable.seq}
    return _json({"at_utc": at.isoformat(), "seq": beat, "heard": heard})


def _json(body: dict[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def _explain(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "message"
    return f"{field}: {first['msg']}"
