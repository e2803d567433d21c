"""Brings the tables to the newest version: numbered SQL files, each applied once, in order.

In: an address. Out: a database with all tables. A file that was applied is never changed; a change is a new file.
Applying twice, or from two processes at once, changes nothing: every statement says IF NOT EXISTS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from importlib import resources
from typing import Final

from backoffice.storage.database import Database
from backoffice.storage.dsn import Address

_NAME: Final = re.compile(r"^(\d{4})_(\w+)\.sql$")
_ENGINE: Final = re.compile(r"\bENGINE = (\w*MergeTree)\b")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of statements."""

    number: int
    name: str
    statements: tuple[str, ...]


def migrations() -> tuple[Migration, ...]:
    """All migrations, by number."""
    found = []
    for entry in (resources.files("backoffice.storage") / "migrations").iterdir():
        if name := _NAME.match(entry.name):
            found.append(Migration(int(name[1]), name[2], _statements(entry.read_text(encoding="utf-8"))))
    return tuple(sorted(found, key=lambda migration: migration.number))


def _statements(text: str) -> tuple[str, ...]:
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return tuple(part.strip() for part in code.split(";") if part.strip())


def migrate(address: Address) -> tuple[int, ...]:
    """Create the database when it is missing, apply what is missing; numbers that were applied now."""
    _create_database(address)
    database = Database(address)
    try:
        first = _prepared(migrations()[0].statements[0], address)
        database.command(first)
        done = {row[0] for row in database.rows("SELECT number FROM schema_migrations FINAL")}
        missing = [migration for migration in migrations() if migration.number not in done]
        for migration in missing:
            for statement in migration.statements:
                database.command(_prepared(statement, address))
            database.insert("schema_migrations", {"number": [migration.number], "name": [migration.name]})
        return tuple(migration.number for migration in missing)
    finally:
        database.close()


def _create_database(address: Address) -> None:
    server = Database(replace(address, database="default"))
    try:
        server.command(f"CREATE DATABASE IF NOT EXISTS {address.database}")
    finally:
        server.close()


def _prepared(statement: str, address: Address) -> str:
    """On a cluster the same tables are replicated; the database there has the engine Replicated."""
    return _ENGINE.sub(r"ENGINE = Replicated\1", statement) if address.replicated else statement
