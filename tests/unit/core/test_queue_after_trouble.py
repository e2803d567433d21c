"""Who stands before the arm after a power failure or a lost edge, where no scenario file can tell it.

A scenario has no log of the PLC that begins before the restart, and no lost edge that only the levels tell of.
"""

import pytest

from lane_controller.contracts.values import Outcome
from lane_controller.core import effects as fx
from lane_controller.core.config import Geometry, configure
from lane_controller.core.events import (
    BarrierReported,
    Booted,
    ClassMeasured,
    EdgeLost,
    Event,
    ListHeartbeat,
    ModeRequested,
    OperatorLoggedIn,
    PlateRead,
    PlcOnline,
    ReaderConnected,
    ReleaseRequested,
    SensorChanged,
    SensorLevels,
    TimerFired,
)
from lane_controller.core.instant import Now
from lane_controller.core.lane import start, step
from lane_controller.core.records import Abandoned, Durable, Held, PassageClosed, Record, StageTimes, Voided
from lane_controller.core.remembered import recover
from lane_controller.core.values import BarrierState, Flag, Mode, Sensor, Tariff

TARIFF = Tariff(1, 0, ((1, 35_000), (2, 50_000), (3, 75_000), (4, 120_000), (5, 180_000)))
CLEAR = SensorLevels(False, False, False, False, False)
NOBODY_THEN = SensorLevels(False, False, False, False, False, past=True)
CLOSED = BarrierReported(BarrierState.CLOSED, False, True)
OPEN = BarrierReported(BarrierState.OPEN, True, False)
UTC_US = 1_781_500_000_000_000
L1, LC1, L2, LC2, L3 = Sensor.L1, Sensor.LC1, Sensor.L2, Sensor.LC2, Sensor.L3
OVER_L1 = ((L1, True, 0), (LC1, True, 400), (LC1, False, 1_300), (L1, False, 1_300))
OVER_ARM = (
    (L2, True, 0),
    (LC2, True, 300),
    (L3, True, 800),
    (LC2, False, 1_400),
    (L2, False, 1_600),
    (L3, False, 2_100),
)


class Run:
    """One run of a non-stop lane."""

    def __init__(self, durable: Durable, past: SensorLevels = CLEAR) -> None:
        self.lane, self.at_us = start(configure(Geometry.G2)), 10**9
        self.records: list[Record] = []
        self.asked: list[fx.AskPlate] = []
        self._timers: dict[str, int] = {}
        self.tell(Booted("b", durable.n > 0, durable, (TARIFF,)), ListHeartbeat(1, 0), ReaderConnected("r", None))
        self.tell(OperatorLoggedIn("op-1"), PlcOnline(), past, CLOSED)

    def tell(self, *events: Event, after_ms: int = 0) -> None:
        """Events after so long, and the timers due before."""
        until_us = self.at_us + after_ms * 1000
        while due := sorted((at, key) for key, at in self._timers.items() if at <= until_us):
            at, key = due[0]
            del self._timers[key]
            self.at_us = max(self.at_us, at)
            self._step(TimerFired(key))
        self.at_us = until_us
        for event in events:
            self._step(event)

    def drive(self, edges: tuple[tuple[Sensor, bool, int], ...], began_ms_ago: int | None = None) -> None:
        """Edges as they happen, or out of the PLC's log."""
        last = 0
        for sensor, on, ms in edges:
            if began_ms_ago is None:
                self.tell(after_ms=ms - last)
                self.tell(SensorChanged(sensor, on, False, self.at_us))
                last = ms
            else:
                self.tell(SensorChanged(sensor, on, True, self.at_us - (began_ms_ago - ms) * 1000))
        self.tell(after_ms=500 if began_ms_ago is None else 0)

    def _step(self, event: Event) -> None:
        self.lane, effects = step(self.lane, event, Now(self.at_us, UTC_US + self.at_us))
        for effect in effects:
            match effect:
                case fx.Record(record):
                    self.records.append(record)
                case fx.AskPlate():
                    self.asked.append(effect)
                case fx.StartTimer():
                    self._timers[effect.key] = effect.at_mono_us
                case fx.CancelTimer():
                    self._timers.pop(effect.key, None)
                case _:
                    pass

    def closed(self) -> list[tuple[str, Outcome]]:
        """Passages in order."""
        return [(r.passage.passage_id, r.passage.outcome) for r in self.records if isinstance(r, PassageClosed)]


def held_before_the_arm() -> tuple[Run, str]:
    """A vehicle without a tag is held, and has left L1 towards the arm."""
    run = Run(Durable())
    run.drive(OVER_L1)
    durable = recover(run.records)
    (held,) = durable.held
    assert durable.driven_on == (held.passage_id,)
    return run, held.passage_id


