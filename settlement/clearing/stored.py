"""Rows of the books as they stand in their tables, before anybody trusts them.

In: nothing. Out: values. Nothing here says that a row is true: `verifying` finds out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from settlement.clearing.closed_day import ClosedItem


@dataclass(frozen=True, slots=True)
class ClosingRow:
    """The row that closes a day. `register`: leaf hash and key of each item (`closing.register_of`)."""

    provider: str
    day: date
    digest: str
    minutes: str
    register: str
    operator_key: str
    operator_signature: str
    provider_key: str
    provider_signature: str

    @property
    def name(self) -> str:
        """Names the row for a person."""
        return f"settlement_closings provider={self.provider} day={self.day} digest={self.digest[:16]}…"


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item with the number and the leaf hash that stand beside it."""

    number: int
    leaf: str
    item: ClosedItem

    def name(self, run: str) -> str:
        """Names the row for a person."""
        return f"settlement_items run={run[:16]}… key={self.item.key} number={self.number}"


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction as text with its digest."""

    provider: str
    original_day: date
    number: int
    content: str
    digest: str

    @property
    def name(self) -> str:
        """Names the row for a person."""
        return f"settlement_corrections {self.original_day}/{self.provider}/k{self.number}"
