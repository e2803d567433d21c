"""Tags for the tests of the list: plain functions of a number and a version."""

from __future__ import annotations

from datetime import date

from lane_controller.contracts.v1 import TagEntryV1, TicketV1
from lane_controller.contracts.values import TagStatus
from lane_controller.core.values import TagEntry, Ticket
from lane_controller.core.values import TagStatus as CoreStatus


def epc_of(number: int) -> str:
    """A 96-bit EPC; every 16th is of another length with the same beginning."""
    epc = f"3414257BF7194E40{number:08X}"
    return epc + "AB" if number % 16 == 4 else epc


def tag(number: int, seed: int = 0, plate: str | None = None) -> TagEntryV1:
    """An entry that has everything an entry can have, by turns."""
    ticket = TicketV1(ticket_no=f"V{seed}-«{number}»", kind="quarter", plaza="CM",
                      valid_from=date(2026, 1, 1), valid_to=date(2026, 3, 31))  # fmt: skip
    return TagEntryV1(
        epc=epc_of(number),
        tid=None if number % 3 else f"E280{number:012X}",
        account=f"ACC-{number // 2}",
        provider="VETC" if number % 2 else "Nhà cung cấp",
        plate=f"20A{number:05d}" if plate is None else plate,
        vehicle_class=number % 5 + 1,
        status=tuple(TagStatus)[(number + seed) % 4],
        available_vnd=seed * 1_000 - number,
        ticket=ticket if number % 7 == 0 else None,
        exempt_reason="xe ưu tiên" if number % 11 == 0 else None,
    )


def expected(entry: TagEntryV1, version: int) -> TagEntry:
    """What the lane must be told of this entry."""
    ticket = entry.ticket
    return TagEntry(
        entry.epc, entry.tid, entry.account, entry.provider, entry.plate, entry.vehicle_class,
        CoreStatus(entry.status.value), entry.available_vnd,
        None if ticket is None else Ticket(
            ticket.ticket_no, ticket.valid_from.isoformat(), ticket.valid_to.isoformat(), ticket.kind
        ),
        version, entry.exempt_reason,
    )  # fmt: skip


class Model:
    """The list as a dictionary: what the real one must answer."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[int, TagEntryV1 | None]] = {}

    def apply(self, epc: str, version: int, entry: TagEntryV1 | None) -> bool:
        known = self.rows.get(epc)
        if known is not None and version <= known[0]:
            return False
        self.rows[epc] = (version, entry)
        return True

    def by_epc(self, epc: str) -> TagEntry | None:
        version, entry = self.rows.get(epc, (0, None))
        return None if entry is None else expected(entry, version)

    def by_plate(self, plate: str) -> TagEntry | None:
        found = [expected(entry, version) for version, entry in self.rows.values() if entry and entry.plate == plate]
        return found[0] if len(found) == 1 else None

    def entries(self) -> list[TagEntryV1]:
        return [entry for _, entry in self.rows.values() if entry is not None]

    def version(self) -> int:
        return max((version for version, _ in self.rows.values()), default=0)
