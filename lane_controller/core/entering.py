"""Who comes onto L2: the first in the queue, if it can have come, or somebody whom nobody has counted.

In: the queue, and the instant at which L2 (or LC2) told. Out: a vehicle under the arm.
Never: one that was still elsewhere; somebody made up where the sensor was on by itself.
"""

from lane_controller.core import arrival, curtain, deciding, hidden, passages, reach, straight
from lane_controller.core.config import Geometry
from lane_controller.core.evolve import evolve
from lane_controller.core.instant import Now
from lane_controller.core.reach import AtArm
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor

ALONE_US = 2_000_000
"""Whoever is on L2 breaks LC2 a metre further on; nobody stands between them for so long without a reason."""


def who_comes(turn: Turn, at: Now) -> Track | None:
    """Which vehicle comes onto L2: the first, if it can have come; nobody else would come before it.

    A motorcycle only if the authorised vehicle behind it is still on L1.
    """
    front = first_to_come(turn)
    if front is None:
        return None
    if _gone_before_another(turn, front, at):
        _backed_out(turn, front)
        return None
    if may_be(turn, front, at):
        return straight.came_through(turn, front, at)
    ahead = was_ahead(turn, front) or _ahead_of_another(turn, front, at)
    if ahead is not None:
        return ahead
    if front.dropped and front.live:
        # L1 went off under it: perhaps it left, and this is another one. Who is on L1 may be decided once more.
        passages.void_and_free(turn, front, "two vehicles where one was counted")
    return None


def _gone_before_another(turn: Turn, track: Track, at: Now) -> bool:
    """It stayed on L1 though its way was long free. Then LC1 showed somebody, who is on L2 now, and it cannot be he:
    nobody who has stood on L1 passes LC1 so fast, or another tag came with him. As nobody overtakes there, it is gone.
    """
    front_us, rear_us = track.lc1_on_us, track.lc1_clear_us
    watched = track.live and track.on_l1 and track.returned_us is None and not track.recovered
    if not watched or front_us is None or not turn.arm.open_limit:
        return False
    if front_us - straight.free_since(turn, track) < straight.LATE_US:
        return False
    if not may_be(turn, track, at) or hidden.came_onto_lc1(turn, track, front_us):
        return True
    return rear_us is not None and not reach.may_have_passed_lc1(track, rear_us, turn.cfg)


def _backed_out(turn: Turn, track: Track) -> None:
    """It backed out, and L1 did not show it: L1 is on by itself."""
    turn.set_line(Sensor.L1, doubted=True)
    turn.set_road(occupant=None)
    passages.abandon(turn, track, "left upstream")


def was_ahead(turn: Turn, track: Track) -> Track | None:
    """Only a restart took it for the one on L1, and there is room to stand beyond: its tag has not been heard since."""
    if not (track.recovered and track.on_l1 and turn.cfg.geometry is Geometry.G2):
        return None
    heard = any(tag.owner == track.id for tag in turn.radio.tags.values())
    return None if heard else arrival.was_ahead(turn, track)


def _ahead_of_another(turn: Turn, track: Track, at: Now) -> Track | None:
    """LC1 tells nothing, and L1 did not clear between two that were close: as the tag of the second left the radio
    zone, it came onto L1, and the first had left it.
    """
    left_us = hidden.left_zone_us(turn, track)
    told = turn.cfg.geometry is Geometry.G2 and track.on_l1 and reach.foreign_curtain(track, turn.sensors)
    if left_us is None or not told or not may_be(turn, evolve(track, on_l1=False, rear_us=left_us), at):
        return None
    curtain.split(turn, track, turn.now.back(left_us))
    return turn.track(track.id)


def may_be(turn: Turn, track: Track, at: Now) -> bool:
    """Whether it can be the one on L2 now."""
    return reach.may_be(track, AtArm(at.mono_us), turn.road, turn.sensors, turn.cfg)


def first_to_come(turn: Turn) -> Track | None:
    """The first of the queue; motorcycles that somebody authorised has overtaken have left sideways."""
    front = turn.front()
    while front is not None and front.standing is Standing.MOTORCYCLE:
        behind = next((track for track in turn.queue() if track.stage is Stage.BEFORE), None)
        if behind is None or not behind.live or behind.on_l1:
            return front
        turn.drop(front)
        front = turn.front()
    return front


def first_instead(turn: Turn, nobody: Track, at: Now) -> Track | None:
    """L2 was on by itself when it seemed to show somebody whom nobody had counted: the first comes only now."""
    front = first_to_come(turn)
    if nobody.times.l1_on is not None or nobody.recovered or front is None or front.times.l1_on is None:
        return None
    if not front.vehicle or not may_be(turn, front, at):
        return None
    nobody_there(turn, nobody)
    turn.set_road(lc2_split=False)
    return enter(turn, front, at)


def nobody_there(turn: Turn, track: Track) -> None:
    """Nobody had counted it, and it was not there."""
    passages.give_up(turn, track, "there was nobody under the arm")


def still_before(turn: Turn, track: Track) -> None:
    """It was not the one on L2."""
    times = evolve(track.times, l2_on=None)
    turn.put(track, stage=Stage.BEFORE, times=times, l2_mode=None, arm_open_at_l2=False)


def enter(turn: Turn, track: Track, at: Now) -> Track:
    """A vehicle is on L2."""
    track = by_own_tag(turn, track, at.mono_us)
    if track.shared_l1 and not _l2_was_clear(turn, at):
        track = turn.flag(Flag.CLOSE_FOLLOWING, track) or track
    track = passages.enter_l2(turn, track, at)
    if track.gap_us is not None and track.on_l1 and turn.sensors.l1.on:
        curtain.split(turn, track, turn.now.back(track.gap_us), at.mono_us)
    else:
        curtain.not_on_both(turn, track)
    return turn.track(track.id) or track


def by_own_tag(turn: Turn, track: Track, at_us: int) -> Track:
    """R6: whoever follows through pays by his own tag. Not who was never on L1, where alone a tag binds, and drives
    through the closed arm.
    """
    on_l1 = track.times.l1_on is not None or track.shared_l1 or track.lc1_on_us is not None
    if on_l1 or track.recovered or turn.arm.open_limit:
        return deciding.following_through(turn, track, at_us)
    return track


def _l2_was_clear(turn: Turn, at: Now) -> bool:
    off = turn.road.l2_off_us
    previous_on = turn.sensors.l2.on and turn.sensors.l2.since_us != at.mono_us
    return not previous_on and (off is None or at.mono_us - off >= clear_us(turn))


def clear_us(turn: Turn) -> int:
    """`clear` after the vehicle that crossed last."""
    return (turn.cfg.clear_long_ms if turn.road.last_long else turn.cfg.clear_ms) * 1000
