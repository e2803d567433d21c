"""Both sides of a day for closing: read, settled, and told in words.

In: files with a mapping, or the system's own tables. Out: `Settled` with the items that a closed day keeps. Reads only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from settlement.app.inputs import Input
from settlement.app.settling import Settled, settle
from settlement.clearing.closed_day import ClosedItem, Source
from settlement.clearing.closing_items import PROVIDER_TOLD, STATION_TOLD, closing_items
from settlement.intake.columns import Side
from settlement.intake.configuration import Configuration
from settlement.intake.mapping import CANONICAL_MAPPING, ProviderMapping
from settlement.intake.problems import UnusableInputError
from settlement.intake.rejects import Reject
from settlement.intake.table import Reading, ReadTable, read_table
from settlement.intake.told import told as rows_told


@dataclass(frozen=True, slots=True)
class SettledDay:
    """What closing and looking for late rows need of a settled day."""

    day: date
    items: tuple[ClosedItem, ...]
    sources: tuple[Source, ...]
    rejects: tuple[Reject, ...]


def read_side(given: Input, side: Side, mapping: ProviderMapping, configuration: Configuration) -> ReadTable:
    """One side; UnusableInputError names where it comes from."""
    part = (CANONICAL_MAPPING if given.canonical else mapping).side(side)
    try:
        return read_table(given.open(), Reading(side, given.name, part, configuration.plazas))
    except UnusableInputError as error:
        message = str(error)
        named = given.canonical or message.startswith(str(Path(given.place) / given.name))
        raise UnusableInputError(message if named else f"{given.place}: {message}") from error


def from_inputs(
    both: tuple[Input, Input], mapping: ProviderMapping, order: tuple[date, str, datetime], configuration: Configuration
) -> SettledDay:
    """A day settled from station and provider. `order`: day, provider, moment; NotBalancedError as `settle`."""
    station = read_side(both[0], Side.STATION, mapping, configuration)
    charges = read_side(both[1], Side.PROVIDER, mapping, configuration)
    day, provider, now = order
    settled = settle(station, charges, day, now, configuration)
    return settled_day(settled, provider, (both[0].name, both[1].name), configuration)


def settled_day(settled: Settled, provider: str, names: tuple[str, str], configuration: Configuration) -> SettledDay:
    """The items and sources of a settled day; `names`: where station and provider rows came from."""
    station = told(settled.station, Side.STATION, configuration)
    charges = told(settled.provider, Side.PROVIDER, configuration)
    items, left_out = closing_items(settled.items, station, charges, settled.day, provider)
    other = (settled.totals.other_station_rows, settled.totals.other_provider_rows)
    sources = (
        Source("station", names[0], settled.station.rows_read, len(settled.station.rejects), other[0], left_out),
        Source("provider", names[1], settled.provider.rows_read, len(settled.provider.rejects), other[1], 0),
    )
    rejects = (*settled.station.rejects, *settled.provider.rejects)
    return SettledDay(settled.day, items, sources, rejects)


def told(table: ReadTable, side: Side, configuration: Configuration) -> pl.DataFrame:
    """The rows of a table in words."""
    wanted = STATION_TOLD if side is Side.STATION else PROVIDER_TOLD
    return rows_told(table, side, configuration.plazas).select(wanted)
