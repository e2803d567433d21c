"""What might have been otherwise: the same inputs with one thing changed, one change at a time.

In: the scene of a vehicle (the lane before it, every step, what was found about it). Out: variants, each a whole run of
inputs, and the words that name the change. Which of them matter, only the core says: explain_report.py runs them.
Pure. Never two changes at once; never a change that needs what nobody knows (a tag's row that is on no list).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from lane_controller.app.explain_plates import plate_changes
from lane_controller.app.explain_scene import Scene, Variant, with_added, with_changed
from lane_controller.app.explain_tags import row_changes, tag_changes
from lane_controller.contracts.values import Outcome
from lane_controller.core.config import LaneConfig, PlateFallback
from lane_controller.core.events import (
    CardTapped,
    ClassMeasured,
    Event,
    ListEntryChanged,
    ListHeartbeat,
    ModeRequested,
    NeighbourHeard,
    ReleaseRequested,
)
from lane_controller.core.values import CardRole, Flag, Mode

CARD_UID: Final = "00000000"

Change: TypeAlias = Callable[[Scene], Iterator[Variant]]


def variants(scene: Scene) -> Iterator[Variant]:
    """Every single change that applies to this vehicle."""
    for change in CHANGES:
        yield from change(scene)


def _class(scene: Scene) -> Iterator[Variant]:
    registered = scene.finding.class_registered
    measured = scene.classes[-1].vehicle_class if scene.classes else None
    if registered is None or (not scene.classes and scene.decided_as_it_came):
        return
    if measured is not None and measured != registered:
        yield _with_class(scene, "class_equal", registered)
    if measured is None or abs(measured - registered) < 2:
        yield _with_class(scene, "class_far", registered + 2 if registered <= 3 else registered - 2)


def _with_class(scene: Scene, key: str, vehicle_class: int) -> Variant:
    values = {"class": str(vehicle_class)}
    if not scene.classes:
        return with_added(scene, key, values, ClassMeasured(vehicle_class, track=scene.vehicle.track))

    def change(event: Event) -> Event:
        if not isinstance(event, ClassMeasured) or event not in scene.classes:
            return event
        return replace(event, vehicle_class=vehicle_class)

    return with_changed(scene, key, values, change)


def _list(scene: Scene) -> Iterator[Variant]:
    version = scene.finding.list_version or 0
    if scene.finding.offline or Flag.OFFLINE_UNKNOWN in scene.first.reasons:
        yield with_added(scene, "list_fresh", {}, ListHeartbeat(version, 0))
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
    elif scene.track.times.l1_on is not None and not scene.decided_as_it_came:
        yield with_added(scene, "card_tapped", {}, CardTapped(CARD_UID, CardRole.PRIORITY))


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


CHANGES: Final[tuple[Change, ...]] = (
    row_changes,
    plate_changes,
    tag_changes,
    _class,
    _list,
    _neighbour,
    _card,
    _release,
    _fallback,
    _mode,
)
