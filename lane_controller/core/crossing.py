"""L2, LC2 and L3: vehicles go under the arm and out, or back.

In: believed edges of L2, LC2 and L3. Out: vehicles entered, passed, reversed; wrong ways.
Never: a vehicle that crossed L2 → L3 without a passage (motorcycles excepted), or one that has two (I13).
"""

from lane_controller.core import approach, deciding, passages, reach, tags
from lane_controller.core.evolve import evolve
from lane_controller.core.instant import Now
from lane_controller.core.reach import AtArm
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor

SHARED_L2_US = 300_000
"""L3 on this soon after L2 off still means that the vehicle came over L2."""


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
    if turn.road.l3_orphan and turn.sensors.l3.on:
        _l2_after_l3(turn, at)
        return
    enter(turn, _entering(turn, at) or approach.unseen(turn, shared=turn.sensors.l1.on), at)


def _same_body(turn: Turn, at: Now) -> bool:
    """LC2 has stayed broken since before L2 dropped out: the high bed of a vehicle that is on L3 already."""
    lc2, off = turn.sensors.lc2, turn.road.l2_off_us
    broken = lc2.on and lc2.pending is None and not lc2.stuck
    return broken and off is not None and at.mono_us - off < clear_us(turn)


def _l2_after_l3(turn: Turn, at: Now) -> None:
    """L3, then L2: an authorised vehicle whose edges came in the wrong order, or somebody from the wrong side."""
    turn.set_road(l3_orphan=False)
    front = turn.front()
    if front is not None and front.live and turn.arm.open_limit and not front.on_l1:
        passed(turn, enter(turn, front, at), at)
        return
    turn.set_road(wrong_way_us=turn.t)
    turn.flag(Flag.WRONG_WAY)


def _entering(turn: Turn, at: Now) -> Track | None:
    """Which vehicle comes onto L2: the first, if it can have come; nobody else would come before it.

    A motorcycle only if the authorised vehicle behind it is still on L1.
    """
    front = _first_to_come(turn)
    if front is None or _may_be(turn, front, at):
        return front
    if front.dropped and front.live:
        # L1 went off under it: perhaps it left, and this is another one. Who is on L1 may be decided once more.
        tags.release(turn, passages.void(turn, front, "two vehicles where one was counted"), spent=False)
    return None


def _may_be(turn: Turn, track: Track, at: Now) -> bool:
    return reach.may_be(track, AtArm(at.mono_us), turn.sensors, turn.cfg, turn.road.lc1_proven)


def _first_to_come(turn: Turn) -> Track | None:
    front = turn.front()
    while front is not None and front.standing is Standing.MOTORCYCLE:
        behind = next((track for track in turn.queue() if track.stage is Stage.BEFORE), None)
        if behind is None or not behind.live or behind.on_l1:
            return front
        turn.drop(front)
        front = turn.front()
    return front


def enter(turn: Turn, track: Track, at: Now) -> Track:
    """A vehicle is on L2."""
    track = deciding.following_through(turn, track, at.mono_us)
    if track.shared_l1 and not _l2_was_clear(turn, at):
        track = turn.flag(Flag.CLOSE_FOLLOWING, track) or track
    track = passages.enter_l2(turn, track, at)
    if track.gap_us is not None and track.on_l1 and turn.sensors.l1.on:
        approach.split(turn, track, turn.now.back(track.gap_us))
        track = turn.track(track.id) or track
    return track


def _l2_was_clear(turn: Turn, at: Now) -> bool:
    off = turn.road.l2_off_us
    previous_on = turn.sensors.l2.on and turn.sensors.l2.since_us != at.mono_us
    return not previous_on and (off is None or at.mono_us - off >= clear_us(turn))


def clear_us(turn: Turn) -> int:
    """`clear` after the vehicle that crossed last."""
    return (turn.cfg.clear_long_ms if turn.road.last_long else turn.cfg.clear_ms) * 1000


def l2_off(turn: Turn, at: Now) -> None:
    """L2 off: it went on, went back, or the loop dropped out."""
    turn.set_road(l2_off_us=at.mono_us)
    _measure_length(turn, at)
    if turn.sensors.lc2.on and turn.sensors.lc2.pending is None and not turn.sensors.lc2.stuck:
        turn.set_line(Sensor.L2, dropout=True)
        turn.flag(Flag.LOOP_DROPOUT, turn.under_arm())
        return
    _l2_cleared(turn, at)


