"""One passage with its charges, and what a reconciliation must make of it.

In: a clean passage. Out: a `Case` that faults change, rows and truth together: class and `also` of every item, the
money agreed and disputed, the rows that cannot be read. Nothing is matched to know the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from simulators.provider.passages import Row

PROVIDER_COLUMNS: Final = (
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
_OVERDUE: Final = timedelta(hours=24)


@dataclass(slots=True)
class Case:
    """One passage (or none), its charges, and the classes that must come out."""

    passage: Row | None
    charges: list[Row]
    truth: list[str]
    """Each item as its class, followed by the classes in `also`: `PROVIDER CLASS TIME`."""
    now: datetime
    extra_passages: list[Row] = field(default_factory=list)
    agreed_vnd: int = 0
    disputed_vnd: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)
    """(side, column) of every row that cannot be read."""
    lines: list[tuple[str, str]] = field(default_factory=list)
    """(side, text) of lines that are no rows at all."""

    @property
    def charge(self) -> Row:
        """The charge of the passage itself."""
        return self.charges[0]

    @property
    def number(self) -> int:
        """Number of the charge, by which faults with several forms take turns."""
        return int("".join(char for char in self.charge["charge_id"] if char.isdigit()))

    @property
    def fare_vnd(self) -> int:
        """Fare of the passage itself, where it is charged."""
        charged = self.passage is not None and self.passage["outcome"] == "charged"
        return int(self.passage["fare_vnd"]) if charged and self.passage else 0

    def must(self, *items: str, agreed: int | None = None, disputed: int = 0) -> None:
        """Name all items of this case and their money; without `agreed` it is the fare."""
        self.truth = list(items)
        self.agreed_vnd = self.fare_vnd if agreed is None else agreed
        self.disputed_vnd = disputed

    def overdue(self, code: str, charge: Row) -> str:
        """DUP and BE_ONLY become REFUND_MISSING after 24 hours."""
        late = self.now - datetime.fromisoformat(charge["charged_at"]) > _OVERDUE
        return "REFUND_MISSING" if late else code

    def another(self, suffix: str, **changes: str) -> Row:
        """A further row like the charge."""
        row = self.charge | {"charge_id": self.charge["charge_id"] + suffix} | changes
        self.charges.append(row)
        return row


Fault = Callable[[Case], None]


def charge_of(passage: Row, charge_id: str) -> Row:
    """The correct debit of a passage, one second later."""
    at = datetime.fromisoformat(passage["passed_at"]) + timedelta(seconds=1)
    plate = passage["plate"]
    return {
        "charge_id": charge_id,
        "passage_id": passage["passage_id"],
        "charged_at": at.isoformat(timespec="milliseconds"),
        "plaza": passage["plaza"],
        "lane": passage["lane"],
        "epc": passage["epc"],
        "plate": f"{plate[:3]}-{plate[3:6]}.{plate[6:]}",
        "class": passage["class"],
        "kind": "debit",
        "amount_vnd": passage["fare_vnd"],
        "ticket_no": passage["ticket_no"],
        "status": "posted",
        "provider": passage["provider"],
        "related_charge_id": "",
        "reason": "",
    }


def later(charge: Row, by: timedelta) -> str:
    """The time of a charge, moved."""
    return (datetime.fromisoformat(charge["charged_at"]) + by).isoformat(timespec="milliseconds")
