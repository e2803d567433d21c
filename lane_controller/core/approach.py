"""L1 and LC1: vehicles come, separate, drive on or back out.

In: believed edges of L1 and LC1. Out: vehicles begun, and left L1 towards the arm or upstream.
Never: two vehicles made of one that backs a little, or one of two that a curtain has separated.
"""

from lane_controller.core import deciding, passages, reach, tags
from lane_controller.core.effects import AskPlate
from lane_controller.core.evolve import evolve
from lane_controller.core.instant import Now
from lane_controller.core.plates import plates_agree
from lane_controller.core.reach import ROOM_M
from lane_controller.core.records import StageTimes
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor

LOOSE_US = 1_000_000
"""A plate or class up to this long before L1 on belongs to the vehicle that then comes onto L1."""

BACK_ONTO_US = 400_000
"""Who backs onto L1 breaks LC1 at its end at about the same time; a curtain broken before is somebody on foot."""

TOGETHER_US = 20_000
"""Nobody drives the 2 m of L1 up to LC1 in this time: both edges are one PLC scan."""

L1_LONG_US = 60_000_000
"""Vehicles do not stand bumper to bumper on L1 for so long, each of them closer than two metres."""

TRAIN_M = 12.0
"""Longer vehicles may have two beds that L1 does not see."""

BED_US = 3_000_000
"""A bed that L1 does not see is over it for so long at walking pace."""

LEAST_LENGTH_M = 3.1
"""No four-wheeler is shorter, its gap included."""


def begin(turn: Turn, l1_on: Now | None, standing: Standing = Standing.WAITING, shared: bool = False) -> Track:
    """A new vehicle: on L1 since `l1_on`, or first noticed at the arm (None)."""
    track = Track(turn.road.next_track, standing, StageTimes(l1_on=l1_on), on_l1=l1_on is not None, shared_l1=shared)
    turn.tracks = (*turn.tracks, track)
    turn.set_road(next_track=track.id + 1)
    if l1_on is None:
        return track
    turn.set_road(occupant=track.id)
    track = _take_loose(turn, track)
    if standing is not Standing.PHANTOM:
        turn.effects.append(AskPlate(track.id, l1_on.mono_us))
        tags.share_all(turn)
    return track


def unseen(turn: Turn, shared: bool) -> Track:
    """Somebody at the arm whom L1 has not counted: ahead of everybody who is not at the arm yet."""
    track = begin(turn, None, shared=shared)
    at_arm = tuple(one for one in turn.tracks if one.stage is Stage.UNDER_ARM)
    behind = tuple(one for one in turn.tracks if one.stage is not Stage.UNDER_ARM and one.id != track.id)
    turn.tracks = (*at_arm, track, *behind)
    return track


def was_ahead(turn: Turn, track: Track) -> Track:
    """A restart took it for the one on L1, but it had left L1 before: on L1 is a new one."""
    lc1, clear_us, gap_us, lc1_us = track.lc1_broken, track.lc1_clear_us, track.gap_us, track.lc1_on_us
    ahead = turn.put(track, on_l1=False, l1_off_us=turn.t, forward=True)
    ahead = turn.put(ahead, lc1_broken=False, lc1_clear_us=None, gap_us=None, lc1_on_us=None)
    there = begin(turn, turn.now if lc1_us is None else turn.now.back(lc1_us))
    turn.put(there, lc1_broken=lc1, lc1_clear_us=clear_us, gap_us=gap_us, lc1_on_us=lc1_us, past_zone=lc1)
    return ahead


def _exact(turn: Turn, at: Now) -> int | None:
    """The instant of an edge; None where the edge was lost and only the level told of it."""
    return None if turn.road.levels_us == at.mono_us else at.mono_us


def _take_loose(turn: Turn, track: Track) -> Track:
    plate, measured = turn.road.loose_plate, turn.road.loose_class
    if plate is not None and turn.t - plate[0] <= LOOSE_US:
        times = evolve(track.times, plate=turn.now.back(plate[0]))
        track = turn.put(track, plate=plate[1], frames=plate[1].frames, times=times)
    if measured is not None and turn.t - measured[0] <= LOOSE_US:
        track = turn.put(track, measured=measured[1])
    if plate is not None or measured is not None:
        turn.set_road(loose_plate=None, loose_class=None)
    return track


