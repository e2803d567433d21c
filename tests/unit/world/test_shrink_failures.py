"""A failure is made small: of fifteen vehicles and all faults one vehicle is left, and the file of it shows it."""

from dataclasses import replace
from pathlib import Path

from lane_controller.app.simulate_scenario import scenario_text, shows
from lane_controller.core import lane as core
from lane_controller.core.effects import Effect, Record
from lane_controller.core.events import Event
from lane_controller.core.instant import Now
from lane_controller.core.records import PassageClosed
from lane_controller.core.state import Lane
from lane_controller.world.episode import run_plan
from lane_controller.world.judge import Incident
from lane_controller.world.parameters import FAULTS
from lane_controller.world.plan import Right
from lane_controller.world.shrink import same_kind, shrink, words
from tests.unit.world.episodes import P, plan


def test_one_vehicle_and_no_fault_is_left() -> None:
    whole = plan(vehicles=15, faults=FAULTS)
    guilty = next(one for one in whole.vehicles[5:] if one.right is Right.GOOD)
    epc = guilty.tags[0].epc

    def step(lane: Lane, event: Event, now: Now) -> tuple[Lane, tuple[Effect, ...]]:
        lane, effects = core.step(lane, event, now)
        return lane, tuple(_cheaper(effect, epc) for effect in effects)

    fails = same_kind("wrong_debit", "", lambda one: run_plan(one, P, step).verdicts.incidents)
    assert fails(whole)
    small = shrink(whole, fails)
    assert [one.number for one in small.vehicles] == [guilty.number]
    assert small.faults == small.passers == ()
    assert any(guilty.plate in line for line in words(small, P))


def _cheaper(effect: Effect, epc: str) -> Effect:
    if not isinstance(effect, Record) or not isinstance(effect.record, PassageClosed):
        return effect
    passage = effect.record.passage
    if passage.finding.epc != epc:
        return effect
    return Record(replace(effect.record, passage=replace(passage, finding=replace(passage.finding, fare_vnd=1))))


def test_a_file_of_an_episode_is_a_scenario_and_says_whether_it_shows_the_failure(tmp_path: Path) -> None:
    text, missing = scenario_text(plan(vehicles=5), P, "sim-test", Incident("wrong_debit", "none", 0))
    file = tmp_path / "sim-test.yaml"
    file.write_text(text, encoding="utf-8")
    assert not shows(file), "the real core makes the debits that the world made: nothing differs"
    assert missing == []
    file.write_text(text.replace("charges: ", "charges: 1"), encoding="utf-8")
    assert shows(file)
