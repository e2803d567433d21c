"""A lane that died while a vehicle was between L1 and L2: its edges come afterwards, from the PLC's log.

Found by 200 kills under traffic: the vehicle left L1, the lane was killed, the vehicle crossed, the arm closed by the
PLC's own rule. The levels that the lane last knew show nobody, and the arm is closed: it is not gone for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lane_controller.contracts.values import Outcome, TagStatus
from lane_controller.core import effects as fx
from lane_controller.core.config import Geometry, LaneConfig
from lane_controller.core.events import (
    BarrierReported,
    Booted,
    ClassMeasured,
    Event,
    ListHeartbeat,
    OperatorLoggedIn,
    PlateRead,
    PlcOnline,
    ReaderConnected,
    ReleaseRequested,
    SensorChanged,
    SensorLevels,
    TagSeen,
    TimerFired,
)
from lane_controller.core.instant import Now
from lane_controller.core.lane import start, step
from lane_controller.core.records import Abandoned, Authorised, Durable, Held, PassageClosed, Record, Voided
from lane_controller.core.remembered import recover
from lane_controller.core.state import Standing
from lane_controller.core.values import BarrierState, Sensor, TagEntry, Tariff, VehicleKind

TAG = TagEntry("AA", None, "acc", "VETC", "20A12345", 1, TagStatus.ACTIVE, 10**6, None, 1)
NEXT_TAG = replace(TAG, epc="BB", plate="20B67890")
TARIFF = Tariff(1, 0, ((1, 35_000), (2, 50_000), (3, 75_000), (4, 120_000), (5, 180_000)))
CLEAR = SensorLevels(False, False, False, False, False)
CLOSED = BarrierReported(BarrierState.CLOSED, False, True)
OPEN = BarrierReported(BarrierState.OPEN, True, False)
G2 = LaneConfig(geometry=Geometry.G2)
UTC_US = 1_781_500_000_000_000


class Life:
    """One run of the lane's core; `records` is what it made durable."""

    def __init__(self, durable: Durable, at_us: int, config: LaneConfig | None = None) -> None:
        self.lane, self.at_us = start(config or LaneConfig()), at_us
        self.records: list[Record] = []
        self.asked: list[int] = []
        self._timers: dict[str, int] = {}
        self.tell(Booted("b", durable.n > 0, durable, (TARIFF,)), ListHeartbeat(1, 0), ReaderConnected("r", None))

    def tell(self, *events: Event, after_ms: int = 0) -> None:
        """Hand in events, and every timer that is due before them."""
        until_us = self.at_us + after_ms * 1000
        while due := sorted((at, key) for key, at in self._timers.items() if at <= until_us):
            at, key = due[0]
            del self._timers[key]
            self.at_us = max(self.at_us, at)
            self._step(TimerFired(key))
        self.at_us = until_us
        for event in events:
            self._step(event)

    def edge(self, sensor: Sensor, on: bool, *, happened_us: int | None = None) -> SensorChanged:
        recovered = happened_us is not None
        return SensorChanged(sensor, on, recovered, self.at_us if happened_us is None else happened_us)

    def _step(self, event: Event) -> None:
        self.lane, effects = step(self.lane, event, Now(self.at_us, UTC_US + self.at_us))
        for effect in effects:
            match effect:
                case fx.Record(record):
                    self.records.append(record)
                case fx.AskPlate():
                    self.asked.append(effect.track)
                case fx.StartTimer():
                    self._timers[effect.key] = effect.at_mono_us
                case fx.CancelTimer():
                    self._timers.pop(effect.key, None)
                case _:
                    pass


