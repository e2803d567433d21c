"""The road: debounced edges move vehicles from L1 to L3 or back out.

In: `edge` from sensors.py, departures by time. Out: vehicles begun, entered, passed, reversed, abandoned.
Never: a vehicle that crossed L2 → L3 without a passage (motorcycles excepted), or one that has two.
"""

from lane_controller.core import deciding, passages, tags
from lane_controller.core.effects import AskPlate
from lane_controller.core.evolve import evolve
from lane_controller.core.instant import Now
from lane_controller.core.records import StageTimes
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor

LOOSE_US = 1_000_000
"""A plate or class up to this long before L1 on belongs to the vehicle that then comes onto L1."""

SHARED_L2_US = 300_000
"""L3 on this soon after L2 off still means that the vehicle came over L2."""


def edge(turn: Turn, sensor: Sensor, on: bool, at_us: int) -> None:
    """One believed edge."""
    at = turn.now.back(at_us)
    if sensor is Sensor.L1:
        _l1_on(turn, at) if on else _l1_off(turn, at)
    elif sensor is Sensor.LC1:
        _lc1_on(turn, at) if on else _lc1_off(turn, at)
    elif sensor is Sensor.L2:
        _l2_on(turn, at) if on else _l2_off(turn, at)
    elif sensor is Sensor.LC2:
        _lc2_on(turn, at) if on else _lc2_off(turn, at)
    else:
        _l3_on(turn, at) if on else _l3_off(turn, at)


def touched(turn: Turn, sensor: Sensor, off_us: int) -> None:
    """A pulse too short to count: it moves no vehicle, but the arm waits for `clear` after it all the same."""
    if sensor is Sensor.L2:
        turn.set_road(l2_off_us=off_us)
    elif sensor is Sensor.LC2:
        turn.set_road(lc2_off_us=off_us)
    elif sensor is Sensor.L3:
        turn.set_road(l3_off_us=off_us)


# ---- L1 and LC1 -------------------------------------------------------------------------------------------------


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


def _l1_on(turn: Turn, at: Now) -> None:
    if turn.sensors.l1.dropout:
        turn.set_line(Sensor.L1, dropout=False)
        if turn.occupant() is not None:
            return
    back = _coming_back(turn)
    if back is not None:
        turn.put(
            back, on_l1=True, boot_l3=None, returned_us=at.mono_us, lc1_broken=turn.sensors.lc1.raw, lc1_clear_us=None
        )
        turn.set_road(occupant=back.id)
        return
    wrong_way = turn.road.wrong_way_us
    phantom = wrong_way is not None and turn.t - wrong_way < turn.cfg.pass_timeout_ms * 1000
    track = begin(turn, at, Standing.PHANTOM if phantom else Standing.WAITING)
    if turn.sensors.lc1.on:
        turn.put(track, lc1_broken=True)


def _coming_back(turn: Turn) -> Track | None:
    """The last vehicle before the arm, when L1 is entered from downstream."""
    last = turn.tracks[-1] if turn.tracks else None
    if last is None or last.on_l1 or last.stage is not Stage.BEFORE or not last.vehicle:
        return None
    if Sensor.LC1 in turn.cfg.curtains and turn.road.lc1_proven:
        return last if turn.sensors.lc1.raw else None
    return last if Flag.REVERSED_UNDER_BOOM in last.flags else None


def _l1_off(turn: Turn, at: Now) -> None:
    track = turn.occupant()
    if track is None:
        turn.set_road(occupant=None)
        return
    if turn.sensors.lc1.on and turn.sensors.lc1.pending is None:
        turn.set_line(Sensor.L1, dropout=True)
        turn.flag(Flag.LOOP_DROPOUT, track)
        return
    leave_l1(turn, track, at)


def leave_l1(turn: Turn, track: Track, at: Now) -> None:
    """L1 is clear of this vehicle: it drove on, or backed out."""
    turn.set_road(occupant=None)
    if track.standing is Standing.PHANTOM:
        turn.drop(track)
        return
    tags.left_l1(turn, track, at.mono_us)
    forward = _went_on(turn, track, at)
    if forward is False:
        passages.abandon(turn, track, "left upstream")
        return
    track = deciding.last_chance(turn, track)
    turn.put(track, on_l1=False, l1_off_us=at.mono_us, forward=forward is True)


