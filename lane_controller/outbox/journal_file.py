"""The file of a lane's journal: its tables, its lock, the mark beside it, and how it refuses.

In: a path. Out: a connection (WAL, synchronous=FULL), a lock that one process holds, errors that name file and remedy.
The mark in the lock file says how far the journal came (docs/adr/0015); it is never ahead of a journal that lost
nothing.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCHEMA_VERSION: Final = "1"
SCHEMA: Final = """
create table if not exists meta (name text primary key, value text not null) strict;
create table if not exists record (
    number integer primary key, at_utc text not null, kind text not null, passage_id text,
    body blob not null, hash text not null) strict;
create index if not exists record_by_passage on record (passage_id);
create table if not exists passage (
    seq integer primary key, number integer not null unique references record, passage_id text not null unique,
    outcome text not null, fare_vnd integer not null, message blob not null, hash text not null) strict;
create table if not exists input (
    id integer primary key, at_utc text not null, mono_ns integer not null, boot text not null,
    body blob not null) strict;
create index if not exists input_by_time on input (at_utc);
create table if not exists seal (
    id integer primary key autoincrement, first_seq integer not null, last_seq integer not null,
    message blob not null) strict;
create table if not exists snapshot (id integer primary key, number integer not null, text text not null) strict;
create table if not exists cursor (name text primary key, position integer not null) strict;
create table if not exists command (
    command_id text primary key, forget_after_utc text not null, result text not null, detail text) strict;
"""
MARK_PREFIX: Final = b'{"mark":'
"""How the body of an input row begins that is no event but a mark (marks.py)."""
WAL_BYTES: Final = 8 << 20
"""More than a lane writes between two pauses in which the WAL is emptied."""
ROOM_BYTES: Final = 1 << 30
REMEDY: Final = (
    "If the disk is full, free some space: the lane goes on by itself. If the file is damaged, run `lane-controller"
    " repair`: it keeps the damaged file, saves what can be proved, and says what is missing and whether the lane needs"
    " a new epoch."
)


class JournalError(Exception):
    """The journal cannot be opened or written. The text names file, problem and remedy."""


class JournalRefusedError(JournalError):
    """The disk does not let the journal be opened now, as when it is full; the same file may open a little later."""


def journal_path(folder: Path, lane: str, epoch: int) -> Path:
    """Where the journal of `lane` lives; a new epoch is a new file."""
    return folder / f"{lane}-e{epoch}.journal.sqlite3"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a journal came, kept beside it: last record, last passage, hash of the last record."""

    number: int
    seq: int
    head: str


def connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    with closing(db.execute("pragma journal_mode=wal")) as mode:
        mode.fetchall()
    for pragma in ("synchronous=full", "foreign_keys=on", "wal_autocheckpoint=0"):
        db.execute(f"pragma {pragma}")
    return db


def fill_wal(path: Path) -> None:
    """Give the WAL its usual length, in zeros behind its last commit; by its only writer, when nobody waits.

    A commit into blocks that are there is a write and a flush. One that makes the file longer waits for the file
    system's journal, and with it for what any other program has just written: 100 ms on a busy disk. Zeros are no
    frames: whoever reads the WAL stops before them. Where room is short it is left as it is.
    """
    with suppress(OSError), path.with_name(path.name + "-wal").open("r+b", buffering=0) as wal:
        length = wal.seek(0, os.SEEK_END)
        room = os.fstatvfs(wal.fileno())
        if length >= WAL_BYTES or room.f_bavail * room.f_frsize < ROOM_BYTES:
            return
        while length < WAL_BYTES:
            length += wal.write(bytes(min(1 << 20, WAL_BYTES - length)))
        os.fsync(wal.fileno())


def refusal(path: Path, error: sqlite3.Error) -> JournalError:
    kind = JournalRefusedError if isinstance(error, sqlite3.OperationalError) else JournalError
    return kind(f"journal {path}: {error}. {REMEDY}")


def read_mark(lock: int) -> Mark | None:
    """The mark in a journal's lock file; None before the first commit."""
    number, _, rest = os.pread(lock, 256, 0).decode(errors="replace").partition(" ")
    seq, _, head = rest.strip().partition(" ")
    return Mark(int(number), int(seq), head) if number.isdecimal() and seq.isdecimal() else None


def write_mark(lock: int, mark: Mark) -> None:
    """No fsync: a mark that a power cut leaves behind is only older than the journal."""
    with suppress(OSError):  # a full disk; the journal itself has the record
        os.pwrite(lock, f"{mark.number:020d} {mark.seq:020d} {mark.head}\n".encode(), 0)


def lock_journal(path: Path) -> int:
    """Hold the lane for this process: two writers would give two vehicles one number."""
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise JournalError(f"journal {path} is in use by another lane controller; stop that one first") from error
    return lock