def l1_on(turn: Turn, at: Now) -> None:
    """L1 on: a new vehicle, or one that comes back."""
    if turn.sensors.l1.dropout:
        turn.set_line(Sensor.L1, dropout=False)
        occupant = turn.occupant()
        if occupant is not None:
            if not past_l1(turn, occupant):
                return
            leave_l1(turn, occupant, turn.now.back(occupant.dropped[-1] if occupant.dropped else at.mono_us))
    back = _coming_back(turn, at) or _second_axles(turn, at)
    if back is not None:
        _return(turn, back, at)
        return
    wrong_way = turn.road.wrong_way_us
    phantom = wrong_way is not None and turn.t - wrong_way < turn.cfg.pass_timeout_ms * 1000
    track = begin(turn, at, Standing.PHANTOM if phantom else Standing.WAITING)
    lc1 = turn.sensors.lc1
    cleared = lc1.pending is False and lc1.pending_us <= at.mono_us
    broken = lc1.on and not cleared
    past_zone = broken and turn.road.told_us == at.mono_us
    turn.put(track, came_us=_exact(turn, at), lc1_broken=broken, past_zone=past_zone)


def _return(turn: Turn, back: Track, at: Now) -> None:
    broken = turn.sensors.lc1.raw
    turn.put(back, on_l1=True, boot_l3=None, returned_us=at.mono_us, lc1_broken=broken, lc1_clear_us=None, rear_us=None)
    turn.put(turn.track(back.id) or back, dropped=(*back.dropped, at.mono_us))
    turn.set_road(occupant=back.id)


def _before_arm(track: Track | None) -> bool:
    """Between L1 and L2, as far as the lane knows."""
    return track is not None and not track.on_l1 and track.stage is Stage.BEFORE and track.vehicle


def _coming_back(turn: Turn, at: Now) -> Track | None:
    """The last vehicle before the arm, when L1 is entered from downstream.

    Where the edge was lost and only the levels are known, it is somebody new: far more come than back. Unless LC1 had
    been broken when the loss was noticed: who comes breaks it later, who backs at once.
    """
    last = turn.tracks[-1] if turn.tracks else None
    if last is None or not _before_arm(last):
        return None
    if turn.road.levels_us == at.mono_us:
        return last if turn.road.lc1_proven and _lc1_before_loss(turn) else None
    if Sensor.LC1 in turn.cfg.curtains and (turn.road.lc1_proven or _lc1_together(turn, at)):
        lc1 = turn.sensors.lc1
        lc1_on_us = lc1.pending_us if lc1.pending else lc1.since_us
        return last if lc1.raw and abs(at.mono_us - lc1_on_us) <= BACK_ONTO_US else None
    # Without a curtain: who reversed under the arm comes back over L1 once; whoever comes after that is somebody else.
    return last if Flag.REVERSED_UNDER_BOOM in last.flags and last.returned_us is None else None


def _lc1_together(turn: Turn, at: Now) -> bool:
    """LC1 was broken in the scan in which L1 went on, by an edge: it works, though this run has not seen it before."""
    edge = turn.trace_on(Sensor.LC1)
    return turn.sensors.lc1.on and edge is not None and abs(at.mono_us - edge) < TOGETHER_US


def _lc1_before_loss(turn: Turn) -> bool:
    lc1, lost_us = turn.sensors.lc1, turn.road.lost_us
    return lost_us is not None and lc1.on and 0 <= lost_us - lc1.since_us <= BACK_ONTO_US


def _second_axles(turn: Turn, at: Now) -> Track | None:
    """L1 on again behind a long vehicle, while LC1 cannot tell: the rear axles of a high bed, rather than somebody new.

    If it was somebody new after all, that one crosses uncounted; the other way, it would be counted twice, and
    everybody behind it be taken for the one ahead.
    """
    last = turn.tracks[-1] if turn.tracks else None
    if last is None or last.on_l1 or last.times.l1_on is None or last.dropped or not _lc1_lies(turn, at):
        return None
    if past_l1(turn, last) or _bed_is_past(last, at):
        return None
    if last.l1_off_us is not None and turn.sensors.lc1.since_us > last.l1_off_us and not turn.sensors.lc1.stuck:
        # It had cleared since, so whoever broke it is another one.
        return None
    known = last.measured is not None or last.finding is not None
    return last if known and reach.longest(last) > turn.cfg.long_vehicle_m else None


