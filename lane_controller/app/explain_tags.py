"""Had the tags been heard otherwise, or had the list said otherwise of the one that decided.

In: the scene of a vehicle. Out: one variant for each such change.
Pure. Never a tag that was not heard in this run; never a row that is on no list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lane_controller.app.capsule_file import Step
from lane_controller.app.explain_scene import Scene, Variant, with_added, with_changed
from lane_controller.contracts.values import Outcome, TagStatus
from lane_controller.core.events import Event, ListEntryChanged, PlateRead, TagSeen
from lane_controller.core.instant import Now
from lane_controller.core.values import Flag, TagEntry

STRONGER_DB: Final = 10


def row_changes(scene: Scene) -> Iterator[Variant]:
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
    return with_changed(scene, key, {"epc": old.epc, **values}, change, lane)


def tag_changes(scene: Scene) -> Iterator[Variant]:
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

        yield with_changed(scene, "tid_unread", {"epc": chosen}, change)
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

    return with_changed(scene, "tag_louder", {"epc": epc, "db": str(STRONGER_DB)}, change)


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
            yield with_added(scene, "tag_in_time", {"epc": epc}, *[one.event] * scene.config.credible_reads)
