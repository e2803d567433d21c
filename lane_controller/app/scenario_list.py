"""The tag list of the lane as a scenario changes it: rows, version, and how old it is.

In: the rows of the scenario, the `list` entries of its timeline. Out: rows by EPC or plate; events for the lane.
Never: a change without a new version.
"""

from dataclasses import fields
from typing import Any

from lane_controller.app.scenario_file import Scenario
from lane_controller.contracts.values import TagStatus
from lane_controller.core.events import ListEntryChanged, ListHeartbeat
from lane_controller.core.fusion import plates_agree
from lane_controller.core.values import TagEntry


class TagList:
    """The list outside the lane computer; it stays as it is when the lane loses power."""

    def __init__(self, scenario: Scenario) -> None:
        self._named = scenario.tags
        self._rows: dict[str, TagEntry | None] = {tag.epc: tag for tag in scenario.tags.values()}
        self._version = 1
        self._fresh_us = -scenario.list_age_us

    def row(self, epc: str) -> TagEntry | None:
        """The row of a tag; None: it is on no list."""
        return self._rows.get(epc)

    def row_of_plate(self, text: str | None) -> TagEntry | None:
        """The first row whose plate agrees with what was read."""
        return next((row for row in self._rows.values() if row and text and plates_agree(text, row.plate)), None)

    def heartbeat(self, now_us: int) -> ListHeartbeat:
        """How old the list is now."""
        return ListHeartbeat(self._version, now_us - self._fresh_us)

    def change(self, values: dict[str, Any], now_us: int) -> ListHeartbeat | ListEntryChanged:
        """One `list` entry of the timeline: the list's age, a row changed or a row removed."""
        if "age_us" in values:
            self._fresh_us = now_us - values["age_us"]
            return self.heartbeat(now_us)
        self._version += 1
        self._fresh_us = now_us
        named = self._named[values.get("set") or values["remove"]]
        old = self._rows.get(named.epc) or named
        row = _changed(old, values["changes"], self._version) if "set" in values else None
        self._rows[named.epc] = row
        return ListEntryChanged(named.epc, row, self._version)


def _changed(entry: TagEntry, changes: dict[str, Any], version: int) -> TagEntry:
    """A row after `{list: {set: …}}`; the keys were checked by scenario_timeline."""
    names = {"class": "vehicle_class", "reason": "exempt_reason"}
    row = {f.name: getattr(entry, f.name) for f in fields(TagEntry)}
    row |= {names.get(key, key): value for key, value in changes.items()}
    row["status"] = TagStatus(row["status"])
    return TagEntry(**{**row, "list_version": version})