def _bed_is_past(track: Track, at: Now) -> bool:
    """L1 has been clear for longer than a bed of 8 m takes at half the speed at which its front went over (5 m)."""
    if track.came_us is None or track.l1_off_us is None:
        return False
    return at.mono_us - track.l1_off_us > max(BED_US, int((track.l1_off_us - track.came_us) * 2 * 8 / 5))


def past_l1(turn: Turn, track: Track) -> bool:
    """Its front is on L2, and it is too short to be on L1 as well."""
    return track.stage is Stage.UNDER_ARM and reach.longest(track) < ROOM_M[turn.cfg.geometry]


def not_on_both(turn: Turn, track: Track) -> None:
    """It is on L2; L1, which went off under it and on again, shows the next one if it is too short for both."""
    l1, came = turn.sensors.l1, track.times.l1_on
    if track.recovered:
        # It came in an earlier run, and L1 was on since before this one: nothing is known of the two instants.
        return
    if came is None or not track.on_l1 or not l1.on or l1.since_us <= came.mono_us or not past_l1(turn, track):
        return
    split(turn, track, turn.now.back(l1.since_us))


def _lc1_lies(turn: Turn, at: Now) -> bool:
    """LC1 has been broken for longer than anybody is in it who is not on L1."""
    lc1 = turn.sensors.lc1
    return lc1.stuck or lc1.doubted or (lc1.on and at.mono_us - lc1.since_us > reach.FOREIGN_US)


def l1_off(turn: Turn, at: Now) -> None:
    """L1 off: the vehicle leaves it, unless LC1 says that it is still there."""
    track = turn.occupant()
    if track is None:
        turn.set_road(occupant=None)
        return
    lc1 = turn.sensors.lc1
    if lc1.on and lc1.pending is None and lc1.since_us <= at.mono_us and not reach.foreign_curtain(track, turn.sensors):
        if len(track.dropped) < _beds(track):
            turn.set_line(Sensor.L1, dropout=True)
            turn.put(turn.flag(Flag.LOOP_DROPOUT, track) or track, dropped=(*track.dropped, at.mono_us))
            return
        # Cleared too often for one vehicle: LC1 is on by itself.
        turn.set_line(Sensor.LC1, doubted=True)
    leave_l1(turn, track, at)


def _beds(track: Track) -> int:
    """How often L1 may go off under one vehicle: once under a high bed, twice under a road train."""
    return 2 if reach.longest(track) > TRAIN_M else 1


def leave_l1(turn: Turn, track: Track, at: Now, seen_us: int | None = None) -> None:
    """L1 is clear of this vehicle: it drove on, or backed out. `seen_us`: when it was seen last for sure, if before."""
    turn.set_road(occupant=None)
    if track.standing is Standing.PHANTOM:
        turn.drop(track)
        return
    _leaves_tags(turn, track, at)
    forward = _went_on(turn, track, at)
    if forward is False:
        _left_upstream(turn, track)
        return
    track = deciding.last_chance(turn, track, at.mono_us)
    tags.left_l1(turn, track, at.mono_us)
    rear_us = _exact(turn, at)
    if rear_us is not None and seen_us is not None:
        rear_us = min(rear_us, seen_us)
    turn.put(track, on_l1=False, l1_off_us=at.mono_us, rear_us=rear_us, forward=forward is True)
    if forward is True:
        make_room(turn)


def _leaves_tags(turn: Turn, track: Track, at: Now) -> None:
    """What it did not take is kept for the next one; if nobody knows when it came, only what is heard again."""
    if track.came_us is None and not _tagged(track):
        tags.weigh(turn, track)
    tags.left_l1(turn, track, at.mono_us)


def _left_upstream(turn: Turn, track: Track) -> None:
    """It backed out. Separated from one ahead that nobody has seen since, it was that one, which wandered over LC1."""
    ahead = turn.track(track.split_from)
    if ahead is None or ahead.stage is not Stage.BEFORE or ahead.on_l1:
        passages.abandon(turn, track, "left upstream")
        return
    if track.live:
        track = passages.void(turn, track, "it is the vehicle ahead, which left upstream")
    tags.release(turn, track, spent=False)
    turn.drop(track)
    passages.abandon(turn, ahead, "left upstream")


