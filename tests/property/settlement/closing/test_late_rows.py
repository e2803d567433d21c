"""Rows that come late lead to the money that they would have led to in time; booked once, the day untouched."""

from __future__ import annotations

import random
from datetime import date, datetime
from pathlib import Path

import pytest

from settlement.app.close_sources import from_inputs
from settlement.app.inputs import of_file
from settlement.clearing.closed_day import ClosedItem, Correction, Minutes
from settlement.clearing.closing import Setting, minutes_of
from settlement.clearing.late_rows import DECISION, LATE_ROWS, Change, compare, correction_of, decision_item, in_force
from settlement.clearing.terms import DEMONSTRATION
from settlement.intake.configuration import demonstration
from settlement.intake.mapping import load
from settlement.reconcile.classes import LABELS
from tests.property.settlement.days import NOW, Row, random_day, write_day

DAY = date(2026, 6, 16)
SEEDS = range(24)


def settled(folder: Path, stations: list[Row], providers: list[Row]) -> tuple[ClosedItem, ...]:
    station, provider = write_day(folder, stations, providers)
    both = (of_file(station), of_file(provider))
    order = (DAY, "VETC", datetime.fromisoformat(NOW.isoformat()))
    return from_inputs(both, load(None), order, demonstration()).items


def minutes(items: tuple[ClosedItem, ...]) -> Minutes:
    setting = Setting("VETC", DAY, ("CM",), "22:00", 1, 1, "", (), (), (), (), "a" * 64, "b" * 64, True)
    return minutes_of(setting, items, DEMONSTRATION, tuple(LABELS))


def sums(items: list[ClosedItem]) -> tuple[int, int]:
    return sum(item.agreed_vnd for item in items), sum(item.disputed_vnd for item in items)


@pytest.mark.parametrize("seed", SEEDS)
def test_late_rows_lead_where_rows_in_time_would_have(seed: int, tmp_path: Path) -> None:
    stations, providers = random_day(seed)
    chance = random.Random(seed)
    early_s = [row for row in stations if chance.random() < 0.8]
    early_p = [row for row in providers if chance.random() < 0.8]
    frozen = settled(tmp_path / "early", early_s, early_p)
    again = settled(tmp_path / "all", stations, providers)
    compared = compare(frozen, (), again, {})
    if compared.refused:
        # An identical second row, or a row whose own day turned out to be another: never booked silently.
        assert compared.changes == ()
        return
    booked: list[Correction] = []
    for change in compared.changes:
        booked.append(correction_of(minutes(frozen), booked, change, LATE_ROWS, "", ("Lan", 1)))
    now = in_force(frozen, booked)
    assert sums(now) == sums(list(again))
    assert {item.key for item in now} == {item.key for item in again}
    assert sums(list(frozen))[0] + sum(one.agreed_vnd for one in booked) == sums(list(again))[0]
    assert compare(frozen, booked, again, {}).changes == (), "the same rows again book nothing"
    assert [one.number for one in booked] == list(range(1, len(booked) + 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_decision_stands_whatever_the_same_rows_say_again(seed: int, tmp_path: Path) -> None:
    stations, providers = random_day(seed)
    frozen = settled(tmp_path / "day", stations, providers)
    disputed = [item for item in frozen if item.disputed_vnd]
    if not disputed:
        return
    item = random.Random(seed).choice(disputed)
    decided = decision_item(item, item.agreed_vnd)
    change = Change((item.key,), (), 0, -item.disputed_vnd, "refund", (decided,))
    booked = [correction_of(minutes(frozen), [], change, DECISION, "d", ("Minh", 1))]
    compared = compare(frozen, booked, frozen, {item.key: decided.agreed_vnd})
    assert compared.changes == ()
    assert compared.refused == ()
