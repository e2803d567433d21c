"""Tag memory: what was heard, what is credible, whose it is.

In: `TagSeen`, `NeighbourHeard`, list changes, reader links. Out: the tags that may bind to a vehicle, and shares for
neighbours.
Never: a weak tag promoted because no better one is there; a tag of one vehicle offered to another.
"""

from lane_controller.core.config import Geometry, LaneConfig
from lane_controller.core.effects import ShareHeard
from lane_controller.core.events import NeighbourHeard, ReaderConnected, ReaderLost, TagSeen
from lane_controller.core.evolve import changer, evolve
from lane_controller.core.fusion import score
from lane_controller.core.plates import plates_agree
from lane_controller.core.state import HELD, HeardTag, Neighbour, Radio, ReaderLink, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag

QUIET_US = {Geometry.G1: 300_000, Geometry.G2: 1_200_000}
"""A tag heard more lately than this is in the RF zone, or was too lately to be on a vehicle at the arm that L1 never
showed (I11): from the end of the zone to L2 are 17 m in G2."""

SHARE_EVERY_US = 200_000
"""A tag is told to the neighbours when it turns credible and then at most this often: arbitration_wait is 150 ms."""


def seen(turn: Turn, event: TagSeen) -> None:
    """One observation: stale ones are ignored, the others update the memory."""
    if _stale(turn, event):
        return
    purge(turn)
    tag = _heard(turn, event)
    turn.radio = evolve(turn.radio, tags={**turn.radio.tags, event.epc: tag})
    if turn.radio.neighbours:
        arbitrate(turn)
    _share(turn, tag)


def _heard(turn: Turn, event: TagSeen) -> HeardTag:
    old = turn.radio.tags.get(event.epc)
    if old is None:
        window: tuple[tuple[int, int], ...] = ((turn.t, event.rssi_dbm),)
        credible = turn.now if is_credible(window, event.rssi_dbm, turn.cfg) else None
        return HeardTag(event.epc, event.tid, event.entry, turn.now, turn.t, 1, window, credible)
    tag = read_again(old, event.rssi_dbm, turn.t, turn.cfg.rf_window_ms * 1000)
    credible = old.credible
    if credible is None and is_credible(tag.window, tag.median_dbm, turn.cfg):
        credible = turn.now
    return evolve(tag, tid=event.tid or old.tid, entry=event.entry, credible=credible)


def read_again(old: HeardTag, rssi_dbm: int, now_us: int, window_us: int) -> HeardTag:
    """A remembered tag after one more read; what it is and whether it is credible stays as it was."""
    window, since_us = old.window, now_us - window_us
    if window and window[0][0] <= since_us:
        # As a rule one read leaves the window as another comes into it.
        window = window[1:] if len(window) > 1 and window[1][0] > since_us else _since(window, since_us)
    return _read(old, now_us, old.reads + 1, window + ((now_us, rssi_dbm),))  # noqa: RUF005 - half the time of a display


_read = changer(HeardTag, "last_us", "reads", "window")


def _since(window: tuple[tuple[int, int], ...], since: int) -> tuple[tuple[int, int], ...]:
    """The reads after an instant; they are in order of time."""
    for i, read in enumerate(window):
        if read[0] > since:
            return window[i:]
    return ()


def is_credible(window: tuple[tuple[int, int], ...], median: int, cfg: LaneConfig) -> bool:
    """Read often or strongly enough, and not weak."""
    if median < cfg.median_dbm:
        return False
    return len(window) >= cfg.credible_reads or sum(r >= cfg.strong_dbm for _, r in window) >= cfg.strong_reads


def purge(turn: Turn) -> None:
    """Forget tags unheard for tag_memory that no vehicle in the lane owns."""
    oldest = turn.t - turn.cfg.tag_memory_ms * 1000
    radio = turn.radio
    for tag in radio.tags.values():
        if tag.last_us < oldest and tag.owner is None:
            tags = {e: tag for e, tag in radio.tags.items() if tag.last_us >= oldest or tag.owner is not None}
            turn.radio = evolve(radio, tags=tags)
            break
    for heard in radio.neighbours.values():
        if heard.last_us < oldest:
            left = {e: n for e, n in radio.neighbours.items() if n.last_us >= oldest or claimed(turn.radio, e, n)}
            if len(left) < len(radio.neighbours):
                turn.radio = evolve(turn.radio, neighbours=left)
            break


