"""Any value of any event type, in any order, at any pace: a step never raises, and what it says hangs together.

Here devices may contradict themselves (both limit switches on, answers to commands never sent, levels against edges),
so of the invariants only those are asked that hold whatever a device says: I2, I3, I13, and timers that lie ahead.
"""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lane_controller.contracts.values import Outcome
from lane_controller.core.config import Geometry, PlateFallback, configure
from lane_controller.core.effects import CommandBarrier, Effect, Record
from lane_controller.core.events import Booted, Event, PlateRead, TagSeen
from lane_controller.core.instant import Now
from lane_controller.core.lane import start, step
from lane_controller.core.plain import EVENT_TYPES, event_from_plain, to_plain
from lane_controller.core.records import Authorised, Durable, PassageClosed
from lane_controller.core.values import Cause, Tariff
from tests.property.core.worlds import PLATES, TAGS

TARIFF = Tariff(1, 0, ((1, 35_000), (2, 50_000), (3, 75_000)))
ENTRIES = [None, *TAGS.values()]
UTC_US = 1_781_500_000_000_000


def likely() -> Any:
    """Reads and plates of tags that are on the list: drawn apart, or no vehicle would ever be decided."""
    tag = st.sampled_from(list(TAGS.values()))
    read = tag.map(lambda entry: TagSeen(entry.epc, None, 1, -56, None, "r", entry))
    plate = st.sampled_from(PLATES).map(lambda text: PlateRead(text, 0.95))
    return st.one_of(read, read, plate)


def events() -> Any:
    """Any event but `Booted`, with the time since the one before it."""
    st.register_type_strategy(float, st.floats(0, 1))
    kinds = [kind for kind in EVENT_TYPES.values() if kind is not Booted]
    anything: Any = st.sampled_from(kinds).flatmap(st.from_type)
    wait = st.sampled_from([0, 20_000, 40_000, 200_000, 700_000, 3_000_000, 25_000_000])
    return st.lists(st.tuples(wait, st.one_of(anything, anything, likely())), max_size=60)


def check(effects: tuple[Effect, ...], seq: int, closed: set[str], allowed: set[str]) -> int:
    """I2, I3 and I13 on one step's effects; the sequence number after it."""
    for effect in effects:
        match effect:
            case Record(Authorised() as record):
                allowed.add(record.passage_id)
            case Record(PassageClosed() as record):
                passage = record.passage
                assert passage.seq == seq + 1
                assert passage.passage_id not in closed
                assert passage.committed is (passage.outcome is Outcome.CHARGED)
                closed.add(passage.passage_id)
                seq += 1
            case CommandBarrier(cause=Cause.PASSAGE | Cause.OPERATOR):
                assert effect.passage_id in allowed
            case _:
                pass
    return seq


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(events(), st.sampled_from(list(Geometry)), st.sampled_from(list(PlateFallback)))
def test_any_event_is_taken(items: list[tuple[int, Event]], geometry: Geometry, fallback: PlateFallback) -> None:
    lane, effects = step(
        start(configure(geometry, plate_fallback=fallback)),
        Booted("b", False, Durable(), (TARIFF,)),
        Now(0, UTC_US),
    )
    now, seq, closed, allowed = 0, 0, set[str](), set[str]()
    for wait, event in items:
        now += wait
        assert event_from_plain(to_plain(event)) == event
        lane, effects = step(lane, event, Now(now, UTC_US + now))
        seq = check(effects, seq, closed, allowed)
        assert lane.counts.seq == seq
        assert all(at > now for at in lane.timers.values())
