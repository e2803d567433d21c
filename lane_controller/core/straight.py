"""Whether somebody drove straight through where the lane believes that others stand: then nobody stands there.

In: the queue as L2 goes on, and how fast the vehicles behind its first one drove over L1. Out: the vehicle that came.
Never: a vehicle given up because its driver dreamt once.

Who waits before the open arm with nobody ahead may well start late. It happens that he starts at the very instant at
which the one behind him would be there, had that one not even slowed down; not twice, with nobody between who came
otherwise, nor once behind one who may have been somebody on foot. So one vehicle too many is in the queue, and each
passage since has been taken for the one before it.
"""

from lane_controller.core import curtain, passages, reach
from lane_controller.core.config import Geometry
from lane_controller.core.instant import Now
from lane_controller.core.reach import AtArm
from lane_controller.core.state import Stage, Track
from lane_controller.core.turn import Turn

LATE_US = 6_000_000
"""Who starts gently (1 m/s²) from a stand on L1 is at the arm by then (17 m)."""

SLOWER = 1.5
"""Who takes half as long again as at the speed at which he drove over L1 may have stopped on the way."""


def came_through(turn: Turn, front: Track, at: Now) -> Track:
    """Who comes onto L2: the first, or the one behind it who came straight, if that is so for the second time."""
    behind = _straight(turn, front, at)
    if behind is None:
        if turn.road.through:
            turn.set_road(through=False, on_foot_us=None)
        return front
    # Where the one ahead stands on L3 yet, the first has waited for it.
    if not front.live or turn.sensors.l3.raw or at.mono_us - _might_drive_since(turn, front) < LATE_US:
        return front
    turn.set_road(through=not turn.road.through)
    if turn.road.through:
        return front
    for nobody in _before(turn, behind):
        passages.give_up(turn, nobody, "the one behind it drove through where it should stand, again")
    return behind


def free_since(turn: Turn, track: Track) -> int:
    """Since when nothing is known that keeps the first vehicle before the arm from driving.

    What a log tells of may have happened before the clock of this machine began: such an instant is negative.
    """
    road, opened, decided = turn.road, track.times.open_confirmed, track.times.decided
    known = (
        track.l1_off_us,
        road.l2_off_us,
        road.l3_off_us,
        # Whoever waited behind another vehicle has its time from when that one was gone.
        road.passed_us,
        opened.mono_us if opened is not None else None,
        # Released long after it left L1: its time runs from the open limit, which comes after the decision.
        decided.mono_us if decided is not None and track.live else None,
    )
    return max((us for us in known if us is not None), default=0)


def _might_drive_since(turn: Turn, track: Track) -> int:
    """The same; behind one who may have been on foot, since somebody came to the open arm as that one: as he drove on,
    so could whoever stood behind him.
    """
    came_us, decided = turn.road.on_foot_us, track.times.decided
    if came_us is None or track.l1_off_us is None or decided is None:
        return free_since(turn, track)
    return max(came_us, track.l1_off_us, decided.mono_us)


def _straight(turn: Turn, front: Track, at: Now) -> Track | None:
    """The last vehicle behind the first that has left L1 and can have come at the speed at which it drove over it."""
    if turn.cfg.geometry is not Geometry.G2 or not turn.road.lc1_proven or not turn.arm.open_limit:
        return None
    behind = [one for one in turn.tracks if one.vehicle and one.stage is Stage.BEFORE and one.id != front.id]
    return next((one for one in reversed(behind) if _drove_on(turn, one, at)), None)


def _drove_on(turn: Turn, track: Track, at: Now) -> bool:
    lc1_us, straight_us = track.lc1_on_us, _straight_us(turn, track)
    if lc1_us is None or straight_us is None or at.mono_us - lc1_us > straight_us:
        return False
    return reach.may_be(track, AtArm(at.mono_us), turn.road, turn.sensors, turn.cfg)


def _straight_us(turn: Turn, track: Track) -> float | None:
    """How long it takes from LC1 to L2 if it does not stop on the way: as long as its front was on L1 tells; or, where
    L1 tells nothing, as long as it was in LC1, if it is as short as a car can be.
    """
    came_us, lc1_us, room_m = track.came_us, track.lc1_on_us, reach.ROOM_M[Geometry.G2]
    if lc1_us is None:
        return None
    if came_us is not None:
        over_l1_us = (lc1_us - came_us) * room_m / reach.L1_M
        return over_l1_us * SLOWER if lc1_us > came_us and not track.on_l1 else None
    rear_us = track.gap_us if track.on_l1 else track.rear_us
    if rear_us is None or not curtain.l1_tells_nothing(turn):
        return None
    return (rear_us - lc1_us) * room_m / reach.SHORTEST_M


def _before(turn: Turn, behind: Track) -> list[Track]:
    waiting = [one for one in turn.tracks if one.stage is Stage.BEFORE and one.vehicle]
    return waiting[: waiting.index(behind)]
