"""Ledger postings as columns of table `postings`. Pure.

In: postings. Out: column name → values, in the order of the contract.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from backoffice.contracts.tables import POSTING_COLUMNS
from backoffice.ledger.postings import Posting

_NAMES: Final = tuple(POSTING_COLUMNS)


def posting_columns(postings: Sequence[Posting], written_us: int) -> Mapping[str, Sequence[Any]]:
    """Rows of table `postings`; nothing for no postings."""
    rows = [_row(posting, written_us) for posting in postings]
    return dict(zip(_NAMES, zip(*rows, strict=True), strict=True)) if rows else {}


def _row(p: Posting, written_us: int) -> tuple[Any, ...]:
    return (
        p.posting_id, p.passage_id, p.leg, p.kind, p.plaza, p.account, p.amount_vnd, p.provider, p.at_us, p.reverses,
        p.tariff_version, written_us,
    )  # fmt: skip
