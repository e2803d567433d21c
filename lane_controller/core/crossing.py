"""L2 and LC2: vehicles go under the arm, and on, or back.

In: believed edges of L2 and LC2. Out: vehicles entered, passed where L3 showed it before, reversed; wrong ways.
Never: one body counted twice because a loop does not see all of it, or two counted once that LC2 has parted.
"""

from lane_controller.core import approach, arrival, beds, departures, entering, hidden, leaving, passages, reach
from lane_controller.core.evolve import evolve
from lane_controller.core.instant import Now
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor

MOTORCYCLE_M = 3.5
"""Longer than any motorcycle, and as the speed may change on L2, with a metre to spare."""

LEAST_BED_M = 3.0
"""What comes over L2 behind a bed that L2 does not see: no less than L2 itself, and an axle."""

BED_UNSEEN_M = reach.BED_M - reach.L2_M
"""How far a bed drives while L2 sees nothing of it: its front wheels leave L2 at one end, its rear wheels come onto the
other."""

WRONG_WAY_US = 5_000_000
"""Who comes the wrong way drives the 2.5 m over L3 up to L2 in less, also at walking pace."""

LOST_US = 5_000_000
"""A lost edge of L3 would have come so shortly before LC2 cleared."""


def l2_on(turn: Turn, at: Now) -> None:
    """L2 on: the first vehicle is under the arm."""
    if turn.sensors.l2.dropout:
        turn.set_line(Sensor.L2, dropout=False)
        if turn.under_arm() is not None or _same_body(turn, at):
            return
    if turn.road.passed_us is not None and at.mono_us <= turn.road.passed_us:
        # Out of the PLC's log: the vehicle of this edge has been on L3 since, and is on the books.
        return
    turn.set_road(lc2_split=False)
    if turn.road.l3_orphan and turn.sensors.l3.on and not _runs_through(turn, at):
        _l2_after_l3(turn, at)
        return
    departures.motorcycles_left(turn, at.mono_us)
    departures.followers_left(turn, at)
    if Sensor.LC1 not in turn.cfg.curtains:
        approach.make_room(turn)
    entering.enter(turn, entering.who_comes(turn, at) or arrival.unseen(turn, shared=turn.sensors.l1.on), at)


def _same_body(turn: Turn, at: Now) -> bool:
    """LC2 has stayed broken since before L2 dropped out: the high bed of a vehicle that is on L3 already.

    It is no longer over L2 than it takes at half the speed at which it came off. A short vehicle has none, one that has
    gone over L2 in all its length has no other, nor has one of which L2 has seen all its axles, but perhaps a trailer:
    where nobody else can have come, it is that.
    """
    off, l3_off = turn.road.l2_off_us, turn.road.l3_off_us
    if off is None or not _lc2_shows(turn, at):
        return False
    bedless = turn.road.last_whole or turn.road.last_longest_m <= turn.cfg.long_vehicle_m
    if (bedless or _all_axles_seen(turn)) and _next_came(turn, at):
        return False
    over_us = max(entering.clear_us(turn), reach.BED_US)
    if l3_off is not None and off < l3_off < at.mono_us:
        over_us = min(over_us, int((l3_off - off) * 2 * BED_UNSEEN_M / reach.L2_TO_L3_ENDS_M))
    return at.mono_us - off < over_us


def _all_axles_seen(turn: Turn) -> bool:
    """L2 has cleared more often, since the last vehicle came onto L3, than there are beds under which it does: the last
    time it was the rear, and LC2 stays broken by itself.
    """
    passed_us = turn.road.passed_us
    offs = [edge for edge in turn.trace if edge.sensor is Sensor.L2 and not edge.on]
    drops = sum(passed_us is not None and edge.mono_us > passed_us for edge in offs)
    return drops > beds.most_beds(turn.road.last_longest_m)


def _next_came(turn: Turn, at: Now) -> bool:
    front = turn.front()
    return front is not None and front.vehicle and entering.may_be(turn, front, at)


def _lc2_shows(turn: Turn, at: Now) -> bool:
    """LC2 is broken by who was on L2 before this edge; broken well before he came onto L2, it is on by itself."""
    lc2 = turn.sensors.lc2
    if not lc2.on or lc2.pending is not None or lc2.stuck:
        return False
    for edge in reversed(turn.trace):
        if edge.sensor is Sensor.L2 and edge.on and edge.mono_us < at.mono_us:
            return edge.mono_us - lc2.since_us <= reach.FOREIGN_US
    return True


