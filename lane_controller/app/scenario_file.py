"""A scenario file as values: what the devices report, when, and what is expected.

In: a located YAML document. Out: `Scenario` with its timeline in order.
Never: a key that nobody reads. A misspelt key, sensor, tag or flag is an error with file and line, not silence.
"""

from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path as FilePath
from typing import Any

from lane_controller.app.scenario_yaml import Located, Path, ScenarioError, read
from lane_controller.contracts.values import LaneState, Outcome, TagStatus
from lane_controller.core.config import Geometry, LaneConfig, PlateFallback, configure
from lane_controller.core.values import CardRole, DisplayCode, Flag, Mode, Sensor, TagEntry, Ticket, VehicleKind

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
TAG_KEYS = {"epc", "tid", "account", "provider", "plate", "class", "status", "available_vnd", "ticket", "reason"}
KINDS: dict[str, set[str]] = {
    "neighbour": {"tag", "epc", "reads", "over", "rssi", "vehicle"},
    "tag": {"epc", "reads", "over", "rssi", "antenna", "stamp_offset", "tid"},
    "sensor": {"on", "recovered", "happened"},
    "plate": {"confidence", "corrects"},
    "avc": set(),
    "card": set(),
    "operator": set(),
    "mode": set(),
    "list": set(),
    "reader": set(),
    "plc": {"replays_commands"},
    "arm": set(),
    "redeliver": set(),
    "clock_step": set(),
    "power": set(),
}
EXPECT = {
    "passages",
    "abandoned",
    "charges",
    "barrier",
    "flags",
    "no_flags",
    "display",
    "signal_at_end",
    "state_at_end",
}
PASSAGE = {"outcome", "tag", "plate", "class", "fare_vnd", "flags"}
BARRIER = {"opens", "closes", "first_open_by", "first_open_after", "at_end"}
DEFAULT_AVAILABLE_VND = 1_000_000
"""A tag whose balance a scenario does not mention has enough."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; `kind` is its main key."""

    at_us: int
    kind: str
    values: dict[str, Any]


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
    _known(doc, (), doc.value, TOP)
    top = doc.value
    tags = _tags(doc, top.get("tags") or {})
    timeline = _timeline(doc, top.get("timeline"), tags)
    barrier = _map(doc, ("barrier",), top.get("barrier") or {}, {"opens_in", "closes_in"})
    listing = _map(doc, ("list",), top.get("list") or {}, {"age"})
    return Scenario(
        id=_text(doc, ("id",), top.get("id")),
        config=_config(doc, top, timeline),
        tags=tags,
        list_age_us=_us(doc, ("list", "age"), listing.get("age", 0)),
        operator=None if top.get("operator") is None else _text(doc, ("operator",), top["operator"]),
        day=_date(doc, ("date",), top.get("date", "2026-06-15")),
        opens_us=_us(doc, ("barrier", "opens_in"), barrier.get("opens_in", 0.9)),
        closes_us=_us(doc, ("barrier", "closes_in"), barrier.get("closes_in", 1.2)),
        timeline=timeline,
        until_us=_us(doc, ("until",), top.get("until")),
        expect=_expect(doc, top.get("expect") or {}, tags),
    )


# ---- checks ---------------------------------------------------------------------------------------------------------


def _known(doc: Located, path: Path, found: dict[str, Any], known: set[str]) -> None:
    for key in found:
        if key not in known:
            raise doc.complain((*path, key), f"unknown key {key!r}; known here: {', '.join(sorted(known))}")


