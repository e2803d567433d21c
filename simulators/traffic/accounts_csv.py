"""The tag list of a fleet as CSV for `backoffice accounts import`.

In: a fleet, the plaza and a local date for tickets. Out: text with one header line and one line per tag. Vehicles
without a tag have no line: they stand on no list.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from simulators.traffic.fleet import Kind, Vehicle

COLUMNS: Final = (
    "epc",
    "tid",
    "account",
    "provider",
    "plate",
    "class",
    "status",
    "available_vnd",
    "ticket_no",
    "ticket_kind",
    "ticket_from",
    "ticket_to",
    "exempt_reason",
    "holder",
)

STATUS_OF_KIND: Final = {Kind.BLOCKED: "blocked", Kind.EXEMPT: "exempt"}


def accounts_csv(fleet: Iterable[Vehicle], today: date) -> str:
    """CSV text, UTF-8, line ends `\\n`; monthly tickets run from a week before `today` for 30 days."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    rows.writeheader()
    rows.writerows(_row(vehicle, today) for vehicle in fleet if vehicle.tag is not None)
    return text.getvalue()


def _row(vehicle: Vehicle, today: date) -> dict[str, str]:
    tag = vehicle.tag
    if tag is None:
        raise ValueError(f"vehicle {vehicle.number} has no tag and stands on no list")
    row = {
        "epc": tag.epc,
        "tid": tag.tid,
        "account": vehicle.account,
        "provider": vehicle.provider,
        "plate": vehicle.registered_plate,
        "class": str(vehicle.vehicle_class),
        "status": STATUS_OF_KIND.get(vehicle.kind, "active"),
        "available_vnd": str(vehicle.available_vnd),
        "exempt_reason": vehicle.exempt_reason or "",
        "holder": f"Chủ xe mô phỏng {vehicle.number}",
    }
    return row | (_ticket(vehicle, today) if vehicle.kind is Kind.MONTHLY else {})


def _ticket(vehicle: Vehicle, today: date) -> dict[str, str]:
    begin = today - timedelta(days=vehicle.number % 7)
    return {
        "ticket_no": f"VT{begin:%Y%m}-{vehicle.number:05d}",
        "ticket_kind": "month",
        "ticket_from": begin.isoformat(),
        "ticket_to": (begin + timedelta(days=29)).isoformat(),
    }
