"""What is only heard once more: reads, neighbours' reports and heartbeats of the list that change no conclusion.

In: a settled lane of which no timer is due, an event. Out: the next lane with its effects, or None: then the whole step
has to be taken.
Never: a conclusion. What is decided here is only that none can change; test_heard_again.py holds every such step
against the whole one.

Two of three events of a lane are reads of a tag that was heard 25 ms before. Such a read moves `last_us`, `reads` and
the window of its tag. Conclusions look at these only as far as this: is there a credible tag, heard since a vehicle
came onto L1 (since it was voided, since an earlier vehicle left L1)? Where the read before was late enough for all
that, this one says nothing new. What is compared with levels (a neighbour's claim) or is not credible takes the whole
step.
"""

from lane_controller.core.desk import aged
from lane_controller.core.effects import Effect, ShareHeard
from lane_controller.core.events import ListHeartbeat, NeighbourHeard, TagSeen
from lane_controller.core.evolve import changer
from lane_controller.core.state import AUTHORISED, HeardTag, Lane, Neighbour, Radio
from lane_controller.core.tags import SHARE_EVERY_US, claimed, is_credible, read_again, reported

Stepped = tuple[Lane, tuple[Effect, ...]]
NOTHING: tuple[Effect, ...] = ()

_with_radio = changer(Lane, "radio")
_with_tags = changer(Radio, "tags")
_with_neighbours = changer(Radio, "neighbours")
_with_desk = changer(Lane, "desk")
_shared = changer(HeardTag, "shared_us")


def heard_again(lane: Lane, event: TagSeen, now_us: int) -> Stepped | None:
    """One more read of a tag that was credible before, or is not yet."""
    radio, cfg, epc = lane.radio, lane.config, event.epc
    old = radio.tags.get(epc)
    if old is None or (event.tid is not None and event.tid != old.tid):
        return None
    if event.entry is not old.entry and event.entry != old.entry:
        return None
    if epc in radio.neighbours and _is_compared(lane, old):
        return None
    if not _told_before(lane, old, now_us) or not _in_time(lane, event, now_us) or forgets(lane, now_us):
        return None
    tag = read_again(old, event.rssi_dbm, now_us, cfg.rf_window_ms * 1000)
    effects = NOTHING
    if tag.credible is None:
        if is_credible(tag.window, tag.median_dbm, cfg):
            return None
    elif not tag.spent and (tag.shared_us is None or now_us - tag.shared_us >= SHARE_EVERY_US):
        tag = _shared(tag, now_us)
        effects = (ShareHeard(tag.epc, len(tag.window), tag.median_dbm, _occupied(lane)),)
    return _with_radio(lane, _with_tags(radio, {**radio.tags, epc: tag})), effects


def neighbour_heard(lane: Lane, event: NeighbourHeard, now_us: int) -> Stepped | None:
    """A neighbour hears a tag that is unknown here, or tells once more of one on which it has no claim."""
    radio = lane.radio
    old = radio.neighbours.get(event.epc)
    known = event.epc in radio.tags
    if looks_at_tags(lane, now_us) or forgets(lane, now_us) or (known and (event.vehicle or _is_claimed(old))):
        return None
    if known and (old is None or old.lane != event.lane):
        # An arbitration begins.
        return None
    neighbours = {**radio.neighbours, event.epc: reported(old, event, now_us)}
    return _with_radio(lane, _with_neighbours(radio, neighbours)), NOTHING


def list_alive(lane: Lane, event: ListHeartbeat, now_us: int) -> Stepped | None:
    """The list is as young as this, which only the next decision asks."""
    if looks_at_tags(lane, now_us):
        return None
    return _with_desk(lane, aged(lane.desk, event, now_us)), ()


def _is_claimed(heard: Neighbour | None) -> bool:
    """A neighbour has, or had, a vehicle for the tag: then levels are compared."""
    return heard is not None and (heard.vehicle or heard.claim_dbm is not None)


def _is_compared(lane: Lane, tag: HeardTag) -> bool:
    """A neighbour claims it, and it was not rejected yet, or a vehicle on L1 wants a tag: levels are compared."""
    if not _is_claimed(lane.radio.neighbours.get(tag.epc)):
        return False
    fresh = tag.owner is None and not tag.cross_read
    return fresh or any(track.on_l1 and track.standing is not AUTHORISED for track in lane.tracks)


def _told_before(lane: Lane, old: HeardTag, now_us: int) -> bool:
    """The read before this one already counted for every vehicle on L1 that may want a tag."""
    last_us, fresh_us = old.last_us, old.fresh_after_us
    if old.owner is not None and last_us < now_us - lane.config.tag_memory_ms * 1000:
        # It was forgotten for whoever shows its plate, if not for the vehicle that it was taken for.
        return False
    if fresh_us is not None and last_us <= fresh_us:
        return False
    for track in lane.tracks:
        if track.on_l1 and track.returned_us is not None:
            # Whether it was somebody else who came onto L1 hangs on when a tag was heard last.
            return False
        if track.on_l1 and track.standing is not AUTHORISED:
            l1_on, voided_us = track.times.l1_on, track.voided_us
            if l1_on is None or last_us <= l1_on.mono_us or (voided_us is not None and last_us <= voided_us):
                return False
    return True


def looks_at_tags(lane: Lane, now_us: int) -> bool:
    """A vehicle on L1 wants a tag, and what time alone has done to the tags may matter to it.

    Old ones are forgotten when it looks, and one that L1 never showed takes a tag once that has been silent for a while
    (binding.in_time).
    """
    wanted = False
    for track in lane.tracks:
        if track.on_l1 and track.standing is not AUTHORISED:
            if track.times.l1_on is None:
                return True
            wanted = True
    return wanted and forgets(lane, now_us)


def _in_time(lane: Lane, event: TagSeen, now_us: int) -> bool:
    """Neither a stale report nor one of a clock that runs ahead, both of which are flagged."""
    link, stamp_us = lane.radio.readers.get(event.reader), event.stamp_utc_us
    if link is None or stamp_us is None or link.offset_us is None:
        return True
    age_us = now_us + link.offset_us - stamp_us
    return -lane.config.reader_clock_ms * 1000 <= age_us <= lane.config.tag_memory_ms * 1000


def forgets(lane: Lane, now_us: int) -> bool:
    """Something that was heard is old enough to be forgotten now."""
    oldest_us, radio = now_us - lane.config.tag_memory_ms * 1000, lane.radio
    for tag in radio.tags.values():
        if tag.last_us < oldest_us and tag.owner is None:
            return True
    for epc, heard in radio.neighbours.items():  # noqa: SIM110 - any() with a generator takes three times as long
        if heard.last_us < oldest_us and not claimed(radio, epc, heard):
            return True
    return False


def _occupied(lane: Lane) -> bool:
    occupant = lane.road.occupant
    return occupant is not None and any(track.id == occupant and track.on_l1 for track in lane.tracks)