def _went_on(turn: Turn, track: Track, at: Now) -> bool | None:
    """True: drove on; False: backed out; None: no curtain that could tell."""
    if track.stage is Stage.UNDER_ARM:
        return True
    if Sensor.LC1 not in turn.cfg.curtains or turn.sensors.lc1.stuck:
        return None
    if not track.lc1_broken:
        return False if turn.road.lc1_proven and track.vehicle else None
    clear = track.lc1_clear_us
    if clear is not None and at.mono_us - clear > turn.cfg.backout_lead_ms * 1000:
        return False if track.vehicle else None
    return True


def _lc1_on(turn: Turn, at: Now) -> None:
    track = turn.occupant()
    if track is not None:
        turn.put(track, lc1_broken=True, lc1_clear_us=None)
        if not turn.road.lc1_proven:
            turn.set_road(lc1_proven=True)
    elif turn.sensors.l1.stuck:
        turn.put(begin(turn, at), lc1_broken=True)
    elif not turn.sensors.l1.raw and turn.front() is None:
        turn.flag(Flag.PEDESTRIAN)


def _lc1_off(turn: Turn, at: Now) -> None:
    l1 = turn.sensors.l1
    track = turn.occupant()
    if track is not None and ((l1.dropout and not l1.on) or l1.stuck):
        turn.set_line(Sensor.L1, dropout=False)
        leave_l1(turn, turn.put(track, lc1_clear_us=at.mono_us), at)
        return
    if not l1.on or l1.pending is not None or l1.stuck:
        return
    if track is None:
        if turn.road.occupant is not None:
            begin(turn, at, shared=True)
    elif track.stage is Stage.UNDER_ARM:
        _split(turn, track, at)
    else:
        turn.put(track, lc1_clear_us=at.mono_us, gap_us=track.gap_us or at.mono_us)


def _split(turn: Turn, ahead: Track, at: Now) -> None:
    """LC1 cleared while L1 did not: the vehicle ahead left L1, a follower is on it."""
    plate = ahead.next_plate
    turn.put(ahead, on_l1=False, l1_off_us=at.mono_us, forward=True, gap_us=None, next_plate=None)
    tags.left_l1(turn, ahead, at.mono_us)
    follower = begin(turn, at, shared=True)
    broken = turn.sensors.lc1.on
    if plate is not None:
        times = evolve(follower.times, plate=turn.now)
        follower = turn.put(follower, plate=plate, frames=plate.frames, times=times)
    turn.put(follower, lc1_broken=broken)


# ---- L2 and LC2 -------------------------------------------------------------------------------------------------


def _l2_on(turn: Turn, at: Now) -> None:
    if turn.sensors.l2.dropout:
        turn.set_line(Sensor.L2, dropout=False)
        if turn.under_arm() is not None:
            return
    if turn.road.passed_us is not None and at.mono_us <= turn.road.passed_us:
        # Out of the PLC's log: the vehicle of this edge has been on L3 since, and is on the books.
        return
    turn.set_road(lc2_split=False)
    if turn.road.l3_orphan and turn.sensors.l3.on:
        _l2_after_l3(turn, at)
        return
    enter(turn, _entering(turn) or begin(turn, None, shared=turn.sensors.l1.on), at)


def _l2_after_l3(turn: Turn, at: Now) -> None:
    """L3, then L2: an authorised vehicle whose edges came in the wrong order, or somebody from the wrong side."""
    turn.set_road(l3_orphan=False)
    front = turn.front()
    if front is not None and front.live and turn.arm.open_limit and not front.on_l1:
        passed(turn, enter(turn, front, at), at)
        return
    turn.set_road(wrong_way_us=turn.t)
    turn.flag(Flag.WRONG_WAY)