def _measure_length(turn: Turn, at: Now) -> None:
    """Length from the speed between L2 on and L3 on (3 m) and the time on L2 (a loop of 2 m)."""
    crossing = turn.road.crossing
    if crossing is None:
        return
    on_us, l3_us = crossing
    turn.set_road(crossing=None)
    if l3_us > on_us and 3.0 * (at.mono_us - on_us) / (l3_us - on_us) - 2.0 > turn.cfg.long_vehicle_m:
        turn.set_road(last_long=True)


def _l2_cleared(turn: Turn, at: Now) -> None:
    for track in turn.tracks:
        if track.stage is Stage.UNDER_ARM:
            if turn.sensors.l3.raw:
                passed(turn, track, at)
            else:
                _reversed(turn, track, at)


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
    # It can leave upstream only over L1 and LC1, which show it.
    seen = Sensor.LC1 in turn.cfg.curtains and turn.road.lc1_proven and not turn.sensors.lc1.stuck
    turn.put(track, stage=Stage.BEFORE, times=times, l2_span=span, l1_off_us=at.mono_us, forward=track.forward and seen)


def lc2_on(turn: Turn, at: Now) -> None:
    """LC2 on: the next vehicle over an L2 that did not clear, or somebody on foot."""
    if turn.sensors.l2.on and turn.road.lc2_split:
        front = turn.front()
        if front is None or not front.vehicle:
            turn.set_road(lc2_split=False)
        elif not front.on_l1 or (front.live and _may_be(turn, front, at)):
            turn.set_road(lc2_split=False)
            seen = _may_be(turn, front, at)
            enter(turn, front if seen else approach.unseen(turn, shared=turn.sensors.l1.on), at)
    elif not turn.sensors.l2.raw and not turn.tracks and not turn.sensors.l3.raw:
        turn.flag(Flag.PEDESTRIAN)


def lc2_off(turn: Turn, at: Now) -> None:
    """LC2 off: the rear of the vehicle under the arm."""
    turn.set_road(lc2_off_us=at.mono_us)
    if turn.sensors.l2.dropout and not turn.sensors.l2.raw:
        turn.set_line(Sensor.L2, dropout=False)
        turn.set_road(l2_off_us=at.mono_us)
        _l2_cleared(turn, at)
    elif turn.sensors.l2.on:
        turn.set_road(lc2_split=True)


# ---- L3 ---------------------------------------------------------------------------------------------------------


def l3_on(turn: Turn, at: Now) -> None:
    """L3 on: a vehicle crossed."""
    track = turn.under_arm()
    late = _late_l3(turn, at)
    if track is not None:
        passed(turn, track, at)
    elif late is not None:
        passed(turn, enter(turn, late, at), at)
    elif _over_l2(turn, at):
        _second_on_l3(turn, at)
    else:
        flicker = turn.road.l3_off_us is not None and at.mono_us - turn.road.l3_off_us < clear_us(turn)
        turn.set_road(l3_orphan=not flicker)


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
    front = turn.front()
    if front is not None and front.on_l1 and front.times.l1_on is not None and not front.live:
        front = None
    if front is not None and not _may_be(turn, front, at):
        front = None
    if front is None:
        front = approach.unseen(turn, shared=True)
        front = turn.flag(Flag.SEPARATION_FAIL, front) or front
    passed(turn, enter(turn, front, at), at)


def l3_off(turn: Turn, at: Now) -> None:
    """L3 off: whoever came without L2 has crossed too."""
    turn.set_road(l3_off_us=at.mono_us)
    if not turn.road.l3_orphan:
        return
    turn.set_road(l3_orphan=False)
    front = turn.front()
    if front is not None and not front.on_l1 and turn.arm.open_limit:
        on = turn.now.back(turn.trace_on(Sensor.L3) or at.mono_us)
        passed(turn, enter(turn, front, on), on)


def passed(turn: Turn, track: Track, at: Now) -> None:
    """A vehicle crossed: L2, then L3."""
    if track.standing is Standing.MOTORCYCLE:
        turn.drop(track)
        return
    if track.times.l1_on is None and not track.recovered:
        track = turn.flag(Flag.SEPARATION_FAIL, track) or track
    l2_on = track.times.l2_on
    crossing = (l2_on.mono_us, at.mono_us) if l2_on is not None else None
    turn.set_road(last_long=_long(turn, track), crossing=crossing, passed_us=at.mono_us)
    passages.close(turn, track, at)


def _long(turn: Turn, track: Track) -> bool:
    measured, finding = track.measured, track.finding
    classes = [finding.class_registered if finding else None, measured.vehicle_class if measured else None]
    length = measured.length_m if measured else None
    return any(c is not None and c >= turn.cfg.long_class for c in classes) or (
        length is not None and length > turn.cfg.long_vehicle_m
    )
