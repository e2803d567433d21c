"""The two frames that matching works on: readable rows with canonical values.

In: nothing. Out: column names and types; intake fills them, reconcile reads them. Columns ending in `_key` are
normalised for comparing, their namesakes without it are as in the file.
"""

from __future__ import annotations

from typing import Final

import polars as pl

Type = pl.DataType | type[pl.DataType]

OUTCOMES: Final = ("charged", "ticket", "exempt", "manual", "convoy", "emergency", "violation")
KINDS: Final = ("debit", "credit")
STATUSES: Final = ("posted", "rejected", "pending")

_STATION: dict[str, Type] = {
    "line": pl.UInt32,
    "passage_id": pl.String,
    "time_us": pl.Int64,
    "plaza": pl.String,
    "lane": pl.String,
    "epc_key": pl.String,
    "plate": pl.String,
    "plate_key": pl.String,
    "class": pl.UInt8,
    "outcome": pl.Enum(OUTCOMES),
    "fare_vnd": pl.Int64,
    "ticket_no": pl.String,
    "provider_key": pl.String,
    "offline": pl.Boolean,
    "sure": pl.Boolean,
    "cells": pl.String,
    "digest": pl.UInt64,
    "digest2": pl.UInt64,
}
STATION_SCHEMA: Final = pl.Schema(_STATION)
"""`time_us`: microseconds since 1970 UTC. `class` 0: empty. `sure`: plate confidence is at least 0.90. `cells`:
all cells as text in canonical order, only where `passage_id` is empty. `digest`, `digest2`: 128 bits over all cells."""

_PROVIDER: dict[str, Type] = {
    "line": pl.UInt32,
    "charge_id": pl.String,
    "passage_id": pl.String,
    "time_us": pl.Int64,
    "plaza": pl.String,
    "lane": pl.String,
    "epc_key": pl.String,
    "plate": pl.String,
    "plate_key": pl.String,
    "class": pl.UInt8,
    "kind": pl.Enum(KINDS),
    "amount_vnd": pl.Int64,
    "ticket_no": pl.String,
    "status": pl.Enum(STATUSES),
    "provider_key": pl.String,
    "related_charge_id": pl.String,
    "digest": pl.UInt64,
    "digest2": pl.UInt64,
}
PROVIDER_SCHEMA: Final = pl.Schema(_PROVIDER)
"""As for the station; `amount_vnd` is that of the debit or credit, never negative."""
