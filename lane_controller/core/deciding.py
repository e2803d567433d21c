"""When a vehicle is decided, and what is done about the verdict.

In: vehicles, tag memory, plates, the clock of the step. Out: authorisations and holds (passages.py).
Never: a decision before its evidence or its deadline; a decision on a vehicle that is not on L1, except that it has no
tag.
"""

from lane_controller.contracts.values import Outcome
from lane_controller.core import arrival, binding, passages, tags
from lane_controller.core.decision import Facts, Verdict, judge
from lane_controller.core.events import PlateRead
from lane_controller.core.evolve import evolve
from lane_controller.core.facts import facts_of
from lane_controller.core.plates import plates_agree, shows_another
from lane_controller.core.state import HELD, UNDER_ARM, VOID, WAITING, HeardTag, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, Mode, Sensor

_AUTO, _MANUAL, _LC1 = Mode.AUTO, Mode.MANUAL, Sensor.LC1
HELD_FOR_A_TAG = (Flag.NO_TAG,)
HELD_FOR_A_STRANGERS_TAG = frozenset({Flag.PLATE_MISMATCH, Flag.UNKNOWN_TAG, Flag.OFFLINE_UNKNOWN})
"""Holds that speak of the tag that was heard, not of the vehicle: its own may yet come."""

MAX_DECISIONS = 2
"""R1: after a void the same vehicle may be decided once more."""

LIST_HOLDS = frozenset(
    {
        Flag.LOW_BALANCE,
        Flag.BLACKLIST,
        Flag.CLONE_SUSPECT,
        Flag.UNKNOWN_TAG,
        Flag.OFFLINE_UNKNOWN,
        Flag.OFFLINE_DECISION,
    }
)
"""Holds that a change of the tag's row may end while the vehicle still waits (ADR 0010)."""


def settle_decisions(turn: Turn) -> None:
    """Decide every vehicle whose time has come, first in the queue first."""
    first = next_deadline(turn)
    if first is None or first > turn.t:
        return
    for track in turn.tracks:
        at = ready_at(turn, track)
        if at is not None and at <= turn.t and not _left_before(turn, track):
            decide(turn, track)


def _left_before(turn: Turn, track: Track) -> bool:
    """L1 has cleared, if it does not bounce, and only since then a tag has turned credible: it is not this one's."""
    l1 = turn.sensors.l1
    if l1.pending is not False or not track.on_l1:
        return False
    listed = _listed(turn, track)
    return bool(listed) and not any(_credible_at(tag, l1.pending_us) for tag in listed)


def _credible_at(tag: HeardTag, at_us: int) -> bool:
    return tag.credible is not None and tag.credible.mono_us <= at_us


def next_deadline(turn: Turn) -> int | None:
    """The earliest instant at which a waiting vehicle must be decided; kept while what it hangs on is the same."""
    tracks = turn.tracks
    if not tracks:
        return None
    ready = turn.ready
    if ready is not None:
        same_radio, same_arm = ready[1] is turn.radio, ready[2] is turn.arm
        if ready[0] is tracks and same_radio and same_arm and ready[3] is turn.desk:
            return ready[4]
    found = _earliest(turn) if _deciding(turn) else None
    # Working it out may have let tags be forgotten: it is kept for what is remembered now.
    turn.ready = (tracks, turn.radio, turn.arm, turn.desk, found)
    return found


def _earliest(turn: Turn) -> int | None:
    earliest: int | None = None
    for track in turn.tracks:
        at = ready_at(turn, track)
        if at is not None and (earliest is None or at < earliest):
            earliest = at
    return earliest


def _deciding(turn: Turn) -> bool:
    arm = turn.arm
    mode = turn.desk.mode
    return (
        (mode is _AUTO or mode is _MANUAL) and turn.desk.plc_online and arm.known and not arm.fault and not arm.broken
    )


def ready_at(turn: Turn, track: Track) -> int | None:
    """When this vehicle is to be decided on present evidence; None: nothing to decide."""
    if track.stage is UNDER_ARM:
        return None
    if track.standing is WAITING:
        return _first_decision_at(turn, track)
    if not track.on_l1:
        return None
    if track.standing is HELD:
        return turn.t if _own_tag_came(turn, track) else None
    if track.standing is VOID and track.decisions < MAX_DECISIONS:
        return turn.t if _heard_again(turn, track) else None
    return None