def _runs_through(turn: Turn, at: Now) -> bool:
    """L3 has been on for longer than anybody takes from there to L2, and the first, whom the arm stopped, can be on it:
    L3 is on by itself.
    """
    front = turn.front()
    if front is None or not front.vehicle or front.live or front.on_l1:
        return False
    alone = at.mono_us - turn.sensors.l3.since_us > WRONG_WAY_US and entering.may_be(turn, front, at)
    if alone:
        turn.set_road(l3_orphan=False)
    return alone


def _l2_after_l3(turn: Turn, at: Now) -> None:
    """L3, then L2: an authorised vehicle whose edges came in the wrong order, or somebody from the wrong side."""
    turn.set_road(l3_orphan=False)
    front = turn.front()
    if front is not None and front.live and turn.arm.open_limit and not front.on_l1:
        leaving.passed(turn, entering.enter(turn, front, at), at)
        return
    turn.set_road(wrong_way_us=turn.t)
    turn.flag(Flag.WRONG_WAY)


def l2_off(turn: Turn, at: Now) -> None:
    """L2 off: it went on, went back, or the loop dropped out."""
    turn.set_road(l2_off_us=at.mono_us)
    walked = _walked(turn, at)
    _follow(turn, at)
    _measure_length(turn, at)
    if walked is not None:
        _on_foot_behind(turn, walked)
        _l2_cleared(turn, at)
    elif _lc2_shows(turn, at):
        turn.set_line(Sensor.L2, dropout=True)
        turn.flag(Flag.LOOP_DROPOUT, turn.under_arm())
    else:
        _l2_cleared(turn, at)


def _follow(turn: Turn, off: Now) -> None:
    """Without LC2 nothing parts at the arm whom LC1 has parted bumper to bumper: who followed is told by how long L2
    was on, at the speed of the first. If nobody comes onto L2 for a while, he has crossed (departures.py).
    """
    if Sensor.LC2 in turn.cfg.curtains or turn.road.crossing is None:
        return
    for track in turn.queue():
        waits = track.stage is Stage.BEFORE and track.shared_l1 and track.forward and not track.on_l1
        if not waits or not reach.has_followed(track, turn.road.crossing, off.mono_us, turn.cfg):
            return
        open_now, mode = turn.arm.open_limit, turn.desk.mode
        turn.put(track, followed_us=off.mono_us, arm_open_at_l2=open_now, l2_mode=mode)


def _on_foot_behind(turn: Turn, walked: Track) -> None:
    turn.flag(Flag.PEDESTRIAN)
    if walked.times.l1_on is None and not walked.recovered:
        entering.nobody_there(turn, walked)
    else:
        entering.still_before(turn, walked)


def _walked(turn: Turn, off: Now) -> Track | None:
    """Who was taken for the next vehicle as LC2 broke over an L2 that had not cleared, and cannot have left L2 by now.

    It was close behind the vehicle ahead, so no further on than that one's rear has come since it left LC2. Who is on
    L1 yet has not left L2 in any case: LC1 would have told.
    """
    track, l2_us = turn.last_under_arm(), turn.trace_on(Sensor.L2)
    crossing = turn.road.crossing
    if track is None or track.times.l2_on is None or l2_us is None:
        return None
    came_us = track.times.l2_on.mono_us
    rear_us = next(
        (e.mono_us for e in reversed(turn.trace) if e.sensor is Sensor.LC2 and not e.on and e.mono_us <= came_us), None
    )
    if came_us <= l2_us or rear_us is None or (crossing is not None and rear_us < crossing[1]):
        return None
    if track.on_l1 and track.lc1_broken and not turn.sensors.lc2.raw:
        return track
    left = reach.behind_has_left_l2(crossing, turn.road.last_longest_m, rear_us, off.mono_us, turn.cfg)
    return None if left else track


