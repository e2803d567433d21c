"""LC1: whose front and rear passed the end of L1, and who follows close behind.

In: believed edges of LC1; the plate of a follower. Out: vehicles separated, joined again, or come back.
Never: two vehicles made of one that backs a little, or one of two that the curtain has separated.
"""

from lane_controller.core import approach, arrival, beds, binding, hidden, onfoot, passages, reach
from lane_controller.core.events import PlateRead
from lane_controller.core.evolve import evolve
from lane_controller.core.instant import SAME_SCAN_US, Now
from lane_controller.core.plates import plates_agree
from lane_controller.core.reach import ROOM_M
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor


def lc1_on(turn: Turn, at: Now) -> None:
    """LC1 on: the front of the vehicle on L1, or somebody on foot."""
    track = _without_false_gap(turn, turn.occupant())
    if track is not None and _came_from_downstream(turn, track, at):
        back = turn.tracks[-2]
        turn.drop(track)
        approach.come_back(turn, back, at)
    elif track is not None and _follower_breaks_lc1(turn, track):
        # LC1 cleared and is broken again, far from L2: the next vehicle, which may be past L1 before this one is on L2.
        split(turn, track, turn.now.back(track.gap_us or at.mono_us), at.mono_us)
        follower = turn.occupant() or arrival.begin(turn, at, shared=True)
        turn.put(follower, lc1_broken=True, lc1_on_us=arrival.exact(turn, at), split_from=track.id)
    elif track is not None:
        track = _moves_on(turn, track, at)
        front_us = track.lc1_on_us if track.lc1_broken else arrival.exact(turn, at)
        # Unwatched it came to LC1, so its tag left the radio zone before anybody could hear it.
        past_zone = track.past_zone or turn.road.past
        turn.put(track, lc1_broken=True, lc1_clear_us=None, lc1_on_us=front_us, past_zone=past_zone)
        if not turn.road.lc1_proven:
            turn.set_road(lc1_proven=True)
    elif l1_tells_nothing(turn) or _shows_another(turn):
        last = turn.tracks[-1] if turn.tracks else None
        ahead = last.id if arrival.before_arm(last) and last is not None else None
        turn.put(arrival.begin(turn, at), lc1_broken=True, lc1_on_us=arrival.exact(turn, at), split_from=ahead)
    elif not turn.sensors.l1.raw and turn.front() is None:
        turn.flag(Flag.PEDESTRIAN)


def _shows_another(turn: Turn) -> bool:
    """Whom L1 showed last has crossed without leaving it, and is too short for L1 and L3: L1 shows somebody else since,
    or is on by itself.
    """
    short = turn.road.last_longest_m < reach.l1_to_l3_m(turn.cfg) - reach.MARGIN_M
    return turn.road.occupant is not None and turn.sensors.l1.raw and short


def _without_false_gap(turn: Turn, track: Track | None) -> Track | None:
    """Its own tag was heard long after LC1 had cleared: it is in the radio zone yet, which ends before LC1, and
    somebody on foot had broken LC1, or the one ahead, who backed a little.
    """
    if track is None or track.gap_us is None or not binding.is_in_zone(turn, track, track.gap_us):
        return track
    return turn.put(track, gap_us=None)


def _moves_on(turn: Turn, track: Track, at: Now) -> Track:
    """It breaks LC1 after tag_wait, and no plate was read of it: that is asked once more, it is there for certain now.

    Without a tag either it may have come later than L1 went on, which can be on by itself.
    """
    came, unread = track.times.l1_on, track.plate is None or track.plate.text is None
    if track.lc1_broken or came is None or not unread or turn.road.past:
        # Where only a log tells of it, nobody could hear its tag.
        return track
    if at.mono_us - came.mono_us <= turn.cfg.tag_wait_ms * 1000 or not track.vehicle:
        return track
    arrival.ask_plate(turn, track, at.mono_us)
    if arrival.tagged(track):
        return track
    turn.set_line(Sensor.L1, doubted=True)
    return turn.put(track, came_us=None)


def shows_its_plate(turn: Turn, track: Track) -> Track:
    """No plate was read as L1 went on, and one is as it breaks LC1 so much later: it came after L1 had gone on by
    itself, and is on L1 no longer than in LC1.
    """
    came, front_us = track.times.l1_on, track.lc1_on_us
    if came is None or front_us is None or front_us - came.mono_us <= turn.cfg.tag_wait_ms * 1000 or not track.on_l1:
        return track
    turn.set_line(Sensor.L1, doubted=True)
    return turn.put(track, came_us=None)


def _follower_breaks_lc1(turn: Turn, track: Track) -> bool:
    """LC1 cleared and is broken again: by the next vehicle, unless this one came back over L1, or wanders on it.

    In a short lane that is told as this one comes onto L2; without LC2 nothing tells it if the one ahead is on L2 yet.
    """
    if track.gap_us is None or track.returned_us is not None or arrival.only_lc1_tells(turn, track):
        return False
    l2 = turn.sensors.l2
    untold = Sensor.LC2 not in turn.cfg.curtains and l2.on and l2.since_us < track.gap_us
    return untold or ROOM_M[turn.cfg.geometry] > 2 * approach.LEAST_LENGTH_M