def claimed(radio: Radio, epc: str, heard: Neighbour) -> bool:
    """A tag that is still remembered here stays the neighbour's."""
    return heard.claim_dbm is not None and epc in radio.tags


def _stale(turn: Turn, event: TagSeen) -> bool:
    link = turn.radio.readers.get(event.reader)
    if link is None or link.offset_us is None or event.stamp_utc_us is None:
        return False
    age_us = turn.t - (event.stamp_utc_us - link.offset_us)
    if age_us < -turn.cfg.reader_clock_ms * 1000 and not link.clock_flagged:
        _set_link(turn, event.reader, evolve(link, clock_flagged=True))
        turn.flag(Flag.READER_CLOCK)
    if age_us <= turn.cfg.tag_memory_ms * 1000:
        return False
    if not link.stale_flagged:
        _set_link(turn, event.reader, evolve(link, stale_flagged=True))
        turn.flag(Flag.STALE_REPORTS)
    return True


def connected(turn: Turn, event: ReaderConnected) -> None:
    """A new connection: measure the reader's clock once."""
    offset_us = None if event.clock_utc_us is None else event.clock_utc_us - turn.t
    off = event.clock_utc_us is not None and abs(event.clock_utc_us - turn.now.utc_us) > turn.cfg.reader_clock_ms * 1000
    _set_link(turn, event.reader, ReaderLink(connected=True, offset_us=offset_us, clock_flagged=off))
    if off:
        turn.flag(Flag.READER_CLOCK)


def lost(turn: Turn, event: ReaderLost) -> None:
    """A reader is gone; what it heard stays valid until forgotten."""
    _set_link(turn, event.reader, ReaderLink(connected=False))
    turn.flag(Flag.READER_LOST)


def _set_link(turn: Turn, reader: str, link: ReaderLink) -> None:
    turn.radio = evolve(turn.radio, readers={**turn.radio.readers, reader: link})


def neighbour(turn: Turn, event: NeighbourHeard) -> None:
    """Another lane hears a tag."""
    purge(turn)
    heard = reported(turn.radio.neighbours.get(event.epc), event, turn.t)
    turn.radio = evolve(turn.radio, neighbours={**turn.radio.neighbours, event.epc: heard})


def reported(old: Neighbour | None, event: NeighbourHeard, now_us: int) -> Neighbour:
    """What a neighbour tells of a tag; `old`: what one told before."""
    first = old.first_us if old and old.lane == event.lane else now_us
    return Neighbour(event.lane, event.rssi_dbm, event.vehicle, first, now_us, _claim(old, event))


def _claim(old: Neighbour | None, event: NeighbourHeard) -> int | None:
    before = old.claim_dbm if old is not None else None
    if not event.vehicle:
        return before
    return event.rssi_dbm if before is None else max(before, event.rssi_dbm)


def arbitrate(turn: Turn) -> None:
    """Raise CROSS_READ for every tag that a neighbour owns, once its arbitration is over."""
    remembered = turn.radio.tags
    if not remembered:
        return
    wait_us = turn.cfg.arbitration_wait_ms * 1000
    for epc, heard in turn.radio.neighbours.items():
        if heard.claim_dbm is None or epc not in remembered or turn.t < heard.first_us + wait_us:
            continue
        tag = turn.radio.tags[epc]
        if not tag.cross_read and tag.owner is None and owned_by_neighbour(turn, tag):
            turn.radio = evolve(turn.radio, tags={**turn.radio.tags, epc: evolve(tag, cross_read=True)})
            turn.flag(Flag.CROSS_READ, turn.occupant())


def owned_by_neighbour(turn: Turn, tag: HeardTag) -> bool:
    """The neighbour had a vehicle on its L1 and heard the tag at least neighbour_db better than it is heard here.

    Once rejected, a tag stays the neighbour's while it is remembered: its vehicle drives out of that lobe and off that
    L1, and is no more ours for it. Only a vehicle that changed lanes is heard here as well as it was heard there.
    """
    heard = turn.radio.neighbours.get(tag.epc)
    if heard is None or heard.claim_dbm is None:
        return False
    return heard.claim_dbm - tag.median_dbm >= turn.cfg.neighbour_db


