"""What is only heard once more: reads, neighbours' reports and heartbeats of the list that change no conclusion.

In: a settled lane of which no timer is due, an event. Out: the next lane with its effects, or None: then the whole step
has to be taken.
Never: a conclusion. What is decided here is only that none can change; test_heard_again.py holds every such step
against the whole one.

Two of three events of a lane are reads of a tag that was heard 25 ms before. Such a read moves `last_us`, `reads` and
the window of its tag. Conclusions look at these only as far as this: is there a credible tag, heard since a vehicle
came onto L1 (since it was voided, since an earlier vehicle left L1)? Where the read before was late enough for all
that, this one says nothing new. Any other read (the first, one that makes the tag credible, one after which something
is forgotten) matters to whoever waits on L1 for a tag. Where nobody does it only changes what is remembered; and what a
neighbour contests takes the whole step.
"""

from lane_controller.core.config import LaneConfig
from lane_controller.core.desk import aged
from lane_controller.core.effects import Effect, ShareHeard
from lane_controller.core.events import ListHeartbeat, NeighbourHeard, TagSeen
from lane_controller.core.evolve import changer
from lane_controller.core.instant import Now
from lane_controller.core.state import AUTHORISED, HeardTag, Lane, Neighbour, Radio
from lane_controller.core.tags import (
    claimed,
    due_to_share,
    heard_better,
    heard_of,
    is_credible,
    read_again,
    remembered,
    shared,
    with_report,
    with_tag,
)

Stepped = tuple[Lane, tuple[Effect, ...]]
NOTHING: tuple[Effect, ...] = ()

_with_radio = changer(Lane, "radio")
_with_desk = changer(Lane, "desk")


def heard(lane: Lane, event: TagSeen, now: Now) -> Stepped | None:
    """One more read of a tag that is known well says nothing new; any other may, if somebody waits for a tag."""
    radio, cfg, epc, now_us = lane.radio, lane.config, event.epc, now.mono_us
    old = radio.tags.get(epc)
    if old is None or not _same(old, event) or (epc in radio.neighbours and _is_compared(lane, old)):
        return _heard_by_nobody(lane, event, now)
    if not _told_before(lane, old, now_us) or not _in_time(lane, event, now_us) or forgets(lane, now_us):
        return _heard_by_nobody(lane, event, now)
    tag = read_again(old, event.rssi_dbm, now_us, cfg.rf_window_ms * 1000)
    if tag.credible is None and is_credible(tag.window, tag.median_dbm, cfg):
        return _heard_by_nobody(lane, event, now)
    return _told(lane, radio, tag, now_us)


def _same(old: HeardTag, event: TagSeen) -> bool:
    """What is known of the tag beside its level is what it was."""
    known = event.tid is None or event.tid == old.tid
    return known and (event.entry is old.entry or event.entry == old.entry)


def _heard_by_nobody(lane: Lane, event: TagSeen, now: Now) -> Stepped | None:
    """Any read of any tag: what is remembered changes, and nobody looks at it before somebody comes onto L1."""
    cfg, now_us = lane.config, now.mono_us
    if _somebody_waits(lane) or not _in_time(lane, event, now_us) or "arbitrate" in lane.timers:
        return None
    radio = remembered(lane.radio, now_us - cfg.tag_memory_ms * 1000)
    tag = heard_of(radio.tags.get(event.epc), event, now, cfg)
    if _contested(radio.neighbours.get(event.epc), tag, now_us, cfg):
        return None
    return _told(lane, radio, tag, now_us)


def _told(lane: Lane, radio: Radio, tag: HeardTag, now_us: int) -> Stepped:
    """The lane with this tag; the neighbours are told of it now and then."""
    if not due_to_share(tag, now_us):
        return _with_radio(lane, with_tag(radio, tag)), NOTHING
    effects = (ShareHeard(tag.epc, len(tag.window), tag.median_dbm, _occupied(lane)),)
    return _with_radio(lane, with_tag(radio, shared(tag, now_us))), effects


def _contested(told: Neighbour | None, tag: HeardTag, now_us: int, cfg: LaneConfig) -> bool:
    """An arbitration on the tag runs, or goes against this lane."""
    if told is None:
        return False
    runs = now_us < told.first_us + cfg.arbitration_wait_ms * 1000
    return runs or (tag.owner is None and not tag.cross_read and heard_better(told, tag, cfg))


def _somebody_waits(lane: Lane) -> bool:
    """A read may matter to somebody: on L1 and not let pass yet, or taken for two, or known from before a restart."""
    for track in lane.tracks:
        seen_twice = track.next_plate is not None or track.returned_us is not None
        if track.recovered or (track.on_l1 and (track.standing is not AUTHORISED or seen_twice)):
            return True
    return False


def neighbour_heard(lane: Lane, event: NeighbourHeard, now: Now) -> Stepped | None:
    """A neighbour hears a tag that is unknown here, or tells once more of one on which it has no claim."""
    radio, now_us = lane.radio, now.mono_us
    old = radio.neighbours.get(event.epc)
    known = event.epc in radio.tags
    if looks_at_tags(lane, now_us) or forgets(lane, now_us) or (known and (event.vehicle or _is_claimed(old))):
        return None
    if known and (old is None or old.lane != event.lane):
        # An arbitration begins.
        return None
    return _with_radio(lane, with_report(radio, event, now_us)), NOTHING


def list_alive(lane: Lane, event: ListHeartbeat, now: Now) -> Stepped | None:
    """The list is as young as this, which only the next decision asks."""
    if looks_at_tags(lane, now.mono_us):
        return None
    return _with_desk(lane, aged(lane.desk, event, now.mono_us)), NOTHING


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
