"""The journal of one lane: a SQLite file that a power cut, a kill -9 or a curious hand cannot make lie.

In: batches of input events and records (WAL, synchronous=FULL: one fsync per batch). Out: what was committed, in order,
with gapless numbers and a hash chain; the encoded passages for the relay. A batch is there whole or not at all. The
file of a lane has one writer. Nothing here runs on the event loop: see `writer.py`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lane_controller.contracts.hashes import canonical_json, passage_hash
from lane_controller.outbox.chain import GENESIS, Link, check_chain, link_hash
from lane_controller.outbox.journal_file import (
    MARK_PREFIX,
    REMEDY,
    SCHEMA,
    SCHEMA_VERSION,
    JournalError,
    JournalRefusedError,
    Mark,
    connect,
    fill_wal,
    journal_path,
    lock_journal,
    read_mark,
    refusal,
    write_mark,
)
from lane_controller.outbox.journal_reader import JournalReader, StoredPassage, StoredRecord

__all__ = [
    "MARK_PREFIX", "SCHEMA", "SCHEMA_VERSION", "Batch", "Entry", "Input", "Journal", "JournalError", "JournalReader",
    "JournalRefusedError", "Mark", "StoredPassage", "StoredRecord", "journal_path", "lock_journal", "read_mark",
]  # fmt: skip

TAIL_CHECKED: Final = 500
"""Records whose chain is checked at each start; `lane-controller verify` checks them all."""


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
        self._position_written: tuple[str, int] | None = None
        self._soon = False
        """Something was kept that no fsync has followed."""
        self._lock = lock_journal(path)
        try:
            self._db = connect(path)
        except sqlite3.Error as error:
            os.close(self._lock)
            raise refusal(path, error) from error
        try:
            self._begin(ended)
        except sqlite3.Error as error:
            self.close()
            raise refusal(path, error) from error
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
        numbers = self._write(batch)
        self.position, self._soon = self._position_written, False
        return numbers

    def keep(self, inputs: Sequence[Input]) -> None:
        """Write inputs without waiting for the disk: a kill does not undo it, a power cut before the next commit may.

        `position` stays where it is until then.
        """
        with self._without_fsync():
            self._write(Batch(list(inputs)))
        self._soon = True

    def _write(self, batch: Batch) -> list[int]:
        heads = (self._number, self._head, self._seq, self._passage_head)
        try:
            self._db.execute("begin immediate")
            self._db.executemany(
                "insert into input (at_utc, mono_ns, boot, body) values (?, ?, ?, ?)",
                [(one.at_utc, one.mono_ns, self._boot, one.body) for one in batch.inputs],
            )
            position = self._store_position(batch.inputs)
            numbers = [self._append(entry) for entry in batch.entries]
            if self._soon and not batch:  # where nothing is written, nothing is taken to the disk
                self._db.execute("insert or replace into meta values ('kept', '')")
            self._db.execute("commit")
            self._position_written = position or self._position_written
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
        """Remember how far a reader of this journal came; after a power cut it may begin a little earlier."""
        with self._without_fsync():
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
        with self._without_fsync():
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
        fill_wal(self.path)

    @contextmanager
    def _without_fsync(self) -> Iterator[None]:
        """For writes that a power cut may undo, which a kill does not: the next commit's fsync takes them along."""
        self._db.execute("pragma synchronous=normal")
        try:
            yield
        finally:
            self._db.execute("pragma synchronous=full")

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
                f" see `lane-controller verify`. {REMEDY}"
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
                f" {self.path.name}-wal. Numbers must not be given twice, so the lane does not start. {REMEDY}"
            )

    def _load_heads(self) -> None:
        record = self._db.execute("select number, hash from record order by number desc limit 1").fetchone()
        self._number, self._head = record or (0, GENESIS)
        self.position = self._position_written = self._load_position()
        passage = self._db.execute("select seq, hash from passage order by seq desc limit 1").fetchone()
        self._seq, self._passage_head = passage or (0, GENESIS)
