"""The tag list of a scenario: rows by the name that the timeline calls them.

In: the `tags` of a located document. Out: rows of the lane's tag list.
Never: a row without an EPC.
"""

from typing import Any

from lane_controller.app.scenario_values import date_at, hex_at, map_at, one_of, text_at, whole_at
from lane_controller.app.scenario_yaml import Located, Path
from lane_controller.contracts.values import TagStatus
from lane_controller.core.values import TagEntry, Ticket

TAG_KEYS = {"epc", "tid", "account", "provider", "plate", "class", "status", "available_vnd", "ticket", "reason"}
DEFAULT_AVAILABLE_VND = 1_000_000
"""A tag whose balance a scenario does not mention has enough."""


def tags_of(doc: Located, found: Any) -> dict[str, TagEntry]:
    if not isinstance(found, dict):
        raise doc.complain(("tags",), "tags must be a mapping of names")
    return {name: _tag(doc, ("tags", name), row) for name, row in found.items()}


def _tag(doc: Located, path: Path, row: Any) -> TagEntry:
    row = map_at(doc, path, row, TAG_KEYS)
    if "epc" not in row:
        raise doc.complain(path, f"tag {path[-1]} has no epc")
    return TagEntry(
        epc=hex_at(doc, (*path, "epc"), row["epc"]),
        tid=None if row.get("tid") is None else hex_at(doc, (*path, "tid"), row["tid"]),
        account=text_at(doc, (*path, "account"), row.get("account", f"acc-{path[-1]}")),
        provider=text_at(doc, (*path, "provider"), row.get("provider", "provider-1")),
        plate=None if row.get("plate") is None else text_at(doc, (*path, "plate"), row["plate"]),
        vehicle_class=whole_at(doc, (*path, "class"), row.get("class", 1)),
        status=TagStatus(one_of(doc, (*path, "status"), row.get("status", "active"), TagStatus)),
        available_vnd=whole_at(doc, (*path, "available_vnd"), row.get("available_vnd", DEFAULT_AVAILABLE_VND)),
        ticket=ticket_at(doc, (*path, "ticket"), row.get("ticket")),
        list_version=1,
        exempt_reason=None if row.get("reason") is None else text_at(doc, (*path, "reason"), row["reason"]),
    )


def ticket_at(doc: Located, path: Path, found: Any) -> Ticket | None:
    if found is None:
        return None
    row = map_at(doc, path, found, {"from", "to", "no", "kind"})
    first = date_at(doc, (*path, "from"), row.get("from"))
    last = date_at(doc, (*path, "to"), row.get("to"))
    return Ticket(
        str(row.get("no", f"T-{path[1]}")), first.isoformat(), last.isoformat(), str(row.get("kind", "monthly"))
    )
