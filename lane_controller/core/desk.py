"""People and lists: modes, operator, cards, releases, the tag list, tariffs, links.

In: their events. Out: records of what they did, and the vehicles it concerns.
Never: a release without a login; a card that lifts more than NO_TAG, LOW_BALANCE and PLATE_MISMATCH.
"""

from lane_controller.contracts.values import Outcome
from lane_controller.core import arm, binding, deciding, facts, passages
from lane_controller.core.effects import Record
from lane_controller.core.events import (
    CardTapped,
    ListEntryChanged,
    ListHeartbeat,
    ModeRequested,
    ReleaseRequested,
    TariffChanged,
)
from lane_controller.core.evolve import evolve
from lane_controller.core.records import Finding, ListChanged, ModeChanged, OperatorSession
from lane_controller.core.state import Desk, Stage, Standing, Track
from lane_controller.core.turn import Turn
from lane_controller.core.values import CardRole, Flag, Mode

RELEASABLE = (Standing.HELD, Standing.VOID)
UNAUTHORISED = (Standing.WAITING, Standing.HELD, Standing.VOID)
TARIFFS_KEPT = 8


def mode(turn: Turn, event: ModeRequested) -> None:
    """The supervisor changes the mode; AUTO also ends FAULT when the limit switches are well."""
    if event.mode is Mode.AUTO and turn.arm.fault and arm.well(turn):
        turn.arm = evolve(turn.arm, fault=False)
    if event.mode is turn.desk.mode:
        return
    turn.desk = evolve(turn.desk, mode=event.mode)
    turn.effects.append(Record(ModeChanged(event.mode, event.by, turn.now)))


def login(turn: Turn, operator: str | None) -> None:
    """An operator logs in, or out (None)."""
    if operator == turn.desk.operator:
        return
    turn.desk = evolve(turn.desk, operator=operator)
    turn.effects.append(Record(OperatorSession(operator, turn.now)))


def card(turn: Turn, event: CardTapped) -> None:
    """R12 and R14: a priority card serves the first vehicle not yet authorised, an operator card logs in."""
    if event.role is CardRole.OPERATOR:
        login(turn, event.holder or event.uid)
        return
    if turn.occupant() is None:
        turn.flag(Flag.CARD_NO_VEHICLE)
        return
    for track in turn.queue():
        if track.standing in UNAUTHORISED and track.stage is Stage.BEFORE:
            _serve(turn, track, event)
            return


def _serve(turn: Turn, track: Track, event: CardTapped) -> None:
    track = turn.put(track, card=event)
    if track.standing is Standing.HELD and turn.desk.mode is Mode.AUTO:
        deciding.decide(turn, track)


def release(turn: Turn, event: ReleaseRequested) -> None:
    """R14: a logged-in operator releases the held vehicle."""
    track = _held(turn)
    if turn.desk.operator is None or track is None:
        turn.flag(Flag.RELEASE_REFUSED, track)
        return
    if track.finding is None and track.on_l1:
        # Held without a decision (MANUAL): what was heard with it is not the next one's.
        binding.weigh(turn, track)
    track = turn.flag(Flag.MANUAL_RELEASE, track) or track
    passages.authorise(turn, track, _manual(turn, track, event))


def _held(turn: Turn) -> Track | None:
    """The first vehicle that is held, while the lane could open for it."""
    desk = turn.desk
    if desk.mode not in (Mode.AUTO, Mode.MANUAL) or not desk.plc_online or turn.arm.fault or turn.arm.broken:
        return None
    return next((track for track in turn.queue() if track.standing in RELEASABLE and track.stage is Stage.BEFORE), None)


def _manual(turn: Turn, track: Track, event: ReleaseRequested) -> Finding:
    base = track.finding or Finding(outcome=Outcome.MANUAL)
    plate = track.plate
    measured = track.measured.vehicle_class if track.measured else None
    by_plate = plate.entry.vehicle_class if plate and plate.entry else None
    charged = measured or base.class_registered or by_plate or event.vehicle_class
    tariff = facts.tariff_at(turn, track)
    fare = tariff.fare_vnd(charged) if tariff and charged else None
    return evolve(
        base,
        outcome=Outcome.MANUAL,
        plate_read=plate.text if plate else None,
        plate_confidence=plate.confidence if plate else None,
        class_measured=measured,
        class_charged=charged,
        fare_vnd=fare or 0,
        tariff_version=tariff.version if tariff else None,
        ticket_no=None,
        rules=(*base.rules, "R14"),
        reason=event.reason,
        operator=turn.desk.operator,
    )


def heartbeat(turn: Turn, event: ListHeartbeat) -> None:
    """The list is as young as this."""
    turn.desk = aged(turn.desk, event, turn.t)


def aged(desk: Desk, event: ListHeartbeat, now_us: int) -> Desk:
    """The desk that knows the newest version of the list, and since when that is the newest."""
    return evolve(desk, list_version=event.version, list_fresh_us=now_us - event.age_us)


def entry_changed(turn: Turn, event: ListEntryChanged) -> None:
    """One row changed: remembered tags learn it, own charges of that tag are in it now (R13)."""
    turn.desk = evolve(turn.desk, list_version=event.version, list_fresh_us=turn.t)
    tag = turn.radio.tags.get(event.epc)
    if tag is not None:
        turn.radio = evolve(turn.radio, tags={**turn.radio.tags, event.epc: evolve(tag, entry=event.entry)})
    if turn.counts.own_charges.get(event.epc) is not None:
        turn.counts = evolve(turn.counts, own_charges=turn.counts.own_charges.forget(event.epc))
        version = event.entry.list_version if event.entry else event.version
        turn.effects.append(Record(ListChanged(event.epc, version, turn.now)))
    for track in turn.tracks:
        _entry_of_track(turn, track, event)


def _entry_of_track(turn: Turn, track: Track, event: ListEntryChanged) -> None:
    finding = track.finding
    if finding is None or finding.epc != event.epc:
        return
    if track.live and event.entry is not None:
        turn.put(track, finding=evolve(finding, entry_version=event.entry.list_version))
    elif track.standing is Standing.HELD and _may_judge_again(turn, track):
        deciding.decide(turn, track)


def _may_judge_again(turn: Turn, track: Track) -> bool:
    return track.on_l1 and turn.desk.mode is Mode.AUTO and set(track.holds) <= deciding.LIST_HOLDS


def tariff(turn: Turn, event: TariffChanged) -> None:
    """A tariff for now or later; the newest few are kept, because the instant of L1 chooses."""
    kept = [t for t in turn.desk.tariffs if t.version != event.tariff.version]
    kept.append(event.tariff)
    kept.sort(key=lambda t: (t.valid_from_utc_us, t.version))
    turn.desk = evolve(turn.desk, tariffs=tuple(kept[-TARIFFS_KEPT:]))


def plc(turn: Turn, online: bool) -> None:
    """The link to the field. Without it nothing is commanded; with it the arm is known only by its next report."""
    if turn.desk.plc_known and online == turn.desk.plc_online:
        return
    turn.desk = evolve(turn.desk, plc_online=online, plc_known=True)
    if not online:
        turn.arm = evolve(turn.arm, known=False, command=None)
        turn.flag(Flag.PLC_LOST)