def test_a_held_vehicle_is_still_the_first_when_the_log_tells_what_happened() -> None:
    before, passage_id = held_before_the_arm()
    run = Run(recover(before.records), NOBODY_THEN)
    run.drive(OVER_L1, began_ms_ago=9_000)
    run.tell(CLEAR, CLOSED)
    run.tell(ReleaseRequested("cash", 1), after_ms=3_000)
    run.tell(OPEN, after_ms=900)
    run.drive(OVER_ARM)
    assert run.closed() == [(passage_id, Outcome.MANUAL)]
    assert len(run.lane.tracks) == 1, "the one that came meanwhile stands behind it"


def test_it_crosses_in_the_log_before_the_one_that_came_after_it() -> None:
    before, passage_id = held_before_the_arm()
    run = Run(recover(before.records), NOBODY_THEN)
    run.drive((*OVER_L1, *((sensor, on, ms + 6_000) for sensor, on, ms in OVER_ARM)), began_ms_ago=20_000)
    run.tell(CLEAR, CLOSED)
    assert run.closed() == [(passage_id, Outcome.VIOLATION)]
    assert Flag.SEPARATION_FAIL not in next(r.passage.flags for r in run.records if isinstance(r, PassageClosed))


def test_without_a_log_nobody_knows_whether_it_is_still_there() -> None:
    before, _ = held_before_the_arm()
    run = Run(recover(before.records), CLEAR)
    assert run.lane.tracks == ()


def test_records_tell_who_is_held_until_it_crosses_or_leaves() -> None:
    now = Now(0, UTC_US)
    held = [Held(f"CM-01-e1-00000{n}", n, (), now) for n in (1, 2, 3)]
    assert [one.n for one in recover(held).held] == [1, 2, 3]
    left = Abandoned("CM-01-e1-000002", (), (), None, None, now)
    assert [one.n for one in recover([*held, left]).held] == [1, 3]
    before, _ = held_before_the_arm()
    before.tell(OPEN)
    before.drive(OVER_ARM)
    assert before.closed()
    durable = recover(before.records)
    assert (durable.held, durable.driven_on, durable.lc1_works) == ((), (), True)


def test_records_tell_who_has_driven_on_and_who_is_back_on_l1() -> None:
    before, passage_id = held_before_the_arm()
    run = Run(recover(before.records), NOBODY_THEN)
    back = ((L1, True, 0), (LC1, True, 0))
    run.drive(back, began_ms_ago=9_000)
    run.tell(SensorLevels(True, False, False, True, False), CLOSED, after_ms=300)
    durable = recover([*before.records, *run.records])
    assert [held.passage_id for held in durable.held] == [passage_id]
    assert durable.driven_on == ()


def test_a_journal_without_the_record_of_driving_on_is_read() -> None:
    now = Now(0, UTC_US)
    older = Held("CM-01-e1-000001", 1, (), now, past_l1=True)
    assert recover([older]).driven_on == (older.passage_id,)


def test_who_backs_onto_l1_is_nobody_new_though_the_edge_of_l1_is_lost() -> None:
    run, passage_id = held_before_the_arm()
    run.tell(SensorChanged(LC1, True, False, run.at_us + 20_000_000), after_ms=20_000)
    run.tell(EdgeLost(), after_ms=150)
    run.tell(SensorLevels(True, False, False, True, False), after_ms=200)
    run.drive(((LC1, False, 6_000), (L1, False, 8_800)))
    left = [record.passage_id for record in run.records if isinstance(record, Abandoned)]
    assert left == [passage_id]
    assert run.lane.tracks == ()


@pytest.mark.parametrize(("plate", "left"), [("20A12345", 1), ("29C54321", 0), (None, 0)])
def test_who_backs_onto_l1_is_known_by_his_plate_though_neither_l1_nor_lc1_tells_it(
    plate: str | None, left: int
) -> None:
    run = Run(Durable())
    run.drive(OVER_L1[:2])
    run.tell(PlateRead("20A12345", 0.97))
    run.drive(((LC1, False, 900), (L1, False, 900)))
    run.tell(EdgeLost(), after_ms=20_000)
    run.tell(SensorLevels(True, False, False, True, False), after_ms=200)
    run.tell(after_ms=100)
    run.tell(PlateRead(plate, 0.91, track=run.asked[-1].track), after_ms=100)
    run.drive(((LC1, False, 6_000), (L1, False, 8_800)))
    assert len([record for record in run.records if isinstance(record, Abandoned)]) == 1
    assert len(run.lane.tracks) == 1 - left


def test_who_comes_is_somebody_new_though_the_edge_of_l1_is_lost() -> None:
    run, _ = held_before_the_arm()
    run.tell(EdgeLost(), after_ms=20_150)
    run.tell(SensorChanged(LC1, True, False, run.at_us + 50_000), after_ms=50)
    run.tell(SensorLevels(True, False, False, True, False), after_ms=150)
    run.drive(((LC1, False, 900), (L1, False, 900)))
    assert len(run.lane.tracks) == 2
    assert not any(isinstance(record, Abandoned | Voided) for record in run.records)


def test_a_vehicle_of_a_restart_has_the_instant_of_the_boot() -> None:
    before, _ = held_before_the_arm()
    run = Run(recover(before.records), NOBODY_THEN)
    (track,) = run.lane.tracks
    assert track.times == StageTimes(l1_on=Now(run.at_us, UTC_US + run.at_us))
    assert track.forward


