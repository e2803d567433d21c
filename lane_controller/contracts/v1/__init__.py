"""Version 1 of every message between lane and back office. See the module of each message for topic and key."""

from lane_controller.contracts.v1.base import Message, MessageError
from lane_controller.contracts.v1.lists import (
    HEARTBEAT_KEY,
    TagEntryV1,
    TagListChangeV1,
    TagListHeartbeatV1,
    TariffV1,
    TicketV1,
    checksum_text,
    entry_digest,
)
from lane_controller.contracts.v1.passage import EvidenceRefV1, PassageV1, SealV1
from lane_controller.contracts.v1.status import CommandAnswerV1, DeviceStatusV1, LaneCommandV1, LaneStatusV1

MESSAGES: tuple[type[Message], ...] = (
    PassageV1,
    SealV1,
    LaneStatusV1,
    LaneCommandV1,
    TagListChangeV1,
    TagListHeartbeatV1,
    TariffV1,
)
"""Every message that stands on a topic; their JSON Schemas are in ../schemas."""

__all__ = [
    "HEARTBEAT_KEY",
    "MESSAGES",
    "CommandAnswerV1",
    "DeviceStatusV1",
    "EvidenceRefV1",
    "LaneCommandV1",
    "LaneStatusV1",
    "Message",
    "MessageError",
    "PassageV1",
    "SealV1",
    "TagEntryV1",
    "TagListChangeV1",
    "TagListHeartbeatV1",
    "TariffV1",
    "TicketV1",
    "checksum_text",
    "entry_digest",
]
