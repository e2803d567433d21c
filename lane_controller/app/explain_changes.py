"""What might have been otherwise: the same inputs with one thing changed, one change at a time.

In: the scene of a vehicle (the lane before it, every step, what was found about it). Out: variants, each a whole run of
inputs, and the words that name the change. Which of them matter, only the core says: explain_report.py runs them.
Pure. Never two changes at once; never a change that needs what nobody knows (a tag's row that is on no list).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from lane_controller.app.capsule_file import Capsule, Step
from lane_controller.app.capsule_run import Moment
from lane_controller.app.explain_follow import Decision, Vehicle
from lane_controller.contracts.values import Outcome, TagStatus
from lane_controller.core.config import LaneConfig, PlateFallback
from lane_controller.core.events import (
    CardTapped,
    ClassMeasured,
    Event,
    ListEntryChanged,
    ListHeartbeat,
    ModeRequested,
    NeighbourHeard,
    PlateRead,
    ReleaseRequested,
    TagSeen,
)
from lane_controller.core.fusion import plates_agree
from lane_controller.core.instant import Now
from lane_controller.core.records import Finding
from lane_controller.core.state import Lane, Track
from lane_controller.core.values import CardRole, Flag, Mode, TagEntry

SURE: Final = 0.99
STRONGER_DB: Final = 10
NUDGE_US: Final = 1_000
"""What is added happens this long after the vehicle came onto L1."""
OTHER_PLATE: Final = "00X00000"
CARD_UID: Final = "00000000"


@dataclass(frozen=True, slots=True)
class Variant:
    """`key` and `values` name the change (explain_words.json, `change.KEY`)."""

    key: str
    values: dict[str, str]
    lane: Lane
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """A vehicle in a run: when it came (`came`), what was decided first, and what was known of it then.

    `plates`, `classes`: those that came in time for the first decision; a later one is evidence only.
    """

    lane: Lane
    steps: tuple[Step, ...]
    vehicle: Vehicle
    track: Track
    came: Step
    first: Decision
    finding: Finding
    plates: tuple[PlateRead, ...]
    classes: tuple[ClassMeasured, ...]
    own_vnd: int

    @property
    def config(self) -> LaneConfig:
        """The configuration at the decision."""
        configs = [step.config for step in self.steps if step.config is not None and step.boot == self.came.boot]
        return configs[-1] if configs else self.lane.config

    def entry(self, epc: str | None) -> TagEntry | None:
        """The list row of a tag, as it came with its last read before the first decision."""
        seen = [s.event for s in self.steps if isinstance(s.event, TagSeen) and s.event.epc == epc]
        if seen:
            return seen[-1].entry
        heard = self.lane.radio.tags.get(epc or "")
        plate = self.plates[-1] if self.plates else None
        by_plate = plate.entry if plate is not None and plate.entry is not None and plate.entry.epc == epc else None
        return heard.entry if heard is not None else by_plate


Change: TypeAlias = Callable[[Scene], Iterator[Variant]]


def scene_of(capsule: Capsule, moments: list[Moment], vehicle: Vehicle, decisions: list[Decision]) -> Scene | None:
    """The scene of a vehicle that was decided or passed; None when the run does not show it coming."""
    told = [decision for decision in decisions if decision.kind in ("authorised", "held", "passed")]
    seen = [m for m in moments if any(track.id == vehicle.track for track in m.after.tracks)]
    if not told or not seen:
        return None
    first = told[0]
    decided = next((m for m in moments if m.step.now.mono_us == first.mono_us), seen[-1])
    tracks = [t for m in seen for t in m.after.tracks if t.id == vehicle.track]
    known = [t for m in seen if m.step.now.mono_us <= first.mono_us for t in m.after.tracks if t.id == vehicle.track]
    finding = next((d.finding for d in told if d.finding is not None), Finding(Outcome.VIOLATION))
    return Scene(
        capsule.start, capsule.steps, vehicle, tracks[-1], seen[0].step, first, finding,
        tuple(dict.fromkeys(t.plate for t in known if t.plate is not None)),
        tuple(dict.fromkeys(t.measured for t in known if t.measured is not None)),
        decided.before.counts.own_charges.sum_vnd(finding.epc or "", finding.entry_version or 0),
    )  # fmt: skip


def variants(scene: Scene) -> Iterator[Variant]:
    """Every single change that applies to this vehicle."""
    for change in CHANGES:
        yield from change(scene)


# ---- plate ----------------------------------------------------------------------------------------------------------


def _plate(scene: Scene) -> Iterator[Variant]:
    registered, sure = scene.finding.plate_registered, scene.config.plate_sure
    read = scene.plates[-1] if scene.plates else None
    text = read.text if read is not None else None
    shown = f"{sure:.2f}"
    if registered is not None and not (plates_agree(text, registered) and read is not None and read.confidence >= sure):
        yield _with_plate(scene, "plate_agrees", registered, SURE, {"plate": registered})
    if registered is not None and (text is None or plates_agree(text, registered)):
        yield _with_plate(scene, "plate_other", OTHER_PLATE, SURE, {"confidence": shown})
    if read is not None and text is not None:
        yield from _confidence(scene, read, text)
        yield _with_plate(scene, "plate_absent", None, 0.0, {"plate": text})


def _confidence(scene: Scene, read: PlateRead, text: str) -> Iterator[Variant]:
    """The same characters, just above and just below the confidences from which they count."""
    limits = [scene.config.plate_sure]
    if scene.config.plate_fallback is PlateFallback.ALLOW:
        limits.append(scene.config.plate_charge)
    for limit in limits:
        values = {"plate": text, "confidence": f"{limit:.2f}"}
        if read.confidence >= limit:
            yield _with_plate(scene, "plate_less_sure", text, limit - 0.01, values)
        else:
            yield _with_plate(scene, "plate_surer", text, limit, values)


def _with_plate(scene: Scene, key: str, text: str | None, confidence: float, values: dict[str, str]) -> Variant:
    entry = scene.entry(scene.finding.epc)
    row = entry if entry is not None and plates_agree(text, entry.plate) else None
    known = next((read.entry for read in scene.plates if text is not None and read.text == text), row)

    def change(event: Event) -> Event:
        if not isinstance(event, PlateRead) or event not in scene.plates:
            return event
        return replace(event, text=text, confidence=confidence, chars=(), entry=known)

    if scene.plates:
        return _events(scene, key, values, change)
    return _added(scene, key, values, PlateRead(text, confidence, entry=known, track=scene.vehicle.track))


# ---- tag and its row ------------------------------------------------------------------------------------------------


def _row(scene: Scene) -> Iterator[Variant]:
    """Balance, standing, ticket: one field of the list row that decided."""
    finding, entry = scene.finding, scene.entry(scene.finding.epc)
    if entry is None:
        return
    fare = finding.fare_vnd
    if fare and finding.outcome is Outcome.CHARGED:
        values = {"vnd": str(fare)}
        if entry.available_vnd - scene.own_vnd < fare:
            yield _with_row(scene, "balance_enough", entry, replace(entry, available_vnd=scene.own_vnd + fare), values)
        else:
            short = replace(entry, available_vnd=scene.own_vnd + fare - 1)
            yield _with_row(scene, "balance_short", entry, short, values)
    if entry.status is TagStatus.ACTIVE:
        yield _with_row(scene, "tag_blocked", entry, replace(entry, status=TagStatus.BLOCKED), {})
    else:
        values = {"status": entry.status.value}
        yield _with_row(scene, "tag_active", entry, replace(entry, status=TagStatus.ACTIVE), values)
    if finding.outcome is Outcome.TICKET:
        yield _with_row(scene, "no_ticket", entry, replace(entry, ticket=None), {})


def _with_row(scene: Scene, key: str, old: TagEntry, new: TagEntry, values: dict[str, str]) -> Variant:
    def change(event: Event) -> Event:
        match event:
            case TagSeen(entry=entry) | ListEntryChanged(entry=entry) if entry is not None and entry.epc == old.epc:
                return replace(event, entry=new)
            case PlateRead(entry=entry) if entry is not None and entry.epc == old.epc:
                return replace(event, entry=new)
            case _:
                return event

    tags = {e: replace(t, entry=new) if e == old.epc else t for e, t in scene.lane.radio.tags.items()}
    lane = replace(scene.lane, radio=replace(scene.lane.radio, tags=tags))
    return _events(scene, key, {"epc": old.epc, **values}, change, lane)


def _tags(scene: Scene) -> Iterator[Variant]:
    """Every tag that was weighed: not heard at all; heard better; heard in time; without its chip number."""
    for candidate in scene.finding.candidates:
        epc = candidate.epc
        yield _without_tag(scene, epc)
        if not candidate.credible:
            yield _louder(scene, epc)
            yield from _once_more(scene, epc)
    epcs = {s.event.epc for s in scene.steps if isinstance(s.event, TagSeen)}
    chosen = scene.finding.epc
    if chosen in epcs and Flag.TID_MISMATCH in scene.first.reasons:

        def change(event: Event) -> Event:
            return replace(event, tid=None) if isinstance(event, TagSeen) and event.epc == chosen else event

        yield _events(scene, "tid_unread", {"epc": chosen}, change)
    for epc in sorted(epcs) if not scene.finding.candidates else []:
        yield _without_tag(scene, epc)
    yield from _in_time(scene)


def _without_tag(scene: Scene, epc: str) -> Variant:
    tags = {e: tag for e, tag in scene.lane.radio.tags.items() if e != epc}
    lane = replace(scene.lane, radio=replace(scene.lane.radio, tags=tags))
    steps = tuple(s for s in scene.steps if not (isinstance(s.event, TagSeen) and s.event.epc == epc))
    return Variant("tag_absent", {"epc": epc}, lane, steps)


def _louder(scene: Scene, epc: str) -> Variant:
    def change(event: Event) -> Event:
        if not isinstance(event, TagSeen) or event.epc != epc:
            return event
        return replace(event, rssi_dbm=event.rssi_dbm + STRONGER_DB)

    return _events(scene, "tag_louder", {"epc": epc, "db": str(STRONGER_DB)}, change)


def _once_more(scene: Scene, epc: str) -> Iterator[Variant]:
    """One more read, right after the last one before the first decision."""
    for i in range(len(scene.steps) - 1, -1, -1):
        one = scene.steps[i]
        if isinstance(one.event, TagSeen) and one.event.epc == epc and one.now.mono_us <= scene.first.mono_us:
            again = replace(one, now=Now(one.now.mono_us + 1, one.now.utc_us + 1))
            yield Variant(
                "tag_once_more", {"epc": epc}, scene.lane, (*scene.steps[: i + 1], again, *scene.steps[i + 1 :])
            )
            return


def _in_time(scene: Scene) -> Iterator[Variant]:
    """A tag that was first heard after L1: had it been heard as the vehicle came."""
    firsts: dict[str, Step] = {}
    for one in scene.steps:
        if isinstance(one.event, TagSeen) and one.event.entry is not None and one.boot == scene.came.boot:
            firsts.setdefault(one.event.epc, one)
    late_us = scene.came.now.mono_us + scene.config.late_read_ms * 1000
    for epc, one in firsts.items():
        if one.now.mono_us > late_us and epc not in scene.lane.radio.tags:
            yield _added(scene, "tag_in_time", {"epc": epc}, *[one.event] * scene.config.credible_reads)


# ---- everything else ------------------------------------------------------------------------------------------------


def _class(scene: Scene) -> Iterator[Variant]:
    registered = scene.finding.class_registered
    measured = scene.classes[-1].vehicle_class if scene.classes else None
    if registered is None:
        return
    if measured is not None and measured != registered:
        yield _with_class(scene, "class_equal", registered)
    if measured is None or abs(measured - registered) < 2:
        yield _with_class(scene, "class_far", registered + 2 if registered <= 3 else registered - 2)


def _with_class(scene: Scene, key: str, vehicle_class: int) -> Variant:
    values = {"class": str(vehicle_class)}
    if not scene.classes:
        return _added(scene, key, values, ClassMeasured(vehicle_class, track=scene.vehicle.track))

    def change(event: Event) -> Event:
        if not isinstance(event, ClassMeasured) or event not in scene.classes:
            return event
        return replace(event, vehicle_class=vehicle_class)

    return _events(scene, key, values, change)


def _list(scene: Scene) -> Iterator[Variant]:
    version = scene.finding.list_version or 0
    if scene.finding.offline or Flag.OFFLINE_UNKNOWN in scene.first.reasons:
        yield _added(scene, "list_fresh", {}, ListHeartbeat(version, 0))
        return
    steps = tuple(s for s in scene.steps if not isinstance(s.event, ListHeartbeat | ListEntryChanged))
    lane = replace(scene.lane, desk=replace(scene.lane.desk, list_fresh_us=None))
    if scene.finding.epc is not None:
        yield Variant("list_stale", {"minutes": str(scene.config.list_stale_ms // 60_000)}, lane, steps)


def _neighbour(scene: Scene) -> Iterator[Variant]:
    lanes = {s.event.lane for s in scene.steps if isinstance(s.event, NeighbourHeard)}
    lanes |= {heard.lane for heard in scene.lane.radio.neighbours.values()}
    for name in sorted(lanes):
        near = {e: heard for e, heard in scene.lane.radio.neighbours.items() if heard.lane != name}
        lane = replace(scene.lane, radio=replace(scene.lane.radio, neighbours=near))
        steps = tuple(s for s in scene.steps if not (isinstance(s.event, NeighbourHeard) and s.event.lane == name))
        yield Variant("neighbour_silent", {"lane": name}, lane, steps)


def _card(scene: Scene) -> Iterator[Variant]:
    card = scene.track.card
    if card is not None:
        yield Variant("card_absent", {}, scene.lane, tuple(s for s in scene.steps if s.event != card))
    elif scene.track.times.l1_on is not None:
        yield _added(scene, "card_tapped", {}, CardTapped(CARD_UID, CardRole.PRIORITY))


def _release(scene: Scene) -> Iterator[Variant]:
    left = tuple(s for s in scene.steps if not isinstance(s.event, ReleaseRequested))
    if len(left) < len(scene.steps):
        yield Variant("no_release", {}, scene.lane, left)


def _fallback(scene: Scene) -> Iterator[Variant]:
    """The other setting of what happens to a vehicle without a tag (R2)."""
    if not scene.plates or Flag.NO_TAG not in scene.first.reasons:
        return

    def allow(config: LaneConfig) -> LaneConfig:
        return replace(config, plate_fallback=PlateFallback.ALLOW)

    if scene.config.plate_fallback is PlateFallback.DENY:
        lane = replace(scene.lane, config=allow(scene.lane.config))
        steps = tuple(s if s.config is None else replace(s, config=allow(s.config)) for s in scene.steps)
        yield Variant("fallback_allow", {}, lane, steps)


def _mode(scene: Scene) -> Iterator[Variant]:
    """A vehicle that was only counted: had the lane been in AUTO."""
    if scene.finding.outcome not in (Outcome.CONVOY, Outcome.EMERGENCY):
        return
    steps = tuple(s for s in scene.steps if not isinstance(s.event, ModeRequested))
    lane = scene.lane
    arm = replace(lane.arm, latched=False, leaving_latch=False)
    yield Variant("mode_auto", {}, replace(lane, desk=replace(lane.desk, mode=Mode.AUTO), arm=arm), steps)


CHANGES: Final[tuple[Change, ...]] = (_row, _plate, _tags, _class, _list, _neighbour, _card, _release, _fallback, _mode)


def _events(
    scene: Scene, key: str, values: dict[str, str], change: Callable[[Event], Event], lane: Lane | None = None
) -> Variant:  # fmt: skip
    steps = tuple(replace(s, event=new) if (new := change(s.event)) is not s.event else s for s in scene.steps)
    return Variant(key, values, lane if lane is not None else scene.lane, steps)


def _added(scene: Scene, key: str, values: dict[str, str], *events: Event) -> Variant:
    """The same, and these events too, as the vehicle has just come onto L1."""
    at = Now(scene.came.now.mono_us + NUDGE_US, scene.came.now.utc_us + NUDGE_US)
    new = tuple(Step(scene.came.boot, at, event) for event in events)
    i = next(
        (i for i, s in enumerate(scene.steps) if s.boot == scene.came.boot and s.now.mono_us > at.mono_us),
        len(scene.steps),
    )
    return Variant(key, values, scene.lane, (*scene.steps[:i], *new, *scene.steps[i:]))
