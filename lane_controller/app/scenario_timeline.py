"""The timeline of a scenario: what the devices report, and when.

In: the `timeline` of a located document and the tags that it names. Out: checked entries in order of time.
Never: a key that nobody reads, nor a tag, sensor or word that is not known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lane_controller.app.scenario_tags import TAG_KEYS, ticket_at
from lane_controller.app.scenario_values import (
    flag_at,
    hex_at,
    map_at,
    number_at,
    one_of,
    refuse_unknown,
    text_at,
    us_at,
    whole_at,
)
from lane_controller.app.scenario_yaml import Located, Path
from lane_controller.contracts.values import TagStatus
from lane_controller.core.values import CardRole, Mode, Sensor, TagEntry, VehicleKind

_Check = Callable[[Located, Path, dict[str, Any], dict[str, TagEntry]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; `kind` is its main key."""

    at_us: int
    kind: str
    values: dict[str, Any]


def timeline_of(doc: Located, found: Any, tags: dict[str, TagEntry]) -> list[Entry]:
    if not isinstance(found, list):
        raise doc.complain(("timeline",), "a scenario needs a timeline (a list)")
    entries = [_entry(doc, ("timeline", i), row, tags) for i, row in enumerate(found)]
    return sorted(entries, key=lambda entry: entry.at_us)


def _entry(doc: Located, path: Path, row: Any, tags: dict[str, TagEntry]) -> Entry:
    if not isinstance(row, dict):
        raise doc.complain(path, f"a timeline entry is a mapping, not {row!r}")
    kind = next((kind for kind in _KINDS if kind in row), None)
    if kind is None:
        raise doc.complain(path, f"no device in this entry; known: {', '.join(_KINDS)}")
    if "at" not in row:
        raise doc.complain(path, "entry without `at`")
    further, check = _KINDS[kind]
    refuse_unknown(doc, path, row, {"at", kind, *further})
    return Entry(us_at(doc, (*path, "at"), row["at"]), kind, check(doc, path, row, tags))


def _named(doc: Located, path: Path, row: dict[str, Any], tags: dict[str, TagEntry]) -> str:
    """EPC of `tag: A`, or of `tag: null, epc: HEX`."""
    name = row.get("tag")
    if name is None:
        if "epc" not in row:
            raise doc.complain(path, "tag: null needs an epc")
        return hex_at(doc, (*path, "epc"), row["epc"])
    if str(name) not in tags:
        raise doc.complain((*path, "tag"), f"tag {name!r} is not in tags ({', '.join(tags) or 'none'})")
    return tags[str(name)].epc


def _heard(doc: Located, path: Path, row: dict[str, Any], tags: dict[str, TagEntry]) -> dict[str, Any]:
    reads = whole_at(doc, (*path, "reads"), row.get("reads", 1))
    if reads < 1:
        raise doc.complain((*path, "reads"), "reads must be at least 1")
    return {
        "epc": _named(doc, path, row, tags),
        "reads": reads,
        "over_us": us_at(doc, (*path, "over"), row.get("over", 0)),
        "rssi": round(number_at(doc, (*path, "rssi"), row.get("rssi", -58))),
        "antenna": whole_at(doc, (*path, "antenna"), row.get("antenna", 1)),
        "stamp_offset_us": us_at(doc, (*path, "stamp_offset"), row.get("stamp_offset", 0)),
        "tid": None if row.get("tid") is None else hex_at(doc, (*path, "tid"), row["tid"]),
    }


def _neighbour(doc: Located, path: Path, row: dict[str, Any], tags: dict[str, TagEntry]) -> dict[str, Any]:
    return {
        "lane": str(row["neighbour"]),
        "epc": _named(doc, path, row, tags),
        "reads": whole_at(doc, (*path, "reads"), row.get("reads", 1)),
        "rssi": round(number_at(doc, (*path, "rssi"), row.get("rssi", -58))),
        "vehicle": flag_at(doc, (*path, "vehicle"), row.get("vehicle", False)),
    }


