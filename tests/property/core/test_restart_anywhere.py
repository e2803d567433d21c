"""The power may fail at any event, and between the effects of one event: the same passages come of it in the end.

In: random traffic and random cuts (which step, how much of what it wanted was done, how long the lane stays dark). The
records of a step reach the disk together or not at all, before anything else of the step is done; so a cut falls before
them, or after them and any number of the other effects. Recovery knows the records as JSON, nothing else.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lane_controller.app.scenario_file import Scenario
from lane_controller.app.scenario_timeline import Entry
from lane_controller.app.scenario_world import World
from lane_controller.contracts.values import Outcome
from lane_controller.core.effects import Effect, Record
from lane_controller.core.events import Booted, Event
from lane_controller.core.lane import step
from lane_controller.core.plain import record_from_plain, to_plain
from lane_controller.core.records import Authorised, PassageClosed, Voided
from lane_controller.core.records import Record as DurableRecord
from lane_controller.core.remembered import recover
from lane_controller.core.values import Sensor
from tests.property.core.worlds import PLATES, TAGS, scenario_of

PAID = (Outcome.CHARGED, Outcome.TICKET, Outcome.EXEMPT)
CROSSES_IN_S = 5.4
"""A vehicle of pace 1 is gone this long after L1 on (worlds.drive)."""
FOLLOWS_IN_S = 2.6


@dataclass(frozen=True)
class Cut:
    """Power fails in step `step` (counted over all lives); `done` says how far it got; then dark for `off_us`.

    `done` 0: nothing of the step is on disk. 1: its records are. 2 and more: and the first `done` - 1 other effects.
    """

    step: int
    done: int
    off_us: int


class CutWorld(World):
    """A world whose lane computer loses its power in the middle of steps."""

    def prepare(self, cuts: list[Cut]) -> CutWorld:
        self.cuts = {cut.step: cut for cut in cuts}
        self.steps = 0
        self.durable_at: list[int] = []
        self.boots_seen: list[Seen] = []
        return self

    def _step(self, event: Event) -> None:
        if self.lane is None:
            return
        now = self.now()
        lane, effects = step(self.lane, event, now)
        cut = self.cuts.get(self.steps)
        self.steps += 1
        if isinstance(event, Booted) and event.restart:
            p = self.plc.physical
            here = p[Sensor.L1] or p[Sensor.L2] or not self.arm_is_closed()
            pending = tuple(one.passage_id for one in event.durable.pending)
            self.boots_seen.append(Seen(self.now_us, here, pending, p[Sensor.L1] or p[Sensor.L2]))
        records = [effect for effect in effects if isinstance(effect, Record)]
        others = [effect for effect in effects if not isinstance(effect, Record)]
        performed: list[Effect] = [*records, *others]
        if cut is not None:
            performed = [] if cut.done == 0 else [*records, *others[: cut.done - 1]]
        told = list(self.checker.violations)
        if cut is None or performed:
            self.checker.see(event, tuple(performed), now)
        if cut is not None:  # half a step: a signal that was not set any more is the PLC's to turn red
            self.checker.violations[:] = told
        self.lane = lane
        for effect in performed:
            self.log.append((self.now_us, effect))
            self._perform(effect)
        if cut is not None:
            self.lane = None
            self.timers.clear()
            self._push(self.now_us + cut.off_us, 0, Entry(self.now_us + cut.off_us, "power", {"on": True}))

    def arm_is_closed(self) -> bool:
        return self.plc.arm.at_end() == "closed"

    @property
    def records(self) -> list[DurableRecord]:
        return [record_from_plain(json.loads(line)) for line in self.journal]


@dataclass(frozen=True)
class Seen:
    """What a boot found: pending authorisations, and whether sensors or arm say that somebody is still there."""

    at_us: int
    here: bool
    pending: tuple[str, ...]
    on_loops: bool = field(default=False)


def queue() -> Any:
    """Vehicles one behind the other, some close, some with a tag, some with another plate than the tag's; curtains."""
    one = st.tuples(st.sampled_from([*TAGS, None]), st.sampled_from(PLATES), st.booleans(), st.booleans())
    return st.tuples(st.lists(one, min_size=1, max_size=5), st.sampled_from([0.7, 1.0, 1.6]), st.booleans())


def cuts() -> Any:
    dark = st.sampled_from([1, 50_000, 1_000_000, 4_000_000, 25_000_000])
    cut = st.builds(Cut, st.integers(8, 160), st.integers(0, 8), dark)
    return st.lists(cut, min_size=1, max_size=3, unique_by=lambda one: one.step)


