"""L3: vehicles that crossed, each with its passage.

In: believed edges of L3. Out: vehicles passed, also those that no edge of L2 has told of.
Never: a vehicle that crossed L2 → L3 without a passage (motorcycles excepted), or one that has two (I13).
"""

from lane_controller.core import approach, arrival, curtain, entering, hidden, onfoot, passages, reach
from lane_controller.core.instant import Now
from lane_controller.core.reach import AtArm
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor

SHARED_L2_US = 300_000
"""L3 on this soon after L2 off still means that the vehicle came over L2."""


def l3_on(turn: Turn, at: Now) -> None:
    """L3 on: a vehicle crossed."""
    if turn.road.l3_counted_us == at.mono_us:
        return
    track = turn.under_arm()
    late = _late_l3(turn, at)
    if track is not None:
        track = _not_by_l2(turn, track, at) or track
        track = track if _came(turn, track, at) else entering.was_ahead(turn, track) or _uncounted(turn, track)
    if track is not None:
        passed(turn, track, at)
    elif late is not None:
        passed(turn, entering.enter(turn, late, at), at)
    elif _over_l2(turn, at):
        _second_on_l3(turn, at)
    else:
        flicker = turn.road.l3_off_us is not None and at.mono_us - turn.road.l3_off_us < entering.clear_us(turn)
        turn.set_road(l3_orphan=not flicker, l3_led=_lc2_led(turn, at))


def _lc2_led(turn: Turn, at: Now) -> bool:
    """Who is on L3 came through LC2: he drove out, though no edge of L2 was told."""
    lc2 = turn.sensors.lc2
    return lc2.on and lc2.pending is None and not lc2.stuck and 0 < at.mono_us - lc2.since_us <= entering.ALONE_US


def _not_by_l2(turn: Turn, track: Track, at: Now) -> Track | None:
    """Whoever goes from LC2 to L3 so fast was not on L2 when it went on: it is on by itself, and this is the first."""
    l2_on, lc2_us = track.times.l2_on, turn.trace_on(Sensor.LC2)
    if l2_on is None or lc2_us is None or reach.one_body(AtArm(l2_on.mono_us, lc2_us, at.mono_us)):
        return None
    return entering.first_instead(turn, track, turn.now.back(lc2_us))


def _came(turn: Turn, track: Track, at: Now) -> bool:
    """Whether the vehicle under the arm can have come, now that it is known how fast whoever is there came onto L2."""
    l2_on = track.times.l2_on
    if l2_on is None or Sensor.LC2 not in turn.cfg.curtains:
        return True
    at_arm = AtArm(l2_on.mono_us, turn.trace_on(Sensor.LC2), at.mono_us)
    lc2_us = at_arm.lc2_us
    if lc2_us is not None and _l2_alone(turn, track, at_arm, lc2_us):
        at_arm = AtArm(lc2_us, None, at.mono_us)
    return reach.may_be(track, at_arm, turn.road, turn.sensors, turn.cfg)


def _l2_alone(turn: Turn, track: Track, at: AtArm, lc2_us: int) -> bool:
    """L2 was on by itself before whoever broke LC2 came."""
    late = lc2_us - at.l2_us > entering.ALONE_US
    return late or not reach.one_body(at) or _fills_lane(turn, track, lc2_us)


def _fills_lane(turn: Turn, track: Track, lc2_us: int) -> bool:
    """It had driven off L1 before LC2 was broken, and nobody else has room between it and LC2."""
    left = track.forward and track.rear_us is not None and track.rear_us < lc2_us
    return left and approach.least_length_m(track) + approach.LEAST_LENGTH_M > reach.l1_to_lc2_m(turn.cfg)


def _uncounted(turn: Turn, track: Track) -> Track:
    """Somebody else is under the arm: that vehicle is still before it."""
    times, open_at_l2 = track.times, track.arm_open_at_l2
    entering.still_before(turn, track)
    there = passages.enter_l2(turn, arrival.unseen(turn, shared=turn.sensors.l1.on), times.l2_on or turn.now)
    return turn.put(there, arm_open_at_l2=open_at_l2)


def _late_l3(turn: Turn, at: Now) -> Track | None:
    """An edge out of the PLC's log shows that a vehicle which seemed to reverse was on L3 while it was on L2."""
    for track in turn.tracks:
        span = track.l2_span
        if span is not None and track.stage is Stage.BEFORE and span[0] <= at.mono_us <= span[1]:
            return track
    return None


def _over_l2(turn: Turn, at: Now) -> bool:
    if turn.road.wrong_way_us is not None and turn.sensors.l2.since_us <= turn.road.wrong_way_us:
        return False
    off = turn.road.l2_off_us
    return turn.sensors.l2.on or (off is not None and 0 <= at.mono_us - off < SHARED_L2_US and turn.road.lc2_split)


