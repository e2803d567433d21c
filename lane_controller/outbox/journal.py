"""The journal of one lane: a SQLite file that a power cut, a kill -9 or a curious hand cannot make lie.

In: batches of input events and records (WAL, synchronous=FULL: one fsync per batch). Out: what was committed, in order,
with gapless numbers and a hash chain; the encoded passages for the relay. A batch is there whole or not at all. The
file of a lane has one writer. Nothing here runs on the event loop: see `writer.py`.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lane_controller.contracts.hashes import canonical_json, passage_hash
from lane_controller.outbox.chain import GENESIS, Link, check_chain, link_hash

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
TAIL_CHECKED: Final = 500
"""Records whose chain is checked at each start; `lane-controller verify` checks them all."""
MARK_PREFIX: Final = b'{"mark":'
"""How the body of an input row begins that is no event but a mark (marks.py)."""


class JournalError(Exception):
    """The journal cannot be opened or written. The text names file, problem and remedy."""


class JournalRefusedError(JournalError):
    """The disk does not let the journal be opened now, as when it is full; the same file may open a little later."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record to commit. `message` is the passage as it will be published, without its two hashes."""

    at_utc: str
    kind: str
    body: dict[str, Any]
    passage_id: str | None = None
    message: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """One event that the core was given: wall time, monotonic time, and the event as JSON.

    `position`: the PLC's boot id and edge number, where it is a sensor's; the newest survives the retention.
    """

    at_utc: str
    mono_ns: int
    body: bytes
    position: tuple[str, int] | None = None


@dataclass(slots=True)
class Batch:
    """What one commit makes durable."""

    inputs: list[Input] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.inputs or self.entries)


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as read back."""

    number: int
    at_utc: str
    kind: str
    body: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as it will be, or was, published."""

    seq: int
    passage_id: str
    outcome: str
    fare_vnd: int
    message: bytes
    hash: str