def _first_decision_at(turn: Turn, track: Track) -> int | None:
    l1_on = track.times.l1_on
    if l1_on is None:
        return None
    if turn.desk.mode is _MANUAL:
        return turn.t
    evidence_at = turn.t if _complete(turn, track) else l1_on.mono_us + turn.cfg.evidence_wait_ms * 1000
    listed = _listed(turn, track) if track.on_l1 else []
    if listed:
        waits = [until for tag in listed if (until := tags.arbitration_until(turn, tag)) is not None]
        return max(evidence_at, *waits) if waits else evidence_at
    hoped = binding.still_hoped(turn, track) if track.on_l1 else None
    if track.card is not None:
        return evidence_at if hoped is None else max(evidence_at, hoped)
    if _shadow(turn, track):
        return None
    deadline = l1_on.mono_us + turn.cfg.tag_wait_ms * 1000
    return deadline if hoped is None else max(deadline, hoped)


def _shadow(turn: Turn, track: Track) -> bool:
    """L1 alone says that somebody is there: LC1 is clear, no tag, no plate (rules.md, SENSOR_STUCK). Or LC1 alone."""
    if arrival.only_lc1_tells(turn, track):
        return True
    if not track.on_l1 or _LC1 not in turn.cfg.curtains or track.lc1_broken or track.plate is not None:
        return False
    l1_on = track.times.l1_on
    return l1_on is not None and not any(t.last_us >= l1_on.mono_us and not t.spent for t in turn.radio.tags.values())


def _own_tag_came(turn: Turn, track: Track) -> bool:
    """Held for want of a tag, or because the one that was heard is a stranger's: then the plate has to vouch for it."""
    if track.holds == HELD_FOR_A_TAG:
        return bool(_listed(turn, track))
    if not track.holds or not HELD_FOR_A_STRANGERS_TAG.issuperset(track.holds):
        return False
    return any(tag.owner != track.id and binding.plate_vouches(turn, tag, track) for tag in _listed(turn, track))


def _complete(turn: Turn, track: Track) -> bool:
    return track.plate is not None and (track.measured is not None or not turn.cfg.measures_class)


def _listed(turn: Turn, track: Track) -> list[HeardTag]:
    """Credible listed tags: what may bind while the vehicle is on L1, later only what is bound."""
    on_l1 = track.on_l1 or track.times.l1_on is None
    return [t for t in binding.able(turn, track) if t.entry is not None and (on_l1 or t.owner == track.id)]


def _heard_again(turn: Turn, track: Track) -> bool:
    since = track.voided_us or 0
    return any(tag.last_us > since for tag in _listed(turn, track))


def following_through(turn: Turn, track: Track, at_us: int) -> Track:
    """The vehicle is on L2 without an authorisation: its own credible tag is decided now (R6), also after a void."""
    void = track.standing is VOID and track.decisions < MAX_DECISIONS
    return _decide_now(turn, track, at_us) if void else last_chance(turn, track, at_us)


def last_chance(turn: Turn, track: Track, at_us: int) -> Track:
    """The vehicle left L1 undecided at `at_us`: a tag that was credible is decided now or never (I4)."""
    return _decide_now(turn, track, at_us) if track.standing is WAITING else track


def without_tag_of_the_next(turn: Turn, track: Track, at_us: int) -> Track:
    """It left L1 at `at_us`, as is told only now, and the tag by which it may pass has turned credible since: that is
    on whoever comes behind, unless the plate is the tag's. Of whom an earlier run decided, no clock tells that.
    """
    finding, credible = track.finding, track.times.credible
    if not track.live or track.came_us is None or finding is None or credible is None or credible.mono_us <= at_us:
        return track
    read = track.plate.text if track.plate is not None else None
    by_tag = finding.outcome in passages.BY_TAG and track.card is None
    if not by_tag or plates_agree(read, finding.plate_registered):
        return track
    passages.void_and_free(turn, track, "its tag was heard only after it had left L1")
    return turn.track(track.id) or track


def _decide_now(turn: Turn, track: Track, at_us: int) -> Track:
    # The edge is believed later than it happened, out of the PLC's log much later: what became credible since is not
    # on this vehicle.
    listed = [tag for tag in _listed(turn, track) if _credible_at(tag, at_us)]
    if not listed:
        return track
    if turn.desk.mode is Mode.AUTO and _deciding(turn):
        decide(turn, track)
        return turn.track(track.id) or track
    binding.bind(turn, tuple(tag.epc for tag in listed), track)
    return track


def decide(turn: Turn, track: Track) -> None:
    """Judge one vehicle and act on the verdict."""
    if turn.desk.mode is Mode.MANUAL and track.standing is WAITING:
        passages.hold(turn, track, None, (Mode.MANUAL.value,))
        return
    track = passages.number(turn, track)
    facts = facts_of(turn, track)
    verdict = judge(facts)
    track = _note_tags(turn, track, facts, verdict)
    for flag in verdict.flags:
        track = turn.flag(flag, track) or track
    bound = _bound(facts, verdict)
    binding.bind(turn, bound, track)
    if track.on_l1:
        binding.weigh(turn, track)
    if verdict.holds:
        passages.hold(turn, track, verdict.finding, verdict.holds)
    else:
        passages.authorise(turn, track, verdict.finding)