def _sensor(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    recovered = flag_at(doc, (*path, "recovered"), row.get("recovered", False))
    happened = row.get("happened", row["at"])
    return {
        "sensor": Sensor(one_of(doc, (*path, "sensor"), row["sensor"], Sensor)),
        "on": flag_at(doc, (*path, "on"), row.get("on")),
        "recovered": recovered,
        "happened_us": us_at(doc, (*path, "happened"), happened),
    }


def _plate(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {
        "text": None if row["plate"] is None else text_at(doc, (*path, "plate"), row["plate"]),
        "confidence": number_at(
            doc, (*path, "confidence"), row.get("confidence", 0.0 if row["plate"] is None else 1.0)
        ),
        "corrects": flag_at(doc, (*path, "corrects"), row.get("corrects", False)),
    }


def _avc(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "avc")
    found = map_at(doc, path, row["avc"], {"class", "kind", "length"})
    kind = str(found.get("kind", VehicleKind.FOUR_WHEEL.value))
    return {
        "class": None if found.get("class") is None else whole_at(doc, (*path, "class"), found["class"]),
        "kind": VehicleKind.MOTORCYCLE if kind == VehicleKind.MOTORCYCLE.value else VehicleKind.FOUR_WHEEL,
        "length": None if found.get("length") is None else number_at(doc, (*path, "length"), found["length"]),
    }


def _card(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "card")
    found = map_at(doc, path, row["card"], {"role", "uid", "holder"})
    return {
        "role": CardRole(one_of(doc, (*path, "role"), found.get("role"), CardRole)),
        "uid": text_at(doc, (*path, "uid"), found.get("uid", "00000000")),
        "holder": None if found.get("holder") is None else text_at(doc, (*path, "holder"), found["holder"]),
    }


def _operator(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "operator")
    found = map_at(doc, path, row["operator"], {"login", "logout", "release", "reason", "class"})
    if not {"login", "logout", "release"} & set(found):
        raise doc.complain(path, "operator needs login, logout or release")
    return found


def _mode(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {"mode": Mode(one_of(doc, (*path, "mode"), row["mode"], Mode))}


def _list(doc: Located, path: Path, row: dict[str, Any], tags: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "list")
    found = map_at(doc, path, row["list"], {"age", "set", "remove", *TAG_KEYS - {"epc"}})
    if "age" in found:
        return {"age_us": us_at(doc, (*path, "age"), found["age"])}
    name = str(found.get("set", found.get("remove")))
    if name not in tags:
        raise doc.complain(path, f"list: set names no tag ({', '.join(tags) or 'none'})")
    if "remove" in found:
        return {"remove": name}
    changes = {key: value for key, value in found.items() if key != "set"}
    if "ticket" in changes:
        changes["ticket"] = ticket_at(doc, (*path, "ticket"), changes["ticket"])
    if "status" in changes:
        one_of(doc, (*path, "status"), changes["status"], TagStatus)
    return {"set": name, "changes": changes}


def _reader(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {"lost": one_of(doc, (*path, "reader"), row["reader"], ("lost", "back")) == "lost"}


def _plc(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    online = one_of(doc, (*path, "plc"), row["plc"], ("offline", "online")) == "online"
    return {"online": online, "replays": flag_at(doc, (*path, "replays_commands"), row.get("replays_commands", False))}


def _arm(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "arm")
    found = map_at(doc, path, row["arm"], {"fault", "opens_in", "closes_in", "raised_by_hand", "ok"})
    if "fault" in found:
        one_of(doc, (*path, "fault"), found["fault"], ("stuck", "slow", "broken"))
    return {
        "fault": found.get("fault"),
        "opens_us": None if "opens_in" not in found else us_at(doc, (*path, "opens_in"), found["opens_in"]),
        "closes_us": None if "closes_in" not in found else us_at(doc, (*path, "closes_in"), found["closes_in"]),
        "by_hand": bool(found.get("raised_by_hand", False)),
        "ok": bool(found.get("ok", False)),
    }


def _redeliver(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    path = (*path, "redeliver")
    found = map_at(doc, path, row["redeliver"], {"last"})
    return {"last": one_of(doc, (*path, "last"), found.get("last"), ("open", "close"))}


def _clock(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {"step_us": us_at(doc, (*path, "clock_step"), row["clock_step"])}


def _power(doc: Located, path: Path, row: dict[str, Any], _: dict[str, TagEntry]) -> dict[str, Any]:
    return {"on": one_of(doc, (*path, "power"), row["power"], ("off", "on")) == "on"}


_KINDS: dict[str, tuple[set[str], _Check]] = {
    "neighbour": ({"tag", "epc", "reads", "over", "rssi", "vehicle"}, _neighbour),
    "tag": ({"epc", "reads", "over", "rssi", "antenna", "stamp_offset", "tid"}, _heard),
    "sensor": ({"on", "recovered", "happened"}, _sensor),
    "plate": ({"confidence", "corrects"}, _plate),
    "avc": (set(), _avc),
    "card": (set(), _card),
    "operator": (set(), _operator),
    "mode": (set(), _mode),
    "list": (set(), _list),
    "reader": (set(), _reader),
    "plc": ({"replays_commands"}, _plc),
    "arm": (set(), _arm),
    "redeliver": (set(), _redeliver),
    "clock_step": (set(), _clock),
    "power": (set(), _power),
}
"""For each kind of entry the keys it may have beside `at` and its own, and the check of its values."""