def _measure_length(turn: Turn, at: Now) -> None:
    """Length from the speed between L2 on and L3 on (3 m) and the time on L2 (a loop of 2 m).

    Of a motorcycle when LC2 has cleared as well: what is in it yet may be the bed of a lorry.
    """
    motorcycle = turn.road.motorcycle
    if motorcycle is not None and not _lc2_shows(turn, at):
        turn.set_road(motorcycle=None)
        _motorcycle_length(turn, motorcycle, at)
    crossing = turn.road.crossing
    if crossing is None:
        return
    hidden.settle_length(turn, crossing, at)
    on_us, l3_us = crossing
    length_m = _length_m(on_us, l3_us, at.mono_us)
    if length_m > MOTORCYCLE_M and turn.road.last_longest_m < reach.SHORTEST_M:
        _next_has_crossed(turn, turn.now.back(on_us))
    turn.set_road(crossing=None, last_whole=length_m > turn.road.last_longest_m - LEAST_BED_M)
    if length_m > turn.cfg.long_vehicle_m:
        turn.set_road(last_long=True)


def _next_has_crossed(turn: Turn, on: Now) -> None:
    """Who was on L2 is longer than the first can be, whom LC1 saw pass: a motorcycle that has left sideways."""
    front = turn.front()
    if front is not None and arrival.before_arm(front) and entering.may_be(turn, front, on):
        passages.give_up(turn, front, "it crossed as the one ahead, which had left sideways")


def _length_m(on_us: int, l3_us: int, off_us: int) -> float:
    return 3.0 * (off_us - on_us) / (l3_us - on_us) - 2.0 if l3_us > on_us else 0.0


def _motorcycle_length(turn: Turn, crossing: tuple[Now, Now], off: Now) -> None:
    """Who went by as the motorcycle was too long for one: the motorcycle had left sideways, and this is the next.

    Whom the arm would have stopped it was not; an open one (latched, or held up) stops nobody.
    """
    on, l3 = crossing
    front = turn.front()
    if front is None or not front.vehicle or not entering.may_be(turn, front, on):
        return
    if not (front.live or turn.arm.open_limit):
        return
    if _length_m(on.mono_us, l3.mono_us, off.mono_us) > MOTORCYCLE_M:
        leaving.passed(turn, entering.enter(turn, front, on), l3)


def _l2_cleared(turn: Turn, at: Now) -> None:
    for track in turn.tracks:
        if track.stage is Stage.UNDER_ARM:
            if turn.sensors.l3.raw and not _short_of_lc2(turn, track):
                # An edge of L3 that is not believed yet has counted with this.
                turn.set_road(l3_counted_us=turn.sensors.l3.pending_us if turn.sensors.l3.pending else None)
                leaving.passed(turn, track, at)
            else:
                _reversed(turn, track, at)


def _short_of_lc2(turn: Turn, track: Track) -> bool:
    """It has not broken LC2, which told of those before it: whoever L3 shows, or if it is on by itself, it is not this
    one.
    """
    l2_us, lost_us, told_us = _came_onto_l2(turn, track), turn.road.lost_us, turn.trace_on(Sensor.LC2)
    if l2_us is None or told_us is None or turn.sensors.lc2.raw or turn.under_arm() is not turn.last_under_arm():
        return False
    told_all = turn.desk.plc_online and (lost_us is None or lost_us < l2_us)
    return told_all and told_us < l2_us


def _came_onto_l2(turn: Turn, track: Track) -> int | None:
    """When it came onto L2; None where the edge was lost, and LC2 may have told of it before the levels told of L2."""
    return arrival.exact(turn, track.times.l2_on) if track.times.l2_on is not None else None


def _reversed(turn: Turn, track: Track, at: Now) -> None:
    """L2 on, off again without L3."""
    if track.standing is Standing.MOTORCYCLE:
        turn.put(track, stage=Stage.BEFORE)
        return
    track = turn.flag(Flag.REVERSED_UNDER_BOOM, track) or track
    if track.times.l1_on is None and not track.live:
        turn.drop(track)
        return
    if track.live:
        track = passages.void(turn, track, "reversed under the arm")
    l2_on = track.times.l2_on
    span = (l2_on.mono_us, at.mono_us) if l2_on is not None else None
    times = evolve(track.times, l2_on=None)
    if _before_lc2(turn, track):
        # It has not crossed with that opening, which was the void passage's: whatever it waits for, it is the next.
        times = evolve(times, open_confirmed=None)
    # It can leave upstream only over L1 and LC1, which show it.
    seen = Sensor.LC1 in turn.cfg.curtains and turn.road.lc1_proven and not turn.sensors.lc1.stuck
    turn.put(track, stage=Stage.BEFORE, times=times, l2_span=span, l1_off_us=at.mono_us, forward=track.forward and seen)


