"""What the lane says about itself, as a function of the core's state.

In: the lane, its devices, list and outbox. Out: LaneStatusV1. Pure but for the caller's clock; a text that is too long
for the wire is cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from lane_controller.contracts.v1 import CommandAnswerV1, DeviceStatusV1, LaneStatusV1
from lane_controller.contracts.values import LaneState
from lane_controller.core.instant import Now
from lane_controller.core.state import Lane, Standing, Track
from lane_controller.outbox.encode import utc_of

DeviceName = Literal["reader", "plc", "camera", "anpr", "stream", "cards", "journal"]
DeviceState = Literal["ok", "lost", "unknown"]
TEXT_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the status says beside the core's state."""

    plaza: str
    devices: Mapping[str, str]
    list_version: int
    list_age_us: int | None
    outbox_waiting: int
    counters: Mapping[str, int]


def lane_status(
    lane: Lane, now: Now, around: Surroundings, flags: Sequence[str], answers: Sequence[CommandAnswerV1]
) -> LaneStatusV1:
    """The lane now."""
    held = held_track(lane)
    shown, tariffs = lane.shown, lane.desk.tariffs
    in_force = [tariff.version for tariff in tariffs if tariff.valid_from_utc_us <= now.utc_us]
    tags = [] if held is None else [tag.epc for tag in lane.radio.tags.values() if tag.owner == held.id]
    return LaneStatusV1(
        plaza=around.plaza, lane=lane.config.lane, epoch=lane.counts.epoch, at_utc=utc_of(now),
        state=LaneState(shown.state.value if shown.state else "CLOSED"),
        signal="green" if shown.signal == "green" else "red",
        display_code=shown.display.value if shown.display else "CLOSED", display_lines=shown.lines,
        barrier=lane.arm.state.value if lane.arm.known else "unknown",
        devices=_devices(around.devices), vehicles_in_lane=sum(track.vehicle for track in lane.tracks),
        held_passage_id=None if held is None else held.passage_id,
        held_reason=None if held is None else (", ".join((*held.holds, *held.flags)) or None),
        held_epc=tags[0] if tags else None,
        held_plate=None if held is None or held.plate is None else held.plate.text,
        operator=lane.desk.operator, list_version=around.list_version,
        list_age_s=None if around.list_age_us is None else round(around.list_age_us / 1e6, 3),
        tariff_version=max(in_force, default=0), last_seq=lane.counts.seq, outbox_waiting=around.outbox_waiting,
        flags=tuple(flags), answers=tuple(answers), counters=dict(around.counters),
    )  # fmt: skip


def held_track(lane: Lane) -> Track | None:
    """The vehicle that waits for the operator."""
    return next((track for track in lane.tracks if track.standing is Standing.HELD), None)


def _devices(states: Mapping[str, str]) -> tuple[DeviceStatusV1, ...]:
    return tuple(
        DeviceStatusV1(name=cast("DeviceName", name), state=cast("DeviceState", state.partition(": ")[0]),
                       detail=state.partition(": ")[2][:TEXT_MAX] or None)
        for name, state in states.items()
    )  # fmt: skip
