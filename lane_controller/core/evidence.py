"""Plates and classes find their vehicle.

In: `PlateRead`, `ClassMeasured`. Out: evidence on a vehicle, flags of late and corrected readings, a second vehicle
where two plates with good tags came over one L1.
Never: a decision changed by evidence that came after it (R16).
"""

from lane_controller.core import arrival, binding, curtain, deciding, onfoot, passages
from lane_controller.core.events import ClassMeasured, PlateRead
from lane_controller.core.evolve import evolve
from lane_controller.core.plates import plates_agree
from lane_controller.core.state import BEFORE, PHANTOM, VOID, WAITING, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import Flag, VehicleKind

UNDECIDED = (WAITING, PHANTOM)
_MOTORCYCLE = VehicleKind.MOTORCYCLE

LOOSE_KEPT = 8
"""Classes measured while the PLC is silent: a lane of which nothing is told stands still after fewer vehicles."""


def plate(turn: Turn, event: PlateRead) -> None:
    """A plate reading of the vehicle at L1 (or of the one that was asked for)."""
    track = _subject(turn, event.track)
    if track is None:
        turn.set_road(loose_plate=(turn.t, event))
        return
    if track.gap_us is not None and event.track is None and not event.corrects:
        turn.put(track, next_plate=event)
        return
    track = turn.put(track, frames=tuple(dict.fromkeys((*track.frames, *event.frames))))
    if track.standing is PHANTOM and event.text is not None:
        track = turn.put(track, standing=WAITING)
    if event.corrects:
        _correct(turn, track, event)
    elif track.plate is None:
        _first(turn, track, event)
    else:
        _another(turn, track, event)


def _subject(turn: Turn, track_id: int | None) -> Track | None:
    if track_id is not None:
        return turn.track(track_id)
    occupant = turn.occupant()
    if occupant is not None:
        return occupant
    if turn.sensors.l1.raw:
        return None
    waiting = [t for t in turn.tracks if t.plate is None and t.vehicle and t.times.l1_on is not None]
    return waiting[-1] if waiting else None


def _first(turn: Turn, track: Track, event: PlateRead) -> None:
    times = evolve(track.times, plate=turn.now)
    track = turn.put(track, plate=event, times=times)
    if _is_one_ahead(turn, track):
        return
    if track.lc1_clear_us is not None and onfoot.walked_through(turn, track):
        return
    deciding.own_vehicle_found(turn, track)
    if track.standing not in UNDECIDED:
        deciding.late_plate(turn, track, event)


def _is_one_ahead(turn: Turn, track: Track) -> bool:
    """Its plate tells that it is a vehicle which has been counted already."""
    parted = track.split_from is not None
    return (
        curtain.rear_axles(turn, track) or (parted and curtain.rejoin(turn, track)) or curtain.backs_untold(turn, track)
    )


def _correct(turn: Turn, track: Track, event: PlateRead) -> None:
    if track.standing in UNDECIDED:
        turn.put(track, plate=event, times=evolve(track.times, plate=turn.now))
        return
    track = turn.flag(Flag.PLATE_CORRECTED, track) or track
    finding = track.finding
    if finding is not None:
        finding = evolve(finding, plate_read=event.text, plate_confidence=event.confidence)
    turn.put(track, plate=event, corrected_us=turn.t, finding=finding)


def _another(turn: Turn, track: Track, event: PlateRead) -> None:
    """A second reading that corrects nothing: the surer one counts; a different sure one may be a second vehicle."""
    old = track.plate
    if event.text is None or old is None:
        return
    if old.text is None:
        track = curtain.shows_its_plate(turn, track)
        if curtain.backs_to_lc1(turn, turn.put(track, plate=event)):
            return
    if old.text is None and track.standing not in UNDECIDED:
        deciding.late_plate(turn, turn.put(track, plate=event), event)
        return
    if old.text is not None and not plates_agree(event.text, old.text) and event.confidence >= turn.cfg.plate_sure:
        turn.put(track, next_plate=event)
        settle_separation(turn)
    elif track.standing in UNDECIDED and (old.text is None or event.confidence > old.confidence):
        turn.put(track, plate=event)


