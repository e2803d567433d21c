"""L1: vehicles come, drive on or back out.

In: believed edges of L1. Out: vehicles begun, and left L1 towards the arm or upstream.
Never: two vehicles made of one that backs a little, or of one whose bed L1 does not see.
"""

from lane_controller.core import arrival, beds, binding, deciding, passages, reach
from lane_controller.core.config import LaneConfig
from lane_controller.core.instant import SAME_SCAN_US, Now
from lane_controller.core.reach import ROOM_M
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor

OUT_OF_THE_WAY_US = 5_000_000
"""Nobody backs off L1 and out of the lane in less: until then he stands where the next one would have to come."""

L1_LONG_US = 60_000_000
"""Vehicles do not stand bumper to bumper on L1 for so long, each of them closer than two metres."""

LEAST_LENGTH_M = 3.1
"""No four-wheeler is shorter, its gap included."""


def l1_on(turn: Turn, at: Now) -> None:
    """L1 on: a new vehicle, or one that comes back."""
    if turn.sensors.l1.dropout:
        turn.set_line(Sensor.L1, dropout=False)
        occupant = turn.occupant()
        if occupant is not None:
            off_us = occupant.dropped[-1] if occupant.dropped else at.mono_us
            if not _is_gone(turn, occupant, off_us):
                return
            leave_l1(turn, occupant, turn.now.back(off_us))
    back = _coming_back(turn, at) or beds.second_axles(turn, at)
    if back is not None:
        come_back(turn, back, at)
        return
    wrong_way = turn.road.wrong_way_us
    phantom = wrong_way is not None and turn.t - wrong_way < turn.cfg.pass_timeout_ms * 1000
    _last_drove_on(turn, at)
    track = arrival.begin(turn, at, Standing.PHANTOM if phantom else Standing.WAITING)
    lc1 = turn.sensors.lc1
    cleared = lc1.pending is False and lc1.pending_us <= at.mono_us
    broken = lc1.on and not cleared
    past_zone = broken and turn.road.told_us == at.mono_us
    turn.put(track, came_us=arrival.exact(turn, at), lc1_broken=broken, past_zone=past_zone)


def _is_gone(turn: Turn, track: Track, off_us: int) -> bool:
    """L1 went off under it, while LC1 stayed broken, and is on again, but not under this one."""
    return reach.past_l1(track, turn.cfg) or beds.next_is_heard(turn, track) or _backed_into_zone(turn, track, off_us)


def _last_drove_on(turn: Turn, at: Now) -> None:
    """LC1 could not tell which way the last one left L1; whom the next follows so soon has not backed out."""
    last = turn.tracks[-1] if turn.tracks else None
    if last is None or Sensor.LC1 not in turn.cfg.curtains or not arrival.before_arm(last) or last.forward:
        return
    if last.rear_us is not None and at.mono_us - last.rear_us < OUT_OF_THE_WAY_US:
        passages.drives_on(turn, turn.put(last, forward=True))


def come_back(turn: Turn, back: Track, at: Now) -> None:
    """A vehicle that was before the arm is on L1 again."""
    broken = turn.sensors.lc1.raw
    back = turn.put(
        back,
        on_l1=True,
        boot_l3=None,
        followed_us=None,
        returned_us=at.mono_us,
        lc1_broken=broken,
        lc1_clear_us=None,
        rear_us=None,
        dropped=(*back.dropped, at.mono_us),
    )
    turn.set_road(occupant=back.id)
    passages.drives_on(turn, back)


def _coming_back(turn: Turn, at: Now) -> Track | None:
    """The last vehicle ahead, when L1 is entered from downstream, and it can be there again.

    Where the edge was lost and only the levels are known, it is somebody new: far more come than back. Unless LC1 had
    been broken when the loss was noticed: who comes breaks it later, who backs at once.
    """
    last = turn.tracks[-1] if turn.tracks else None
    if last is None or not may_back(last, turn.cfg):
        return None
    if turn.road.levels_us == at.mono_us:
        return last if turn.road.lc1_proven and _lc1_before_loss(turn) else None
    if Sensor.LC1 in turn.cfg.curtains and (turn.road.lc1_proven or _lc1_together(turn, at)):
        lc1 = turn.sensors.lc1
        lc1_on_us = lc1.pending_us if lc1.pending else lc1.since_us
        together = lc1.raw and abs(at.mono_us - lc1_on_us) <= reach.BACK_ONTO_US
        return last if together and reach.may_be_back(last, min(at.mono_us, lc1_on_us), turn.cfg) else None
    # Without a curtain: who reversed under the arm comes back over L1 once; whoever comes after that is somebody else.
    reversed_once = Flag.REVERSED_UNDER_BOOM in last.flags and last.returned_us is None
    return last if reversed_once and arrival.before_arm(last) else None


