"""Words that every part of the system shares: outcomes, lane states, topics, and the shape of identifiers.

In: nothing. Out: string enumerations and checks of identifiers. May be used by pure cores; must never grow behaviour,
input/output or a dependency outside the standard library.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """How a passage ended (lane rules, vocabulary)."""

    CHARGED = "charged"
    TICKET = "ticket"
    EXEMPT = "exempt"
    MANUAL = "manual"
    CONVOY = "convoy"
    EMERGENCY = "emergency"
    VIOLATION = "violation"


class LaneState(StrEnum):
    """What the lane can do at the moment (lane rules, vocabulary)."""

    CLOSED = "CLOSED"
    AUTO = "AUTO"
    DEGRADED = "DEGRADED"
    CONVOY = "CONVOY"
    MANUAL = "MANUAL"
    EMERGENCY = "EMERGENCY"
    FAULT = "FAULT"


class LaneMode(StrEnum):
    """What a supervisor may ask of a lane."""

    AUTO = "AUTO"
    CONVOY = "CONVOY"
    EMERGENCY = "EMERGENCY"
    CLOSED = "CLOSED"


class TagStatus(StrEnum):
    """Standing of a tag on the list."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    SUSPECT = "suspect"
    EXEMPT = "exempt"


class Topic(StrEnum):
    """Streams between lane and back office (docs/adr/0001)."""

    PASSAGES = "toll.passages.v1"
    SEALS = "toll.seals.v1"
    LANE_STATUS = "toll.lane-status.v1"
    TAG_LIST = "toll.tag-list.v1"
    TARIFF = "toll.tariff.v1"
    LANE_COMMANDS = "toll.lane-commands.v1"


COMPACTED_TOPICS: Final = frozenset({Topic.TAG_LIST, Topic.TARIFF, Topic.LANE_STATUS})
"""Topics that keep the newest value of each key for ever, and no older one for long.

Of a lane's status only the newest counts; up to ten a second would fill a disk within weeks.
"""

VEHICLE_CLASSES: Final = (1, 2, 3, 4, 5)
"""Vehicle classes of a toll station (nhóm xe 1–5)."""

PASSAGE_ID_PATTERN: Final = r"^[A-Z0-9]+(-[A-Z0-9]+)*-e\d+-\d{6,}$"
LANE_PATTERN: Final = r"^[A-Z0-9]+(-[A-Z0-9]+)*$"
EPC_PATTERN: Final = r"^([0-9A-F]{2})+$"

_PASSAGE_ID: Final = re.compile(r"^(?P<lane>.+)-e(?P<epoch>\d+)-(?P<number>\d{6,})$")


def passage_id(lane: str, epoch: int, number: int) -> str:
    """Name of one decision of a lane: `CM-02-e1-000123`. `number` is the lane's durable decision counter, from 1."""
    if number < 1 or epoch < 1:
        raise ValueError(f"passage numbers and epochs count from 1: epoch {epoch}, number {number}")
    return f"{lane}-e{epoch}-{number:06d}"


def parse_passage_id(text: str) -> tuple[str, int, int]:
    """(lane, epoch, number) of a passage id; ValueError names the text that is none."""
    found = _PASSAGE_ID.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no passage id; expected LANE-eEPOCH-NUMBER such as CM-02-e1-000123")
    return found["lane"], int(found["epoch"]), int(found["number"])
