"""Pieces changed field by field: what is not named stays, what does not exist is refused."""

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields

import pytest

from lane_controller.core.events import PlateRead
from lane_controller.core.evolve import changer, evolve, maker, quick
from lane_controller.core.instant import Now
from lane_controller.core.plain import lane_from_plain, lane_to_plain
from lane_controller.core.state import HeardTag, Lane, Radio
from tests.unit.core.worlds import SCENARIOS, run

TAG = HeardTag("E2", None, None, Now(1, 2), 3, 4, ((3, -50),), shared_us=7, fresh_after_us=9)
PLATE = PlateRead("20A12345", 0.97)


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


def test_a_maker_is_the_constructor() -> None:
    made = maker(PlateRead)("20A12345", 0.97, track=3)
    assert made == PlateRead("20A12345", 0.97, track=3)
    assert type(made) is PlateRead
    assert maker(Radio)() == Radio()
    with pytest.raises(TypeError, match="confidence"):
        maker(PlateRead)("20A12345")


@pytest.mark.parametrize("make", [PlateRead, maker(PlateRead), lambda text, _: changer(PlateRead, "text")(PLATE, text)])
def test_what_is_made_quickly_is_as_frozen_as_any_other(make: Callable[..., PlateRead]) -> None:
    made = make("20A12345", 0.97)
    with pytest.raises(FrozenInstanceError):
        made.text = "20A54321"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        object.__setattr__(made, "colour", "white")
    assert pickle.loads(pickle.dumps(made)) == made
    assert PlateRead.__qualname__ == "PlateRead"
    assert [f.name for f in fields(PlateRead)][:2] == ["text", "confidence"]
    assert hash(made) == hash(PLATE)


def test_a_class_with_a_base_of_its_own_is_not_quick() -> None:
    with pytest.raises(TypeError, match="base of its own"):
        quick(dataclass(frozen=True, slots=True)(type("Child", (PlateRead,), {"__annotations__": {}})))