def _map(doc: Located, path: Path, found: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise doc.complain(path, f"{path[-1]} must be a mapping, not {found!r}")
    _known(doc, path, found, known)
    return found


def _text(doc: Located, path: Path, found: Any) -> str:
    """Text as it is written: an EPC of digits keeps its zeros."""
    if found is None or isinstance(found, dict | list | bool):
        raise doc.complain(path, f"{path[-1]} must be text, not {found!r}")
    return doc.raws.get(path, str(found))


def _number(doc: Located, path: Path, found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise doc.complain(path, f"{path[-1]} must be a number, not {found!r}")
    return float(found)


def _us(doc: Located, path: Path, found: Any) -> int:
    return round(_number(doc, path, found) * 1_000_000)


def _whole(doc: Located, path: Path, found: Any) -> int:
    if isinstance(found, bool) or not isinstance(found, int):
        raise doc.complain(path, f"{path[-1]} must be a whole number, not {found!r}")
    return found


def _flag_of(doc: Located, path: Path, found: Any) -> bool:
    if not isinstance(found, bool):
        raise doc.complain(path, f"{path[-1]} must be true or false, not {found!r}")
    return found


def _one_of(doc: Located, path: Path, found: Any, words: Any) -> str:
    known = [str(word.value) if hasattr(word, "value") else str(word) for word in words]
    if not isinstance(found, str) or found not in known:
        raise doc.complain(path, f"{path[-1]} {found!r} is none of {', '.join(known)}")
    return found


def _date(doc: Located, path: Path, found: Any) -> date:
    try:
        return date.fromisoformat(str(found))
    except ValueError:
        raise doc.complain(path, f"{path[-1]} must be a date like 2026-06-15, not {found!r}") from None


def _hex(doc: Located, path: Path, found: Any) -> str:
    text = _text(doc, path, found).upper()
    if not text or any(c not in "0123456789ABCDEF" for c in text):
        raise doc.complain(path, f"{path[-1]} must be hexadecimal, not {text!r}")
    return text


# ---- configuration and tags -----------------------------------------------------------------------------------------


def _config(doc: Located, top: dict[str, Any], timeline: list[Entry]) -> LaneConfig:
    geometry = Geometry(_one_of(doc, ("geometry",), top.get("geometry", "G1"), Geometry))
    used = {entry.values["sensor"] for entry in timeline if entry.kind == "sensor"}
    settings: dict[str, Any] = {
        "curtains": frozenset(used & {Sensor.LC1, Sensor.LC2}),
        "measures_class": any(entry.kind == "avc" for entry in timeline),
    }
    overrides = top.get("config") or {}
    if not isinstance(overrides, dict):
        raise doc.complain(("config",), "config must be a mapping")
    known = {f.name: f for f in fields(LaneConfig)}
    for name, found in overrides.items():
        path = ("config", name)
        if name == "plate_fallback":
            settings[name] = PlateFallback(_one_of(doc, path, found, PlateFallback))
        elif name == "debounce":
            settings |= dict.fromkeys(
                ("debounce_loop_on_ms", "debounce_loop_off_ms"), round(_number(doc, path, found) * 1000)
            )
        elif f"{name}_ms" in known:
            settings[f"{name}_ms"] = round(_number(doc, path, found) * 1000)
        elif name in known and name not in ("lane", "geometry", "curtains"):
            kind = type(getattr(LaneConfig(), name))
            settings[name] = _flag_of(doc, path, found) if kind is bool else kind(_number(doc, path, found))
        else:
            timers = sorted(n.removesuffix("_ms") for n in known if n.endswith("_ms"))
            raise doc.complain(path, f"unknown setting {name!r}; known: plate_fallback, {', '.join(timers)}")
    return configure(geometry, **settings)


def _tags(doc: Located, found: Any) -> dict[str, TagEntry]:
    if not isinstance(found, dict):
        raise doc.complain(("tags",), "tags must be a mapping of names")
    return {name: _tag(doc, ("tags", name), row) for name, row in found.items()}


def _tag(doc: Located, path: Path, row: Any) -> TagEntry:
    row = _map(doc, path, row, TAG_KEYS)
    if "epc" not in row:
        raise doc.complain(path, f"tag {path[-1]} has no epc")
    return TagEntry(
        epc=_hex(doc, (*path, "epc"), row["epc"]),
        tid=None if row.get("tid") is None else _hex(doc, (*path, "tid"), row["tid"]),
        account=_text(doc, (*path, "account"), row.get("account", f"acc-{path[-1]}")),
        provider=_text(doc, (*path, "provider"), row.get("provider", "provider-1")),
        plate=None if row.get("plate") is None else _text(doc, (*path, "plate"), row["plate"]),
        vehicle_class=_whole(doc, (*path, "class"), row.get("class", 1)),
        status=TagStatus(_one_of(doc, (*path, "status"), row.get("status", "active"), TagStatus)),
        available_vnd=_whole(doc, (*path, "available_vnd"), row.get("available_vnd", DEFAULT_AVAILABLE_VND)),
        ticket=_ticket(doc, (*path, "ticket"), row.get("ticket")),
        list_version=1,
        exempt_reason=None if row.get("reason") is None else _text(doc, (*path, "reason"), row["reason"]),
    )


def _ticket(doc: Located, path: Path, found: Any) -> Ticket | None:
    if found is None:
        return None
    row = _map(doc, path, found, {"from", "to", "no", "kind"})
    first = _date(doc, (*path, "from"), row.get("from"))
    last = _date(doc, (*path, "to"), row.get("to"))
    return Ticket(
        str(row.get("no", f"T-{path[1]}")), first.isoformat(), last.isoformat(), str(row.get("kind", "monthly"))
    )


def changed_tag(entry: TagEntry, changes: dict[str, Any], version: int) -> TagEntry:
    """A row after `{list: {set: …}}`; the keys were checked by `load`."""
    names = {"class": "vehicle_class", "reason": "exempt_reason"}
    row = {f.name: getattr(entry, f.name) for f in fields(TagEntry)}
    row |= {names.get(key, key): value for key, value in changes.items()}
    row["status"] = TagStatus(row["status"])
    return TagEntry(**{**row, "list_version": version})


# ---- timeline -------------------------------------------------------------------------------------------------------


def _timeline(doc: Located, found: Any, tags: dict[str, TagEntry]) -> list[Entry]:
    if not isinstance(found, list):
        raise doc.complain(("timeline",), "a scenario needs a timeline (a list)")
    entries = [_entry(doc, ("timeline", i), row, tags) for i, row in enumerate(found)]
    return sorted(entries, key=lambda entry: entry.at_us)


def _entry(doc: Located, path: Path, row: Any, tags: dict[str, TagEntry]) -> Entry:
    if not isinstance(row, dict):
        raise doc.complain(path, f"a timeline entry is a mapping, not {row!r}")
    kind = next((kind for kind in KINDS if kind in row), None)
    if kind is None:
        raise doc.complain(path, f"no device in this entry; known: {', '.join(KINDS)}")
    if "at" not in row:
        raise doc.complain(path, "entry without `at`")
    _known(doc, path, row, {"at", kind, *KINDS[kind]})
    return Entry(_us(doc, (*path, "at"), row["at"]), kind, _CHECKS[kind](doc, path, row, tags))


def _named(doc: Located, path: Path, row: dict[str, Any], tags: dict[str, TagEntry]) -> str:
    """EPC of `tag: A`, or of `tag: null, epc: HEX`."""
    name = row.get("tag")
    if name is None:
        if "epc" not in row:
            raise doc.complain(path, "tag: null needs an epc")
        return _hex(doc, (*path, "epc"), row["epc"])
    if str(name) not in tags:
        raise doc.complain((*path, "tag"), f"tag {name!r} is not in tags ({', '.join(tags) or 'none'})")
    return tags[str(name)].epc


def _heard(doc: Located, path: Path, row: dict[str, Any], tags: dict[str, TagEntry]) -> dict[str, Any]:
    reads = _whole(doc, (*path, "reads"), row.get("reads", 1))
    if reads < 1:
        raise doc.complain((*path, "reads"), "reads must be at least 1")
    return {
        "epc": _named(doc, path, row, tags),
        "reads": reads,
        "over_us": _us(doc, (*path, "over"), row.get("over", 0)),
        "rssi": round(_number(doc, (*path, "rssi"), row.get("rssi", -58))),
        "antenna": _whole(doc, (*path, "antenna"), row.get("antenna", 1)),
        "stamp_offset_us": _us(doc, (*path, "stamp_offset"), row.get("stamp_offset", 0)),
        "tid": None if row.get("tid") is None else _hex(doc, (*path, "tid"), row["tid"]),
    }


def _neighbour(doc: Located, path: Path, row: dict[str, Any], tags: dict[str, TagEntry]) -> dict[str, Any]:
    return {
        "lane": str(row["neighbour"]),
        "epc": _named(doc, path, row, tags),
        "reads": _whole(doc, (*path, "reads"), row.get("reads", 1)),
        "rssi": round(_number(doc, (*path, "rssi"), row.get("rssi", -58))),
        "vehicle": _flag_of(doc, (*path, "vehicle"), row.get("vehicle", False)),
    }


def _sensor(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    recovered = _flag_of(doc, (*path, "recovered"), row.get("recovered", False))
    happened = row.get("happened", row["at"])
    return {
        "sensor": Sensor(_one_of(doc, (*path, "sensor"), row["sensor"], Sensor)),
        "on": _flag_of(doc, (*path, "on"), row.get("on")),
        "recovered": recovered,
        "happened_us": _us(doc, (*path, "happened"), happened),
    }


def _plate(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {
        "text": None if row["plate"] is None else _text(doc, (*path, "plate"), row["plate"]),
        "confidence": _number(doc, (*path, "confidence"), row.get("confidence", 0.0 if row["plate"] is None else 1.0)),
        "corrects": _flag_of(doc, (*path, "corrects"), row.get("corrects", False)),
    }


def _avc(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "avc")
    found = _map(doc, path, row["avc"], {"class", "kind", "length"})
    kind = str(found.get("kind", VehicleKind.FOUR_WHEEL.value))
    return {
        "class": None if found.get("class") is None else _whole(doc, (*path, "class"), found["class"]),
        "kind": VehicleKind.MOTORCYCLE if kind == VehicleKind.MOTORCYCLE.value else VehicleKind.FOUR_WHEEL,
        "length": None if found.get("length") is None else _number(doc, (*path, "length"), found["length"]),
    }


def _card(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "card")
    found = _map(doc, path, row["card"], {"role", "uid", "holder"})
    return {
        "role": CardRole(_one_of(doc, (*path, "role"), found.get("role"), CardRole)),
        "uid": _text(doc, (*path, "uid"), found.get("uid", "00000000")),
        "holder": None if found.get("holder") is None else _text(doc, (*path, "holder"), found["holder"]),
    }


def _operator(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "operator")
    found = _map(doc, path, row["operator"], {"login", "logout", "release", "reason", "class"})
    if not {"login", "logout", "release"} & set(found):
        raise doc.complain(path, "operator needs login, logout or release")
    return found


def _mode(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {"mode": Mode(_one_of(doc, (*path, "mode"), row["mode"], Mode))}


def _list(doc: Located, path: Path, row: dict[str, Any], tags: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "list")
    found = _map(doc, path, row["list"], {"age", "set", "remove", *TAG_KEYS - {"epc"}})
    if "age" in found:
        return {"age_us": _us(doc, (*path, "age"), found["age"])}
    name = str(found.get("set", found.get("remove")))
    if name not in tags:
        raise doc.complain(path, f"list: set names no tag ({', '.join(tags) or 'none'})")
    if "remove" in found:
        return {"remove": name}
    changes = {key: value for key, value in found.items() if key != "set"}
    if "ticket" in changes:
        changes["ticket"] = _ticket(doc, (*path, "ticket"), changes["ticket"])
    if "status" in changes:
        _one_of(doc, (*path, "status"), changes["status"], TagStatus)
    return {"set": name, "changes": changes}


def _reader(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {"lost": _one_of(doc, (*path, "reader"), row["reader"], ("lost", "back")) == "lost"}


def _plc(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    online = _one_of(doc, (*path, "plc"), row["plc"], ("offline", "online")) == "online"
    return {"online": online, "replays": _flag_of(doc, (*path, "replays_commands"), row.get("replays_commands", False))}


def _arm(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "arm")
    found = _map(doc, path, row["arm"], {"fault", "opens_in", "closes_in", "raised_by_hand", "ok"})
    if "fault" in found:
        _one_of(doc, (*path, "fault"), found["fault"], ("stuck", "slow", "broken"))
    return {
        "fault": found.get("fault"),
        "opens_us": None if "opens_in" not in found else _us(doc, (*path, "opens_in"), found["opens_in"]),
        "closes_us": None if "closes_in" not in found else _us(doc, (*path, "closes_in"), found["closes_in"]),
        "by_hand": bool(found.get("raised_by_hand", False)),
        "ok": bool(found.get("ok", False)),
    }


def _redeliver(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "redeliver")
    found = _map(doc, path, row["redeliver"], {"last"})
    return {"last": _one_of(doc, (*path, "last"), found.get("last"), ("open", "close"))}


def _clock(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {"step_us": _us(doc, (*path, "clock_step"), row["clock_step"])}


def _power(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {"on": _one_of(doc, (*path, "power"), row["power"], ("off", "on")) == "on"}


_CHECKS = {
    "neighbour": _neighbour,
    "tag": _heard,
    "sensor": _sensor,
    "plate": _plate,
    "avc": _avc,
    "card": _card,
    "operator": _operator,
    "mode": _mode,
    "list": _list,
    "reader": _reader,
    "plc": _plc,
    "arm": _arm,
    "redeliver": _redeliver,
    "clock_step": _clock,
    "power": _power,
}


# ---- expectations ---------------------------------------------------------------------------------------------------


def _expect(doc: Located, found: Any, tags: dict[str, TagEntry]) -> dict[str, Any]:
    path: Path = ("expect",)
    found = _map(doc, path, found, EXPECT)
    for key in ("flags", "no_flags"):
        _words(doc, (*path, key), found.get(key, []), Flag)
    _words(doc, (*path, "display"), found.get("display", []), DisplayCode)
    passages = found.get("passages", [])
    if not isinstance(passages, list):
        raise doc.complain((*path, "passages"), "passages must be a list")
    for i, passage in enumerate(passages):
        _expected_passage(doc, (*path, "passages", i), passage, tags)
    barrier = _map(doc, (*path, "barrier"), found.get("barrier", {}), BARRIER)
    if "at_end" in barrier:
        _one_of(doc, (*path, "barrier", "at_end"), barrier["at_end"], ("open", "closed", "any"))
    if "state_at_end" in found:
        _one_of(doc, (*path, "state_at_end"), found["state_at_end"], LaneState)
    return dict(found)


def _words(doc: Located, path: Path, found: Any, words: Any) -> None:
    if not isinstance(found, list):
        raise doc.complain(path, f"{path[-1]} must be a list")
    for i, word in enumerate(found):
        _one_of(doc, (*path, i), word, words)


def _expected_passage(doc: Located, path: Path, found: Any, tags: dict[str, TagEntry]) -> None:
    found = _map(doc, path, found, PASSAGE)
    if "outcome" in found:
        _one_of(doc, (*path, "outcome"), found["outcome"], Outcome)
    if found.get("tag") is not None and found["tag"] not in tags:
        raise doc.complain((*path, "tag"), f"tag {found['tag']!r} is not in tags")
    _words(doc, (*path, "flags"), found.get("flags", []), Flag)


__all__ = ["Entry", "Scenario", "ScenarioError", "changed_tag", "load"]
