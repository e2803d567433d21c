"""A vehicle in a run, and how a run is made in which one thing is different.

In: a capsule, its moments, what was followed of a vehicle. Out: its scene; variants of the run: an event changed, or
one added as the vehicle has just come.
Pure. Never a scene of a vehicle that the run does not show coming.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from lane_controller.app.capsule_file import Capsule, Step
from lane_controller.app.capsule_run import Moment
from lane_controller.app.explain_follow import Decision, Vehicle
from lane_controller.contracts.values import Outcome
from lane_controller.core.config import LaneConfig
from lane_controller.core.events import ClassMeasured, Event, PlateRead, TagSeen
from lane_controller.core.instant import Now
from lane_controller.core.records import Finding
from lane_controller.core.state import Lane, Track
from lane_controller.core.values import TagEntry

NUDGE_US: Final = 1_000
"""What is added happens this long after the vehicle came onto L1."""


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

    @property
    def decided_as_it_came(self) -> bool:
        """It was parted from another vehicle and decided in one step: nothing can be told in between."""
        return self.first.mono_us < self.came.now.mono_us + NUDGE_US

    def entry(self, epc: str | None) -> TagEntry | None:
        """The list row of a tag, as it came with its last read before the first decision."""
        seen = [s.event for s in self.steps if isinstance(s.event, TagSeen) and s.event.epc == epc]
        if seen:
            return seen[-1].entry
        heard = self.lane.radio.tags.get(epc or "")
        plate = self.plates[-1] if self.plates else None
        by_plate = plate.entry if plate is not None and plate.entry is not None and plate.entry.epc == epc else None
        return heard.entry if heard is not None else by_plate


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


def with_changed(
    scene: Scene, key: str, values: dict[str, str], change: Callable[[Event], Event], lane: Lane | None = None
) -> Variant:  # fmt: skip
    """The same, each event as `change` makes it; `lane`: what the lane knew before, where that differs too."""
    steps = tuple(replace(s, event=new) if (new := change(s.event)) is not s.event else s for s in scene.steps)
    return Variant(key, values, lane if lane is not None else scene.lane, steps)


def with_added(scene: Scene, key: str, values: dict[str, str], *events: Event) -> Variant:
    """The same, and these events too, as the vehicle has just come onto L1."""
    at = Now(scene.came.now.mono_us + NUDGE_US, scene.came.now.utc_us + NUDGE_US)
    new = tuple(Step(scene.came.boot, at, event) for event in events)
    i = next(
        (i for i, s in enumerate(scene.steps) if s.boot == scene.came.boot and s.now.mono_us > at.mono_us),
        len(scene.steps),
    )
    return Variant(key, values, scene.lane, (*scene.steps[:i], *new, *scene.steps[i:]))
