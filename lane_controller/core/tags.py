"""Tag memory: what was heard, what is credible, what a neighbour claims.

In: `TagSeen`, `NeighbourHeard`, list changes, reader links. Out: the tags that are remembered, and shares for
neighbours.
Never: a weak tag promoted because no better one is there.
"""

from lane_controller.core.config import LaneConfig
from lane_controller.core.effects import ShareHeard
from lane_controller.core.events import NeighbourHeard, ReaderConnected, ReaderLost, TagSeen
from lane_controller.core.evolve import changer, evolve, maker
from lane_controller.core.instant import Now
from lane_controller.core.state import HeardTag, Neighbour, Radio, ReaderLink
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag

SHARE_EVERY_US = 200_000
"""A tag is told to the neighbours when it turns credible and then at most this often: arbitration_wait is 150 ms."""


def seen(turn: Turn, event: TagSeen) -> None:
    """One observation: stale ones are ignored, the others update the memory."""
    if _stale(turn, event):
        return
    purge(turn)
    tag = heard_of(turn.radio.tags.get(event.epc), event, turn.now, turn.cfg)
    turn.radio = with_tag(turn.radio, tag)
    if turn.radio.neighbours:
        arbitrate(turn)
    _share(turn, tag)


def with_tag(radio: Radio, tag: HeardTag) -> Radio:
    """A tag is remembered as it is now."""
    tags = dict(radio.tags)
    tags[tag.epc] = tag
    return _with_tags(radio, tags)


_with_tags = changer(Radio, "tags")


def heard_of(old: HeardTag | None, event: TagSeen, now: Now, cfg: LaneConfig) -> HeardTag:
    """A tag after one more read, or after its first."""
    if old is None:
        window: tuple[tuple[int, int], ...] = ((now.mono_us, event.rssi_dbm),)
        credible = now if is_credible(window, event.rssi_dbm, cfg) else None
        return HeardTag(event.epc, event.tid, event.entry, now, now.mono_us, 1, window, credible)
    tag = read_again(old, event.rssi_dbm, now.mono_us, cfg.rf_window_ms * 1000)
    credible = old.credible
    if credible is None and is_credible(tag.window, tag.median_dbm, cfg):
        credible = now
    return _known(tag, event.tid or old.tid, event.entry, credible)


_known = changer(HeardTag, "tid", "entry", "credible")


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
    turn.radio = remembered(turn.radio, turn.t - turn.cfg.tag_memory_ms * 1000)


def remembered(radio: Radio, oldest_us: int) -> Radio:
    """What is left where all that was heard before an instant is forgotten."""
    for tag in radio.tags.values():
        if tag.last_us < oldest_us and tag.owner is None:
            tags = {e: tag for e, tag in radio.tags.items() if tag.last_us >= oldest_us or tag.owner is not None}
            radio = _with_tags(radio, tags)
            break
    for told in radio.neighbours.values():
        if told.last_us < oldest_us:
            left = {e: n for e, n in radio.neighbours.items() if n.last_us >= oldest_us or claimed(radio, e, n)}
            return radio if len(left) == len(radio.neighbours) else _with_neighbours(radio, left)
    return radio


_with_neighbours = changer(Radio, "neighbours")


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
    turn.radio = with_report(turn.radio, event, turn.t)


def with_report(radio: Radio, event: NeighbourHeard, now_us: int) -> Radio:
    """What a neighbour tells is remembered."""
    neighbours = dict(radio.neighbours)
    neighbours[event.epc] = reported(neighbours.get(event.epc), event, now_us)
    return _with_neighbours(radio, neighbours)


def reported(old: Neighbour | None, event: NeighbourHeard, now_us: int) -> Neighbour:
    """What a neighbour tells of a tag; `old`: what one told before."""
    first = old.first_us if old and old.lane == event.lane else now_us
    return _neighbour(event.lane, event.rssi_dbm, event.vehicle, first, now_us, _claim(old, event))


_neighbour = maker(Neighbour)


def _claim(old: Neighbour | None, event: NeighbourHeard) -> int | None:
    before = old.claim_dbm if old is not None else None
    if not event.vehicle:
        return before
    return event.rssi_dbm if before is None else max(before, event.rssi_dbm)


def arbitrate(turn: Turn) -> None:
    """Raise CROSS_READ for every tag that a neighbour owns, once its arbitration is over."""
    here = turn.radio.tags
    if not here:
        return
    wait_us = turn.cfg.arbitration_wait_ms * 1000
    for epc, told in turn.radio.neighbours.items():
        if told.claim_dbm is None or epc not in here or turn.t < told.first_us + wait_us:
            continue
        tag = turn.radio.tags[epc]
        if not tag.cross_read and tag.owner is None and owned_by_neighbour(turn, tag):
            turn.radio = with_tag(turn.radio, evolve(tag, cross_read=True))
            turn.flag(Flag.CROSS_READ, turn.occupant())


def owned_by_neighbour(turn: Turn, tag: HeardTag) -> bool:
    """The neighbour had a vehicle on its L1 and heard the tag at least neighbour_db better than it is heard here.

    Once rejected, a tag stays the neighbour's while it is remembered: its vehicle drives out of that lobe and off that
    L1, and is no more ours for it. Only a vehicle that changed lanes is heard here as well as it was heard there.
    """
    return heard_better(turn.radio.neighbours.get(tag.epc), tag, turn.cfg)


def heard_better(told: Neighbour | None, tag: HeardTag, cfg: LaneConfig) -> bool:
    """The neighbour claims the tag, and heard it so much better than it is heard here."""
    return told is not None and told.claim_dbm is not None and told.claim_dbm - tag.median_dbm >= cfg.neighbour_db


def arbitration_until(turn: Turn, tag: HeardTag) -> int | None:
    """Until when a decision on this tag waits for the neighbour, or None."""
    told = turn.radio.neighbours.get(tag.epc)
    if told is None or not told.vehicle:
        return None
    until = told.first_us + turn.cfg.arbitration_wait_ms * 1000
    return until if until > turn.t else None


def share_all(turn: Turn) -> None:
    """A vehicle came onto L1: tell the neighbours what is heard of its possible tags."""
    for tag in tuple(turn.radio.tags.values()):
        if tag.last_us > turn.t - turn.cfg.rf_window_ms * 1000:
            _share(turn, evolve(tag, shared_us=None))


def _share(turn: Turn, tag: HeardTag) -> None:
    if due_to_share(tag, turn.t):
        vehicle = turn.occupant() is not None
        turn.effects.append(ShareHeard(tag.epc, len(tag.window), tag.median_dbm, vehicle))
        turn.radio = with_tag(turn.radio, shared(tag, turn.t))


def due_to_share(tag: HeardTag, now_us: int) -> bool:
    """The neighbours are to be told of it now."""
    if tag.credible is None or tag.spent:
        return False
    return tag.shared_us is None or now_us - tag.shared_us >= SHARE_EVERY_US


shared = changer(HeardTag, "shared_us")
