"""A made-up month in the back office's tables: every outcome, flags, tickets, two providers, corrections."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from lane_controller.contracts.v1 import TagEntryV1, TicketV1
from tests.integration.settlement.back_office_tables import (
    BackOffice,
    charge,
    insert_passages,
    insert_postings,
    passage,
)

FIRST_DAY: Final = date(2026, 6, 1)
START: Final = datetime(2026, 5, 31, 15, 0, tzinfo=UTC)
"""22:00 in Vietnam: the accounting day 2026-06-01 begins."""
FARES: Final = {1: 35_000, 2: 50_000, 3: 75_000, 4: 120_000, 5: 180_000}
_OUTCOMES: Final = ("charged", "ticket", "exempt", "manual", "violation", "convoy", "emergency")
_WEIGHTS: Final = (900, 50, 14, 12, 6, 4, 4)
_HOUR_WEIGHTS: Final = (3, 2, 2, 2, 3, 5, 9, 14, 15, 13, 11, 10, 9, 10, 12, 13, 15, 16, 12, 9, 7, 6, 5, 4)
_FLAGS: Final = ("PLATE_DOUBT", "NO_PLATE", "CLASS_MISMATCH", "MULTI_TAG", "OFFLINE_DECISION")
_REASONS: Final = {
    "exempt": ("Xe cứu thương", "Xe chữa cháy", "Xe công an làm nhiệm vụ"),
    "manual": ("Không đọc được thẻ", "Tài khoản không đủ tiền", "Thẻ chưa kích hoạt"),
    "convoy": ("Đoàn xe có xe dẫn đường",),
    "emergency": ("Xả trạm theo lệnh trưởng ca",),
}


def fill_month(tables: BackOffice, *, days: int, passages: int, seed: int = 1) -> list[dict[str, Any]]:
    """Insert `days` days of `passages` each; returns the rows."""
    chance = random.Random(seed)
    moments = sorted(_moment(chance, day) for day in range(days) for _ in range(passages))
    seqs: dict[str, int] = {}
    rows = [_row(chance, at, seqs) for at in moments]
    insert_passages(tables, rows)
    charged = [row for row in rows if row["outcome"] == "charged"]
    legs = [leg for row in charged for leg in charge(row, row["passed_at"])]
    insert_postings(tables, legs + _corrections(charged))
    tables.insert("tag_changes", {"version": "UInt64", "epc": "String", "entry": "String"}, _tickets(rows))
    return rows


def _moment(chance: random.Random, day: int) -> datetime:
    hour = chance.choices(range(24), _HOUR_WEIGHTS)[0]
    # The accounting day begins at 22:00, so clock hour 0 lies two hours after its start.
    offset = timedelta(hours=(hour + 2) % 24, microseconds=chance.randrange(3_600_000_000))
    return START + timedelta(days=day) + offset


def _row(chance: random.Random, at: datetime, seqs: dict[str, int]) -> dict[str, Any]:
    lane = chance.choice(("CM-01", "CM-02", "CM-03", "CM-04"))
    seqs[lane] = number = seqs.get(lane, 0) + 1
    vehicle = chance.randrange(400)
    vehicle_class = random.Random(vehicle).choices((1, 2, 3, 4, 5), (78, 9, 6, 4, 3))[0]
    outcome = chance.choices(_OUTCOMES, _WEIGHTS)[0]
    plate = f"20{'ABCDE'[vehicle % 5]}{10_000 + vehicle * 7}"
    changes: dict[str, Any] = {
        "lane": lane,
        "passage_id": f"{lane}-e1-{number:06d}",
        "outcome": outcome,
        "account": f"TK{vehicle:06d}",
        "epc": f"E28011606000{vehicle:012X}",
        "provider": "VDTC" if vehicle % 3 == 0 else "VETC",
        "plate": plate,
        "plate_confidence": 0.97,
        "registered_plate": plate,
        "class": vehicle_class if outcome in ("charged", "ticket", "manual") else 0,
        "fare_vnd": FARES[vehicle_class] if outcome in ("charged", "manual") else 0,
        "ticket_no": f"VT-{vehicle:06d}" if outcome == "ticket" else "",
        "reason": chance.choice(_REASONS.get(outcome, ("",))),
        "operator": chance.choice(("Ca trưởng 1", "Ca trưởng 2"))
        if outcome in ("manual", "convoy", "emergency")
        else "",
        "flags": _flags(chance, outcome),
        "explanation": '{"rules": ["R1", "R4"], "would_change": ["R4: another plate read with 0.90 or more"]}',
        "image_sha256": f"{chance.getrandbits(256):064x}",
    }
    return passage(number, at, **changes)


def _flags(chance: random.Random, outcome: str) -> list[str]:
    if outcome == "violation":
        return [chance.choice(("TAILGATE", "RUN_THROUGH"))]
    if outcome in ("manual", "exempt", "convoy"):
        return [{"manual": "MANUAL_RELEASE", "exempt": "EXEMPT", "convoy": "CONVOY"}[outcome]]
    return [chance.choice(_FLAGS)] if chance.random() < 0.03 else []


def _corrections(charged: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every 97th charge was waived the next day."""
    return [
        leg
        | {
            "posting_id": leg["posting_id"] + "/reversal:k1",
            "kind": "reversal",
            "reverses": leg["posting_id"],
            "amount_vnd": -leg["amount_vnd"],
        }
        for row in charged[::97]
        for leg in charge(row, row["passed_at"] + timedelta(days=1))
    ]


def _tickets(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The published list: each ticket by the month or by the quarter; every seventh has left the list."""
    used = {row["epc"]: row for row in rows if row["outcome"] == "ticket"}
    return [_tag(number, row) for number, row in enumerate(used.values(), start=1) if number % 7]


def _tag(number: int, row: dict[str, Any]) -> dict[str, Any]:
    ticket = TicketV1(
        ticket_no=row["ticket_no"],
        kind="quarter" if number % 3 == 0 else "month",
        plaza="CM",
        valid_from=FIRST_DAY,
        valid_to=FIRST_DAY + timedelta(days=92),
    )
    entry = TagEntryV1(
        epc=row["epc"],
        account=row["account"],
        provider=row["provider"],
        plate=row["plate"],
        vehicle_class=row["class"],
        available_vnd=0,
        ticket=ticket,
    )
    return {"version": number, "epc": row["epc"], "entry": entry.encode().decode()}
