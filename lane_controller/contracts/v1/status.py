"""What a lane says about itself (toll.lane-status.v1) and what people ask of it (toll.lane-commands.v1); key: lane.

In: status from the lane about once a second and at each change; commands from the back office. Out: the live page; the
lane's operator events. A command has a time to live and is executed at most once; an expired one is
answered, never obeyed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lane_controller.contracts.v1.base import (
    Count,
    LaneId,
    Message,
    PassageId,
    PlazaId,
    ShortText,
    UtcTime,
    VehicleClass,
    Version,
)
from lane_controller.contracts.values import LaneMode, LaneState


class DeviceStatusV1(Message):
    """One device of the lane."""

    name: Literal["reader", "plc", "camera", "anpr", "stream", "cards", "journal"]
    state: Literal["ok", "lost", "unknown"]
    detail: ShortText | None = None


class CommandAnswerV1(Message):
    """What became of a command from the back office."""

    command_id: ShortText
    result: Literal["done", "refused", "expired", "duplicate"]
    detail: ShortText | None = None


class LaneStatusV1(Message):
    """The lane now."""

    plaza: PlazaId
    lane: LaneId
    epoch: Annotated[int, Field(ge=1)]
    at_utc: UtcTime
    state: LaneState
    signal: Literal["red", "green"]
    display_code: ShortText
    display_lines: tuple[ShortText, ...] = ()
    barrier: Literal["open", "closed", "opening", "closing", "stopped", "fault", "broken", "unknown"]
    devices: tuple[DeviceStatusV1, ...] = ()
    vehicles_in_lane: Count = 0
    held_passage_id: PassageId | None = Field(default=None, description="a vehicle that waits for the operator")
    held_reason: ShortText | None = None
    held_epc: ShortText | None = None
    held_plate: ShortText | None = None
    operator: ShortText | None = None
    list_version: Version = 0
    list_age_s: Annotated[float, Field(ge=0)] | None = None
    tariff_version: Version = 0
    last_seq: Count = 0
    outbox_waiting: Count = 0
    flags: tuple[ShortText, ...] = Field(default=(), description="raised since the last status")
    answers: tuple[CommandAnswerV1, ...] = ()
    counters: dict[str, int] = Field(default_factory=dict, description="rejected inputs and the like, by name")


class LaneCommandV1(Message):
    """Something a person asks of a lane, or a request of the back office to send passages again."""

    command_id: ShortText
    plaza: PlazaId
    lane: LaneId
    issued_at_utc: UtcTime
    ttl_ms: Annotated[int, Field(ge=1, le=600_000)] = 10_000
    kind: Literal["login", "logout", "release", "mode", "resend"]
    operator: ShortText | None = None
    reason: ShortText | None = None
    mode: LaneMode | None = None
    passage_id: PassageId | None = Field(default=None, description="release: the held vehicle that is meant")
    vehicle_class: VehicleClass | None = Field(
        default=None, description="release: class as the operator sees it, where neither lane nor tag says it"
    )
    epoch: Annotated[int, Field(ge=1)] | None = None
    first_seq: Annotated[int, Field(ge=1)] | None = None
    last_seq: Annotated[int, Field(ge=1)] | None = None