def arbitration_until(turn: Turn, tag: HeardTag) -> int | None:
    """Until when a decision on this tag waits for the neighbour, or None."""
    heard = turn.radio.neighbours.get(tag.epc)
    if heard is None or not heard.vehicle:
        return None
    until = heard.first_us + turn.cfg.arbitration_wait_ms * 1000
    return until if until > turn.t else None


def binding(turn: Turn, track: Track) -> list[HeardTag]:
    """Credible tags that may bind to this vehicle now, listed or not."""
    purge(turn)
    heard = turn.radio.tags.values()
    return [tag for tag in heard if tag.credible is not None and _may_bind(turn, tag, track)] if heard else []


def unclaimed(turn: Turn) -> list[HeardTag]:
    """Credible listed tags that are no vehicle's yet, here or in a neighbouring lane."""
    purge(turn)
    heard = turn.radio.tags.values()
    free = [tag for tag in heard if tag.credible is not None and tag.entry is not None and tag.owner is None]
    return [tag for tag in free if not (tag.spent or owned_by_neighbour(turn, tag))]


def _may_bind(turn: Turn, tag: HeardTag, track: Track) -> bool:
    if tag.owner == track.id:
        return True
    if tag.owner is not None or not (_serves_again(turn, tag, track) if tag.spent else _fresh(tag, track)):
        return False
    if owned_by_neighbour(turn, tag):
        return False
    if track.times.l1_on is None and (_came_behind(turn, tag) or _fits_l1_better(turn, tag, track)):
        return False
    if plate_vouches(turn, tag, track):
        return True
    return in_time(turn, tag, track) and not _of_another(turn, tag, track)


def _of_another(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """Another vehicle, held for want of a tag, shows its plate: too unsure to bind it, but it is nobody else's."""
    registered = tag.entry.plate if tag.entry is not None else None
    return any(
        other.standing is HELD and Flag.NO_TAG in other.holds and plates_agree(other.plate.text, registered)
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


def of_another(turn: Turn, track: Track) -> bool:
    """A credible listed tag is heard that is no vehicle's, and was not weighed for this one."""
    return any(
        tag.credible is not None
        and tag.entry is not None
        and tag.owner is None
        and not tag.spent
        and tag.weighed is None
        and _fresh(tag, track)
        and not owned_by_neighbour(turn, tag)
        for tag in turn.radio.tags.values()
    )


def in_time(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """First read within tag_wait, credible within tag_wait or rf_window after that read, whichever is later."""
    l1_on = track.times.l1_on
    if l1_on is None:
        return turn.t - tag.last_us >= QUIET_US[turn.cfg.geometry]
    deadline = l1_on.mono_us + turn.cfg.tag_wait_ms * 1000
    if tag.first.mono_us > deadline or track.past_zone:
        return False
    last_chance = max(deadline, tag.first.mono_us + turn.cfg.rf_window_ms * 1000)
    return tag.credible is None or tag.credible.mono_us <= last_chance


def plate_vouches(turn: Turn, tag: HeardTag, track: Track) -> bool:
    """The plate of the vehicle is read for certain, and it is the tag's."""
    plate = track.plate
    if track.standing is HELD and track.corrected_us is not None and tag.first.mono_us <= track.corrected_us:
        # R16: the correction came after the decision, and would change it.
        return False
    if plate is None or tag.entry is None or plate.confidence < turn.cfg.plate_sure:
        return False
    return plates_agree(plate.text, tag.entry.plate)


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


def share_all(turn: Turn) -> None:
    """A vehicle came onto L1: tell the neighbours what is heard of its possible tags."""
    for tag in tuple(turn.radio.tags.values()):
        if tag.last_us > turn.t - turn.cfg.rf_window_ms * 1000:
            _share(turn, evolve(tag, shared_us=None))


def _share(turn: Turn, tag: HeardTag) -> None:
    if tag.credible is None or tag.spent or (tag.shared_us is not None and turn.t - tag.shared_us < SHARE_EVERY_US):
        return
    vehicle = turn.occupant() is not None
    turn.effects.append(ShareHeard(tag.epc, len(tag.window), tag.median_dbm, vehicle))
    turn.radio = evolve(turn.radio, tags={**turn.radio.tags, tag.epc: evolve(tag, shared_us=turn.t)})
