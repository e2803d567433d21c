"""Whose a tag is: which vehicle it may bind to, and what becomes of it when that one is decided, leaves or passes.

In: the memory of tags (tags.py), vehicles, plates. Out: tags that may bind, tags bound, weighed, spent or free again.
Never: a tag of one vehicle offered to another.
"""

from lane_controller.contracts.values import Outcome
from lane_controller.core.config import Geometry
from lane_controller.core.evolve import evolve
from lane_controller.core.fusion import score
from lane_controller.core.plates import plates_agree
from lane_controller.core.state import HELD, HeardTag, Track
from lane_controller.core.tags import owned_by_neighbour, purge
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Sensor

QUIET_US = {Geometry.G1: 300_000, Geometry.G2: 1_200_000}
"""A tag heard more lately than this is in the RF zone, or was too lately to be on a vehicle at the arm that L1 never
showed (I11): from the end of the zone to L2 are 17 m in G2."""


SILENT_US = 500_000
"""A tag in the zone is read forty times a second; as a vehicle leaves L1 its tag has been out of it for longer."""

ANOTHERS_TAG = frozenset({Flag.PLATE_MISMATCH, Flag.PLATE_DOUBT})
"""The tag that was heard with a vehicle is not its own, as its plate says: the next one's, as like as not."""


def able(turn: Turn, track: Track) -> list[HeardTag]:
    """Credible tags that may bind to this vehicle now, listed or not."""
    purge(turn)
    heard = turn.radio.tags.values()
    return [tag for tag in heard if tag.credible is not None and _may_bind(turn, tag, track)] if heard else []


def unclaimed(turn: Turn) -> list[HeardTag]:
    """Credible listed tags that are no vehicle's yet, here or in a neighbouring lane."""
    purge(turn)
    return nobodys(turn)


def nobodys(turn: Turn) -> list[HeardTag]:
    """The same among all that are remembered, also such as have not been heard for tag_memory."""
    heard = turn.radio.tags.values()
    free = [tag for tag in heard if tag.credible is not None and tag.entry is not None and tag.owner is None]
    return [tag for tag in free if not (tag.spent or owned_by_neighbour(turn, tag))]


def _may_bind(turn: Turn, tag: HeardTag, track: Track) -> bool:
    if tag.owner == track.id:
        return True
    if not _is_free(turn, tag, track) or owned_by_neighbour(turn, tag):
        return False
    if track.times.l1_on is None and (_came_behind(turn, tag) or _fits_l1_better(turn, tag, track)):
        return False
    if plate_vouches(turn, tag, track):
        return True
    return in_time(turn, tag, track) and not _shown_by_one_held(turn, tag, track)


