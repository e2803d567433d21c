"""Canonical columns of both files, in canonical order (reconciliation, Canonical columns).

In: nothing. Out: names. The order decides which bad column of a row is named, and how rows compare as text.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class Side(Enum):
    """Which party wrote a file."""

    STATION = "station"
    PROVIDER = "provider"


STATION: Final = (
    "passage_id",
    "passed_at",
    "plaza",
    "lane",
    "lane_seq",
    "epc",
    "plate",
    "class",
    "outcome",
    "fare_vnd",
    "ticket_no",
    "provider",
    "shift",
    "offline",
    "plate_confidence",
)
PROVIDER: Final = (
    "charge_id",
    "passage_id",
    "charged_at",
    "plaza",
    "lane",
    "epc",
    "plate",
    "class",
    "kind",
    "amount_vnd",
    "ticket_no",
    "status",
    "provider",
    "related_charge_id",
    "reason",
)
CANONICAL: Final = {Side.STATION: STATION, Side.PROVIDER: PROVIDER}
