"""Reads a lane's journal, beside its writer or when the lane is off.

In: a journal file. Out: records, passages, seals, inputs and cursors in their order. It never writes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lane_controller.outbox.chain import Link
from lane_controller.outbox.journal_file import MARK_PREFIX, REMEDY, JournalError


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
            raise JournalError(f"journal {path}: {error}. {REMEDY}") from error

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
            yield Link(row[0], row[1], row[2]), row[3], row[4], row[5]

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
