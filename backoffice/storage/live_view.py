"""The live picture of the plaza that pages show: plain views and the port `LiveView` that the web part is given.

In: nothing (a port). Out: lanes with their newest status and passage, alarms, totals of the accounting day, a feed of
changes. Reads from memory are plain methods; what asks the database is async. Money is whole VND, times are aware UTC.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from lane_controller.contracts.v1 import LaneCommandV1, LaneStatusV1


@dataclass(frozen=True, slots=True)
class PassageView:
    """One passage as pages show it. Empty text, 0 and None stand for "not known"."""

    plaza: str
    lane: str
    epoch: int
    seq: int
    passage_id: str
    outcome: str
    passed_at_utc: datetime
    detected_at_utc: datetime
    fare_vnd: int = 0
    epc: str = ""
    tid: str = ""
    account: str = ""
    provider: str = ""
    plate: str = ""
    plate_confidence: float = 0.0
    registered_plate: str = ""
    vehicle_class: int = 0
    class_measured: int = 0
    ticket_no: str = ""
    tariff_version: int = 0
    list_version: int = 0
    offline: bool = False
    operator: str = ""
    reason: str = ""
    flags: tuple[str, ...] = ()
    time_to_open_ms: int | None = None
    image_sha256: str = ""
    explanation: Mapping[str, Any] = field(default_factory=dict)
    record_hash: str = ""


@dataclass(frozen=True, slots=True)
class LaneView:
    """One lane: newest status, when it came, and its last passage. `stale`: nothing heard for `stale_after_s`."""

    status: LaneStatusV1
    received_at_utc: datetime
    stale: bool
    last_passage: PassageView | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of one accounting day (ngày đối soát); `vnd_by_outcome` holds fares, only `charged` of them debited."""

    accounting_day: date
    cutoff: str
    count_by_outcome: Mapping[str, int]
    vnd_by_outcome: Mapping[str, int]
    count_by_class: Mapping[int, int]
    vnd_by_class: Mapping[int, int]

    @property
    def passages(self) -> int:
        """All passages of the day."""
        return sum(self.count_by_outcome.values())

    @property
    def charged_vnd(self) -> int:
        """What customers were debited."""
        return self.vnd_by_outcome.get("charged", 0)


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition that a person should know of; it stays until what raised it is over. `key` is unique among alarms."""

    key: str
    code: str
    severity: Literal["warning", "critical"]
    text_vi: str
    text_en: str
    since_utc: datetime
    lane: str = ""


@dataclass(frozen=True, slots=True)
class LaneCompleteness:
    """How far the passages of one (lane, epoch) are here: newest number, holes, and what seals vouch for."""

    plaza: str
    lane: str
    epoch: int
    high_water_seq: int
    missing: tuple[tuple[int, int], ...]
    sealed_through_seq: int


@dataclass(frozen=True, slots=True)
class AccountView:
    """A traffic account (tài khoản giao thông) with its tags and the balance that postings add up to."""

    account: str
    provider: str
    holder: str
    balance_vnd: int
    tags: Sequence[Mapping[str, Any]] = ()


class LiveView(Protocol):
    """What the web part may know and do. Implementation: backoffice/app/live.py."""

    def lanes(self) -> Sequence[LaneView]:
        """All lanes that were heard of, by lane id."""

    def alarms(self) -> Sequence[Alarm]:
        """Open alarms, critical first, then oldest first."""

    def completeness(self) -> Sequence[LaneCompleteness]:
        """One row per (lane, epoch), by lane."""

    async def recent_passages(self, limit: int, lane: str | None = None) -> Sequence[PassageView]:
        """Newest passages first, of one lane or all."""

    async def passage(self, passage_id: str) -> PassageView | None:
        """One passage by its id."""

    async def find_accounts(self, text: str, limit: int = 20) -> Sequence[AccountView]:
        """Accounts whose number, EPC or plate is `text` (case and separators do not matter)."""

    async def totals_today(self) -> Totals:
        """Sums of the accounting day that is running."""

    def subscribe(self) -> AsyncIterator[dict[str, Any]]:
        """Changes from now on, JSON-ready: {"kind": "lane"|"passage"|"alarms"|"totals", "lane": str, "data": {...}}.

        A reader that falls behind loses the oldest changes, never blocks anybody, and is told {"kind": "missed"}.
        """

    async def send_command(self, command: LaneCommandV1) -> None:
        """Append a command for a lane; returns when it is durable in the stream. StreamError: not sent, try again."""

    def command_answer(self, command_id: str) -> tuple[str, str] | None:
        """(result, detail) as the lane answered, or None while it has not."""

    def evidence_path(self, sha256: str) -> Path | None:
        """Where the file with this hash lies, or None when it has not been uploaded (or the text is no hash)."""