def test_one_vehicle_is_counted_once_though_only_the_levels_tell_of_l3() -> None:
    run, passage_id = held_before_the_arm()
    run.drive(OVER_L1)
    run.tell(OPEN)
    run.drive(((L2, True, 0), (LC2, True, 300), (LC2, False, 700)))
    run.tell(EdgeLost())
    run.tell(SensorChanged(L2, False, False, run.at_us + 80_000), after_ms=80)
    run.tell(SensorLevels(False, False, True, False, False), after_ms=120)
    run.tell(SensorChanged(L3, False, False, run.at_us + 600_000), after_ms=600)
    run.tell(after_ms=500)
    assert run.closed() == [(passage_id, Outcome.VIOLATION)]
    assert len(run.lane.tracks) == 1, "the next is still before the arm"


def test_who_was_in_lc2_before_the_levels_told_that_l2_is_on_has_crossed_though_l3_stays_on() -> None:
    run, first_id = held_before_the_arm()
    run.tell(ReleaseRequested("cash", 1), after_ms=3_000)
    run.tell(OPEN, after_ms=900)
    run.drive(OVER_ARM[:-1])
    run.drive(OVER_L1)
    run.tell(ReleaseRequested("cash", 1), after_ms=3_000)
    run.tell(EdgeLost(), after_ms=3_000)
    run.tell(SensorChanged(LC2, True, False, run.at_us + 150_000), after_ms=150)
    run.tell(SensorLevels(False, True, True, False, True), after_ms=50)
    run.drive(((LC2, False, 1_000), (L2, False, 1_200)))
    assert [outcome for _, outcome in run.closed()] == [Outcome.MANUAL, Outcome.MANUAL]
    assert run.closed()[0][0] == first_id
    assert run.lane.tracks == ()


def test_who_backs_onto_l1_is_nobody_new_in_manual_mode_though_held_at_once() -> None:
    run, passage_id = held_before_the_arm()
    run.tell(ModeRequested(Mode.MANUAL, "SUP-1"))
    run.tell(SensorChanged(L1, True, False, run.at_us + 20_000_000), after_ms=20_030)
    run.tell(SensorChanged(LC1, True, False, run.at_us - 30_000))
    run.drive(((LC1, False, 6_000), (L1, False, 8_800)))
    left = [record.passage_id for record in run.records if isinstance(record, Abandoned)]
    assert left == [passage_id]
    assert run.lane.tracks == ()


def test_a_contact_that_bounces_as_the_rear_leaves_is_nobody_who_comes_back() -> None:
    """The wire takes as long as an edge has to last: what came over it has not lasted for that."""
    run = Run(Durable())
    run.drive(OVER_L1[:2])
    run.tell(after_ms=900)
    rear_us = run.at_us - 30_000
    run.tell(SensorChanged(LC1, False, False, rear_us), SensorChanged(L1, False, False, rear_us))
    run.tell(SensorChanged(L1, True, False, rear_us + 3_000), after_ms=3)
    run.tell(SensorChanged(L1, False, False, rear_us + 6_000), after_ms=3)
    run.tell(after_ms=500)
    assert not any(isinstance(record, Abandoned) for record in run.records)
    assert [track.forward for track in run.lane.tracks] == [True]


def test_who_leaves_l1_that_is_on_by_itself_has_come_though_only_the_levels_tell_of_his_rear() -> None:
    """The levels are asked for after the edge: he has been gone from LC1 for longer than they tell."""
    run = Run(Durable())
    run.tell(OPEN)
    run.drive(((L1, True, 0),))
    run.tell(ClassMeasured(4, length_m=9.5), after_ms=9_500)
    run.drive(((LC1, True, 0),))
    run.tell(EdgeLost(), after_ms=900)
    run.tell(SensorLevels(True, False, False, False, False), after_ms=200)
    run.tell(after_ms=640)
    run.drive(OVER_ARM)
    run.drive(((LC1, True, 0),))
    assert len(run.closed()) == 1
    assert len(run.lane.tracks) == 1, "only the next, who has broken LC1"


def test_lc1_that_bounces_as_only_the_levels_tell_of_l1_is_broken_by_who_came() -> None:
    """It did not break LC1 anew, as far as counts: who leaves L1 without breaking it has backed out."""
    run, _ = held_before_the_arm()
    run.tell(EdgeLost(), after_ms=20_000)
    run.tell(SensorLevels(True, False, False, False, False), after_ms=200)
    told_us = run.at_us
    run.tell(SensorChanged(LC1, True, False, told_us - 5_000), after_ms=25)
    run.tell(SensorChanged(LC1, False, False, told_us - 2_000), after_ms=3)
    run.tell(SensorChanged(LC1, True, False, told_us + 1_000), after_ms=3)
    run.drive(((LC1, False, 900), (L1, False, 900)))
    assert [track.forward for track in run.lane.tracks] == [True, True]
    assert not any(isinstance(record, Abandoned) for record in run.records)