def authorised() -> tuple[Durable, Authorised]:
    """A lane that let a vehicle through and died as the vehicle left L1."""
    life = Life(Durable(), 10**9)
    life.tell(PlcOnline(), CLEAR, CLOSED)
    life.tell(life.edge(Sensor.L1, True), after_ms=100)
    life.tell(*[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4, after_ms=50)
    life.tell(OPEN, after_ms=600)
    (given,) = [record for record in life.records if isinstance(record, Authorised)]
    return recover(life.records, 1), given


def restart(durable: Durable, past: SensorLevels, crossed: Sequence[tuple[Sensor, bool, int]]) -> Life:
    """The next run, 3 s later: the levels of the past, the logged edges (ms before now), the levels of now."""
    life = Life(durable, 10**9 + 3_000_000)
    life.tell(PlcOnline(), past, CLOSED, after_ms=300)
    for sensor, on, ago_ms in crossed:
        life.tell(life.edge(sensor, on, happened_us=life.at_us - ago_ms * 1000))
    life.tell(CLEAR, CLOSED)
    life.tell(after_ms=25_000)
    return life


def restart_long(
    durable: Durable, past: SensorLevels, told: Sequence[tuple[Sensor, bool, int]], now: SensorLevels = CLEAR
) -> Life:
    """The same in a non-stop lane, without anything that happens afterwards; the machine's clock has begun anew."""
    life = Life(durable, 1_000_000, G2)
    life.tell(PlcOnline(), past, CLOSED, after_ms=300)
    for sensor, on, ago_ms in told:
        life.tell(life.edge(sensor, on, happened_us=life.at_us - ago_ms * 1000))
    life.tell(now, CLOSED)
    return life


def ends(life: Life) -> list[tuple[str, str]]:
    """How authorisations ended, and what crossed."""
    return [
        (type(record).__name__, record.passage.finding.outcome if isinstance(record, PassageClosed) else record.reason)
        for record in life.records
        if isinstance(record, PassageClosed | Voided)
    ]


CROSSING = (
    (Sensor.L2, True, 2_000), (Sensor.LC2, True, 2_000), (Sensor.L3, True, 1_700), (Sensor.L2, False, 1_400),
    (Sensor.LC2, False, 1_400), (Sensor.L3, False, 1_000),
)  # fmt: skip


def test_a_vehicle_between_the_loops_is_charged_under_its_own_id() -> None:
    durable, given = authorised()
    life = restart(durable, SensorLevels(False, False, False, False, False, past=True), CROSSING)
    assert ends(life) == [("PassageClosed", Outcome.CHARGED)]
    (closed,) = [record for record in life.records if isinstance(record, PassageClosed)]
    assert closed.passage.passage_id == given.passage_id


def test_so_is_one_that_had_the_curtain_behind_it_still() -> None:
    durable, _ = authorised()
    past = SensorLevels(False, False, False, True, False, past=True)
    life = restart(durable, past, ((Sensor.LC1, False, 2_010), *CROSSING))
    assert ends(life) == [("PassageClosed", Outcome.CHARGED)]


def test_a_vehicle_that_crossed_nowhere_is_void_once() -> None:
    durable, _ = authorised()
    past = SensorLevels(False, False, False, True, False, past=True)
    life = restart(durable, past, ((Sensor.LC1, False, 2_010),))
    assert ends(life) == [("Voided", "vehicle gone at restart")]


def test_without_logged_edges_a_closed_arm_and_an_empty_lane_still_mean_gone() -> None:
    durable, _ = authorised()
    life = restart(durable, CLEAR, ())
    assert ends(life) == [("Voided", "vehicle gone at restart")]


@pytest.mark.parametrize("began_us", [10**9 + 3_000_000, 1_000_000])
def test_who_never_comes_to_the_open_arm_is_void_whatever_the_clock_was_before(began_us: int) -> None:
    """A computer that had been off counts from nought again: what was decided before lies far ahead on its clock."""
    life = Life(authorised()[0], began_us, G2)
    life.tell(PlcOnline(), SensorLevels(True, False, False, False, False, past=True), CLOSED, after_ms=300)
    life.tell(*[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4)
    life.tell(life.edge(Sensor.L1, False, happened_us=life.at_us - 2_000_000), CLEAR, CLOSED)
    life.tell(OPEN, after_ms=1_000)
    life.tell(after_ms=19_000)
    assert ends(life) == []
    life.tell(after_ms=2_000)
    assert ends(life) == [("Voided", "pass_timeout")]


def moved(life: Life) -> list[type]:
    """Who crossed or left."""
    return [type(record) for record in life.records if isinstance(record, PassageClosed | Abandoned | Voided)]


ARRIVAL = (
    (Sensor.L1, True, 40_000), (Sensor.LC1, True, 39_700), (Sensor.LC1, False, 39_000), (Sensor.L1, False, 39_000),
)  # fmt: skip


def test_who_comes_and_backs_out_unwatched_is_one_vehicle() -> None:
    """L1 is told before LC1 of the same scan: nobody is held for that before LC1 is told."""
    back = ((Sensor.L1, True, 9_000), (Sensor.LC1, True, 9_000), (Sensor.LC1, False, 3_000), (Sensor.L1, False, 2_000))
    life = restart_long(Durable(n=1), replace(CLEAR, past=True), (*ARRIVAL, *back))
    assert life.lane.tracks == ()
    assert moved(life) == [Abandoned]


def test_a_bounce_in_the_log_is_no_second_crossing() -> None:
    behind = tuple((sensor, on, ago_ms - 35_500) for sensor, on, ago_ms in ARRIVAL)
    bounce = ((Sensor.L2, True, 1_397), (Sensor.L2, False, 1_394))
    told = (*ARRIVAL, *behind, *CROSSING[:4], *bounce, *CROSSING[4:])
    life = restart_long(Durable(n=1), replace(CLEAR, past=True), told)
    assert moved(life) == [PassageClosed]
    assert len(life.lane.tracks) == 1


def test_a_lorry_found_on_l1_whose_bed_l1_does_not_see_in_the_log_is_one() -> None:
    """The lane died before it broke LC1; its L1 on has the instant of the boot, which says nothing of LC1."""
    bed = ((Sensor.LC1, True, 10_000), (Sensor.L1, False, 9_700), (Sensor.L1, True, 9_500))
    gone = ((Sensor.LC1, False, 8_500), (Sensor.L1, False, 8_500))
    assert len(restart_long(Durable(n=1), ON_L1, (*bed, *gone)).lane.tracks) == 1


def test_who_was_in_lc1_with_a_bed_that_l1_does_not_see_as_the_lane_died_is_one() -> None:
    past = SensorLevels(False, False, False, True, False, past=True)
    bed = ((Sensor.L1, True, 10_000), (Sensor.LC1, False, 9_000), (Sensor.L1, False, 9_000))
    (there,) = restart_long(authorised_long(), past, bed).lane.tracks
    assert (there.standing, there.forward, there.on_l1) == (Standing.VOID, True, False)


def test_who_passed_lc1_unwatched_and_was_shorter_than_a_car_is_a_motorcycle() -> None:
    rode = (
        (Sensor.L1, True, 9_000), (Sensor.LC1, True, 8_690), (Sensor.LC1, False, 8_350), (Sensor.L1, False, 8_350),
    )  # fmt: skip
    (there,) = restart_long(Durable(n=1), replace(CLEAR, past=True), rode).lane.tracks
    assert there.standing is Standing.MOTORCYCLE


def test_a_short_car_at_the_same_speed_is_none() -> None:
    drove = (
        (Sensor.L1, True, 9_000), (Sensor.LC1, True, 8_690), (Sensor.LC1, False, 8_230), (Sensor.L1, False, 8_230),
    )  # fmt: skip
    (there,) = restart_long(Durable(n=1), replace(CLEAR, past=True), drove).lane.tracks
    assert there.vehicle


def authorised_long() -> Durable:
    """A non-stop lane that died as a vehicle it had let through was on L1."""
    life = Life(Durable(), 10**9, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED)
    life.tell(life.edge(Sensor.L1, True), *[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4)
    life.tell(after_ms=600)
    return recover(life.records, 1)


ON_L1 = SensorLevels(True, False, False, False, False, past=True)
CLEARS = ((Sensor.LC1, True, 40_000), (Sensor.LC1, False, 39_300), (Sensor.L1, False, 39_300))


def assert_void_in_his_place(life: Life) -> None:
    """His authorisation came to nothing, and he stands between L1 and L2 as before."""
    assert ends(life) == [("Voided", "vehicle gone at restart")]
    (there,) = life.lane.tracks
    assert (there.standing, there.forward) == (Standing.VOID, True)


def test_who_stands_unseen_in_a_long_lane_is_void_and_keeps_his_place() -> None:
    life = restart_long(authorised_long(), ON_L1, CLEARS)
    assert_void_in_his_place(life)


def test_so_does_who_has_not_moved_since() -> None:
    """The PLC knows of no edge: whoever was between L1 and L2 is there still, without his authorisation."""
    life = restart_long(authorised_long(), replace(CLEAR, still=True), ())
    assert ends(life) == [("Voided", "vehicle gone at restart")]
    assert [track.standing for track in life.lane.tracks] == [Standing.VOID]


CROSSES = (
    (Sensor.L2, True, 9_000), (Sensor.LC2, True, 8_800), (Sensor.L3, True, 8_500),
    (Sensor.LC2, False, 8_100), (Sensor.L2, False, 8_000), (Sensor.L3, False, 7_600),
    (Sensor.LC1, False, 6_000), (Sensor.L1, False, 6_000),
)  # fmt: skip


def one_ahead_crossed(told: tuple[tuple[Sensor, bool, int], ...]) -> None:
    """The PLC's log: somebody crossed, and it was the one who was let through, not the one on L1."""
    life = restart_long(authorised_long(), ON_L1, told)
    assert ends(life) == [("PassageClosed", Outcome.CHARGED)]
    (behind,) = life.lane.tracks
    assert behind.forward
    assert not behind.live


def test_who_comes_to_the_arm_had_left_l1_before_the_restart() -> None:
    """L1 was on at the restart, but LC1 breaks only as somebody is on L2: it is the one that was let through."""
    one_ahead_crossed(((Sensor.LC1, True, 9_050), *CROSSES))


def held_long() -> Durable:
    """A non-stop lane that died while somebody without a tag stood before its arm."""
    life = Life(Durable(), 10**9, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED, life.edge(Sensor.L1, True))
    life.tell(life.edge(Sensor.LC1, True), after_ms=300)
    life.tell(life.edge(Sensor.LC1, False), life.edge(Sensor.L1, False), after_ms=700)
    life.tell(after_ms=1_000)
    return recover(life.records, 1)


BACKS_OUT = (
    (Sensor.L1, True, 9_000), (Sensor.LC1, True, 9_000), (Sensor.LC1, False, 3_000), (Sensor.L1, False, 2_000),
)  # fmt: skip


def test_who_is_held_and_backs_out_unwatched_is_gone() -> None:
    """L1 and LC1 went on in one scan: he backs, though LC1 has told nothing else in this run."""
    durable = held_long()
    (held,) = durable.held
    life = restart_long(durable, replace(CLEAR, past=True), BACKS_OUT)
    assert life.lane.tracks == ()
    (gone,) = [record for record in life.records if isinstance(record, Abandoned)]
    assert gone.passage_id == held.passage_id


def test_a_lorry_that_is_held_and_backs_out_slowly_unwatched_is_gone() -> None:
    """L1 goes off under its bed ten seconds after LC1 was broken: by itself, as it came back, and by nobody on foot."""
    told = (
        (Sensor.L1, True, 24_000), (Sensor.LC1, True, 24_000), (Sensor.L1, False, 14_000), (Sensor.L1, True, 12_000),
        (Sensor.LC1, False, 8_400), (Sensor.L1, False, 5_600),
    )  # fmt: skip
    life = restart_long(held_long(), replace(CLEAR, past=True), told)
    assert life.lane.tracks == ()
    assert moved(life)[-1] is Abandoned


def test_who_is_held_and_had_driven_on_is_not_on_l1() -> None:
    """Power failed before the next, on L1 since, was decided: the record of the first tells that he had left L1."""
    durable = held_long()
    (held,) = durable.held
    life = restart_long(durable, ON_L1, CLEARS)
    before, behind = life.lane.tracks
    assert before.passage_id == held.passage_id
    assert (before.standing, before.forward, behind.forward) == (Standing.HELD, True, True)


def test_who_is_held_on_l1_and_had_not_driven_on_is_on_l1() -> None:
    life = Life(Durable(), 10**9, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED, life.edge(Sensor.L1, True))
    life.tell(life.edge(Sensor.LC1, True), after_ms=300)
    life.tell(after_ms=1_000)
    life = restart_long(recover(life.records, 1), replace(ON_L1, lc1=True), CLEARS[1:])
    (there,) = life.lane.tracks
    assert there.forward


def two_held_long() -> Durable:
    """The same, and power failed while the next, held too, was on L1 and in LC1."""
    life = Life(Durable(), 10**9, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED, life.edge(Sensor.L1, True))
    life.tell(life.edge(Sensor.LC1, True), after_ms=300)
    life.tell(life.edge(Sensor.LC1, False), life.edge(Sensor.L1, False), after_ms=700)
    life.tell(life.edge(Sensor.L1, True), after_ms=4_000)
    life.tell(life.edge(Sensor.LC1, True), after_ms=300)
    life.tell(after_ms=1_000)
    return recover(life.records, 1)


def test_who_is_held_before_one_who_is_held_on_l1_is_not_on_l1() -> None:
    durable = two_held_long()
    first, _ = durable.held
    past = SensorLevels(True, False, False, True, False, past=True)
    life = restart_long(durable, past, ((Sensor.LC1, False, 2_000), (Sensor.L1, False, 2_000)))
    before, behind = life.lane.tracks
    assert before.passage_id == first.passage_id
    assert (before.forward, behind.forward, behind.on_l1) == (True, True, False)


def test_so_he_had_where_lc1_breaks_only_after_somebody_is_on_l2() -> None:
    """LC1 had told nothing in this run when L2 went on; by L3 it has shown that somebody was still on L1."""
    one_ahead_crossed((CROSSES[0], (Sensor.LC1, True, 8_900), *CROSSES[1:]))


DROPS_OUT = (
    (Sensor.L1, False, 18_000), (Sensor.L1, True, 17_800), (Sensor.LC1, False, 17_000), (Sensor.L1, False, 17_000),
)  # fmt: skip
IN_LC1 = SensorLevels(True, False, False, True, False, past=True)


def test_whose_bed_l1_does_not_see_unwatched_is_one_vehicle() -> None:
    """LC1 was broken when the lane died: L1 that clears in the log is no rear before LC1 has cleared too."""
    life = restart_long(Durable(n=1), IN_LC1, DROPS_OUT)
    life.tell(after_ms=500)
    (there,) = life.lane.tracks
    assert there.forward


def test_so_is_one_that_was_let_through() -> None:
    """When he came onto L1 was told by the clock of another run: it does not say that LC1 was broken before."""
    life = restart_long(authorised_long(), IN_LC1, DROPS_OUT)
    (there,) = life.lane.tracks
    assert (there.standing, there.forward) == (Standing.VOID, True)


def test_the_tail_of_a_bus_that_has_crossed_is_nobody_new() -> None:
    """It was on all loops of a one-stop lane when the lane died, committed as it came onto L3."""
    life = Life(Durable(n=1), 10**9 + 3_000_000)
    life.tell(PlcOnline(), SensorLevels(True, True, True, True, True, past=True), OPEN, after_ms=300)
    for sensor in (Sensor.LC1, Sensor.L1):
        life.tell(life.edge(sensor, False, happened_us=life.at_us - 2_000_000))
    life.tell(SensorLevels(False, True, True, False, True), OPEN)
    for sensor, after_ms in ((Sensor.LC2, 400), (Sensor.L2, 300), (Sensor.L3, 900)):
        life.tell(after_ms=after_ms)
        life.tell(life.edge(sensor, False))
    life.tell(after_ms=25_000)
    assert life.lane.tracks == ()
    assert not any(isinstance(record, PassageClosed | Abandoned | Held) for record in life.records)


def void_long() -> Durable:
    """A non-stop lane that died after a held vehicle had driven through the closed arm: who was behind it is void."""
    life = Life(Durable(), 10**9, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED)
    over_l1 = ((Sensor.L1, True, 0), (Sensor.LC1, True, 300), (Sensor.LC1, False, 700), (Sensor.L1, False, 0))
    through = ((Sensor.L2, True, 1_000), (Sensor.LC2, True, 300), (Sensor.L3, True, 500), (Sensor.LC2, False, 600))
    gone = ((Sensor.L2, False, 200), (Sensor.L3, False, 500))
    for tags, edges in (([], over_l1), ([TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4, over_l1 + through + gone)):
        life.tell(after_ms=3_000)
        life.tell(*tags)
        for sensor, on, after_ms in edges:
            life.tell(after_ms=after_ms)
            life.tell(life.edge(sensor, on))
    life.tell(after_ms=1_000)
    assert [type(record) for record in life.records if isinstance(record, Voided)] == [Voided]
    return recover(life.records, 1)


def test_who_is_void_before_the_arm_stands_there_after_a_restart() -> None:
    """Else the next one is taken for the first, and its account pays as he crosses."""
    durable = void_long()
    (waits,) = durable.held
    (there,) = restart_long(durable, replace(CLEAR, still=True), ()).lane.tracks
    assert (there.passage_id, there.standing, there.forward) == (waits.passage_id, Standing.HELD, True)


OVER_L1 = ((Sensor.L1, True, 0), (Sensor.LC1, True, 300), (Sensor.LC1, False, 700), (Sensor.L1, False, 0))
RUNS_THROUGH = (
    (Sensor.L2, True, 0), (Sensor.LC2, True, 300), (Sensor.L3, True, 500), (Sensor.LC2, False, 600),
    (Sensor.L2, False, 200), (Sensor.L3, False, 500),
)  # fmt: skip


def drive(life: Life, edges: Sequence[tuple[Sensor, bool, int]]) -> None:
    """Edges, each so many ms after the one before."""
    for sensor, on, after_ms in edges:
        life.tell(after_ms=after_ms)
        life.tell(life.edge(sensor, on))


def void_ahead_long(*then: tuple[Sensor, bool, int]) -> Life:
    """A non-stop lane: one that is held, AA and BB came in this order. As BB was on L1 the first drove through the
    closed arm, so AA is void before it, under a number later than that of BB.
    """
    life = Life(Durable(), 10**9, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED)
    drive(life, OVER_L1)
    life.tell(after_ms=3_000)
    life.tell(*[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4)
    drive(life, OVER_L1)
    life.tell(after_ms=3_000)
    life.tell(life.edge(Sensor.L1, True), *[TagSeen("BB", None, 1, -55, None, "r", NEXT_TAG)] * 4)
    drive(life, (*RUNS_THROUGH, *OVER_L1[1:], *then))
    life.tell(after_ms=500)
    return life


def test_who_was_void_and_waits_under_a_later_number_is_before_whoever_came_after_him() -> None:
    """The record tells when he came; else the account of the next one pays as he crosses, and so on."""
    durable = recover(void_ahead_long().records, 1)
    (ahead,), (behind,) = durable.held, durable.pending
    assert ahead.n > behind.n
    assert ahead.passage_id in durable.driven_on
    life = restart_long(durable, replace(ON_L1, past=False, still=True), (), ON_L1)
    assert [track.passage_id for track in life.lane.tracks[:2]] == [ahead.passage_id, behind.passage_id]
    came = life.lane.tracks[0].times.l1_on
    assert came is not None
    assert ahead.came is not None
    assert came.utc_us == ahead.came.utc_us


def released_long() -> Durable:
    """A non-stop lane: AA did not come to the open arm in time, and the operator let it through; the next is on L1."""
    life = Life(Durable(), 10**9, G2)
    life.tell(OperatorLoggedIn("op-1"), PlcOnline(), CLEAR, CLOSED)
    life.tell(*[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4)
    drive(life, OVER_L1)
    life.tell(OPEN, after_ms=300)
    life.tell(ReleaseRequested("stalled", 1), after_ms=25_000)
    life.tell(life.edge(Sensor.L1, True), after_ms=2_000)
    life.tell(after_ms=100)
    assert [type(record) for record in life.records if isinstance(record, Voided)] == [Voided]
    return recover(life.records, 1)


def test_who_was_void_and_is_let_through_before_the_arm_is_not_on_l1() -> None:
    durable = released_long()
    (given,) = durable.pending
    assert durable.driven_on == (given.passage_id,)
    life = restart_long(durable, replace(ON_L1, past=False, still=True), (), ON_L1)
    ahead, there = life.lane.tracks
    assert (ahead.passage_id, ahead.on_l1, there.on_l1) == (given.passage_id, False, True)


def test_whom_a_restart_found_on_l1_is_before_whoever_came_in_the_log() -> None:
    """He came onto L1 before, though only the levels told of him: he is the first to cross, and the other one waits."""
    left = ((Sensor.LC1, True, 41_000), (Sensor.LC1, False, 40_300), (Sensor.L1, False, 40_300))
    came = tuple((sensor, on, ago_ms - 10_000) for sensor, on, ago_ms in ARRIVAL)
    life = restart_long(WORKED, ON_L1, (*left, *came))
    life.tell(OperatorLoggedIn("op-1"), ReleaseRequested("waits", 1), after_ms=3_000)
    first, behind = life.lane.tracks
    life.tell(OPEN, after_ms=900)
    drive(life, RUNS_THROUGH)
    assert [record.passage.passage_id for record in life.records if isinstance(record, PassageClosed)] == [
        first.passage_id
    ]
    assert [held.passage_id for held in recover(life.records, 1).held] == [behind.passage_id]


def test_as_he_crosses_who_is_held_behind_him_under_an_earlier_number_is_still_there() -> None:
    now = Now(9, UTC_US + 9)
    behind = Held("CM-01-e1-000002", 2, (), now, True, Now(5, UTC_US + 5))
    before = Held("CM-01-e1-000001", 1, (), now, True, Now(1, UTC_US + 1))
    ran = void_ahead_long(*RUNS_THROUGH)
    crossed = [record for record in ran.records if isinstance(record, PassageClosed)][-1]
    times = replace(crossed.passage.times, l1_on=Now(3, UTC_US + 3))
    closed = PassageClosed(3, replace(crossed.passage, times=times))
    assert recover([before, behind, closed], 1).held == (behind,)


BED_OVER_L3 = replace(SensorLevels(True, True, False, True, True), past=True)
LORRY_CLEARS = (
    (Sensor.L3, True, 44_900), (Sensor.LC1, False, 44_890), (Sensor.L1, False, 44_890), (Sensor.LC2, False, 44_500),
    (Sensor.L2, False, 44_400), (Sensor.L3, False, 44_000),
)  # fmt: skip


def test_the_rear_axles_of_a_lorry_whose_bed_l3_does_not_see_commit_nobody_on_l1() -> None:
    """L2 and LC2 are on at boot, and L3 between the axles is not; who was let through had not left L1."""
    life = restart_long(replace(authorised_long(), lc1_works=True), BED_OVER_L3, LORRY_CLEARS)
    assert_void_in_his_place(life)


def test_who_had_left_l1_is_on_l2() -> None:
    durable = replace(driven_on_long(), lc1_works=True)
    life = restart_long(durable, BED_OVER_L3, LORRY_CLEARS)
    assert ends(life) == [("PassageClosed", Outcome.CHARGED)]


def test_so_may_be_who_had_not_where_nobody_knows_whether_lc1_works() -> None:
    life = restart_long(authorised_long(), BED_OVER_L3, LORRY_CLEARS)
    assert ends(life) == [("PassageClosed", Outcome.CHARGED)]


WORKED = Durable(n=1, lc1_works=True)
"""The last vehicle before the power cut broke LC1, and cleared it."""


def test_who_is_on_l1_and_off_it_without_lc1_has_backed_out_where_lc1_worked_before() -> None:
    """Else he is held before the arm for ever, and whoever comes is taken for the one before."""
    life = restart_long(WORKED, ON_L1, ((Sensor.L1, False, 9_000),))
    assert life.lane.tracks == ()
    assert moved(life) == [Abandoned]


def test_where_nobody_knows_whether_lc1_works_he_may_have_driven_on() -> None:
    assert len(restart_long(Durable(n=1), ON_L1, ((Sensor.L1, False, 9_000),)).lane.tracks) == 1


ON_ALL = SensorLevels(True, True, True, True, True, past=True)
TAIL = (
    (Sensor.L3, False, 42_500), (Sensor.L3, True, 42_300), (Sensor.LC1, False, 42_200), (Sensor.L1, False, 42_200),
    (Sensor.LC2, False, 40_900), (Sensor.L2, False, 40_800), (Sensor.L3, False, 40_400),
)  # fmt: skip


def test_the_axles_of_a_lorry_that_has_crossed_commit_nobody_behind_it() -> None:
    """LC2 stays broken while L3 goes off and on under its bed, and who was let through next is on L1."""
    life = restart_long(authorised_long(), ON_ALL, TAIL)
    assert_void_in_his_place(life)


def test_nor_does_its_bed_that_l2_does_not_see() -> None:
    """LC2 and L3 are on at boot, and L2 between them is not: it goes on again under the rear axles."""
    bed = replace(ON_ALL, l2=False)
    life = restart_long(authorised_long(), bed, ((Sensor.L2, True, 42_800), *TAIL))
    assert ends(life) == [("Voided", "vehicle gone at restart")]
    assert [track.forward for track in life.lane.tracks] == [True]


def driven_on_long() -> Durable:
    """A non-stop lane that had let a vehicle through, which drove on; it died as the next one had come onto L1."""
    life = Life(Durable(), 10**9, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED)
    life.tell(life.edge(Sensor.L1, True), *[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4)
    life.tell(life.edge(Sensor.LC1, True), after_ms=300)
    life.tell(life.edge(Sensor.LC1, False), life.edge(Sensor.L1, False), after_ms=700)
    life.tell(after_ms=2_000)
    life.tell(life.edge(Sensor.L1, True))
    life.tell(after_ms=100)
    return recover(life.records, 1)


def test_who_was_let_through_and_had_driven_on_is_not_on_l1() -> None:
    """The records tell it; whoever is on L1 is decided anew, and pays with his own tag."""
    durable = driven_on_long()
    (given,) = durable.pending
    life = restart_long(durable, replace(ON_L1, past=False, still=True), (), ON_L1)
    ahead, there = life.lane.tracks
    assert (ahead.passage_id, ahead.on_l1, ahead.forward) == (given.passage_id, False, True)
    assert (there.on_l1, there.standing) == (True, Standing.WAITING)


def test_the_tag_of_who_drove_through_lc1_unwatched_had_left_the_radio_zone() -> None:
    """A tag first heard after the restart is that of the next one, who stands in the zone."""
    now = replace(ON_L1, lc1=True, past=False)
    life = restart_long(held_long(), ON_L1, ((Sensor.LC1, True, 12_000),), now)
    life.tell(*[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4)
    life.tell(after_ms=2_000)
    assert not any(isinstance(record, Authorised) for record in life.records)
    held, there = life.lane.tracks
    assert (held.on_l1, there.on_l1, there.standing) == (False, True, Standing.HELD)


def found_in_lc1(broken_ms_ago: int) -> Life:
    """A one-stop lane whose log tells only when LC1 was broken; then a tag is heard, and its plate read on L1."""
    life = Life(WORKED, 10**9)
    life.tell(PlcOnline(), replace(CLEAR, past=True), CLOSED, after_ms=300)
    life.tell(life.edge(Sensor.LC1, True, happened_us=life.at_us - broken_ms_ago * 1000))
    life.tell(replace(ON_L1, lc1=True, past=False), CLOSED)
    life.tell(after_ms=50)
    (there,) = life.lane.tracks
    life.tell(PlateRead(TAG.plate, 0.99, entry=TAG, track=there.id))
    life.tell(*[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4)
    life.tell(after_ms=3_000)
    return life


def test_nor_was_his_plate_read_where_he_has_been_in_lc1_for_long() -> None:
    """Camera and antenna show the next one, who stands so close behind that both are on L1."""
    life = found_in_lc1(broken_ms_ago=3_400)
    (there,) = life.lane.tracks
    assert there.standing is Standing.HELD
    life.tell(life.edge(Sensor.LC1, False))
    life.tell(after_ms=500)
    assert not any(isinstance(record, Authorised) for record in life.records), "nor as he drives on"


def test_it_was_where_he_broke_lc1_just_now() -> None:
    life = found_in_lc1(broken_ms_ago=400)
    assert [type(record) for record in life.records].count(Authorised) == 1


BUMPER_TO_BUMPER = ((Sensor.L1, True, 19_300), (Sensor.LC1, True, 18_500), (Sensor.LC1, False, 17_400))


def test_who_is_on_l1_behind_one_that_lc1_saw_drive_on_is_the_next() -> None:
    life = restart_long(WORKED, replace(CLEAR, past=True), BUMPER_TO_BUMPER, replace(ON_L1, past=False))
    ahead, there = life.lane.tracks
    assert (ahead.forward, ahead.on_l1, there.on_l1) == (True, False, True)
    life.tell(*[TagSeen("AA", None, 1, -55, None, "r", TAG)] * 4)
    life.tell(after_ms=1_000)
    (given,) = [record for record in life.records if isinstance(record, Authorised)]
    assert life.lane.tracks[1].passage_id == given.passage_id
    assert life.asked == [there.id], "the camera sees him, and nobody whom only the log tells of"


def test_nobody_is_behind_one_whose_rear_left_l1_at_the_end_of_the_log() -> None:
    """L1 off has not lasted long enough to be believed."""
    just_now = ((Sensor.L1, True, 2_000), (Sensor.LC1, True, 1_100), (Sensor.LC1, False, 70), (Sensor.L1, False, 70))
    life = restart_long(WORKED, replace(CLEAR, past=True), just_now)
    life.tell(after_ms=500)
    assert len(life.lane.tracks) == 1


def rode(began_ms_ago: int) -> tuple[tuple[Sensor, bool, int], ...]:
    """A motorcycle of 2 m at 6 m/s."""
    at = (Sensor.L1, True, 0), (Sensor.LC1, True, 310), (Sensor.LC1, False, 650), (Sensor.L1, False, 650)
    return tuple((sensor, on, began_ms_ago - ms) for sensor, on, ms in at)


def from_a_stand(began_ms_ago: int) -> tuple[tuple[Sensor, bool, int], ...]:
    """A car of 4 m goes from the stop line over the arm."""
    at = (
        (Sensor.L2, True, 0), (Sensor.LC2, True, 300), (Sensor.L3, True, 800), (Sensor.LC2, False, 1_210),
        (Sensor.L2, False, 1_410), (Sensor.L3, False, 1_840),
    )  # fmt: skip
    return tuple((sensor, on, began_ms_ago - ms) for sensor, on, ms in at)


def test_a_motorcycle_that_nobody_saw_for_pass_timeout_of_the_log_has_left_sideways() -> None:
    """What stands at the arm 40 s later is the car behind it, though the log is told at once."""
    drove = tuple((sensor, on, ago_ms + 6_000) for sensor, on, ago_ms in ARRIVAL)
    life = restart_long(WORKED, replace(CLEAR, past=True), (*rode(52_000), *drove, *from_a_stand(4_000)))
    assert life.lane.tracks == ()
    assert moved(life) == [PassageClosed]


def test_a_car_does_not_cross_as_something_that_was_shorter_than_any_car() -> None:
    """What passed LC1 unwatched was a motorcycle or a very short car that sped up; what crossed was neither."""
    short = (
        (Sensor.L1, True, 12_000),
        (Sensor.LC1, True, 11_670),
        (Sensor.LC1, False, 11_280),
        (Sensor.L1, False, 11_280),
    )
    behind = tuple((sensor, on, ago_ms - 32_000) for sensor, on, ago_ms in ARRIVAL)
    life = restart_long(WORKED, replace(CLEAR, past=True), (*short, *behind))
    assert [track.vehicle for track in life.lane.tracks] == [True, True]
    came = (Sensor.L2, True, 4_000), (Sensor.LC2, True, 300), (Sensor.L3, True, 500)
    went = (Sensor.LC2, False, 900), (Sensor.L2, False, 170), (Sensor.L3, False, 390)
    for sensor, on, after_ms in came + went:
        life.tell(after_ms=after_ms)
        life.tell(life.edge(sensor, on))
    life.tell(after_ms=500)
    assert moved(life) == [PassageClosed]
    assert life.lane.tracks == ()


def test_what_lc1_tells_of_one_that_was_watched_is_not_its_length() -> None:
    """Where the wire is live, and its instants perhaps rough, the one behind is still there."""
    life = Life(Durable(), 10**9, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED)
    over_l1 = (Sensor.L1, True, 0), (Sensor.LC1, True, 330), (Sensor.LC1, False, 390), (Sensor.L1, False, 0)
    came = (Sensor.L2, True, 4_000), (Sensor.LC2, True, 300), (Sensor.L3, True, 500)
    went = (Sensor.LC2, False, 900), (Sensor.L2, False, 170), (Sensor.L3, False, 390)
    for edges in (over_l1, over_l1, came + went):
        life.tell(after_ms=4_000)
        for sensor, on, after_ms in edges:
            life.tell(after_ms=after_ms)
            life.tell(life.edge(sensor, on))
    life.tell(after_ms=500)
    assert moved(life) == [PassageClosed]
    assert len(life.lane.tracks) == 1


def motorcycle_on_l1(config: LaneConfig = G2) -> Life:
    """A lane that has measured a motorcycle on its L1."""
    life = Life(Durable(n=1, lc1_works=True), 10**9, config)
    life.tell(PlcOnline(), CLEAR, CLOSED, life.edge(Sensor.L1, True), after_ms=300)
    life.tell(after_ms=100)
    life.tell(ClassMeasured(1, VehicleKind.MOTORCYCLE, 2.0))
    return life


def test_a_motorcycle_on_l1_is_one_after_a_restart() -> None:
    """Nobody measures it again; it leaves L1 and the lane sideways, and is no vehicle before the arm."""
    rides_on = tuple((sensor, on, ago_ms - 38_000) for sensor, on, ago_ms in CLEARS)
    life = restart_long(recover(motorcycle_on_l1().records, 1), ON_L1, rides_on)
    (there,) = life.lane.tracks
    assert (there.standing, there.on_l1) == (Standing.MOTORCYCLE, False)
    life.tell(after_ms=25_000)
    assert life.lane.tracks == ()
    assert moved(life) == []
    assert not recover(life.records, 1).motorcycle, "it has left L1"


def test_so_is_one_that_has_not_moved_since() -> None:
    for config in (G2, LaneConfig()):
        life = Life(recover(motorcycle_on_l1(config).records, 1), 1_000_000, config)
        life.tell(PlcOnline(), replace(ON_L1, past=False, still=True), CLOSED, after_ms=300)
        assert [track.standing for track in life.lane.tracks] == [Standing.MOTORCYCLE]


def test_who_came_onto_l1_after_a_motorcycle_is_none() -> None:
    life = motorcycle_on_l1()
    life.tell(life.edge(Sensor.LC1, True), after_ms=200)
    life.tell(life.edge(Sensor.LC1, False), life.edge(Sensor.L1, False), after_ms=300)
    life.tell(life.edge(Sensor.L1, True), after_ms=1_500)
    life.tell(after_ms=100)
    again = restart_long(recover(life.records, 1), replace(ON_L1, past=False, still=True), (), ON_L1)
    assert [track.standing for track in again.lane.tracks] == [Standing.WAITING]


def test_nor_is_who_is_found_on_l1_where_nobody_knows_what_happened_since() -> None:
    life = restart_long(
        recover(motorcycle_on_l1().records, 1), replace(ON_L1, past=False), (), replace(ON_L1, past=False)
    )
    assert [track.standing for track in life.lane.tracks] == [Standing.WAITING]


def test_a_motorcycle_that_was_held_before_it_was_measured_is_held_no_more() -> None:
    life = Life(Durable(), 10**9, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED, life.edge(Sensor.L1, True))
    life.tell(PlateRead(None, 0.0), after_ms=300)
    life.tell(after_ms=2_000)
    assert recover(life.records, 1).held
    life.tell(ClassMeasured(1, VehicleKind.MOTORCYCLE, 2.0))
    durable = recover(life.records, 1)
    assert (durable.held, durable.motorcycle) == ((), True)


def test_who_is_held_after_a_motorcycle_is_on_l1_though_nobody_saw_that_leave() -> None:
    """L1 was off at the restart, so no edge tells that it left."""
    life = Life(recover(motorcycle_on_l1().records, 1), 1_000_000, G2)
    life.tell(PlcOnline(), CLEAR, CLOSED, life.edge(Sensor.L1, True))
    life.tell(PlateRead(None, 0.0), after_ms=300)
    life.tell(after_ms=2_000)
    durable = recover([*motorcycle_on_l1().records, *life.records], 1)
    assert (len(durable.held), durable.motorcycle) == (1, False)
