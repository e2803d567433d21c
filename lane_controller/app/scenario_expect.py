"""What a scenario expects, checked before the run.

In: the `expect` of a located document and its tags. Out: the same mapping, each of its words known.
Never: an expectation that no run could be held to. A misspelt flag, outcome or tag is an error, not a pass.
"""

from typing import Any

from lane_controller.app.scenario_values import map_at, one_of
from lane_controller.app.scenario_yaml import Located, Path
from lane_controller.contracts.values import LaneState, Outcome
from lane_controller.core.values import DisplayCode, Flag, TagEntry

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


def expect_of(doc: Located, found: Any, tags: dict[str, TagEntry]) -> dict[str, Any]:
    path: Path = ("expect",)
    found = map_at(doc, path, found, EXPECT)
    for key in ("flags", "no_flags"):
        _words(doc, (*path, key), found.get(key, []), Flag)
    _words(doc, (*path, "display"), found.get("display", []), DisplayCode)
    passages = found.get("passages", [])
    if not isinstance(passages, list):
        raise doc.complain((*path, "passages"), "passages must be a list")
    for i, passage in enumerate(passages):
        _expected_passage(doc, (*path, "passages", i), passage, tags)
    barrier = map_at(doc, (*path, "barrier"), found.get("barrier", {}), BARRIER)
    if "at_end" in barrier:
        one_of(doc, (*path, "barrier", "at_end"), barrier["at_end"], ("open", "closed", "any"))
    if "state_at_end" in found:
        one_of(doc, (*path, "state_at_end"), found["state_at_end"], LaneState)
    return dict(found)


def _words(doc: Located, path: Path, found: Any, words: Any) -> None:
    if not isinstance(found, list):
        raise doc.complain(path, f"{path[-1]} must be a list")
    for i, word in enumerate(found):
        one_of(doc, (*path, i), word, words)


def _expected_passage(doc: Located, path: Path, found: Any, tags: dict[str, TagEntry]) -> None:
    found = map_at(doc, path, found, PASSAGE)
    if "outcome" in found:
        one_of(doc, (*path, "outcome"), found["outcome"], Outcome)
    if found.get("tag") is not None and found["tag"] not in tags:
        raise doc.complain((*path, "tag"), f"tag {found['tag']!r} is not in tags")
    _words(doc, (*path, "flags"), found.get("flags", []), Flag)