def scenario(traffic: Any) -> Scenario:
    vehicles, pace, curtains = traffic
    items, at_us = [], 0
    for tag, plate, own_plate, close in vehicles:
        read = TAGS[tag].plate if tag is not None and own_plate else plate
        items.append((at_us, (tag, read, pace, curtains)))
        at_us += round((FOLLOWS_IN_S if close else CROSSES_IN_S) * pace * 1e6)
    return scenario_of(items, until_us=at_us + 150_000_000)


def passages(records: list[DurableRecord]) -> list[PassageClosed]:
    return [record for record in records if isinstance(record, PassageClosed)]


QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def lived(traffic: Any, made: list[Cut]) -> tuple[CutWorld, CutWorld]:
    """(without, with) the cuts."""
    whole, cut = (CutWorld(scenario(traffic)).prepare(some) for some in ([], made))
    whole.run()
    cut.run()
    return whole, cut


def judge(traffic: Any, made: list[Cut]) -> tuple[CutWorld, CutWorld]:
    """Everything that rules.md says of restarts, of one life with cuts."""
    whole, cut = lived(traffic, made)
    assert cut.checker.violations == []
    records = cut.records
    nothing_doubled(traffic, records)
    every_authorisation_ended(records)
    the_past_is_untouched(whole, cut, made)
    who_is_still_there_keeps_the_passage(whole, cut)
    assert recover(records) == recover(records[len(records) // 2 :], start=recover(records[: len(records) // 2]))
    return whole, cut


def nothing_doubled(traffic: Any, records: list[DurableRecord]) -> None:
    """I2, I8, I13: gapless numbers, an id closes once, nobody pays more often than his tag or plate came (R15)."""
    closed = [record.passage for record in passages(records)]
    assert [passage.seq for passage in closed] == list(range(1, len(closed) + 1))
    assert len({passage.passage_id for passage in closed}) == len(closed)
    numbers = {record.n for record in records if isinstance(record, Authorised | PassageClosed)}
    ids = {r.passage_id for r in records if isinstance(r, Authorised)} | {p.passage_id for p in closed}
    assert len(numbers) == len(ids), "a number is never given twice"
    came = Counter(account for tag, plate, own_plate, _ in traffic[0] for account in shown(tag, plate, own_plate))
    paid = Counter(passage.finding.account or "" for passage in closed if passage.committed)
    assert not paid - came


def shown(tag: str | None, plate: str | None, own_plate: bool) -> set[str]:
    """Whose vehicle it may be taken for: its tag's, and that of the tag whose plate it shows."""
    tagged = {TAGS[tag].account} if tag is not None else set()
    read = set() if tag is not None and own_plate else {one.account for one in TAGS.values() if one.plate == plate}
    return tagged | read


def every_authorisation_ended(records: list[DurableRecord]) -> None:
    """R1: committed or void, exactly once, however the life went on."""
    ends = Counter(r.passage.passage_id for r in records if isinstance(r, PassageClosed))
    ends += Counter(r.passage_id for r in records if isinstance(r, Voided))
    for passage_id in {r.passage_id for r in records if isinstance(r, Authorised)}:
        assert ends[passage_id] == 1, passage_id


def the_past_is_untouched(whole: CutWorld, cut: CutWorld, made: list[Cut]) -> None:
    """What was on disk at the first cut is what an undisturbed life had written by then, to the byte."""
    first = min(made, key=lambda one: one.step)
    before = [at for at, effect in cut.log if isinstance(effect, Record)]
    booted = min((seen.at_us for seen in cut.boots_seen), default=None)
    if booted is None or first.step >= whole.steps:
        assert cut.journal == whole.journal[: len(cut.journal)]
        return
    count = sum(1 for at in before if at < booted)
    assert cut.journal[:count] == whole.journal[:count]


def who_is_still_there_keeps_the_passage(whole: CutWorld, cut: CutWorld) -> None:
    """Restart: who stands on L1 or L2 (or before an open arm) and then crosses is committed under the same id."""
    timeout_us = cut.scenario.config.pass_timeout_ms * 1000
    crossed = {p.passage.passage_id: (at, p.passage) for at, p in _closings(whole)}
    ended = {p.passage.passage_id: p.passage for p in passages(cut.records)}
    meant, was_meant = (
        {r.passage_id: r.finding.epc for r in world.records if isinstance(r, Authorised)} for world in (cut, whole)
    )
    for i, seen in enumerate(cut.boots_seen):
        last = i + 1 == len(cut.boots_seen)
        for passage_id in seen.pending:
            if not (seen.here and last and passage_id in crossed):
                continue
            if _one_ahead_crossed_in_the_dark(seen, passage_id, crossed):
                continue  # no log tells of it, so whoever comes to the open arm is taken for that one
            at_us, passage = crossed[passage_id]
            if meant[passage_id] != was_meant.get(passage_id):
                continue  # an earlier cut made somebody lose his number, so this one is another's in the other life
            l2_us = at_us - (passage.closed.mono_us - (passage.times.l2_on or passage.closed).mono_us)
            if seen.at_us + 100_000 < l2_us and at_us < seen.at_us + timeout_us - 100_000:
                assert passage_id in ended, (passage_id, seen)
                kept = ended[passage_id].finding
                was = passage.finding
                assert (kept.outcome, kept.fare_vnd, kept.epc) == (was.outcome, was.fare_vnd, was.epc)


def _one_ahead_crossed_in_the_dark(seen: Seen, passage_id: str, crossed: dict[str, tuple[int, Any]]) -> bool:
    ahead = seen.pending[: seen.pending.index(passage_id)]
    return not seen.on_loops and any(crossed[one][0] <= seen.at_us for one in ahead if one in crossed)


def _closings(world: CutWorld) -> list[tuple[int, PassageClosed]]:
    found = []
    for at_us, effect in world.log:
        if isinstance(effect, Record) and isinstance(effect.record, PassageClosed):
            found.append((at_us, effect.record))
    return found


OWN_TAG_AGAIN = ([("D", "80A00001", True, True), ("B", None, True, True), ("D", "29C54321", False, True)], 0.7, True)
PLATE_OF_THE_NEXT = ([("B", "20A12345", False, True), ("A", "20A12345", False, False)], 0.7, False)
TAIL_OF_ANOTHER = (
    [("E", "51G00000", True, True), ("B", None, False, False), ("C", "20A12345", False, True)],
    0.7,
    True,
)
ONE_CROSSED_IN_THE_DARK = (
    [("A", "20A12345", False, False), ("A", "20A12345", False, True), ("B", "20A12345", True, False)],
    0.7,
    True,
)


@settings(QUIET, max_examples=40)
@given(queue(), cuts())
@example(OWN_TAG_AGAIN, [Cut(49, 4, 50_000)])  # a tag heard again after the restart paid for the next vehicle, too
@example(
    PLATE_OF_THE_NEXT, [Cut(8, 0, 1)]
)  # is charged by the tag of the next, who shows the same plate, as that one is
@example(TAIL_OF_ANOTHER, [Cut(51, 7, 1)])  # the tail of the vehicle before took the passage of the one on L1
@example(ONE_CROSSED_IN_THE_DARK, [Cut(80, 0, 1_000_000)])  # two before an open arm, and the first had gone
def test_a_power_failure_anywhere_gives_the_same_passages(traffic: Any, made: list[Cut]) -> None:
    judge(traffic, made)


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_every_cut_of_one_queue(long_run: bool) -> None:
    """Three vehicles, one behind the other: a cut in every step, after every effect (every ninth without --long)."""
    traffic = ([("A", PLATES[0], True, True), (None, None, False, False), ("B", PLATES[1], True, True)], 1.0, True)
    whole = CutWorld(scenario(traffic)).prepare([])
    whole.run()
    judged = kept = 0
    for at in range(0, whole.steps, 1 if long_run else 9):
        for done in range(6):
            _, cut = judge(traffic, [Cut(at, done, 1_000)])
            judged += 1
            kept += sum(p.passage.committed for p in passages(cut.records))
    paid = sum(p.passage.committed for p in passages(whole.records))
    assert judged >= whole.steps // 9
    assert kept > 0
    print(f"{judged} cuts in {whole.steps} steps; {kept / judged:.2f} of {paid} charges kept")  # noqa: T201 - make prove


@settings(QUIET, max_examples=25)
@given(st.sampled_from(["A", "B", "E", "D"]), st.integers(0, 200), st.integers(0, 8), st.booleans())
def test_a_short_failure_after_the_decision_changes_nothing(tag: str, at: int, done: int, curtains: bool) -> None:
    """One vehicle that was authorised and is still seen: the very same passage, whatever the effects that were lost."""
    traffic = ([(tag, TAGS[tag].plate, True, True)], 1.0, curtains)
    whole, cut = lived(traffic, [Cut(at, done, 1)])
    (passage,) = [record.passage for record in passages(whole.records)]
    pending = [seen for seen in cut.boots_seen if seen.pending and seen.on_loops]
    if pending:
        (same,) = [record.passage for record in passages(cut.records)]
        assert (same.passage_id, same.finding) == (passage.passage_id, passage.finding)


def test_the_plain_form_is_all_that_survives() -> None:
    """The journal of these worlds is JSON: nothing else passes from one life to the next."""
    traffic = ([("A", PLATES[0], True, True)], 1.0, True)
    world = CutWorld(scenario(traffic)).prepare([])
    world.run()
    assert [json.dumps(to_plain(record), ensure_ascii=False) for record in world.records] == world.journal
