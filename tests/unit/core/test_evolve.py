"""Pieces changed field by field: what is not named stays, what does not exist is refused."""

import pytest

from lane_controller.core.evolve import changer, evolve
from lane_controller.core.instant import Now
from lane_controller.core.plain import lane_from_plain, lane_to_plain
from lane_controller.core.state import HeardTag, Lane, Radio
from tests.unit.core.worlds import SCENARIOS, run

TAG = HeardTag("E2", None, None, Now(1, 2), 3, 4, ((3, -50),), shared_us=7, fresh_after_us=9)


def test_a_changer_is_evolve() -> None:
    both = changer(HeardTag, "reads", "last_us")
    assert both(TAG, 5, 6) == evolve(TAG, reads=5, last_us=6)


def test_a_changer_of_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="HeardTag has no field redas"):
        changer(HeardTag, "redas")


def test_a_mark_of_when_the_median_was_a_field_is_read() -> None:
    lane = Lane(config=run(SCENARIOS[0]).scenario.config, radio=Radio(tags={"E2": TAG}))
    plain = lane_to_plain(lane)
    plain["radio"]["tags"][0][1]["median_dbm"] = -50
    assert lane_from_plain(plain) == lane
