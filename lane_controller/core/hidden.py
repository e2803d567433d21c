"""Somebody new is on L1, and was taken for a vehicle that had left it and is there again: his tag tells, or how soon
that one leaves the arm.

In: whose tag is heard while L1 is on again, and that it is silent since; when L2 clears. Out: the two vehicles that
they are.
Never: a vehicle made of a tag alone, of one that still stands before L1, or of one that a neighbour lane has.

The radio zone ends where L1 begins (G2) or on it (G1). Whose tag was heard as L1 went on, and is heard no more while
it stays on, has come onto it; who stands behind in the zone is heard on.
"""

from lane_controller.core import arrival, binding, passages, reach
from lane_controller.core.config import Geometry
from lane_controller.core.instant import Now
from lane_controller.core.records import StageTimes
from lane_controller.core.state import Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Sensor


def settle_hidden(turn: Turn) -> None:
    """Part the two, once the tag of the second has left the zone."""
    at = silent_at(turn)
    track = turn.occupant()
    if at is not None and at <= turn.t and track is not None:
        _part(turn, track)


def silent_at(turn: Turn) -> int | None:
    """When a tag that is nobody's will have been silent for long enough; None: no vehicle is on L1 again, or no tag."""
    track = turn.occupant()
    if track is None or track.returned_us is None or track.recovered or _shows_it(turn, track):
        return None
    return _silent_at(turn, track)


def _shows_it(turn: Turn, track: Track) -> bool:
    """LC1 has been broken since it came back: by itself, on L1. Or L1 is on by itself; or, where LC1 is not fitted,
    the zone ends on L1, and who stands behind may have left it.
    """
    l1 = turn.sensors.l1
    told = Sensor.LC1 in turn.cfg.curtains or turn.cfg.geometry is Geometry.G2
    if not told or not l1.on or l1.stuck or l1.doubted:
        return True
    return reach.in_lc1_since_back(track, turn.sensors)


def came_behind(turn: Turn, track: Track) -> bool:
    """L1 went on again under this vehicle, and by then shows somebody else, whose tag has left the zone."""
    return left_zone_us(turn, track) is not None


def left_zone_us(turn: Turn, track: Track) -> int | None:
    """When the tag of who came onto L1 behind this vehicle was heard last; None: nobody's has left the zone."""
    return _first_silent(turn, _last_heard(turn, track))


def came_onto_lc1(turn: Turn, track: Track, front_us: int) -> bool:
    """The tag of somebody who came onto L1 after this vehicle left the zone as LC1 was broken."""
    then = [us for us in _last_heard(turn, track) if abs(us - front_us) <= arrival.LOOSE_US]
    return _first_silent(turn, then) is not None


def _first_silent(turn: Turn, last_heard: list[int]) -> int | None:
    """The first of these, if it has been silent for long enough by now."""
    last = min(last_heard, default=None)
    return last if last is not None and last + binding.SILENT_US <= turn.t else None


def _silent_at(turn: Turn, track: Track) -> int | None:
    last = min(_last_heard(turn, track), default=None)
    return None if last is None else last + binding.SILENT_US


def _last_heard(turn: Turn, track: Track) -> list[int]:
    """When tags that are nobody's, and too late to be this vehicle's, were heard last since L1 went on."""
    again_us = turn.sensors.l1.since_us
    if not all(link.connected for link in turn.radio.readers.values()):
        return []
    heard = [tag for tag in binding.nobodys(turn) if tag.last_us >= again_us]
    return [tag.last_us for tag in heard if binding.of_the_next(turn, tag, track)]


def _part(turn: Turn, track: Track) -> None:
    """It is still where it was before L1 went on again, and on L1 is the one whose tag was heard; perhaps LC1 has
    cleared behind that one already.
    """
    lc1, again_us = turn.sensors.lc1, turn.sensors.l1.since_us
    own_us = track.lc1_on_us if track.lc1_on_us is not None and track.lc1_on_us < again_us else None
    ahead = turn.put(
        track, on_l1=False, returned_us=None, gap_us=None, lc1_broken=False, lc1_clear_us=None, lc1_on_us=own_us
    )
    passages.drives_on(turn, ahead)
    there = arrival.begin(turn, turn.now)
    front_us = turn.trace_on(Sensor.LC1) if lc1.on and lc1.since_us > again_us else None
    cleared = not lc1.on and lc1.since_us > again_us
    broken, clear_us = lc1.on or cleared, lc1.since_us if cleared else None
    turn.put(there, came_us=again_us, lc1_broken=broken, lc1_clear_us=clear_us, lc1_on_us=front_us, split_from=ahead.id)


def again_on_l1(track: Track) -> tuple[int, int] | None:
    """When L1 went on again under this vehicle, and when it cleared, if the vehicle was on L2 by then.

    Where L1 has shown somebody else since the very instant at which it went on, he is counted already.
    """
    l2_on, rear_us = track.times.l2_on, track.rear_us
    if not track.dropped or rear_us is None or l2_on is None or rear_us < l2_on.mono_us:
        return None
    again_us = track.dropped[-1]
    return (again_us, rear_us) if rear_us > again_us else None


def settle_length(turn: Turn, crossing: tuple[int, int], off: Now) -> None:
    """Whoever crossed last has left L2 sooner than he can if he was on L1 as he came onto it: that was somebody else,
    who stands between the two now. Where LC2 does not tell his rear, L2 may not see his bed.
    """
    again, lc2 = turn.road.again_on_l1, turn.sensors.lc2
    turn.set_road(again_on_l1=None)
    rear_told = not (lc2.raw or lc2.stuck) and (turn.road.lc2_off_us or 0) > crossing[0]
    if again is None or not rear_told or reach.may_reach_from_l1(crossing, off.mono_us, turn.cfg):
        return
    came_us, rear_us = again
    there = arrival.unseen(turn, shared=False)
    times = StageTimes(l1_on=turn.now.back(came_us))
    turn.put(there, times=times, came_us=came_us, l1_off_us=rear_us, rear_us=rear_us, forward=True)