def journal_path(folder: Path, lane: str, epoch: int) -> Path:
    """Where the journal of `lane` lives; a new epoch is a new file."""
    return folder / f"{lane}-e{epoch}.journal.sqlite3"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a journal came, kept beside it: last record, last passage, hash of the last record."""

    number: int
    seq: int
    head: str


class Journal:
    """Opened for writing by one process; everything else uses `JournalReader`."""

    def __init__(
        self, path: Path, plaza: str, lane: str, epoch: int, boot: str = "", *, ended: bool = False
    ) -> None:  # fmt: skip
        """Open or begin the journal; JournalError when that cannot be done safely.

        `ended`: an epoch that is over and only sends what waits; what was lost at its end is known then.
        """
        self.path, self.plaza, self.lane, self.epoch, self._boot = path, plaza, lane, epoch, boot
        path.parent.mkdir(parents=True, exist_ok=True)
        self._number, self._head = 0, GENESIS
        self._seq, self._passage_head = 0, GENESIS
        self.position: tuple[str, int] | None = None
        """The PLC's boot id and the last of its edges that is on disk."""
        self._lock = lock_journal(path)
        try:
            self._db = _connect(path)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise _refusal(path, error) from error
        try:
            self._begin(ended)
        except sqlite3.Error as error:
            self.close()
            raise _refusal(path, error) from error
        except JournalError:
            self.close()
            raise

    def _begin(self, ended: bool) -> None:
        self._db.executescript(SCHEMA)
        self._claim()
        if not ended:
            self._check_tail()
        self._load_heads()
        if not ended:
            self._check_mark()

    def commit(self, batch: Batch) -> list[int]:
        """Make `batch` durable; the numbers of its records. sqlite3.Error: nothing of it was written."""
        heads = (self._number, self._head, self._seq, self._passage_head)
        try:
            self._db.execute("begin immediate")
            self._db.executemany(
                "insert into input (at_utc, mono_ns, boot, body) values (?, ?, ?, ?)",
                [(one.at_utc, one.mono_ns, self._boot, one.body) for one in batch.inputs],
            )
            position = self._store_position(batch.inputs)
            numbers = [self._append(entry) for entry in batch.entries]
            self._db.execute("commit")
            self.position = position or self.position
            if numbers:
                write_mark(self._lock, Mark(self._number, self._seq, self._head))
        except BaseException:
            self._number, self._head, self._seq, self._passage_head = heads
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise
        return numbers

    def add_seal(self, first_seq: int, last_seq: int, message: bytes) -> None:
        """Keep a signed seal; it is published from here."""
        with self._db:
            self._db.execute(
                "insert into seal (first_seq, last_seq, message) values (?, ?, ?)", (first_seq, last_seq, message)
            )

    def bodies(self, after: int) -> Iterator[bytes]:
        """The bodies of the records numbered above `after`, in order."""
        for (body,) in self._db.execute("select body from record where number > ? order by number", (after,)):
            yield body

    def snapshot(self) -> tuple[int, str | None]:
        """(number, text) of what the records up to `number` add up to; (0, None) before the first."""
        row = self._db.execute("select number, text from snapshot").fetchone()
        return (0, None) if row is None or row[0] > self._number else (row[0], row[1])

    def set_snapshot(self, number: int, text: str) -> None:
        """Keep one; the one before goes."""
        self._db.execute("insert or replace into snapshot (id, number, text) values (1, ?, ?)", (number, text))

    def set_cursor(self, name: str, position: int) -> None:
        """Remember how far a reader of this journal came."""
        with self._db:
            self._db.execute("insert or replace into cursor values (?, ?)", (name, position))

    def claim_command(self, command_id: str, forget_after_utc: str) -> bool:
        """True exactly once for each command id, also across restarts."""
        with self._db:
            added = self._db.execute(
                "insert or ignore into command values (?, ?, 'done', null)", (command_id, forget_after_utc)
            )
        return added.rowcount == 1

    def forget(self, inputs_before_utc: str, commands_before_utc: str, limit: int = 5_000) -> int:
        """Drop input events and command ids that are past their retention; how many went. Records always stay."""
        old = "select id from input where at_utc < ? order by id limit ?"
        with self._db:
            gone: int = self._db.execute(f"delete from input where id in ({old})", (inputs_before_utc, limit)).rowcount  # noqa: S608
            self._db.execute("delete from command where forget_after_utc < ?", (commands_before_utc,))
        return gone

    def checkpoint(self) -> None:
        """Move the WAL into the file; called when nobody waits for a commit.

        The first commit behind it begins the WAL anew, with one more fsync: a commit without content takes that on
        itself, so that no car waits for it.
        """
        self._db.execute("pragma wal_checkpoint(passive)").fetchall()
        self._db.execute("insert or replace into meta values ('checkpoints', '')")

    def close(self) -> None:
        """Release file and lock."""
        self._db.close()
        os.close(self._lock)

    @property
    def heads(self) -> tuple[int, int, str]:
        """(last record number, last passage seq, hash of the last passage)."""
        return self._number, self._seq, self._passage_head

    def _store_position(self, inputs: Sequence[Input]) -> tuple[str, int] | None:
        positions = [one.position for one in inputs if one.position is not None]
        if not positions:
            return None
        boot, seq = positions[-1]
        self._db.execute("insert or replace into meta values ('plc_boot', ?), ('plc_seq', ?)", (boot, str(seq)))
        return boot, seq

    def _load_position(self) -> tuple[str, int] | None:
        found = dict(self._db.execute("select name, value from meta where name like 'plc!_%' escape '!'").fetchall())
        return (found["plc_boot"], int(found["plc_seq"])) if len(found) == 2 else None

    def _append(self, entry: Entry) -> int:
        body = canonical_json(entry.body)
        self._number += 1
        self._head = link_hash(self._head, body)
        self._db.execute(
            "insert into record (number, at_utc, kind, passage_id, body, hash) values (?, ?, ?, ?, ?, ?)",
            (self._number, entry.at_utc, entry.kind, entry.passage_id, body, self._head),
        )
        if entry.message is not None:
            self._append_passage(entry.message)
        return self._number

    def _append_passage(self, message: dict[str, Any]) -> None:
        if message["seq"] != self._seq + 1:
            raise JournalError(
                f"journal {self.path}: passage {message['passage_id']} has seq {message['seq']},"
                f" the next number is {self._seq + 1}; the lane must be restarted from its journal"
            )
        # The head of the record chain travels with the passage: who holds a passage can prove every record before it.
        journal = {"journal_number": self._number, "journal_hash": self._head}
        linked = {**message, **journal, "previous_hash": self._passage_head}
        linked["record_hash"] = passage_hash(linked)
        self._seq, self._passage_head = message["seq"], linked["record_hash"]
        row = (self._seq, self._number, message["passage_id"], message["outcome"], message["fare_vnd"])
        self._db.execute(
            "insert into passage (seq, number, passage_id, outcome, fare_vnd, message, hash) values (?,?,?,?,?,?,?)",
            (*row, canonical_json(linked), self._passage_head),
        )

    def _claim(self) -> None:
        ours = {"schema": SCHEMA_VERSION, "plaza": self.plaza, "lane": self.lane, "epoch": str(self.epoch)}
        stored = dict(self._db.execute("select name, value from meta").fetchall())
        if not stored:
            self._db.execute("insert into meta values (?, ?), (?, ?), (?, ?), (?, ?)", sum(ours.items(), ()))
            return
        for name, value in ours.items():
            if stored.get(name) != value:
                raise JournalError(
                    f"journal {self.path} belongs to {name} {stored.get(name)!r}, not {value!r}. "
                    "Give this lane its own data folder, or set the lane's epoch in the configuration."
                )

    def _check_tail(self) -> None:
        rows = self._db.execute(
            "select number, body, hash from record order by number desc limit ?", (TAIL_CHECKED + 1,)
        ).fetchall()
        links = [Link(*row) for row in reversed(rows)]
        start, links = (links[0], links[1:]) if len(links) > TAIL_CHECKED else (Link(0, b"", GENESIS), links)
        findings = check_chain(links, start.stored_hash, start.number + 1)
        if findings:
            raise JournalError(
                f"journal {self.path}: {findings[0].text}. The lane does not start on a journal that was altered:"
                f" see `lane-controller verify`. {_REMEDY}"
            )

    def _check_mark(self) -> None:
        """The mark is written behind each commit, so it is never ahead of a journal that lost nothing."""
        mark = read_mark(self._lock)
        if mark is None or mark.number < self._number:
            return
        if mark.number > self._number or mark.head != self._head:
            lost = f"ends at record {self._number}, but the lane had written {mark.number}"
            raise JournalError(
                f"journal {self.path} {lost}: its end was lost or replaced, as with a damaged or deleted"
                f" {self.path.name}-wal. Numbers must not be given twice, so the lane does not start. {_REMEDY}"
            )

    def _load_heads(self) -> None:
        record = self._db.execute("select number, hash from record order by number desc limit 1").fetchone()
        self._number, self._head = record or (0, GENESIS)
        self.position = self._load_position()
        passage = self._db.execute("select seq, hash from passage order by seq desc limit 1").fetchone()
        self._seq, self._passage_head = passage or (0, GENESIS)