def may_back(track: Track, cfg: LaneConfig) -> bool:
    """It has left L1 and may be back on it: it is before the arm, or on L2 and long enough for both."""
    return track.vehicle and not track.on_l1 and not reach.past_l1(track, cfg)


def _lc1_together(turn: Turn, at: Now) -> bool:
    """LC1 was broken in the scan in which L1 went on, by an edge: it works, though this run has not seen it before."""
    edge = turn.trace_on(Sensor.LC1)
    return turn.sensors.lc1.on and edge is not None and abs(at.mono_us - edge) < SAME_SCAN_US


def _lc1_before_loss(turn: Turn) -> bool:
    lc1, lost_us = turn.sensors.lc1, turn.road.lost_us
    return lost_us is not None and lc1.on and 0 <= lost_us - lc1.since_us <= reach.BACK_ONTO_US


def l1_off(turn: Turn, at: Now) -> None:
    """L1 off: the vehicle leaves it, unless LC1 says that it is still there."""
    track = turn.occupant()
    if track is None:
        turn.set_road(occupant=None)
        return
    lc1 = turn.sensors.lc1
    if lc1.on and lc1.pending is None and lc1.since_us <= at.mono_us and not reach.foreign_curtain(track, turn.sensors):
        if beds.drops(track) < beds.most_drops(track):
            turn.set_line(Sensor.L1, dropout=True)
            turn.put(turn.flag(Flag.LOOP_DROPOUT, track) or track, dropped=(*track.dropped, at.mono_us))
            return
        # Cleared too often for one vehicle: LC1 is on by itself.
        turn.set_line(Sensor.LC1, doubted=True)
    leave_l1(turn, track, at)


def leave_l1(turn: Turn, track: Track, at: Now, seen_us: int | None = None) -> None:
    """L1 is clear of this vehicle: it drove on, or backed out. `seen_us`: when it was seen last for sure, if before."""
    ahead = turn.track(track.split_from)
    if ahead is not None and arrival.only_lc1_tells(turn, track):
        track = arrival.join(turn, ahead, track)
    turn.set_road(occupant=None)
    if track.standing is Standing.PHANTOM:
        turn.drop(track)
        return
    if _is_tail(turn, track):
        passages.give_up(turn, track, "it was the tail of one that had crossed before the restart")
        return
    arrival.leaves_tags(turn, track, at)
    forward = _went_on(turn, track, at)
    if forward is False or _backed_into_zone(turn, track, at.mono_us if seen_us is None else seen_us):
        _left_upstream(turn, track)
        return
    track = deciding.last_chance(turn, deciding.without_tag_of_the_next(turn, track, at.mono_us), at.mono_us)
    binding.left_l1(turn, track, at.mono_us)
    rear_us = arrival.exact(turn, at)
    if rear_us is not None and seen_us is not None:
        rear_us = min(rear_us, seen_us)
    times = arrival.came_by(track, at)
    track = turn.put(track, times=times, on_l1=False, l1_off_us=at.mono_us, rear_us=rear_us, forward=forward is True)
    if _rode_by(turn, track):
        passages.motorcycle(turn, track)
        return
    if forward is True or not track.vehicle:
        passages.drives_on(turn, track)
    if forward is True:
        make_room(turn)


def _rode_by(turn: Turn, track: Track) -> bool:
    """While the lane was dead nobody measured or read it, but LC1 saw less than a car pass: a motorcycle (R9)."""
    car = reach.longest_by_lc1(track, turn.cfg) >= reach.SHORTEST_M - reach.MARGIN_M
    return turn.road.past and track.vehicle and arrival.unknown(track) and track.forward and not car


