"""Writes the JSON Schemas of all version-1 messages beside the code: `python -m lane_controller.contracts.export`.

In: the message models. Out: `schemas/NAME.json`, checked in; a test fails when they are not fresh.
"""

from __future__ import annotations

import json
from pathlib import Path

from lane_controller.contracts.v1 import MESSAGES, Message

SCHEMAS = Path(__file__).parent / "schemas"


def schema_text(message: type[Message]) -> str:
    """The JSON Schema of `message` as it stands in its file."""
    return json.dumps(message.model_json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def export() -> None:
    """Write every schema file anew."""
    for message in MESSAGES:
        (SCHEMAS / f"{message.__name__}.json").write_text(schema_text(message), encoding="utf-8")


if __name__ == "__main__":
    export()