def settle_separation(turn: Turn) -> None:
    """Two plates, each with its own good tag, over one L1: two vehicles (SEPARATION_FAIL), each with its own class."""
    track = turn.occupant()
    if track is None or track.next_plate is None or track.plate is None or turn.road.lc1_proven:
        return
    plate = track.next_plate
    own = track.finding.plate_registered if track.finding else None
    tagged = [t.entry.plate for t in turn.radio.tags.values() if t.entry and t.credible and not t.spent]
    first_has_tag = plates_agree(track.plate.text, own) or any(plates_agree(track.plate.text, p) for p in tagged)
    if track.standing is WAITING or not first_has_tag or not _free_tag(turn, plate):
        return
    turn.put(track, on_l1=False, l1_off_us=turn.t, forward=True, next_plate=None)
    binding.left_l1(turn, track, turn.t - 1)
    follower = arrival.begin(turn, turn.now, shared=True)
    follower = turn.put(follower, plate=plate, frames=plate.frames, lc1_broken=turn.sensors.lc1.on)
    turn.flag(Flag.SEPARATION_FAIL, follower)


def _free_tag(turn: Turn, plate: PlateRead) -> bool:
    """A credible listed tag that no vehicle owns carries this plate."""
    return any(
        tag.entry is not None
        and tag.credible is not None
        and tag.owner is None
        and not tag.spent
        and plates_agree(plate.text, tag.entry.plate)
        for tag in turn.radio.tags.values()
    )


def measured(turn: Turn, event: ClassMeasured) -> None:
    """The classifier's view: a motorcycle is told its lane, anything else is evidence until the decision."""
    track = _subject_of_class(turn, event.track)
    if track is None:
        turn.set_road(loose_classes=(*turn.road.loose_classes[1 - LOOSE_KEPT :], (turn.t, event)))
        return
    if track.measured is None or track.standing in UNDECIDED:
        track = turn.put(track, measured=event)
    if event.kind is _MOTORCYCLE and not track.live and track.stage is BEFORE:
        passages.motorcycle(turn, track)


def _subject_of_class(turn: Turn, track_id: int | None) -> Track | None:
    """Whose class it is: while the PLC is silent, who was measured already may have left L1, and another is on it.

    Where L1 tells nothing, whoever broke LC1 a while ago is no more measured: it is the next one, about to break it.
    """
    if track_id is not None:
        return turn.track(track_id)
    occupant = turn.occupant()
    another = not turn.desk.plc_online and occupant is not None and occupant.measured is not None
    return None if another or _passed_lc1(turn, occupant) else occupant


def _passed_lc1(turn: Turn, track: Track | None) -> bool:
    front_us = track.lc1_on_us if track is not None else None
    return front_us is not None and turn.t - front_us > arrival.LOOSE_US and curtain.l1_tells_nothing(turn)


def settle_motorcycles(turn: Turn) -> None:
    """A class that came just before L1 on, or as it was decided, may say that the vehicle is a motorcycle."""
    for track in turn.tracks:
        early = track.measured
        if early is None or early.kind is not _MOTORCYCLE or track.stage is not BEFORE:
            continue
        if track.standing is WAITING or track.standing is VOID:
            passages.motorcycle(turn, track)


def settle_phantoms(turn: Turn) -> None:
    """A credible tag heard over a phantom L1 makes it a vehicle."""
    track = turn.occupant()
    if track is not None and track.standing is PHANTOM and binding.able(turn, track):
        turn.put(track, standing=WAITING)


def stuck_l1(turn: Turn) -> None:
    """L1 is stuck: it makes no vehicle."""
    track = turn.occupant()
    turn.set_road(occupant=None)
    if track is not None:
        passages.give_up(turn, track, "L1 stuck")
