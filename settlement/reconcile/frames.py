"""What matching works on: readable rows as narrow columns, and their wording where somebody will read it.

In: nothing. Out: column names and types; intake fills them, reconcile reads them. Identifiers, tags, plates and tickets
stand as 64-bit hashes, 0 where the cell is empty: matching only asks whether two are equal, and millions of rows fit
into memory. Wherever a word itself counts (order among equals, what a person reads) it is asked for by `Wording`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

Type = pl.DataType | type[pl.DataType]

OUTCOMES: Final = ("charged", "ticket", "exempt", "manual", "convoy", "emergency", "violation")
KINDS: Final = ("debit", "credit")
STATUSES: Final = ("posted", "rejected", "pending")

_COMMON: dict[str, Type] = {
    "line": pl.UInt32,
    "id": pl.UInt64,
    "id2": pl.UInt64,
    "time_us": pl.Int64,
    "plaza": pl.UInt16,
    "lane": pl.UInt64,
    "epc": pl.UInt64,
    "plate": pl.UInt64,
    "class": pl.UInt8,
    "ticket": pl.UInt64,
    "provider": pl.UInt64,
}
STATION_SCHEMA: Final = pl.Schema(
    _COMMON | {"outcome": pl.Enum(OUTCOMES), "fare_vnd": pl.Int64, "offline": pl.Boolean, "sure": pl.Boolean}
)
"""`id`, `id2`: 128 bits over plaza and passage id. `time_us`: microseconds since 1970 UTC. `plaza`: its place in the
configuration. `epc`, `plate`: normalised. `class` 0: empty. `provider`: lower case. `sure`: plate confidence is at
least 0.90."""

PROVIDER_SCHEMA: Final = pl.Schema(
    _COMMON
    | {
        "charge": pl.UInt64,
        "related": pl.UInt64,
        "kind": pl.Enum(KINDS),
        "amount_vnd": pl.Int64,
        "status": pl.Enum(STATUSES),
    }
)
"""As for the station; `amount_vnd` is that of the debit or credit, never negative."""

Wording = Callable[[pl.Series], pl.DataFrame]
"""What the named rows (UInt32, values of column `row`) say, in rising order: `row`, `line` and every canonical column
as trimmed text, in canonical order. The same rows always say the same."""


def tag_text(column: str) -> pl.Expr:
    """An EPC as it is compared and shown: upper case without spaces."""
    return pl.col(column).str.replace_all(r"\s", "").str.to_uppercase()
