"""Accounts and tags from a CSV file. Pure: text in, rows or problems out.

In: UTF-8 text with a header line: epc, tid, account, provider, plate, class, status, available_vnd, ticket_no,
ticket_kind, ticket_from, ticket_to, ticket_plaza, exempt_reason, holder; the columns of NEEDED must be
there. Out: accounts, tags, opening balances. Every problem names its line and column; a file with one is not taken.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from backoffice.lists.registry import AccountRow, TagRow, ticket_json
from lane_controller.contracts.v1 import TicketV1

NEEDED: Final = ("epc", "account", "provider", "plate", "class")
OPTIONAL: Final = (
    "tid", "status", "available_vnd", "ticket_no", "ticket_kind", "ticket_from", "ticket_to", "ticket_plaza",
    "exempt_reason", "holder",
)  # fmt: skip


@dataclass(slots=True)
class AccountsFile:
    """What a file says. `opening_vnd`: what each account holds when it is first booked."""

    accounts: dict[str, AccountRow] = field(default_factory=dict)
    tags: dict[str, TagRow] = field(default_factory=dict)
    opening_vnd: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def parse(text: str, plaza: str) -> AccountsFile:
    """Rows of the file; `plaza` is where tickets are valid when the file names no ticket_plaza."""
    found = AccountsFile()
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="#more")
    header = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = header
    missing = [name for name in NEEDED if name not in header]
    unknown = [name for name in header if name not in (*NEEDED, *OPTIONAL)]
    if missing or unknown:
        found.problems += [f"line 1: column {name} is missing; needed: {', '.join(NEEDED)}" for name in missing]
        found.problems += [f"line 1: unknown column {name!r}; optional: {', '.join(OPTIONAL)}" for name in unknown]
        return found
    try:
        for row in reader:
            _take(found, row, reader.line_num, plaza)
    except csv.Error as error:
        found.problems.append(f"line {reader.line_num}: {error}")
    return found


def _take(found: AccountsFile, row: Mapping[str, str | None], line: int, plaza: str) -> None:
    cells = {name: (value or "").strip() for name, value in row.items() if isinstance(value, str) or value is None}
    if "#more" in row:
        found.problems.append(f"line {line}: more cells than columns")
        return
    try:
        tag = _tag(cells, plaza)
        opening = _opening(cells)
    except ValueError as error:
        found.problems.append(f"line {line}: {_short(error)}")
        return
    if tag.epc in found.tags:
        found.problems.append(f"line {line}: column epc: {tag.epc} stands on an earlier line too")
        return
    account = AccountRow(tag.account, tag.provider, cells.get("holder", ""))
    known = found.accounts.setdefault(tag.account, account)
    if known.provider != account.provider:
        found.problems.append(f"line {line}: column provider: account {tag.account} is with {known.provider} above")
    if opening is not None and found.opening_vnd.setdefault(tag.account, opening) != opening:
        found.problems.append(f"line {line}: column available_vnd: account {tag.account} has another balance above")
    found.tags[tag.epc] = tag


def _tag(cells: Mapping[str, str], plaza: str) -> TagRow:
    for name in NEEDED:
        if not cells.get(name):
            raise ValueError(f"column {name}: empty")
    if cells["class"] not in ("1", "2", "3", "4", "5"):
        raise ValueError(f"column class: {cells['class']!r} is none of 1 to 5")
    row = TagRow(
        epc=cells["epc"].upper().replace(" ", ""),
        tid=cells.get("tid", "").upper().replace(" ", ""),
        account=cells["account"],
        provider=cells["provider"],
        plate=plain_plate(cells["plate"]),
        vehicle_class=int(cells["class"]),
        status=cells.get("status") or "active",
        ticket=ticket_json(_ticket(cells, plaza)),
        exempt_reason=cells.get("exempt_reason", ""),
    )
    row.entry(0)  # every rule of the message holds, or a ValueError says which does not
    return row


def _ticket(cells: Mapping[str, str], plaza: str) -> TicketV1 | None:
    if not cells.get("ticket_no"):
        return None
    return TicketV1.model_validate(
        {
            "ticket_no": cells["ticket_no"],
            "kind": cells.get("ticket_kind") or "month",
            "plaza": cells.get("ticket_plaza") or plaza,
            "valid_from": cells.get("ticket_from"),
            "valid_to": cells.get("ticket_to"),
        }
    )


def _opening(cells: Mapping[str, str]) -> int | None:
    text = cells.get("available_vnd", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ValueError(f"column available_vnd: {text!r} is no whole amount of VND from 0 (digits only)")
    return int(text)


def plain_plate(text: str) -> str:
    """Letters and digits of a plate, upper case, as the lane compares them (Đ stays)."""
    return "".join(letter for letter in text.upper() if letter.isalnum())


def _short(error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return (
            f"column {'.'.join(str(part) for part in first['loc'])}: {first['msg']} (got {str(first['input'])[:60]!r})"
        )
    return str(error)
