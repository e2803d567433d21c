"""Vehicles that neither pass nor are seen to leave: given up by time.

In: the first vehicle before the arm and the clock of the step. Out: voids, abandoned vehicles, forgotten motorcycles.
Never: a ghost that blocks the lane for ever, or a vehicle given up while it is on L1 or L2.
"""

from lane_controller.core import entering, leaving, passages, straight
from lane_controller.core.instant import Now
from lane_controller.core.state import HELD, MOTORCYCLE, VOID, WAITING, Stage, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag

TOGETHER_US = 3_000_000
"""Two vehicles that no loop could part were close together: the second is on L2 by then, or crossed with the first."""


def settle_departures(turn: Turn) -> None:
    """Void or abandon the first vehicle before the arm when its time is over."""
    while True:
        track, at = next_departure(turn)
        if track is None or at is None or at > turn.t:
            return
        if track.standing is MOTORCYCLE:
            turn.drop(track)
        elif track.boot_l3 is not None and not track.on_l1:
            leaving.passed(turn, entering.enter(turn, track, track.boot_l3), track.boot_l3)
        elif _went_with_the_first(turn, track):
            _crossed_with_the_first(turn, track)
        elif track.recovered and not track.on_l1 and not track.forward:
            passages.give_up(turn, track, "not seen after restart")
        elif track.live and (track.forward or track.on_l1):
            _did_not_come(turn, track)
        else:
            passages.abandon(turn, track, "pass_timeout")
            turn.set_road(uncounted=True)


def motorcycles_left(turn: Turn, at_us: int) -> None:
    """Motorcycles leave sideways; where a log tells what happened, by its time and not by ours."""
    while True:
        track, until_us = next_departure(turn)
        if track is None or track.standing is not MOTORCYCLE or until_us is None or until_us > at_us:
            return
        turn.drop(track)


def followers_left(turn: Turn, at: Now) -> None:
    """Somebody comes onto L2, and behind those who followed the first there is one who can be it: they are gone."""
    for track in turn.queue():
        if track.on_l1 or track.stage is not Stage.BEFORE:
            return
        if track.followed_us is None:
            if track.vehicle and entering.may_be(turn, track, at):
                _all_followers_crossed(turn)
            return


def _all_followers_crossed(turn: Turn) -> None:
    front = turn.front()
    while front is not None and front.followed_us is not None:
        _crossed_with_the_first(turn, front)
        front = turn.front()


def _crossed_with_the_first(turn: Turn, track: Track) -> None:
    """The mode and the arm as they were when it was under it."""
    l3 = turn.now.back(turn.road.passed_us or turn.t)
    there = entering.enter(turn, track, l3)
    if track.followed_us is not None:
        there = turn.put(there, l2_mode=track.l2_mode, arm_open_at_l2=track.arm_open_at_l2)
    leaving.passed(turn, there, l3)


def _did_not_come(turn: Turn, track: Track) -> None:
    """Before the open arm it may have stalled. If somebody else had not come either, and the lane was never empty
    since, one vehicle too many was counted: nobody is there.
    """
    before_open_arm = turn.arm.open_limit and not track.on_l1
    if before_open_arm and turn.road.missed:
        passages.abandon(turn, track, "nobody came through the open arm again")
        return
    passages.void(turn, track, "pass_timeout")
    if before_open_arm:
        turn.set_road(missed=True)


def next_departure(turn: Turn) -> tuple[Track | None, int | None]:
    """The first vehicle before the arm, and when it is given up (None: not while things are as they are)."""
    track = turn.front()
    if track is None or turn.under_arm() is not None:
        return None, None
    if track.recovered_until_us is not None:
        return track, _recovered_until(turn, track)
    if track.on_l1 or track.l1_off_us is None:
        return None, None
    if track.live and turn.arm.opening:
        return None, None
    if _went_with_the_first(turn, track):
        return _gone_together(turn, track)
    return (None, None) if _stopped_by_the_arm(track) else (track, _given_up_at(turn, track))


def _gone_together(turn: Turn, track: Track) -> tuple[Track | None, int | None]:
    """Nobody has been at the arm for a while since both have left it."""
    if turn.sensors.l2.raw or turn.sensors.l3.raw or turn.sensors.lc2.raw:
        return None, None
    road = turn.road
    gone_us = max(track.l1_off_us or 0, road.l2_off_us or 0, road.l3_off_us or 0, road.passed_us or 0)
    return track, gone_us + TOGETHER_US


def _given_up_at(turn: Turn, track: Track) -> int:
    since = straight.free_since(turn, track)
    if track.standing is VOID and track.voided_us is not None:
        since = max(since, track.voided_us)
    stands = track.forward and track.vehicle and not track.live
    return since + (turn.cfg.stuck_ms if stands else turn.cfg.pass_timeout_ms) * 1000


def _stopped_by_the_arm(track: Track) -> bool:
    """The curtains saw it drive on, and the arm was never open for it: it stands there until somebody helps it."""
    never_open = track.standing is VOID and track.times.open_confirmed is None
    return track.forward and (never_open or track.standing in (HELD, WAITING))


def _went_with_the_first(turn: Turn, track: Track) -> bool:
    """No loop parted it from the one ahead, which has crossed: its plate alone told it from that one (SEPARATION_FAIL),
    or LC1, and L2 was on for both.
    """
    if track.followed_us is not None:
        return not track.on_l1
    l1_on, passed_us = track.times.l1_on, turn.road.passed_us
    told_by_plate = track.shared_l1 and Flag.SEPARATION_FAIL in track.flags and not turn.road.lc1_proven
    crossed_since = l1_on is not None and passed_us is not None and passed_us > l1_on.mono_us
    return told_by_plate and track.live and not track.on_l1 and crossed_since


def _recovered_until(turn: Turn, track: Track) -> int | None:
    """After a restart: pass_timeout, suspended on L1 while the arm is open (before a closed arm nobody can pass)."""
    if track.on_l1:
        return None if turn.arm.open_limit else track.recovered_until_us
    return max(track.recovered_until_us or 0, (track.l1_off_us or 0) + turn.cfg.pass_timeout_ms * 1000)