def _second_on_l3(turn: Turn, at: Now) -> None:
    """L3 counts another vehicle over an L2 that did not clear."""
    if turn.sensors.lc2.on and not turn.road.lc2_split:
        return
    front = entering.first_to_come(turn)
    if front is not None and front.on_l1 and front.times.l1_on is not None and not front.live:
        front = None
    if front is not None and not entering.may_be(turn, front, at):
        front = None
    if front is None:
        front = arrival.unseen(turn, shared=True)
        front = turn.flag(Flag.SEPARATION_FAIL, front) or front
    passed(turn, entering.enter(turn, front, at), at)


def l3_off(turn: Turn, at: Now) -> None:
    """L3 off: whoever came without L2 has crossed too."""
    _over_l2_that_stayed_on(turn, at)
    turn.set_road(l3_off_us=at.mono_us)
    if not turn.road.l3_orphan:
        return
    turn.set_road(l3_orphan=False)
    front = turn.front()
    if front is None or front.on_l1:
        return
    on = turn.now.back(turn.trace_on(Sensor.L3) or at.mono_us)
    if turn.arm.open_limit or (turn.road.l3_led and front.vehicle and entering.may_be(turn, front, on)):
        passed(turn, entering.enter(turn, front, on), on)


def _over_l2_that_stayed_on(turn: Turn, at: Now) -> None:
    """L3 was on for two, of whom LC2 alone showed the second over an L2 that has never cleared: both are gone."""
    track, on_us, l2 = turn.under_arm(), turn.trace_on(Sensor.L3), turn.sensors.l2
    l2_on = track.times.l2_on if track is not None else None
    by_lc2 = l2_on is not None and l2.on and l2.since_us < l2_on.mono_us
    if by_lc2 and on_us is not None and (turn.road.lc2_off_us or 0) < at.mono_us:
        driven_through_lc2(turn, on_us)


def driven_through_lc2(turn: Turn, l3_us: int) -> None:
    """Whoever drove through LC2 has crossed, if L3 was on by then (since `l3_us`): neither L2 nor L3 need ever clear to
    tell it.
    """
    off_us = turn.road.lc2_off_us
    if off_us is None or l3_us > off_us:
        return
    for track in turn.tracks:
        if track.stage is Stage.UNDER_ARM and through_lc2(turn, track):
            passed(turn, track, turn.now.back(off_us))
            # L3 told nothing of its speed.
            turn.set_road(crossing=None)


def through_lc2(turn: Turn, track: Track) -> bool:
    """LC2 has cleared so long after it came that it was its rear: it is on L3, on which the one ahead was yet."""
    on, off_us = track.times.l2_on, turn.road.lc2_off_us
    return on is not None and off_us is not None and reach.may_have_left(on.mono_us, off_us, turn.cfg)


def passed(turn: Turn, track: Track, at: Now) -> None:
    """A vehicle crossed: L2, then L3."""
    if track.standing is Standing.MOTORCYCLE:
        turn.set_road(motorcycle=(track.times.l2_on, at) if track.times.l2_on is not None else None)
        turn.drop(track)
        return
    track = curtain.is_on_l3(turn, track, at)
    if track.times.l1_on is None and not track.recovered:
        track = turn.flag(Flag.SEPARATION_FAIL, track) or track
        turn.set_road(uncounted=False)
        track = entering.by_own_tag(turn, track, (track.times.l2_on or at).mono_us)
    l2_on = track.times.l2_on
    crossing = (l2_on.mono_us, at.mono_us) if l2_on is not None else None
    on_foot_us = l2_on.mono_us if l2_on is not None and _perhaps_on_foot(turn, track) else None
    turn.set_road(
        last_long=_long(turn, track),
        last_longest_m=_longest_m(turn, track),
        last_whole=False,
        crossing=crossing,
        again_on_l1=hidden.again_on_l1(track),
        passed_us=at.mono_us,
        through=turn.road.through or on_foot_us is not None,
        on_foot_us=on_foot_us,
    )
    passages.close(turn, track, at)


def _perhaps_on_foot(turn: Turn, track: Track) -> bool:
    """LC1 alone told of it, where L1 is on by itself: who came through the open arm may be the one behind."""
    return track.arm_open_at_l2 and curtain.l1_tells_nothing(turn) and onfoot.perhaps(track)


def _longest_m(turn: Turn, track: Track) -> float:
    """By LC1 where nothing else than a log tells of it: who was watched is as long as his class, or as was measured."""
    told_us, rear_us = turn.road.told_us, track.rear_us
    in_log = turn.road.past or (told_us is not None and rear_us is not None and rear_us <= told_us)
    longest = reach.longest_high(track)
    return min(longest, reach.longest_by_lc1(track, turn.cfg)) if in_log and arrival.unknown(track) else longest


def _long(turn: Turn, track: Track) -> bool:
    measured, finding = track.measured, track.finding
    classes = [finding.class_registered if finding else None, measured.vehicle_class if measured else None]
    length = measured.length_m if measured else None
    return any(c is not None and c >= turn.cfg.long_class for c in classes) or (
        length is not None and length > turn.cfg.long_vehicle_m
    )