class JournalReader:
    """Reads a journal beside its writer: for the relay, `verify` and `passages`. Use from one thread at a time.

    `close` waits for a read of `passages`, `seals` or `last_sealed` that a cancelled task left behind in a thread.
    """

    def __init__(self, path: Path) -> None:
        """JournalError when there is no such journal."""
        if not path.is_file():
            raise JournalError(f"no journal at {path}: the lane has not run yet, or data_dir is another folder")
        self.path = path
        self._reading = threading.Lock()
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False, timeout=10)
        try:
            self.meta: dict[str, str] = dict(self._db.execute("select name, value from meta").fetchall())
        except sqlite3.Error as error:
            self._db.close()
            raise JournalError(f"journal {path}: {error}. {_REMEDY}") from error

    @contextmanager
    def unmoved(self) -> Iterator[None]:
        """Everything read inside is of one instant, whatever the lane writes meanwhile."""
        self._db.execute("begin")
        try:
            yield
        finally:
            self._db.rollback()

    def links(self) -> Iterator[tuple[Link, str, str, str | None]]:
        """Every record as a link of the chain, with its columns at_utc, kind and passage_id, in order of its number."""
        for row in self._db.execute("select number, body, hash, at_utc, kind, passage_id from record order by number"):
            yield Link(*row[:3]), *row[3:]

    def records(self, after: int = 0) -> Iterator[StoredRecord]:
        """Records numbered above `after`, in order."""
        query = "select number, at_utc, kind, body, hash from record where number > ? order by number"
        for row in self._db.execute(query, (after,)):
            yield StoredRecord(*row)

    def passages(self, after: int = 0, limit: int = -1) -> list[StoredPassage]:
        """Passages with a seq above `after`, in order."""
        query = (
            "select seq, passage_id, outcome, fare_vnd, message, hash from passage where seq > ? order by seq limit ?"
        )
        with self._reading:
            return [StoredPassage(*row) for row in self._db.execute(query, (after, limit))]

    def passages_with_records(self) -> Iterator[tuple[StoredPassage, int, str | None]]:
        """Every passage in order of seq, with number and kind (None: not there) of the record that closed it."""
        query = (
            "select p.seq, p.passage_id, p.outcome, p.fare_vnd, p.message, p.hash, p.number, r.kind"
            " from passage p left join record r on r.number = p.number order by p.seq"
        )
        for row in self._db.execute(query):
            yield StoredPassage(*row[:6]), row[6], row[7]

    def message_of(self, number: int) -> bytes | None:
        """The message of the passage that record `number` closed."""
        row = self._db.execute("select message from passage where number = ?", (number,)).fetchone()
        return row[0] if row else None

    def passage(self, seq: int) -> StoredPassage | None:
        """One passage by its number."""
        query = "select seq, passage_id, outcome, fare_vnd, message, hash from passage where seq = ?"
        row = self._db.execute(query, (seq,)).fetchone()
        return StoredPassage(*row) if row else None

    def run_of(self, first_seq: int, last_seq: int) -> tuple[int, int, str | None]:
        """(count, sum of charged fares in VND, hash of the last one) of the passages from `first_seq` to `last_seq`."""
        query = (
            "select count(*), coalesce(sum(iif(outcome = 'charged', fare_vnd, 0)), 0), max(iif(seq = ?, hash, null))"
            " from passage where seq between ? and ?"
        )
        count, sum_vnd, head = self._db.execute(query, (last_seq, first_seq, last_seq)).fetchone()
        return count, sum_vnd, head

    def has_seal(self, first_seq: int, last_seq: int, signature: str) -> bool:
        """Whether the journal holds a seal over that run with that signature."""
        query = "select message from seal where first_seq = ? and last_seq = ?"
        rows = self._db.execute(query, (first_seq, last_seq)).fetchall()
        return any(signature.encode() in message for (message,) in rows)

    def sealed_rows(self) -> Iterator[tuple[int, int, int, bytes]]:
        """(id, first_seq, last_seq, message) of every seal, in order."""
        yield from self._db.execute("select id, first_seq, last_seq, message from seal order by id")

    def remembered(self) -> dict[str, int]:
        """How far other tables of the file say that it reached: seal ids given, cursors, the snapshot's record."""
        found = {f"cursor {name}": at for name, at in self._db.execute("select name, position from cursor")}
        found |= {f"{name} ids": at for name, at in self._db.execute("select name, seq from sqlite_sequence")}
        return found | dict(self._db.execute("select 'snapshot', number from snapshot").fetchall())

    def last_number(self) -> int:
        """The newest record's number."""
        return int(self._db.execute("select coalesce(max(number), 0) from record").fetchone()[0])

    def seals(self, after: int = 0, limit: int = -1) -> list[tuple[int, bytes]]:
        """(id, message) of seals above `after`, in order."""
        query = "select id, message from seal where id > ? order by id limit ?"
        with self._reading:
            return [(row[0], row[1]) for row in self._db.execute(query, (after, limit))]

    def last_sealed(self) -> int:
        """The highest sealed seq, 0 before the first seal."""
        with self._reading:
            return int(self._db.execute("select coalesce(max(last_seq), 0) from seal").fetchone()[0])

    def last_seq(self) -> int:
        """The newest passage's seq."""
        return int(self._db.execute("select coalesce(max(seq), 0) from passage").fetchone()[0])

    def cursor(self, name: str) -> int:
        """How far the reader `name` came; 0 at first."""
        row = self._db.execute("select position from cursor where name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def inputs(self, from_utc: str, to_utc: str) -> Iterator[tuple[int, bytes]]:
        """(monotonic ns, event JSON) of the inputs in a closed interval of wall time, in order of arrival."""
        query = "select mono_ns, body from input where at_utc between ? and ? and substr(body, 1, 8) <> ? order by id"
        for row in self._db.execute(query, (from_utc, to_utc, MARK_PREFIX)):
            yield row[0], row[1]

    def close(self) -> None:
        """Release the file."""
        with self._reading:
            self._db.close()


_REMEDY: Final = (
    "If the disk is full, free some space: the lane goes on by itself. If the file is damaged, run `lane-controller"
    " repair`: it keeps the damaged file, saves what can be proved, and says what is missing and whether the lane needs"
    " a new epoch."
)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    with closing(db.execute("pragma journal_mode=wal")) as mode:
        mode.fetchall()
    for pragma in ("synchronous=full", "foreign_keys=on", "wal_autocheckpoint=0"):
        db.execute(f"pragma {pragma}")
    return db


def _refusal(path: Path, error: sqlite3.Error) -> JournalError:
    kind = JournalRefusedError if isinstance(error, sqlite3.OperationalError) else JournalError
    return kind(f"journal {path}: {error}. {_REMEDY}")


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
