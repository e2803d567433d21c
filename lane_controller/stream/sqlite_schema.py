"""The tables of the embedded stream's file, and what an older file needs to become a present one.

In: a path. Out: a connection whose file has the tables of this version. Several processes may come at the same moment.
Never: a file of a newer program touched, or a record lost that a reader has yet to see and that none replaces.
"""

from __future__ import annotations

import fcntl
import sqlite3
from pathlib import Path
from typing import Final

from lane_controller.stream.port import StreamError

SCHEMA_VERSION: Final = 2
OFFSET_BITS: Final = 40
"""A record's row id is (topic << 40 | offset): a topic is one run of the table, read without a second index."""
BUSY_TIMEOUT_MS: Final = 10_000
"""How long a write waits for another process's commit (4 ms each on a disk with a real fsync)."""
WAL_LIMIT_BYTES: Final = 64 << 20

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS topic (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, compacted INTEGER NOT NULL, next_offset INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, appended_utc_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS committed (
    grp TEXT NOT NULL, topic INTEGER NOT NULL, next_offset INTEGER NOT NULL, PRIMARY KEY (grp, topic)) WITHOUT ROWID;
-- Compacted topics only: the newest record of each key, and the records that may go once their time has come.
CREATE TABLE IF NOT EXISTS newest (
    topic INTEGER NOT NULL, key TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (topic, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS expiring (id INTEGER PRIMARY KEY, due_utc_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS expiring_due ON expiring (due_utc_ms);
"""

_COMPACT_LANE_STATUS: Final = """
INSERT INTO newest
    SELECT topic.id, key, max(record.id) FROM topic JOIN record ON record.id >> 40 = topic.id
    WHERE topic.name LIKE '%toll.lane-status.v1' AND NOT topic.compacted GROUP BY topic.id, key;
INSERT INTO expiring
    SELECT record.id, 0 FROM topic JOIN record ON record.id >> 40 = topic.id
    WHERE topic.name LIKE '%toll.lane-status.v1' AND NOT topic.compacted
    AND record.id NOT IN (SELECT id FROM newest);
UPDATE topic SET compacted = 1 WHERE name LIKE '%toll.lane-status.v1';
"""
"""Version 1 kept every status of a lane for ever. A topic may have a prefix. Literal: this is how that version was."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time; transactions are begun by hand."""
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA synchronous = FULL")  # an append that returned survives a power cut
    db.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
    return db


def prepare(path: Path, db: sqlite3.Connection) -> None:
    """Create the file's tables once, or bring an older file up to date. StreamError: a newer program made it.

    The switch to WAL does not wait for other connections, hence the lock beside the file.
    """
    with path.with_name(path.name + ".create").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found > SCHEMA_VERSION:
            raise StreamError(f"stream file {path} has version {found}, this program knows {SCHEMA_VERSION}: update it")
        if found == 0:
            db.execute("PRAGMA journal_mode = WAL")
            _whole(db, _SCHEMA)
        elif found < SCHEMA_VERSION:
            _whole(db, _COMPACT_LANE_STATUS)


def _whole(db: sqlite3.Connection, script: str) -> None:
    """All of it and the new version number, or nothing: power may fail in between."""
    db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
