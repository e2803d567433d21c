"""Of which instant the camera is asked for a vehicle that follows another over an L1 that did not clear.

A frame of the gap may still show the one ahead: with its plate the follower would be taken for that one (two vehicles
are never read the same), and everybody behind pay as the next one crosses.
"""

import pytest

from lane_controller.core.events import SensorChanged
from lane_controller.core.records import Durable
from lane_controller.core.values import Sensor
from tests.unit.core.test_queue_after_trouble import L1, L2, LC1, Run

AHEAD = ((L1, True, 0), (LC1, True, 400), (LC1, False, 1_300))
"""L1 stays on behind it."""


@pytest.mark.parametrize("tells", [LC1, L2], ids=["the follower breaks LC1", "the one ahead is on L2"])
def test_it_is_the_instant_at_which_the_follower_is_told_not_the_gap_before_him(tells: Sensor) -> None:
    run = Run(Durable())
    run.drive(AHEAD)
    run.tell(after_ms=1_400)
    told_us = run.at_us
    run.tell(SensorChanged(tells, True, False, told_us))
    run.tell(after_ms=100)
    ahead, follower = run.lane.tracks
    assert [asked.track for asked in run.asked] == [ahead.id, follower.id]
    assert run.asked[1].l1_on_mono_us == told_us