def _bound(facts: Facts, verdict: Verdict) -> tuple[str, ...]:
    """All tags of one account are the vehicle's; of several accounts only the one that was chosen."""
    if Flag.MULTI_TAG_AMBIGUOUS in verdict.holds:
        return ()
    accounts = {tag.entry.account for tag in facts.listed if tag.entry}
    if len(accounts) > 1 and verdict.finding.epc is not None:
        return (verdict.finding.epc,)
    return verdict.epcs


def _note_tags(turn: Turn, track: Track, facts: Facts, verdict: Verdict) -> Track:
    """LATE_READ of the tag that counts, STRAY_REJECTED of weak ones, and the times of first read and credibility."""
    l1_on = track.times.l1_on
    chosen = turn.radio.tags.get(verdict.finding.epc or "") if verdict.epcs else None
    if chosen is not None:
        times = evolve(track.times, first_read=chosen.first, credible=chosen.credible)
        track = turn.put(track, times=times)
        if l1_on and chosen.first.mono_us - l1_on.mono_us > turn.cfg.late_read_ms * 1000 and facts.listed:
            track = turn.flag(Flag.LATE_READ, track) or track
    if binding.weak_on_l1(turn, track):
        track = turn.flag(Flag.STRAY_REJECTED, track) or track
    return track


def cross_read(turn: Turn, epc: str) -> None:
    """The tag of an authorised vehicle turns out to be on a neighbour's L1: nobody is charged by it here."""
    tag = turn.radio.tags.get(epc)
    track = turn.track(tag.owner) if tag is not None and tag.owner is not None else None
    if tag is None or track is None or not track.live or track.finding is None or track.finding.epc != epc:
        return
    if track.finding.outcome is Outcome.MANUAL or not tags.owned_by_neighbour(turn, tag):
        return
    if not binding.plate_vouches(turn, tag, track):
        track = turn.flag(Flag.CROSS_READ, track) or track
        passages.void_and_free(turn, track, "a neighbour lane has the vehicle of this tag")


def own_vehicle_found(turn: Turn, track: Track) -> None:
    """The frames asked for this vehicle show the plate of the tag by which one ahead may pass that shows another plate
    (R4, PLATE_DOUBT), or none: the tag is this one's, and nobody else is charged by it.

    An unsure reading needs the antenna for a second witness.
    """
    plate = track.plate
    if plate is None or plate.track is None:
        return
    sure = plate.confidence >= turn.cfg.plate_sure
    for ahead in turn.tracks:
        if not ahead.live or ahead.id == track.id or not plates_agree(plate.text, _doubted(ahead, track)):
            continue
        if sure or _heard_behind(turn, ahead, track):
            passages.void_and_free(turn, ahead, "the plate of its tag is on the vehicle behind")


def _doubted(ahead: Track, behind: Track) -> str | None:
    """The plate of the tag that it is to be charged by, where its own is another, and no misreading of it; or where
    its own was not read, and the two are not one vehicle counted twice.
    """
    plate, finding = ahead.plate, ahead.finding
    registered = finding.plate_registered if finding is not None and finding.outcome is Outcome.CHARGED else None
    if plate is None or registered is None:
        return None
    if plate.text is None:
        return registered if _gone_before(ahead, behind) else None
    return registered if shows_another(plate.text, plate.confidence, plate.chars, registered) else None


def _gone_before(ahead: Track, behind: Track) -> bool:
    """LC1 saw all of it drive on before the other came onto L1, and it has not come back."""
    rear_us, came_us = ahead.rear_us, behind.came_us
    if rear_us is None or came_us is None or ahead.returned_us is not None:
        return False
    return ahead.forward and ahead.lc1_broken and rear_us < came_us


def _heard_behind(turn: Turn, ahead: Track, behind: Track) -> bool:
    """The tag by which it is to be charged is in the radio zone with the other one on L1, and it has left both."""
    tag = turn.radio.tags.get(ahead.finding.epc or "") if ahead.finding is not None else None
    came_us = behind.came_us
    return tag is not None and came_us is not None and tag.last_us > came_us and _gone_before(ahead, behind)


def late_plate(turn: Turn, track: Track, plate: PlateRead) -> None:
    """R4: a first plate after the decision is evidence only; one that differs is PLATE_DOUBT."""
    registered = track.finding.plate_registered if track.finding else None
    if plate.text is not None and registered is not None and not plates_agree(plate.text, registered):
        turn.flag(Flag.PLATE_DOUBT, track)