def _before_lc2(turn: Turn, track: Track) -> bool:
    """LC2 shows that it came no further than to the arm while it was on L2."""
    l2_us, lc2, lc2_us = _came_onto_l2(turn, track), turn.sensors.lc2, turn.trace_on(Sensor.LC2)
    if Sensor.LC2 not in turn.cfg.curtains or l2_us is None or lc2.raw or lc2.stuck:
        return False
    return lc2_us is None or lc2_us < l2_us


def lc2_on(turn: Turn, at: Now) -> None:
    """LC2 on: the next vehicle over an L2 that did not clear, or somebody on foot."""
    if _by_itself(turn, at):
        return
    if turn.sensors.l2.on and turn.sensors.l2.raw and turn.road.lc2_split:
        front = entering.first_to_come(turn)
        if front is None:
            turn.set_road(lc2_split=False)
            _second_on_lc2(turn, at)
        elif not front.vehicle:
            turn.set_road(lc2_split=False)
        elif not front.on_l1 or _past_l1_by_now(turn, front, at):
            turn.set_road(lc2_split=False)
            _ahead_has_crossed(turn)
            front = turn.track(front.id) or front
            seen = entering.may_be(turn, front, at)
            entering.enter(turn, front if seen else arrival.unseen(turn, shared=turn.sensors.l1.on), at)
    elif not turn.sensors.l2.raw and not turn.tracks and not turn.sensors.l3.raw:
        turn.flag(Flag.PEDESTRIAN)


def _past_l1_by_now(turn: Turn, track: Track, at: Now) -> bool:
    """Whether it can be the next one in LC2 though L1 is on: it may pass, or LC1 told its rear, or it is long enough
    for both. Who is held on L1 stands there else, and somebody on foot broke LC2. Without LC1 whoever keeps an L1 on
    that did not clear before it may be the one behind.
    """
    if Sensor.LC1 in turn.cfg.curtains:
        far = track.gap_us is not None or reach.longest(track) > reach.l1_to_lc2_m(turn.cfg)
        parted = track.lc1_broken and far
    else:
        parted = track.shared_l1
    return (track.live or parted) and entering.may_be(turn, track, at)


def _second_on_lc2(turn: Turn, at: Now) -> None:
    """LC2 counts another vehicle over an L2 that did not clear, where L1 and LC1 counted one (SEPARATION_FAIL).

    Whoever is under the arm and cannot have driven through LC2 by now went back a little: it is the same one.
    """
    last = turn.last_under_arm()
    if not turn.sensors.l3.raw or (last is not None and not leaving.through_lc2(turn, last)):
        return
    _ahead_has_crossed(turn)
    unseen = arrival.unseen(turn, shared=True)
    entering.enter(turn, turn.flag(Flag.SEPARATION_FAIL, unseen) or unseen, at)


def _ahead_has_crossed(turn: Turn) -> None:
    """Whoever drove through LC2 before the next one breaks it is on L3, which was on already."""
    l3 = turn.sensors.l3
    if l3.on and l3.raw:
        leaving.driven_through_lc2(turn, l3.since_us)


def _by_itself(turn: Turn, at: Now) -> bool:
    """L2 went on long ago with nobody counted, and only now LC2 does: L2 is on by itself, and this is the first."""
    nobody, l2 = turn.under_arm(), turn.sensors.l2
    if nobody is None or not l2.on or at.mono_us - l2.since_us <= entering.ALONE_US:
        return False
    return entering.first_instead(turn, nobody, at) is not None


def lc2_off(turn: Turn, at: Now) -> None:
    """LC2 off: the rear of the vehicle under the arm."""
    turn.set_road(lc2_off_us=at.mono_us)
    if turn.sensors.l2.dropout and not turn.sensors.l2.raw:
        turn.set_line(Sensor.L2, dropout=False)
        turn.set_road(l2_off_us=at.mono_us)
        _measure_length(turn, at)
        _l2_cleared(turn, at)
    elif turn.sensors.l2.on and not _on_foot_before(turn, at):
        turn.set_road(lc2_split=True)


def _on_foot_before(turn: Turn, at: Now) -> bool:
    """LC2 cleared before the vehicle on L2 has come to L3, where its front is before its rear leaves LC2."""
    lost_us = turn.road.lost_us
    told = lost_us is None or at.mono_us - lost_us > LOST_US
    return told and turn.under_arm() is not None and not turn.sensors.l3.raw
