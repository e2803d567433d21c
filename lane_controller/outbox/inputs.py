"""Finds in a journal what one passage was made of: its records, and the input events and marks around them.

In: a journal file. Out: rows, streamed; decoded by whoever wants them. It only reads, beside a running lane.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lane_controller.outbox.journal import MARK_PREFIX, JournalError, StoredRecord

_BOOTED = b'{"event":{"type":"Booted"'


@dataclass(frozen=True, slots=True)
class InputRow:
    """One row: an event as the core was given it, or a mark."""

    id: int
    boot: str
    mono_us: int
    body: bytes

    @property
    def is_mark(self) -> bool:
        """Whether it is a mark."""
        return self.body.startswith(MARK_PREFIX)

    @property
    def is_boot(self) -> bool:
        """Whether it is the event Booted."""
        return self.body.startswith(_BOOTED)


class InputReader:
    """One read-only connection; use from one thread."""

    def __init__(self, path: Path) -> None:
        """JournalError when there is no such journal."""
        if not path.is_file():
            raise JournalError(f"no journal at {path}: the lane has not run yet, or data_dir is another folder")
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        self._db.execute("begin")

    def records_of(self, passage_id: str) -> list[StoredRecord]:
        """The records of a passage, in order."""
        return self._records("passage_id = ?", passage_id)

    def passage_id_of(self, seq: int) -> str | None:
        """The passage with a number of the sequence."""
        row = self._db.execute("select passage_id from passage where seq = ?", (seq,)).fetchone()
        return row[0] if row else None

    def records_between(self, after: int, last: int) -> list[StoredRecord]:
        """Records numbered above `after`, up to `last`."""
        return self._records("number > ? and number <= ?", after, last)

    def record(self, number: int) -> StoredRecord | None:
        """One record."""
        found = self._records("number = ?", number)
        return found[0] if found else None

    def last_record_at(self, number: int, at_utc: str) -> int:
        """The last record of the step that made record `number` at that instant."""
        query = "select number from record where number > ? and at_utc <> ? order by number limit 1"
        after = self._db.execute(query, (number, at_utc)).fetchone()
        return int(after[0]) - 1 if after else self.last_number()

    def last_number(self) -> int:
        """The newest record; 0 when there is none."""
        return int(self._db.execute("select coalesce(max(number), 0) from record").fetchone()[0])

    def charges_between(self, after: int, last: int) -> Iterator[bytes]:
        """Bodies of the records that own committed charges follow from (R13)."""
        query = (
            "select body from record where number > ? and number <= ? and kind in ('PassageClosed', 'ListChanged')"
            " order by number"
        )
        for (body,) in self._db.execute(query, (after, last)):
            yield body

    def message_of(self, number: int) -> bytes | None:
        """The published passage that record `number` closed."""
        row = self._db.execute("select message from passage where number = ?", (number,)).fetchone()
        return row[0] if row else None

    def seal_over(self, seq: int) -> bytes | None:
        """The seal that covers a passage."""
        query = "select message from seal where first_seq <= ? and last_seq >= ? order by id limit 1"
        row = self._db.execute(query, (seq, seq)).fetchone()
        return row[0] if row else None

    def step_ids(self, at_utc: str, mono_us: int) -> tuple[int, int] | None:
        """First and last input of an instant: the step that made a record is the one that was given its instant."""
        query = "select min(id), max(id) from input where at_utc = ? and mono_ns = ? and substr(body, 1, 8) <> ?"
        first, last = self._db.execute(query, (at_utc, mono_us * 1000, MARK_PREFIX)).fetchone()
        return None if first is None else (first, last)

    def last_id_before(self, row_id: int, at_utc: str) -> int:
        """The last input before `row_id` that arrived before `at_utc`; 0 when none is kept."""
        query = "select id from input where id < ? and at_utc < ? order by id desc limit 1"
        row = self._db.execute(query, (row_id, at_utc)).fetchone()
        return row[0] if row else 0

    def mark(self, row_id: int, *, first: bool = False) -> InputRow | None:
        """The last (or the first) mark up to `row_id`."""
        return self._found("substr(body, 1, 8) = ?", MARK_PREFIX, row_id, first)

    def boot(self, row_id: int, *, first: bool = False) -> InputRow | None:
        """The last (or the first) start of the lane up to `row_id`."""
        return self._found("substr(body, 1, 25) = ?", _BOOTED, row_id, first)

    def rows(self, first: int, last: int) -> Iterator[InputRow]:
        """Events and marks from `first` to `last`, in order of arrival."""
        query = "select id, boot, mono_ns / 1000, body from input where id between ? and ? order by id"
        for row in self._db.execute(query, (first, last)):
            yield InputRow(*row)

    def last_id(self) -> int:
        """The newest input; 0 when there is none."""
        return int(self._db.execute("select coalesce(max(id), 0) from input").fetchone()[0])

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def _found(self, where: str, value: bytes, row_id: int, first: bool) -> InputRow | None:
        order = "asc" if first else "desc"
        query = "select id, boot, mono_ns / 1000, body from input where id <= ?"
        query += f" and {where} order by id {order} limit 1"
        row = self._db.execute(query, (row_id, value)).fetchone()
        return InputRow(*row) if row else None

    def _records(self, where: str, *values: object) -> list[StoredRecord]:
        query = f"select number, at_utc, kind, body, hash from record where {where} order by number"  # noqa: S608
        return [StoredRecord(*row) for row in self._db.execute(query, values)]
