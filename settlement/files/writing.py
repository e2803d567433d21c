"""Writes files whole: under a temporary name first, then renamed.

In: a folder and contents. Out: files that appear complete or not at all. Contents are bytes or an iterable of rows; CSV
is UTF-8 without BOM, comma, LF.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any


def write_whole(path: Path, fill: Callable[[Path], None]) -> None:
    """Let `fill` write a temporary neighbour of `path`, then put it in place; on error nothing is left."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        fill(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """A binary file, whole or not at all."""
    write_whole(path, lambda part: _put(part, content))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table with a header line; None becomes an empty cell."""

    def fill(part: Path) -> None:
        with part.open("wb") as raw, TextIOWrapper(raw, encoding="utf-8", newline="") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)

    write_whole(path, fill)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """A JSON object, indented, Vietnamese letters as they are."""
    write_bytes(path, (json_text(content) + "\n").encode())


def json_text(content: Mapping[str, Any]) -> str:
    """The one way in which JSON is written here."""
    return json.dumps(content, ensure_ascii=False, indent=2)


def _put(part: Path, content: bytes) -> None:
    part.write_bytes(content)
