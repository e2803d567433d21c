"""One vehicle that crossed the lane, as published on toll.passages.v1 (key: lane).

In: made by the lane's outbox from a durable record. Out: read by ingest, review and settlement.
Business key: (plaza, lane, epoch, seq); `passage_id` is the idempotency key of money. Never published
before it is durable.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from lane_controller.contracts.v1.base import (
    Count,
    Epc,
    LaneId,
    Message,
    PassageId,
    PlazaId,
    Sha256,
    ShortText,
    UtcTime,
    VehicleClass,
    Version,
    Vnd,
)
from lane_controller.contracts.values import Outcome


class EvidenceRefV1(Message):
    """One evidence file, by content: `sha256` of its bytes."""

    kind: ShortText = Field(description="front, overview, plate crop …")
    sha256: Sha256
    media_type: ShortText = "image/jpeg"


class PassageV1(Message):
    """A passage. Absent optional fields mean: not known, not measured, or not applicable."""

    plaza: PlazaId
    lane: LaneId
    epoch: Annotated[int, Field(ge=1, description="rises when a lane's journal is begun anew")]
    seq: Annotated[int, Field(ge=1, description="gapless number of the crossing within (lane, epoch)")]
    passage_id: PassageId
    outcome: Outcome
    fare_vnd: Vnd = Field(description="whole VND; 0 unless charged or manual")
    epc: Epc | None = None
    tid: Epc | None = None
    account: ShortText | None = None
    provider: ShortText | None = Field(default=None, description="issuer of the tag")
    plate: ShortText | None = Field(default=None, description="plate read by the camera, letters and digits only")
    plate_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    registered_plate: ShortText | None = None
    class_charged: VehicleClass | None = None
    class_registered: VehicleClass | None = None
    class_measured: VehicleClass | None = None
    ticket_no: ShortText | None = None
    tariff_version: Version
    list_version: Version
    offline: bool = Field(default=False, description="decided on a stale tag list")
    operator: ShortText | None = None
    reason: ShortText | None = Field(default=None, description="operator's or exemption's reason")
    flags: tuple[ShortText, ...] = ()
    detected_at_utc: UtcTime = Field(description="L1 on; the tariff in force at this instant applies")
    decided_at_utc: UtcTime | None = None
    passed_at_utc: UtcTime = Field(description="L3 seen: the passage is committed")
    time_to_open_ms: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="last needed evidence to open command"
    )
    evidence: tuple[EvidenceRefV1, ...] = ()
    explanation: dict[str, Any] = Field(default_factory=dict, description="evidence, candidates, rules, stage times")
    journal_number: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="number of the journal record that closed the passage"
    )
    journal_hash: Sha256 | None = Field(
        default=None, description="hash of that record: vouches for every journal record before it, too"
    )
    record_hash: Sha256 = Field(description="passage hash chain: this message")
    previous_hash: Sha256 = Field(description="passage hash chain: the message before")


class SealV1(Message):
    """A signed statement over a run of journal records, on toll.seals.v1 (key: lane)."""

    plaza: PlazaId
    lane: LaneId
    epoch: Annotated[int, Field(ge=1)]
    first_seq: Annotated[int, Field(ge=1, description="first passage in the sealed run")]
    last_seq: Annotated[int, Field(ge=0, description="last passage; first_seq - 1 when the run holds none")]
    count: Count
    sum_vnd: Vnd = Field(description="sum of fares of outcome charged")
    head_hash: Sha256 = Field(description="hash of the last passage record of the run")
    sealed_at_utc: UtcTime
    public_key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Ed25519, hex")]
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$", description="Ed25519 over signed_bytes(), hex")]

    def signed_bytes(self) -> bytes:
        """The bytes that the signature covers: every other field, as this model encodes them."""
        return self.model_dump_json(exclude={"signature"}, exclude_none=True).encode()
