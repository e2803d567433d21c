"""One accounting day settled from two tables, wherever they were read: files, or the system itself.

In: both `ReadTable`s, a day, the moment of the run, a configuration. Out: `Settled`. Reads and writes nothing; a day
whose totals do not balance is `NotBalancedError`, so that no caller can go on with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from settlement.clearing.agreement import SideTotal, Tally, Totals, with_money
from settlement.clearing.terms import NoVatRateError, Payable, payable
from settlement.files.reconciliation_files import differences, differing
from settlement.intake.configuration import Configuration
from settlement.intake.problems import UnusableInputError
from settlement.intake.table import ReadTable
from settlement.reconcile.accounting_day import day_column, day_of
from settlement.reconcile.classes import LABELS
from settlement.reconcile.items import ITEM_SCHEMA, Moment, classify
from settlement.reconcile.pairing import Wordings, pair_rows

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotBalancedError(Exception):
    """Rows or money of one side are not found again in the classes; `imbalances` has one sentence per total."""

    def __init__(self, imbalances: tuple[str, ...]) -> None:
        super().__init__("; ".join(imbalances))
        self.imbalances = imbalances


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled day, as frames.

    `items`: one line per item of EVERY day of both tables, columns `reconcile.items.ITEM_COLUMNS` (what each means
    stands there) with `agreed_vnd` and `disputed_vnd`; `day` (Date) says of which day it is; `s` and `p` are the
    numbers in column `row` of `station.rows` and `provider.rows`, null where the item lacks the side. Those rows are
    narrow (`reconcile.frames`); in words they are `intake.told.told(station, …)`. `differing`: the lines of
    `differences.csv`, all text, in the order of the file.
    """

    day: date
    items: pl.DataFrame
    totals: Totals
    payable: Payable
    station: ReadTable
    provider: ReadTable
    differing: pl.DataFrame


def settle(
    station: ReadTable,
    provider: ReadTable,
    day: date | None,
    now: datetime,
    configuration: Configuration,
    *,
    every_item: bool = True,
) -> Settled:
    """Match, classify, add up. `day` None: the day with most rows; `now` (aware) decides what is overdue.

    Without `every_item` only the items that differ are kept in `Settled.items`: a long file has millions of others.
    """
    day = day or _default_day(station.rows, provider.rows, configuration, now)
    moment = Moment((now - _EPOCH) // timedelta(microseconds=1), configuration.cutoff)
    words = Wordings(station.wording, provider.wording)
    pairing = pair_rows(station.rows, provider.rows, words)
    tally, kept = Tally(day), []
    for items in classify(station.rows, provider.rows, words, pairing, moment):
        valued = with_money(items)
        tally.add(valued)
        kept.append(valued if every_item else differing(valued, day))
    totals = tally.totals(tuple(LABELS), _sides(station, provider))
    if totals.imbalances:
        raise NotBalancedError(totals.imbalances)
    try:
        owed = payable(totals.agreed_vnd, configuration.terms.corrections_vnd, day, configuration.terms)
    except NoVatRateError as error:
        raise UnusableInputError(f"--config: {error}") from error
    found = pl.concat(kept) if kept else with_money(pl.DataFrame(schema=ITEM_SCHEMA))
    listed = differences(differing(found, day), station.rows, provider.rows, words)
    return Settled(day, found, totals, owed, station, provider, listed)


def _sides(station: ReadTable, provider: ReadTable) -> tuple[SideTotal, SideTotal]:
    debits = provider.rows.filter(pl.col("kind") == "debit")["amount_vnd"].sum()
    return (
        SideTotal(station.rows_read, len(station.rejects), int(station.rows["fare_vnd"].sum())),
        SideTotal(provider.rows_read, len(provider.rejects), int(debits)),
    )


def _default_day(station: pl.DataFrame, provider: pl.DataFrame, configuration: Configuration, now: datetime) -> date:
    """The day with most station rows, else provider rows, the earlier of equals; without any row that of the run."""
    for rows in (station, provider):
        days = rows.select(day_column(pl.col("time_us"), configuration.cutoff).alias("day"))
        counts = days.group_by("day").len().sort(["len", "day"], descending=[True, False])
        if len(counts):
            most: date = counts["day"][0]
            return most
    return day_of(now, configuration.cutoff)
