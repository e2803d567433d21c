"""Accounts and tags as the operators keep them: read, write, and entries of the list made from them.

In: a Database. Out: TagRow, AccountRow, balances from the ledger. A tag's entry is a function of its row and the
balance of its account; nothing else goes into it. SQL with values only as parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backoffice.contracts.ledger import customer
from backoffice.contracts.tables import POSTINGS
from backoffice.ledger.postings import Charge, Posting, Transaction
from backoffice.storage.database import Database, Row
from backoffice.storage.postings import posting_columns
from lane_controller.contracts.v1 import TagEntryV1, TicketV1
from lane_controller.contracts.v1.base import VND_MAX
from lane_controller.contracts.values import TagStatus

_TAG_NAMES: Final = (
    "epc", "tid", "account", "provider", "plate", "class", "status", "ticket", "exempt_reason", "removed",
)  # fmt: skip
_TAG_COLUMNS: Final = ", ".join(_TAG_NAMES)
_CUSTOMER: Final = customer("")


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tag as the operators want it to stand on the list. `ticket` is TicketV1 JSON or empty."""

    epc: str
    tid: str
    account: str
    provider: str
    plate: str
    vehicle_class: int
    status: str = "active"
    ticket: str = ""
    exempt_reason: str = ""
    removed: bool = False

    def entry(self, available_vnd: int) -> TagEntryV1 | None:
        """The list's entry, or None when the tag is to leave it. pydantic's ValueError: the row makes no entry."""
        if self.removed:
            return None
        return TagEntryV1(
            epc=self.epc,
            tid=self.tid or None,
            account=self.account,
            provider=self.provider,
            plate=self.plate,
            vehicle_class=self.vehicle_class,
            status=TagStatus(self.status),
            available_vnd=max(-VND_MAX, min(VND_MAX, available_vnd)),
            ticket=TicketV1.model_validate(json.loads(self.ticket)) if self.ticket else None,
            exempt_reason=self.exempt_reason or None,
        )


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A traffic account."""

    account: str
    provider: str
    holder: str


class Registry:
    """Accounts and tags in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def tags(self, epcs: Sequence[str]) -> list[TagRow]:
        """Tags by EPC."""
        return self._tags("epc IN %(keys)s", epcs)

    def tags_of(self, accounts: Sequence[str]) -> list[TagRow]:
        """Tags of these accounts."""
        return self._tags("account IN %(keys)s", accounts)

    def tags_with_plate(self, plate: str) -> list[TagRow]:
        """Tags registered for a plate (letters and digits only)."""
        return self._tags("plate IN %(keys)s", (plate,))

    def _tags(self, condition: str, keys: Sequence[str]) -> list[TagRow]:
        if not keys:
            return []
        sql = f"SELECT {_TAG_COLUMNS} FROM tags FINAL WHERE {condition} ORDER BY epc"  # noqa: S608 - constants only
        return [_tag_row(row) for row in self._database.rows(sql, {"keys": tuple(keys)})]

    def accounts(self, names: Sequence[str]) -> list[AccountRow]:
        """Accounts by number."""
        if not names:
            return []
        sql = "SELECT account, provider, holder FROM accounts FINAL WHERE account IN %(keys)s ORDER BY account"
        return [AccountRow(*row) for row in self._database.rows(sql, {"keys": tuple(names)})]

    def all_accounts(self, limit: int) -> list[AccountRow]:
        """The first accounts by number."""
        sql = "SELECT account, provider, holder FROM accounts FINAL ORDER BY account LIMIT %(limit)s"
        return [AccountRow(*row) for row in self._database.rows(sql, {"limit": limit})]

    def available_vnd(self, accounts: Sequence[str]) -> dict[str, int]:
        """What each account can pay: the negative of the sum of its distinct postings."""
        if not accounts:
            return {}
        sql = """
        SELECT account, -sum(amount_vnd) FROM account_postings FINAL WHERE account IN %(keys)s GROUP BY account
        """
        found = self._database.rows(sql, {"keys": tuple(customer(name) for name in accounts)})
        balances = {name.removeprefix(_CUSTOMER): amount for name, amount in found}
        return {name: balances.get(name, 0) for name in accounts}

    def put_tags(self, rows: Sequence[TagRow]) -> None:
        """Write tags; the newest row of an EPC holds."""
        table = [
            (t.epc, t.tid, t.account, t.provider, t.plate, t.vehicle_class, t.status, t.ticket, t.exempt_reason,
             int(t.removed))
            for t in rows
        ]  # fmt: skip
        self._put("tags", _TAG_NAMES, table)

    def put_accounts(self, rows: Sequence[AccountRow]) -> None:
        """Write accounts; the newest row of a number holds."""
        self._put("accounts", ("account", "provider", "holder"), [(a.account, a.provider, a.holder) for a in rows])

    def book(self, transactions: Sequence[Transaction], now_us: int) -> None:
        """Write transactions; the same ids again change nothing."""
        legs = [leg for transaction in transactions for leg in transaction.legs]
        self._database.insert(POSTINGS, posting_columns(legs, now_us))

    def booked(self, posting_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """(account, amount) of those legs that the ledger holds."""
        if not posting_ids:
            return {}
        sql = "SELECT posting_id, account, amount_vnd FROM postings FINAL WHERE posting_id IN %(ids)s"
        found = self._database.rows(sql, {"ids": tuple(posting_ids)})
        return {name: (account, amount) for name, account, amount in found}

    def legs_of(self, passage_id: str) -> list[Posting]:
        """Every leg that was ever booked for a passage."""
        sql = """
        SELECT posting_id, passage_id, leg, kind, plaza, account, amount_vnd, provider, toUnixTimestamp64Micro(at),
               reverses, tariff_version
        FROM postings FINAL WHERE passage_id = %(id)s ORDER BY posting_id
        """
        return [Posting(*row) for row in self._database.rows(sql, {"id": passage_id})]

    def note_correction(
        self, passage_id: str, correction_id: str, instead: Charge | None, decided: tuple[str, str], at_us: int
    ) -> None:
        """Keep who decided what and why; `decided`: operator and reason."""
        row = (
            passage_id, correction_id, instead.account if instead else "", instead.provider if instead else "",
            instead.amount_vnd if instead else 0, *decided, at_us,
        )  # fmt: skip
        names = ("passage_id", "correction_id", "account", "provider", "amount_vnd", "operator", "reason", "at")
        self._put("corrections", names, [row])

    def _put(self, table: str, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._database.insert(table, dict(zip(names, zip(*rows, strict=True), strict=True)))


def _tag_row(row: Row) -> TagRow:
    return TagRow(*row)


def batched(keys: Sequence[str], size: int = 5_000) -> Iterator[Sequence[str]]:
    """`keys` in parts that fit into one query."""
    for at in range(0, len(keys), size):
        yield keys[at : at + size]


def ticket_json(ticket: TicketV1 | None) -> str:
    """A ticket as table `tags` holds it."""
    return ticket.encode().decode() if ticket else ""
