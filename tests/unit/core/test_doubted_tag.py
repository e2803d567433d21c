"""Whose the tag is by which a vehicle with a doubted plate may pass, once the next one shows its plate.

Scenario files cannot say of which vehicle a plate is that the camera was asked for.
"""

import pytest

from lane_controller.contracts.values import Outcome, TagStatus
from lane_controller.core.events import PlateRead, SensorChanged, TagSeen
from lane_controller.core.records import Durable, PassageClosed
from lane_controller.core.values import TagEntry
from tests.unit.core.test_queue_after_trouble import L1, OPEN, OVER_ARM, OVER_L1, Run

ENTRY = TagEntry("E280", None, "acc-1", "VETC", "20A12345", 1, TagStatus.ACTIVE, 200_000, None, 1)
HEARD = TagSeen("E280", None, 1, -55, None, "r", ENTRY)
ITS_PLATE = PlateRead("20A12345", 0.97, entry=ENTRY)


def passing_by_a_doubted_tag(plate: str | None) -> Run:
    """A may pass by the tag, with another plate that was read unsurely, or none; B is on L1 behind it."""
    run = Run(Durable())
    for _ in range(3):
        run.tell(HEARD, after_ms=20)
    run.tell(SensorChanged(L1, True, False, run.at_us))
    run.tell(after_ms=50)
    run.tell(PlateRead(plate, 0.85 if plate else 0.0, track=run.lane.tracks[-1].id))
    run.drive(OVER_L1[1:])
    run.tell(OPEN, after_ms=3_000)
    run.drive(OVER_L1[:2])
    assert [track.live for track in run.lane.tracks] == [True, False]
    return run


def asked(run: Run, confidence: float = ITS_PLATE.confidence) -> PlateRead:
    """The plate of the tag, in the frames that were asked for the vehicle that came last."""
    return PlateRead(ITS_PLATE.text, confidence, entry=ENTRY, track=run.lane.tracks[-1].id)


def paid(run: Run) -> list[tuple[Outcome, bool]]:
    """Passages in order, and whether each was charged."""
    return [(r.passage.finding.outcome, r.passage.committed) for r in run.records if isinstance(r, PassageClosed)]


@pytest.mark.parametrize("plate_ahead", ["99K77777", None], ids=["another plate", "no plate"])
def test_the_vehicle_that_shows_the_plate_pays_not_the_one_ahead(plate_ahead: str | None) -> None:
    run = passing_by_a_doubted_tag(plate_ahead)
    run.tell(asked(run))
    run.tell(HEARD, after_ms=20)
    run.drive(OVER_L1[2:])
    run.drive(OVER_ARM)
    run.drive(OVER_ARM)
    assert paid(run) == [(Outcome.VIOLATION, False), (Outcome.CHARGED, True)]


@pytest.mark.parametrize("plate_ahead", ["99K77777", None], ids=["another plate", "no plate"])
def test_an_unsure_reading_tells_it_too_where_the_tag_is_heard_behind_the_one_ahead(plate_ahead: str | None) -> None:
    run = passing_by_a_doubted_tag(plate_ahead)
    run.tell(HEARD, after_ms=20)
    run.tell(asked(run, confidence=0.68))
    run.tell(HEARD, after_ms=20)
    run.drive(OVER_L1[2:])
    run.drive(OVER_ARM)
    run.drive(OVER_ARM)
    assert paid(run) == [(Outcome.VIOLATION, False), (Outcome.CHARGED, True)]


def test_an_unsure_reading_alone_may_be_of_the_one_ahead() -> None:
    run = passing_by_a_doubted_tag("99K77777")
    run.tell(asked(run, confidence=0.68))
    run.drive(OVER_ARM)
    assert paid(run) == [(Outcome.CHARGED, True)]


def test_where_lc1_told_nothing_the_two_may_be_one_vehicle_whose_plate_was_read_late() -> None:
    run = Run(Durable())
    for _ in range(3):
        run.tell(HEARD, after_ms=20)
    run.tell(SensorChanged(L1, True, False, run.at_us))
    run.tell(after_ms=50)
    run.tell(PlateRead(None, 0.0, track=run.lane.tracks[-1].id))
    run.drive(((L1, False, 900),))
    run.tell(OPEN, after_ms=3_000)
    run.drive(OVER_L1[:1])
    run.tell(asked(run))
    run.drive(OVER_ARM)
    assert paid(run) == [(Outcome.CHARGED, True)]


def test_a_plate_that_may_be_the_same_misread_is_its_own() -> None:
    run = passing_by_a_doubted_tag("20A12845")
    run.tell(asked(run))
    run.drive(OVER_ARM)
    assert paid(run) == [(Outcome.CHARGED, True)]


def test_a_plate_of_nobody_in_particular_may_be_its_own_read_again() -> None:
    run = passing_by_a_doubted_tag("99K77777")
    run.tell(ITS_PLATE)
    run.drive(OVER_ARM)
    assert paid(run) == [(Outcome.CHARGED, True)]