def rejoin(turn: Turn, follower: Track) -> bool:
    """The plate of a vehicle that LC1 separated is that of the one ahead: they are one. Returns whether they were."""
    ahead = turn.track(follower.split_from)
    if ahead is None or ahead.stage is not Stage.BEFORE or ahead.on_l1 or ahead.plate is None or follower.plate is None:
        return False
    sure = min(ahead.plate.confidence, follower.plate.confidence) >= turn.cfg.plate_sure
    if not sure or not plates_agree(ahead.plate.text, follower.plate.text):
        return False
    if follower.live:
        follower = passages.void(turn, follower, "it is the vehicle ahead")
    tags.release(turn, follower, spent=False)
    turn.drop(follower)
    back = turn.put(
        ahead,
        on_l1=follower.on_l1,
        lc1_broken=follower.lc1_broken,
        lc1_clear_us=follower.lc1_clear_us,
        l1_off_us=follower.l1_off_us,
        rear_us=follower.rear_us,
        gap_us=None,
    )
    if back.on_l1:
        turn.set_road(occupant=back.id)
        if turn.sensors.l1.stuck or turn.sensors.l1.doubted:
            turn.put(back, returned_us=turn.t)
    return True


def make_room(turn: Turn) -> None:
    """A vehicle left L1 towards the arm: whoever has no room before it any more has gone unseen.

    Without LC1 that is known when L2 goes on: who leaves L1 upstream is not followed by L2 (rules.md, Geometry).
    """
    room_m = ROOM_M[turn.cfg.geometry]
    unseen = Sensor.LC1 not in turn.cfg.curtains
    waiting = [one for one in turn.tracks if _before_arm(one) and (one.forward or one.recovered or unseen)]
    while len(waiting) > 1 and sum(map(_least_length_m, waiting)) > room_m:
        _no_room(turn, waiting.pop(0))


def _no_room(turn: Turn, track: Track) -> None:
    if not track.recovered:
        passages.abandon(turn, track, "no room for it before the arm")
        return
    if track.live:
        track = passages.void(turn, track, "gone while the lane was without power")
    tags.release(turn, track, spent=False)
    turn.drop(track)


def _least_length_m(track: Track) -> float:
    length_m = track.measured.length_m if track.measured else None
    return LEAST_LENGTH_M if length_m is None else max(LEAST_LENGTH_M, length_m * 0.97)


def _went_on(turn: Turn, track: Track, at: Now) -> bool | None:
    """True: drove on; False: backed out; None: no curtain that could tell."""
    if track.stage is Stage.UNDER_ARM:
        return True
    if Sensor.LC1 not in turn.cfg.curtains or reach.foreign_curtain(track, turn.sensors):
        return None
    if not track.lc1_broken:
        return False if turn.road.lc1_proven and track.vehicle else None
    clear = track.lc1_clear_us
    if clear is not None and at.mono_us - clear > turn.cfg.backout_lead_ms * 1000:
        if _l1_lies(turn, track, at) and reach.may_have_passed_lc1(track, clear, turn.cfg):
            return True
        return False if track.vehicle else None
    return True


def _l1_lies(turn: Turn, track: Track, at: Now) -> bool:
    """L1 stayed on over vehicle after vehicle that LC1 separated: its clearing tells nothing."""
    on_us = turn.trace_on(Sensor.L1)
    return track.shared_l1 and (on_us is None or at.mono_us - on_us > L1_LONG_US)


def lc1_on(turn: Turn, at: Now) -> None:
    """LC1 on: the front of the vehicle on L1, or somebody on foot."""
    track = turn.occupant()
    if track is not None and _came_from_downstream(turn, track, at):
        back = turn.tracks[-2]
        turn.drop(track)
        _return(turn, back, at)
    elif track is not None and _follower_breaks_lc1(turn, track):
        # LC1 cleared and is broken again, far from L2: the next vehicle, which may be past L1 before this one is on L2.
        split(turn, track, turn.now.back(track.gap_us or at.mono_us))
        follower = turn.occupant() or begin(turn, at, shared=True)
        turn.put(follower, lc1_broken=True, lc1_on_us=_exact(turn, at), split_from=track.id)
    elif track is not None:
        track = _moves_on(turn, track, at)
        front_us = track.lc1_on_us if track.lc1_broken else _exact(turn, at)
        turn.put(track, lc1_broken=True, lc1_clear_us=None, lc1_on_us=front_us)
        if not turn.road.lc1_proven:
            turn.set_road(lc1_proven=True)
    elif turn.sensors.l1.stuck or turn.sensors.l1.doubted:
        last = turn.tracks[-1] if turn.tracks else None
        ahead = last.id if _before_arm(last) and last is not None else None
        turn.put(begin(turn, at), lc1_broken=True, split_from=ahead)
    elif not turn.sensors.l1.raw and turn.front() is None:
        turn.flag(Flag.PEDESTRIAN)