def _came_from_downstream(turn: Turn, track: Track, at: Now) -> bool:
    """L1 and its far end went on together, L1 told first: the "new" vehicle is the one ahead, backing."""
    l1_on = track.times.l1_on
    # In MANUAL mode it is held at once.
    fresh = track.standing in (Standing.WAITING, Standing.HELD) and turn.tracks[-1].id == track.id
    if l1_on is None or not fresh or len(turn.tracks) < 2 or track.lc1_broken:
        return False
    if turn.road.levels_us == l1_on.mono_us:
        # The edge itself was lost: nobody knows when it was.
        return False
    ahead = turn.tracks[-2]
    together = abs(at.mono_us - l1_on.mono_us) < SAME_SCAN_US
    return together and approach.may_back(ahead, turn.cfg) and reach.may_be_back(ahead, at.mono_us, turn.cfg)


def stays_broken(turn: Turn) -> None:
    """LC1 only bounced as somebody came onto L1, who was taken for one that had yet to break it."""
    track = turn.occupant()
    if track is not None and not track.lc1_broken:
        turn.put(track, lc1_broken=True)


def lc1_off(turn: Turn, at: Now) -> None:
    """LC1 off: the rear of the vehicle on L1, perhaps with a follower behind it."""
    l1 = turn.sensors.l1
    track = turn.occupant()
    if track is not None and track.returned_us is not None and l1_tells_nothing(turn):
        # It came back over LC1, and L1 tells nothing: it left upstream.
        turn.set_road(occupant=None)
        passages.abandon(turn, track, "left upstream")
        return
    if track is not None and l1.on and l1.pending is None and onfoot.walked_through(turn, track):
        return
    if track is not None and ((l1.dropout and not l1.on) or l1.stuck):
        turn.set_line(Sensor.L1, dropout=False)
        # Its rear left L1 when L1 went off, unless its bed is high: LC1 alone may have been broken by somebody on foot.
        approach.leave_l1(turn, turn.put(track, lc1_clear_us=at.mono_us), at, None if l1.on else l1.since_us)
        return
    if not l1.on or l1.pending is not None or l1.stuck:
        return
    if track is not None and track.came_us is not None and at.mono_us <= track.came_us:
        # The rear of the vehicle ahead: believed later than the front of this one, which came after it.
        return
    if track is None:
        if turn.road.occupant is not None:
            arrival.begin(turn, at, shared=True)
    elif track.stage is Stage.UNDER_ARM:
        split(turn, track, at)
    else:
        rear = reach.may_have_passed_lc1(track, at.mono_us, turn.cfg)
        turn.put(track, lc1_clear_us=at.mono_us, gap_us=track.gap_us or (at.mono_us if rear else None))


def split(turn: Turn, ahead: Track, at: Now, seen_us: int | None = None) -> None:
    """LC1 cleared while L1 did not: the vehicle ahead left L1, a follower is on it. `seen_us`: what tells it, if that
    was later; a frame of the gap itself may still show the rear of the one ahead, and its plate.
    """
    plate = ahead.next_plate
    rear_us = arrival.exact(turn, at)
    ahead = turn.put(
        ahead, on_l1=False, l1_off_us=at.mono_us, rear_us=rear_us, forward=True, gap_us=None, next_plate=None
    )
    passages.drives_on(turn, ahead)
    arrival.leaves_tags(turn, ahead, at)
    if turn.sensors.l1.doubted:
        # L1 may be on by itself: who follows comes when he breaks LC1.
        turn.set_road(occupant=None)
        return
    follower = arrival.begin(turn, at, shared=True, seen_us=seen_us)
    broken = turn.sensors.lc1.on
    if plate is not None:
        times = evolve(follower.times, plate=turn.now)
        follower = turn.put(follower, plate=plate, frames=plate.frames, times=times)
    turn.put(follower, lc1_broken=broken, split_from=ahead.id)


def not_on_both(turn: Turn, track: Track) -> None:
    """It is on L2; L1, which went off under it and on again, shows the next one if it is too short for both.

    The longest of its class can be just so long; then a tag has to tell that somebody is there.
    """
    if not _on_again(turn, track):
        return
    just = reach.longest(track) <= ROOM_M[turn.cfg.geometry]
    if reach.past_l1(track, turn.cfg) or (just and hidden.came_behind(turn, track)):
        split(turn, track, turn.now.back(turn.sensors.l1.since_us))


def is_on_l3(turn: Turn, track: Track, at: Now) -> Track:
    """Whomever L1 shows besides is counted; the vehicle as it is then."""
    _not_on_l1_and_l3(turn, track)
    track = turn.track(track.id) or track
    _too_short_for_both(turn, track, at)
    return turn.track(track.id) or track


