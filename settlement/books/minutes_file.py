"""The minutes of a day as a file that travels between the parties (JSON).

In: a day with the signatures that it has so far. Out: a file, and the day of one. A file that is damaged is refused; a
file that is false is found by whoever checks it (`settlement countersign`, `settlement verify --minutes`).
"""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

from settlement.clearing.closed_day import ITEM_FIELDS, ClosedDay, item_from, minutes_from
from settlement.files.writing import write_bytes
from settlement.intake.problems import UnusableInputError

KIND: Final = "etc-plaza minutes of a day"


def file_name(provider: str, day: str) -> str:
    """`minutes-VETC-2026-06-15.json`; letters that file names cannot bear are replaced."""
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in provider)
    return f"minutes-{safe}-{day}.json"


def write_minutes(path: Path, day: ClosedDay) -> None:
    """Write it whole."""
    content = {
        "kind": KIND,
        "digest": day.minutes.digest,
        "signatures": {"operator": day.operator_signature, "provider": day.provider_signature},
        "minutes": day.minutes.content,
        "item_fields": list(ITEM_FIELDS),
        "items": [list(astuple(item)) for item in day.items],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())


def read_minutes(path: Path) -> ClosedDay:
    """The day of a file; UnusableInputError where it is no such file."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("kind") != KIND:
            raise UnusableInputError(f"{path}: not the minutes of a day as `settlement close` writes them")
        names = content["item_fields"]
        items = tuple(item_from(dict(zip(names, row, strict=True))) for row in content["items"])
        minutes = minutes_from(json.dumps(content["minutes"]))
        signatures = content["signatures"]
        return ClosedDay(minutes, str(signatures["operator"]), str(signatures["provider"]), items)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnusableInputError(f"{path}: cannot be read as the minutes of a day ({error})") from error