def _moves_on(turn: Turn, track: Track, at: Now) -> Track:
    """It breaks LC1 after tag_wait, and no plate was read of it: that is asked once more, it is there for certain now.

    Without a tag either it may have come later than L1 went on, which can be on by itself.
    """
    came, unread = track.times.l1_on, track.plate is None or track.plate.text is None
    if track.lc1_broken or came is None or not unread:
        return track
    if at.mono_us - came.mono_us <= turn.cfg.tag_wait_ms * 1000 or not track.vehicle:
        return track
    turn.effects.append(AskPlate(track.id, at.mono_us))
    if _tagged(track):
        return track
    turn.set_line(Sensor.L1, doubted=True)
    return turn.put(track, came_us=None)


def _tagged(track: Track) -> bool:
    return track.finding is not None and track.finding.epc is not None


def _follower_breaks_lc1(turn: Turn, track: Track) -> bool:
    """LC1 cleared and is broken again: by the next vehicle, unless this one came back over L1 and may wander on it."""
    if track.gap_us is None or track.returned_us is not None:
        return False
    return ROOM_M[turn.cfg.geometry] > 2 * LEAST_LENGTH_M


def _came_from_downstream(turn: Turn, track: Track, at: Now) -> bool:
    """L1 and its far end went on together, L1 told first: the "new" vehicle is the one before the arm, backing."""
    l1_on = track.times.l1_on
    # In MANUAL mode it is held at once.
    fresh = track.standing in (Standing.WAITING, Standing.HELD) and turn.tracks[-1].id == track.id
    if l1_on is None or not fresh or len(turn.tracks) < 2 or track.lc1_broken:
        return False
    if turn.road.levels_us == l1_on.mono_us:
        # The edge itself was lost: nobody knows when it was.
        return False
    return at.mono_us - l1_on.mono_us < TOGETHER_US and _before_arm(turn.tracks[-2])


def lc1_off(turn: Turn, at: Now) -> None:
    """LC1 off: the rear of the vehicle on L1, perhaps with a follower behind it."""
    l1 = turn.sensors.l1
    track = turn.occupant()
    if track is not None and track.returned_us is not None and (l1.stuck or l1.doubted):
        # It came back over LC1, and L1 tells nothing: it left upstream.
        turn.set_road(occupant=None)
        passages.abandon(turn, track, "left upstream")
        return
    if track is not None and ((l1.dropout and not l1.on) or l1.stuck):
        turn.set_line(Sensor.L1, dropout=False)
        # Its rear left L1 when L1 went off, unless its bed is high: LC1 alone may have been broken by somebody on foot.
        leave_l1(turn, turn.put(track, lc1_clear_us=at.mono_us), at, None if l1.on else l1.since_us)
        return
    if not l1.on or l1.pending is not None or l1.stuck:
        return
    if track is not None and track.came_us is not None and at.mono_us <= track.came_us:
        # The rear of the vehicle ahead: believed later than the front of this one, which came after it.
        return
    if track is None:
        if turn.road.occupant is not None:
            begin(turn, at, shared=True)
    elif track.stage is Stage.UNDER_ARM:
        split(turn, track, at)
    else:
        rear = reach.may_have_passed_lc1(track, at.mono_us, turn.cfg)
        turn.put(track, lc1_clear_us=at.mono_us, gap_us=track.gap_us or (at.mono_us if rear else None))


def split(turn: Turn, ahead: Track, at: Now) -> None:
    """LC1 cleared while L1 did not: the vehicle ahead left L1, a follower is on it."""
    plate = ahead.next_plate
    rear_us = _exact(turn, at)
    turn.put(ahead, on_l1=False, l1_off_us=at.mono_us, rear_us=rear_us, forward=True, gap_us=None, next_plate=None)
    _leaves_tags(turn, ahead, at)
    if turn.sensors.l1.doubted:
        # L1 may be on by itself: who follows comes when he breaks LC1.
        turn.set_road(occupant=None)
        return
    follower = begin(turn, at, shared=True)
    broken = turn.sensors.lc1.on
    if plate is not None:
        times = evolve(follower.times, plate=turn.now)
        follower = turn.put(follower, plate=plate, frames=plate.frames, times=times)
    turn.put(follower, lc1_broken=broken, split_from=ahead.id)