def _is_tail(turn: Turn, track: Track) -> bool:
    """A restart found it on L1, without a tag or a plate, while L2 and L3 were on, and they have not cleared since.

    A one-stop lane is so short that a bus is on all three; who follows it leaves L1 after it has left L2.
    """
    l1_on, s = track.times.l1_on, turn.sensors
    short = ROOM_M[turn.cfg.geometry] < 2 * LEAST_LENGTH_M
    if not short or turn.road.passed_us is not None or turn.under_arm() is not None or l1_on is None:
        return False
    on_since = all(line.on and line.since_us <= l1_on.mono_us for line in (s.l2, s.l3))
    found = track.came_us is None and not track.recovered
    return on_since and found and not _identified(turn, track)


def _identified(turn: Turn, track: Track) -> bool:
    """Its plate was read, or a tag is its own."""
    read = track.plate is not None and track.plate.text is not None
    return read or arrival.tagged(track) or bool(binding.able(turn, track))


def _left_upstream(turn: Turn, track: Track) -> None:
    """It backed out. Separated from one ahead that nobody has seen since, it was that one, which wandered over LC1."""
    ahead = turn.track(track.split_from)
    if ahead is None or ahead.stage is not Stage.BEFORE or ahead.on_l1:
        passages.abandon(turn, track, "left upstream")
        return
    passages.give_up(turn, track, "it is the vehicle ahead, which left upstream")
    passages.abandon(turn, ahead, "left upstream")


def make_room(turn: Turn) -> None:
    """A vehicle left L1 towards the arm: whoever has no room before it any more has gone unseen.

    Without LC1 that is known when L2 goes on: who leaves L1 upstream is not followed by L2 (rules.md, Geometry).
    Without LC2 nobody can tell who else is over an L2 that has not cleared.
    """
    room_m = ROOM_M[turn.cfg.geometry]
    unseen = Sensor.LC1 not in turn.cfg.curtains
    if turn.sensors.l2.on and not unseen and Sensor.LC2 not in turn.cfg.curtains:
        return
    before = [one for one in turn.tracks if arrival.before_arm(one) and one.followed_us is None]
    waiting = [one for one in before if one.forward or one.recovered or unseen]
    while len(waiting) > 1 and sum(map(least_length_m, waiting)) > room_m:
        _no_room(turn, waiting.pop(0))


def _no_room(turn: Turn, track: Track) -> None:
    if track.recovered:
        passages.give_up(turn, track, "gone while the lane was without power")
    else:
        passages.abandon(turn, track, "no room for it before the arm")


def least_length_m(track: Track) -> float:
    """How much of the lane it takes at least, its gap included (m)."""
    length_m = track.measured.length_m if track.measured else None
    return LEAST_LENGTH_M if length_m is None else max(LEAST_LENGTH_M, length_m * 0.97)


def _backed_into_zone(turn: Turn, track: Track, off_us: int) -> bool:
    """L1 went off under it, and since then it was heard in the radio zone: it has backed out, though LC1 stayed broken.

    Asked when a bed would be past, and who comes next has room.
    """
    away = track.stage is Stage.BEFORE and off_us in track.dropped and turn.t - off_us > OUT_OF_THE_WAY_US
    return away and binding.is_in_zone(turn, track, off_us)


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
    return None if _backed_before_lc1(turn, track) else True


def _backed_before_lc1(turn: Turn, track: Track) -> bool:
    """L1 went off for good sooner after LC1 was broken than a car can drive past it: perhaps it backs, and LC1 shows
    somebody on foot. A longer vehicle may have a bed that L1 does not see.
    """
    off_us = turn.sensors.l1.since_us
    if off_us not in track.dropped or reach.longest_high(track) > turn.cfg.long_vehicle_m:
        return False
    return not reach.may_have_passed_lc1(track, off_us, turn.cfg)


def _l1_lies(turn: Turn, track: Track, at: Now) -> bool:
    """L1 stayed on over vehicle after vehicle that LC1 separated: its clearing tells nothing."""
    on_us = turn.trace_on(Sensor.L1)
    return track.shared_l1 and (on_us is None or at.mono_us - on_us > L1_LONG_US)
