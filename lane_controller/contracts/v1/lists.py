"""What the back office sends down to the lanes: tag-list changes (toll.tag-list.v1) and tariffs (toll.tariff.v1).

In: published by backoffice/lists. Out: applied by the lane. Versions rise by exactly one per change of the list; a
heartbeat names the newest version with a count and a checksum, so that a lane knows that it has everything. A lane
never invents, skips or guesses an entry.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field

from lane_controller.contracts.v1.base import (
    Count,
    Epc,
    Message,
    PlazaId,
    ShortText,
    SignedVnd,
    UtcTime,
    VehicleClass,
    Version,
    Vnd,
)
from lane_controller.contracts.values import TagStatus

HEARTBEAT_KEY: Final = "#heartbeat"
"""Key of the list heartbeat on the compacted tag-list topic: never an EPC."""


class TicketV1(Message):
    """A monthly or quarterly ticket (vé tháng, vé quý) valid at one plaza; first and last day included."""

    ticket_no: ShortText
    kind: Literal["month", "quarter"] = "month"
    plaza: PlazaId
    valid_from: date
    valid_to: date


class TagEntryV1(Message):
    """One tag of the list, as of `version`."""

    epc: Epc
    tid: Epc | None = None
    account: ShortText
    provider: ShortText
    plate: ShortText = Field(description="registered plate, letters and digits only")
    vehicle_class: VehicleClass
    status: TagStatus = TagStatus.ACTIVE
    available_vnd: SignedVnd = Field(description="what the account could pay when the entry was published")
    ticket: TicketV1 | None = None
    exempt_reason: ShortText | None = None


class TagListChangeV1(Message):
    """One change of the list. Key on the topic: the EPC."""

    kind: Literal["change"] = "change"
    version: Version
    epc: Epc
    entry: TagEntryV1 | None = Field(default=None, description="the new entry; absent: the tag left the list")
    changed_at_utc: UtcTime


class TagListHeartbeatV1(Message):
    """The newest version of the list and what a complete copy adds up to. Key on the topic: `#heartbeat`."""

    kind: Literal["heartbeat"] = "heartbeat"
    version: Version
    entries: Count
    checksum: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$", description="XOR of entry digests, see entry_digest")]
    sent_at_utc: UtcTime


class TariffV1(Message):
    """Prices of one plaza from an instant on. Key on the topic: `PLAZA/VERSION`."""

    plaza: PlazaId
    version: Version
    valid_from_utc: UtcTime
    fares_vnd: dict[VehicleClass, Vnd] = Field(description="fare of every class, 1 to 5")
    name: ShortText
    demonstration: bool = Field(default=False, description="true: not an approved price list")
    decision_no: ShortText | None = Field(default=None, description="number of the decision that set the prices")


def entry_digest(entry: TagEntryV1) -> int:
    """64-bit digest of an entry; the list's checksum is the XOR over all entries, so that it follows each change."""
    return digest_of(entry.encode())


def digest_of(encoded: bytes) -> int:
    """`entry_digest` of an entry that is at hand as `TagEntryV1.encode` spells it."""
    return int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest(), "big")


def checksum_text(digests_xor: int) -> str:
    """The checksum as it stands in a heartbeat: 16 lower-case hex digits."""
    return f"{digests_xor:016x}"
