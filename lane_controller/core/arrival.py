"""Vehicles begin: on L1, or at the arm where nobody had counted them.

In: the instant, and what was read before it. Out: a new vehicle in its place in the queue.
Never: a plate or a class that was another vehicle's.
"""

from lane_controller.core import binding, passages, tags
from lane_controller.core.effects import AskPlate
from lane_controller.core.events import ClassMeasured
from lane_controller.core.evolve import evolve
from lane_controller.core.instant import Now
from lane_controller.core.plates import plates_agree
from lane_controller.core.records import StageTimes
from lane_controller.core.state import Stage, Standing, Track
from lane_controller.core.turn import Turn

LOOSE_US = 1_000_000
"""A plate or class up to this long before L1 on belongs to the vehicle that then comes onto L1; a class also up to this
long after it, where L1 on is told late."""


def begin(
    turn: Turn,
    l1_on: Now | None,
    standing: Standing = Standing.WAITING,
    shared: bool = False,
    seen_us: int | None = None,
) -> Track:
    """A new vehicle: on L1 since `l1_on`, or first noticed at the arm (None).

    `seen_us`: when the camera has it in view, if later than L1 shows it: the one ahead was there until then.
    """
    if not turn.tracks and (turn.road.missed or turn.road.through):
        turn.set_road(missed=False, through=False, on_foot_us=None)
    track = Track(turn.road.next_track, standing, StageTimes(l1_on=l1_on), on_l1=l1_on is not None, shared_l1=shared)
    turn.tracks = (*turn.tracks, track)
    turn.set_road(next_track=track.id + 1)
    if l1_on is None:
        return track
    turn.set_road(occupant=track.id)
    track = _take_loose(turn, track, l1_on)
    if standing is not Standing.PHANTOM:
        ask_plate(turn, track, l1_on.mono_us if seen_us is None else seen_us)
        tags.share_all(turn)
    return track


def ask_plate(turn: Turn, track: Track, at_us: int) -> None:
    """Unless a log tells of it: the camera saw nobody then, and who is on L1 now may be somebody else."""
    if not turn.road.past:
        turn.effects.append(AskPlate(track.id, at_us))


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
    ahead = turn.put(
        track,
        on_l1=False,
        l1_off_us=turn.t,
        forward=True,
        lc1_broken=False,
        lc1_clear_us=None,
        gap_us=None,
        lc1_on_us=None,
    )
    there = begin(turn, turn.now if lc1_us is None else turn.now.back(lc1_us))
    turn.put(there, lc1_broken=lc1, lc1_clear_us=clear_us, gap_us=gap_us, lc1_on_us=lc1_us, past_zone=lc1)
    return ahead


def exact(turn: Turn, at: Now) -> int | None:
    """The instant of an edge; None where the edge was lost and only the level told of it."""
    return None if turn.road.levels_us == at.mono_us else at.mono_us


def came_by(track: Track, at: Now) -> StageTimes:
    """Whom a restart found on L1 had come before the log shows that it leaves: it is before whoever came since."""
    came = track.times.l1_on
    return evolve(track.times, l1_on=at) if came is not None and at.mono_us < came.mono_us else track.times


def _take_loose(turn: Turn, track: Track, l1_on: Now) -> Track:
    plate, measured = turn.road.loose_plate, _class_at(turn, l1_on)
    if plate is not None and turn.t - plate[0] <= LOOSE_US:
        times = evolve(track.times, plate=turn.now.back(plate[0]))
        track = turn.put(track, plate=plate[1], frames=plate[1].frames, times=times)
    if measured is not None:
        later = tuple(one for one in turn.road.loose_classes if one[0] > measured[0])
        turn.set_road(loose_classes=later)
        track = turn.put(track, measured=measured[1])
    if plate is not None or measured is not None:
        turn.set_road(loose_plate=None)
    return track


def _class_at(turn: Turn, l1_on: Now) -> tuple[int, ClassMeasured] | None:
    """What was measured as it came onto L1, also where the PLC was silent then, and its log tells it only now."""
    near = [one for one in turn.road.loose_classes if abs(one[0] - l1_on.mono_us) <= LOOSE_US]
    return min(near, key=lambda one: abs(one[0] - l1_on.mono_us), default=None)


def before_arm(track: Track | None) -> bool:
    """Between L1 and L2, as far as the lane knows."""
    return track is not None and not track.on_l1 and track.stage is Stage.BEFORE and track.vehicle


def tagged(track: Track) -> bool:
    """A tag is known to be its own."""
    return track.finding is not None and track.finding.epc is not None


def same_plate(ahead: Track, track: Track) -> bool:
    """Both plates were read, and they agree."""
    return ahead.plate is not None and track.plate is not None and plates_agree(ahead.plate.text, track.plate.text)


def unknown(track: Track) -> bool:
    """Nobody has read its plate, measured it or heard its tag."""
    unread = track.plate is None or track.plate.text is None
    return unread and track.measured is None and not tagged(track)


def leaves_tags(turn: Turn, track: Track, at: Now) -> None:
    """What it did not take is kept for the next one; if nobody knows when it came, or it was held without a decision
    (MANUAL), only what is heard again.
    """
    undecided = track.standing is Standing.HELD and track.finding is None
    if undecided or (track.came_us is None and not tagged(track)):
        binding.weigh(turn, track)
    binding.left_l1(turn, track, at.mono_us)


def only_lc1_tells(turn: Turn, track: Track) -> bool:
    """LC1 alone parts it from the one ahead, which has yet to come to L2; the camera, which read that one, and the
    antenna tell of nobody: as far as is known it is the one ahead, which wanders over LC1.
    """
    ahead, came = turn.track(track.split_from), track.times.l1_on
    if ahead is None or came is None or not before_arm(ahead) or ahead.plate is None or ahead.plate.text is None:
        return False
    l1 = turn.sensors.l1
    if not (track.on_l1 and track.shared_l1) or l1.stuck or l1.doubted:
        return False
    if track.plate is not None or track.measured is not None or track.card is not None:
        return False
    heard = turn.radio.tags.values()
    return not any(tag.last_us >= came.mono_us and tag.owner != ahead.id and not tag.spent for tag in heard)


def join(turn: Turn, ahead: Track, follower: Track) -> Track:
    """The follower is the vehicle ahead, and where it was seen last."""
    passages.give_up(turn, follower, "it is the vehicle ahead")
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
        passages.drives_on(turn, back)
    return back
