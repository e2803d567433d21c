"""A scenario file as values: what the devices report, when, and what is expected.

In: a scenario file. Out: `Scenario` with its lane's settings, tags and timeline.
Never: a key that nobody reads. A misspelt key, sensor, tag or flag is an error with file and line, not silence.
"""

from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path as FilePath
from typing import Any

from lane_controller.app.scenario_expect import expect_of
from lane_controller.app.scenario_tags import tags_of
from lane_controller.app.scenario_timeline import Entry, timeline_of
from lane_controller.app.scenario_values import (
    date_at,
    flag_at,
    map_at,
    number_at,
    one_of,
    refuse_unknown,
    text_at,
    us_at,
)
from lane_controller.app.scenario_yaml import Located, Path, read
from lane_controller.core.config import Geometry, LaneConfig, PlateFallback, configure
from lane_controller.core.values import Sensor, TagEntry

TOP = {
    "id",
    "title",
    "geometry",
    "config",
    "list",
    "operator",
    "tags",
    "date",
    "barrier",
    "timeline",
    "until",
    "expect",
}


@dataclass(slots=True)
class Scenario:
    """A scenario, checked."""

    id: str
    config: LaneConfig
    tags: dict[str, TagEntry]
    list_age_us: int
    operator: str | None
    day: date
    opens_us: int
    closes_us: int
    timeline: list[Entry]
    until_us: int
    expect: dict[str, Any] = field(default_factory=dict)


def load(file: FilePath) -> Scenario:
    """Read and check one file. Errors: ScenarioError with file, line and what is wrong."""
    doc = read(file)
    if not isinstance(doc.value, dict):
        raise doc.complain((), "a scenario is a mapping with id, tags, timeline, until")
    refuse_unknown(doc, (), doc.value, TOP)
    top = doc.value
    tags = tags_of(doc, top.get("tags") or {})
    timeline = timeline_of(doc, top.get("timeline"), tags)
    barrier = map_at(doc, ("barrier",), top.get("barrier") or {}, {"opens_in", "closes_in"})
    listing = map_at(doc, ("list",), top.get("list") or {}, {"age"})
    return Scenario(
        id=text_at(doc, ("id",), top.get("id")),
        config=_config(doc, top, timeline),
        tags=tags,
        list_age_us=us_at(doc, ("list", "age"), listing.get("age", 0)),
        operator=None if top.get("operator") is None else text_at(doc, ("operator",), top["operator"]),
        day=date_at(doc, ("date",), top.get("date", "2026-06-15")),
        opens_us=us_at(doc, ("barrier", "opens_in"), barrier.get("opens_in", 0.9)),
        closes_us=us_at(doc, ("barrier", "closes_in"), barrier.get("closes_in", 1.2)),
        timeline=timeline,
        until_us=us_at(doc, ("until",), top.get("until")),
        expect=expect_of(doc, top.get("expect") or {}, tags),
    )


def _config(doc: Located, top: dict[str, Any], timeline: list[Entry]) -> LaneConfig:
    geometry = Geometry(one_of(doc, ("geometry",), top.get("geometry", "G1"), Geometry))
    used = {entry.values["sensor"] for entry in timeline if entry.kind == "sensor"}
    settings: dict[str, Any] = {
        "curtains": frozenset(used & {Sensor.LC1, Sensor.LC2}),
        "measures_class": any(entry.kind == "avc" for entry in timeline),
    }
    overrides = top.get("config") or {}
    if not isinstance(overrides, dict):
        raise doc.complain(("config",), "config must be a mapping")
    for name, found in overrides.items():
        settings |= _setting(doc, name, found)
    return configure(geometry, **settings)


def _setting(doc: Located, name: str, found: Any) -> dict[str, Any]:
    """One line of `config` as the fields of LaneConfig that it sets; timers are written in seconds."""
    path = ("config", name)
    known = {f.name for f in fields(LaneConfig)}
    if name == "plate_fallback":
        return {name: PlateFallback(one_of(doc, path, found, PlateFallback))}
    if name == "debounce":
        return dict.fromkeys(("debounce_loop_on_ms", "debounce_loop_off_ms"), _ms(doc, path, found))
    if f"{name}_ms" in known:
        return {f"{name}_ms": _ms(doc, path, found)}
    if name in known and name not in ("lane", "geometry", "curtains"):
        kind = type(getattr(LaneConfig(), name))
        return {name: flag_at(doc, path, found) if kind is bool else kind(number_at(doc, path, found))}
    timers = sorted(n.removesuffix("_ms") for n in known if n.endswith("_ms"))
    raise doc.complain(path, f"unknown setting {name!r}; known: plate_fallback, {', '.join(timers)}")


def _ms(doc: Located, path: Path, found: Any) -> int:
    return round(number_at(doc, path, found) * 1000)