def _not_on_l1_and_l3(turn: Turn, track: Track) -> None:
    """It is on L3: nobody is so long as to be on L1 as well in a non-stop lane.

    Of a road train, or where the class is unknown, only where LC1 tells nothing: one that stays broken from L1 on again
    to L3 shows one body.
    """
    between_m = reach.l1_to_l3_m(turn.cfg)
    told = reach.foreign_curtain(track, turn.sensors) and between_m >= reach.UNKNOWN_M
    if _on_again(turn, track) and (told or reach.longest(track) < between_m - reach.MARGIN_M):
        split(turn, track, turn.now.back(turn.sensors.l1.since_us))


def _on_again(turn: Turn, track: Track) -> bool:
    """L1 went off under it and on again."""
    l1, came = turn.sensors.l1, track.times.l1_on
    if track.recovered:
        # It came in an earlier run, and L1 was on since before this one: nothing is known of the two instants.
        return False
    return came is not None and track.on_l1 and l1.on and l1.since_us > came.mono_us


def _too_short_for_both(turn: Turn, track: Track, at: Now) -> None:
    """It is on L3, and L1, which has not cleared since it came, shows somebody else, bumper to bumper.

    A tag first heard meanwhile tells for certain. Without one the sensor may be stuck, but somebody may come.
    """
    came = track.times.l1_on
    if came is None or not track.on_l1 or not turn.sensors.l1.raw or turn.road.lc1_proven or l1_tells_nothing(turn):
        return
    if reach.longest(track) > reach.l1_to_l3_m(turn.cfg) - reach.MARGIN_M:
        return
    if any(tag.first.mono_us > came.mono_us for tag in binding.unclaimed(turn)):
        split(turn, track, at)
        turn.flag(Flag.SEPARATION_FAIL, turn.occupant())
    else:
        turn.set_road(uncounted=True)


def rejoin(turn: Turn, follower: Track) -> bool:
    """The plate of a vehicle that LC1 separated is that of the one ahead: they are one. Returns whether they were.

    However unsure: of two vehicles no wrong reading is the same twice.
    """
    ahead = turn.track(follower.split_from)
    if ahead is None or ahead.stage is not Stage.BEFORE or ahead.on_l1 or follower.plate is None:
        return False
    if _was_nobody(turn, ahead, follower.plate):
        turn.put(arrival.join(turn, ahead, follower), lc1_on_us=follower.lc1_on_us)
        return True
    if not arrival.same_plate(ahead, follower):
        return False
    back = arrival.join(turn, ahead, follower)
    if back.on_l1 and l1_tells_nothing(turn):
        turn.put(back, returned_us=turn.t)
    return True


def backs_to_lc1(turn: Turn, track: Track) -> bool:
    """With L1 on by itself, who broke LC1 has the plate of the last one before the arm: it is that one, and backs.
    Returns whether it is.
    """
    ahead = _last_before(turn, track)
    if ahead is None or not l1_tells_nothing(turn) or track.lc1_on_us is None:
        return False
    return rejoin(turn, evolve(track, split_from=ahead.id))


def backs_untold(turn: Turn, track: Track) -> bool:
    """No edge has told how it came onto L1 and into LC1, and its plate is that of the last one, which can be back: it
    is that one. Returns whether it is.
    """
    ahead, came = _last_before(turn, track), track.times.l1_on
    untold = track.came_us is None and track.split_from is None and track.on_l1 and track.lc1_broken
    if ahead is None or came is None or not untold or not arrival.same_plate(ahead, track):
        return False
    if not approach.may_back(ahead, turn.cfg) or not reach.may_be_back(ahead, came.mono_us, turn.cfg):
        return False
    passages.give_up(turn, track, "it is the vehicle ahead")
    approach.come_back(turn, ahead, came)
    return True


def _last_before(turn: Turn, track: Track) -> Track | None:
    return next((one for one in reversed(turn.tracks) if one.id != track.id), None)


def rear_axles(turn: Turn, track: Track) -> bool:
    """L1 shows the rear axles of the lorry ahead, as the plate says. Returns whether it does."""
    lorry, came = beds.shown_again(turn, track), track.times.l1_on
    if lorry is None or came is None:
        return False
    passages.give_up(turn, track, "it is the rear of the lorry ahead")
    approach.come_back(turn, lorry, came)
    return True


def _was_nobody(turn: Turn, ahead: Track, plate: PlateRead) -> bool:
    """With L1 on by itself, somebody on foot broke LC1, who had no plate; whose tag he was taken for comes only now."""
    unread = ahead.plate is None or ahead.plate.text is None
    registered = ahead.finding.plate_registered if ahead.finding is not None else None
    sure = plate.confidence >= turn.cfg.plate_sure and plates_agree(plate.text, registered)
    return l1_tells_nothing(turn) and unread and ahead.live and sure


def l1_tells_nothing(turn: Turn) -> bool:
    """L1 is on by itself."""
    return turn.sensors.l1.stuck or turn.sensors.l1.doubted
