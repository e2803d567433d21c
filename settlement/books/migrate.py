"""Brings the tables of the books to the newest version: numbered SQL files, each applied once, in order.

In: a database. Out: all tables. A file that was applied is never changed; a change is a new file. Applying twice, or
from two processes at once, changes nothing: every statement says IF NOT EXISTS.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Final

from settlement.books.database import BookDatabase

_NAME: Final = re.compile(r"^(\d{4})_(\w+)\.sql$")
_ENGINE: Final = re.compile(r"\bENGINE = (\w*MergeTree)\b")


def migrate(database: BookDatabase) -> tuple[int, ...]:
    """Numbers of the files that were applied now."""
    known = database.rows_if_table("SELECT number FROM settlement_migrations FINAL")
    done = {row[0] for row in known or ()}
    missing = [(number, name, text) for number, name, text in _files() if number not in done]
    if known is None:
        database.make_database()
    for number, name, text in missing:
        for statement in _statements(text):
            prepared = _ENGINE.sub(r"ENGINE = Replicated\1", statement) if database.replicated else statement
            database.command(prepared)
        database.insert("settlement_migrations", {"number": [number], "name": [name]})
    return tuple(number for number, _, _ in missing)


def _files() -> list[tuple[int, str, str]]:
    found = []
    for entry in (resources.files("settlement.books") / "migrations").iterdir():
        if name := _NAME.match(entry.name):
            found.append((int(name[1]), name[2], entry.read_text(encoding="utf-8")))
    return sorted(found)


def _statements(text: str) -> list[str]:
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [part.strip() for part in code.split(";") if part.strip()]
