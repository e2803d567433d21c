"""A power failure at any instant loses and doubles no committed charge; the journal folds the same in two parts."""

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from lane_controller.app.scenario_file import load
from lane_controller.app.scenario_result import result_of
from lane_controller.app.scenario_timeline import Entry
from lane_controller.app.scenario_world import World
from lane_controller.core.effects import Record
from lane_controller.core.plain import record_from_plain
from lane_controller.core.records import Authorised, PassageClosed, Voided
from lane_controller.core.remembered import recover
from tests.unit.core.worlds import named, run

TWO_CARS = named("S04")
DECIDED_US, PASSED_US = 350_000, 8_000_000


def with_power_cut(at_us: int, off_us: int) -> World:
    scenario = load(TWO_CARS)
    cut = [Entry(at_us, "power", {"on": False}), Entry(at_us + off_us, "power", {"on": True})]
    timeline = sorted([*scenario.timeline, *cut], key=lambda entry: entry.at_us)
    return World(replace(scenario, timeline=timeline, until_us=60_000_000)).run()


@settings(max_examples=40, deadline=None)
@given(st.integers(-1_000_000, 9_000_000), st.integers(1, 6_000_000))
def test_a_power_cut_doubles_and_loses_nothing(at_us: int, off_us: int) -> None:
    world = with_power_cut(at_us, off_us)
    assert world.checker.violations == []
    records = [effect.record for _, effect in world.log if isinstance(effect, Record)]
    charged = [r.passage.finding.epc for r in records if isinstance(r, PassageClosed) and r.passage.committed]
    assert len(charged) == len(set(charged))
    ended = {r.passage.passage_id for r in records if isinstance(r, PassageClosed)}
    ended |= {r.passage_id for r in records if isinstance(r, Voided)}
    assert {r.passage_id for r in records if isinstance(r, Authorised)} <= ended


@settings(max_examples=25, deadline=None)
@given(st.integers(5_000_000, 12_000_000))
def test_a_short_cut_after_the_decisions_changes_no_passage(at_us: int) -> None:
    whole, cut = result_of(run(TWO_CARS)), result_of(with_power_cut(at_us, 1))
    outcomes = [[(p["outcome"], p["tag"], p["seq"]) for p in result["passages"]] for result in (whole, cut)]
    assert outcomes[0] == outcomes[1]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_recovery_from_a_snapshot_is_recovery_from_all(data: st.DataObject) -> None:
    journal = [record_from_plain(json.loads(line)) for line in run(named("P06")).journal]
    at = data.draw(st.integers(0, len(journal)))
    assert recover(journal[at:], start=recover(journal[:at])) == recover(journal)