def _entering(turn: Turn) -> Track | None:
    """Which vehicle comes onto L2: the first; a motorcycle only if the authorised vehicle behind it is still on L1."""
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
    track = deciding.last_chance(turn, track)
    if track.shared_l1 and not _l2_was_clear(turn, at):
        track = turn.flag(Flag.CLOSE_FOLLOWING, track) or track
    track = passages.enter_l2(turn, track, at)
    if track.gap_us is not None and track.on_l1 and turn.sensors.l1.on:
        _split(turn, track, turn.now.back(track.gap_us))
        track = turn.track(track.id) or track
    return track


def _l2_was_clear(turn: Turn, at: Now) -> bool:
    off = turn.road.l2_off_us
    previous_on = turn.sensors.l2.on and turn.sensors.l2.since_us != at.mono_us
    return not previous_on and (off is None or at.mono_us - off >= clear_us(turn))


def clear_us(turn: Turn) -> int:
    """`clear` after the vehicle that crossed last."""
    return (turn.cfg.clear_long_ms if turn.road.last_long else turn.cfg.clear_ms) * 1000


def _l2_off(turn: Turn, at: Now) -> None:
    turn.set_road(l2_off_us=at.mono_us)
    _measure_length(turn, at)
    if turn.sensors.lc2.on and turn.sensors.lc2.pending is None and turn.under_arm() is not None:
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
    turn.put(track, stage=Stage.BEFORE, times=times, l2_span=span, l1_off_us=at.mono_us, forward=False)


def _lc2_on(turn: Turn, at: Now) -> None:
    if turn.sensors.l2.on and turn.road.lc2_split:
        turn.set_road(lc2_split=False)
        front = turn.front()
        if front is not None and front.vehicle and not front.on_l1:
            enter(turn, front, at)
    elif not turn.sensors.l2.raw and not turn.tracks and not turn.sensors.l3.raw:
        turn.flag(Flag.PEDESTRIAN)


def _lc2_off(turn: Turn, at: Now) -> None:
    turn.set_road(lc2_off_us=at.mono_us)
    if turn.sensors.l2.dropout and not turn.sensors.l2.raw:
        turn.set_line(Sensor.L2, dropout=False)
        turn.set_road(l2_off_us=at.mono_us)
        _l2_cleared(turn, at)
    elif turn.sensors.l2.on:
        turn.set_road(lc2_split=True)


# ---- L3 ---------------------------------------------------------------------------------------------------------


def _l3_on(turn: Turn, at: Now) -> None:
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
    if front is None:
        front = begin(turn, None, shared=True)
        front = turn.flag(Flag.SEPARATION_FAIL, front) or front
    passed(turn, enter(turn, front, at), at)


def _l3_off(turn: Turn, at: Now) -> None:
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


# ---- departures by time -----------------------------------------------------------------------------------------


def settle_departures(turn: Turn) -> None:
    """Void or abandon the first vehicle before the arm when its time is over."""
    while True:
        track, at = next_departure(turn)
        if track is None or at is None or at > turn.t:
            return
        if track.standing is Standing.MOTORCYCLE:
            turn.drop(track)
        elif track.boot_l3 is not None and not track.on_l1:
            passed(turn, enter(turn, track, track.boot_l3), track.boot_l3)
        elif track.recovered and not track.on_l1:
            tags.release(turn, passages.void(turn, track, "not seen after restart"), spent=False)
            turn.drop(track)
        elif track.live and (track.forward or track.on_l1):
            passages.void(turn, track, "pass_timeout")
        else:
            passages.abandon(turn, track, "pass_timeout")


def next_departure(turn: Turn) -> tuple[Track | None, int | None]:
    """The first vehicle before the arm, and when it is given up (None: not while things are as they are)."""
    track = turn.front()
    if track is None or turn.under_arm() is not None:
        return None, None
    if track.recovered_until_us is not None:
        return track, track.recovered_until_us
    if track.on_l1 or track.l1_off_us is None:
        return None, None
    opened = track.times.open_confirmed
    if track.live and turn.arm.opening:
        return None, None
    since = max(track.l1_off_us, turn.road.l2_off_us or 0, turn.road.l3_off_us or 0, opened.mono_us if opened else 0)
    since = max(since, track.voided_us or 0) if track.standing is Standing.VOID else since
    wait_ms = turn.cfg.pass_timeout_ms if track.live or not track.forward else turn.cfg.stuck_ms
    return track, since + wait_ms * 1000