def _is_free(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """No other vehicle of the lane, or gone from it, has this tag."""
    if tag.owner is not None:
        return _of_another_plate(turn, tag) and plate_vouches(turn, tag, track)
    if tag.spent:
        return _serves_again(turn, tag, track)
    return _fresh(tag, track) or plate_vouches(turn, tag, track)


def _shown_by_one_held(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """Another vehicle that is held shows its plate, too unsurely to bind it, or in MANUAL mode: it is nobody else's."""
    registered = tag.entry.plate if tag.entry is not None else None
    return any(
        other.standing is HELD and plates_agree(other.plate.text, registered)
        for other in turn.tracks
        if other.id != track.id and other.plate is not None
    )


def _came_behind(turn: Turn, tag: HeardTag) -> bool:
    """First heard with somebody on L1: whoever is ahead of that one had driven out of the zone before."""
    occupant = turn.occupant()
    l1_on = occupant.times.l1_on if occupant is not None else None
    return l1_on is not None and tag.first.mono_us > l1_on.mono_us


def _fits_l1_better(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """A vehicle that L1 never showed competes with the one now on L1 for an unbound tag: the better score has it."""
    occupant = turn.occupant()
    if occupant is None or occupant.live or occupant.id == track.id:
        return False
    neighbour = turn.radio.neighbours.get(tag.epc)
    return score(tag, occupant, neighbour, turn.cfg) > score(tag, track, neighbour, turn.cfg)


def _fresh(tag: HeardTag, track: Track) -> bool:
    """A tag weighed for an earlier vehicle was heard again after that vehicle had left L1."""
    if tag.weighed is not None:
        return tag.weighed == track.id
    return tag.fresh_after_us is None or tag.last_us > tag.fresh_after_us


def _serves_again(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """The tag of a vehicle that passed is this one's: its plate is read, and it was heard again, or not paid with."""
    heard_again = tag.fresh_after_us is not None and tag.last_us > tag.fresh_after_us
    return (tag.disowned or heard_again) and plate_vouches(turn, tag, track)


def _of_another_plate(turn: Turn, tag: HeardTag) -> bool:
    """It was heard with somebody on L1 who showed another plate and does not pay by it; it is forgotten as nobody's."""
    owner = turn.track(tag.owner)
    if owner is None or Flag.PLATE_MISMATCH not in owner.flags or tag.last_us < turn.t - turn.cfg.tag_memory_ms * 1000:
        return False
    return not (owner.live and owner.finding is not None and owner.finding.outcome is Outcome.CHARGED)


def another_is_heard(turn: Turn, track: Track) -> bool:
    """A credible listed tag is heard that is no vehicle's, and was not weighed for this one."""
    return any(tag.weighed is None and _fresh(tag, track) for tag in unclaimed(turn))


def is_in_zone(turn: Turn, track: Track, since_us: int) -> bool:
    """Its own tag was heard long after that: it was in the radio zone still, or again, which ends before LC1."""
    if not ANOTHERS_TAG.isdisjoint(track.flags):
        return False
    heard = turn.radio.tags.values()
    return any(tag.owner == track.id and tag.last_us - since_us > SILENT_US for tag in heard)


def of_the_next(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """First heard too late to be this vehicle's, nor was it weighed for this one."""
    l1_on = track.times.l1_on
    if l1_on is None or tag.weighed is not None or not _fresh(tag, track):
        return False
    return tag.first.mono_us > l1_on.mono_us + turn.cfg.tag_wait_ms * 1000


def in_time(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """First read within tag_wait, credible within tag_wait or rf_window after that read, whichever is later."""
    l1_on = track.times.l1_on
    if l1_on is None:
        return turn.t - tag.last_us >= QUIET_US[turn.cfg.geometry]
    deadline = l1_on.mono_us + turn.cfg.tag_wait_ms * 1000
    if tag.first.mono_us > (l1_on.mono_us if _out_of_zone(turn, track) else deadline) or track.past_zone:
        return False
    last_chance = max(deadline, tag.first.mono_us + turn.cfg.rf_window_ms * 1000)
    return tag.credible is None or tag.credible.mono_us <= last_chance


def _out_of_zone(turn: Turn, track: Track) -> bool:
    """Noticed only as it broke LC1, where L1 tells nothing: in a non-stop lane the zone ends two metres before."""
    l1_on, front_us = track.times.l1_on, track.lc1_on_us
    noticed = l1_on is not None and front_us is not None and front_us <= l1_on.mono_us
    return noticed and turn.cfg.geometry is Geometry.G2


def plate_vouches(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """The plate of the vehicle is read for certain, and it is the tag's."""
    plate = track.plate
    if track.standing is HELD and track.corrected_us is not None and tag.first.mono_us <= track.corrected_us:
        # R16: the correction came after the decision, and would change it.
        return False
    if plate is None or tag.entry is None or plate.confidence < turn.cfg.plate_sure:
        return False
    return plates_agree(plate.text, tag.entry.plate) and not _was_in_lc1(turn, tag, track)


def _was_in_lc1(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """A restart found it in LC1, which it had broken long before the tag was heard: past the radio zone, and past where
    the camera looks. Tag and plate are those of whoever stands behind it, bumper to bumper.
    """
    front_us = turn.trace_on(Sensor.LC1) if track.past_zone else None
    return front_us is not None and tag.first.mono_us - front_us > turn.cfg.tag_wait_ms * 1000


def still_hoped(turn: Turn, track: Track) -> int | None:
    """Until when a tag heard in time may still become credible for this vehicle, or None."""
    l1_on = track.times.l1_on
    latest: int | None = None
    for tag in turn.radio.tags.values():
        if tag.credible is not None or tag.owner is not None or tag.spent or l1_on is None:
            continue
        until = tag.first.mono_us + turn.cfg.rf_window_ms * 1000
        if until > turn.t and in_time(turn, tag, track) and not owned_by_neighbour(turn, tag):
            latest = max(latest or until, until)
    return latest


def weak_on_l1(turn: Turn, track: Track) -> bool:
    """A tag was heard while this vehicle was on L1 and is not credible now (STRAY_REJECTED)."""
    l1_on = track.times.l1_on
    return l1_on is not None and any(
        tag.credible is None and tag.owner is None and not tag.spent and tag.last_us >= l1_on.mono_us
        for tag in turn.radio.tags.values()
    )


def bind(turn: Turn, epcs: tuple[str, ...], track: Track) -> None:
    """These tags are this vehicle's from now on; those that it had been given before belong to somebody else."""
    heard = turn.radio.tags.items()
    tags = {epc: evolve(tag, owner=None) if tag.owner == track.id else tag for epc, tag in heard}
    for epc in epcs:
        tags[epc] = evolve(tags[epc], owner=track.id, spent=False, disowned=False)
    turn.radio = evolve(turn.radio, tags=tags)


def weigh(turn: Turn, track: Track) -> None:
    """This vehicle is decided on L1: credible tags that it did not take were weighed for it.

    Not those that still wait to be heard again: weighed, they would be this one's.
    """
    heard = turn.radio.tags.items()
    tags = {epc: evolve(tag, weighed=track.id) if _weighable(tag, track) else tag for epc, tag in heard}
    turn.radio = evolve(turn.radio, tags=tags)


def _weighable(tag: HeardTag, track: Track) -> bool:
    return tag.credible is not None and tag.owner is None and not tag.spent and _fresh(tag, track)


def left_l1(turn: Turn, track: Track, at_us: int) -> None:
    """The vehicle left L1: what was weighed for it serves the next one only when heard again."""
    if any(tag.weighed == track.id for tag in turn.radio.tags.values()):
        tags = {
            epc: evolve(tag, weighed=None, fresh_after_us=at_us) if tag.weighed == track.id else tag
            for epc, tag in turn.radio.tags.items()
        }
        turn.radio = evolve(turn.radio, tags=tags)


def release(turn: Turn, track: Track, spent: bool, disowned: bool = False) -> None:
    """The vehicle is gone: its tags are spent (it passed), or free when heard again (it left upstream)."""
    if any(tag.owner == track.id for tag in turn.radio.tags.values()):
        tags = {
            epc: evolve(tag, owner=None, spent=spent, disowned=disowned, fresh_after_us=turn.t)
            if tag.owner == track.id
            else tag
            for epc, tag in turn.radio.tags.items()
        }
        turn.radio = evolve(turn.radio, tags=tags)
