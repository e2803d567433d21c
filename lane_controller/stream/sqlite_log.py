"""One connection to the file of the embedded stream: tables, append, read, offsets, compaction.

In: topic names, keyed records, positions. Out: records in the order in which they were appended. Synchronous: the
caller (`group_commit.py`, `embedded.py`) gives it a thread and opens the transactions of writes.
A record that a reader has not reached may only vanish when a newer record with the same key stands behind it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lane_controller.stream.port import Record, StreamError
from lane_controller.stream.sqlite_schema import OFFSET_BITS, connect, prepare


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long a compacted topic keeps what it need not keep for ever, in milliseconds."""

    superseded_ms: int = 600_000
    """A slow reader of a compacted topic sees every version for this long; after it, only the newest of each key."""
    tombstone_ms: int = 86_400_000
    """A reader that was away for longer than this must read the topic from the beginning."""


class LogFile:
    """One open connection. Errors of the file come as StreamError naming the file and the remedy."""

    def __init__(self, path: Path, keeping: Keeping) -> None:
        self._path = path
        self._keeping = keeping
        self._topics: dict[str, tuple[int, bool]] = {}
        self._lasting = True
        with self._clear_errors("open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = connect(path)
            prepare(path, self._db)

    @contextmanager
    def transaction(self, *, lasting: bool = True) -> Iterator[None]:
        """Everything inside is on disk when this returns, or none of it; not `lasting`: a power cut may still undo it.

        The file stays whole either way, and the next lasting transaction takes those before it to the disk.
        """
        with self._clear_errors("write"):
            self._be_synchronous(lasting)
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _be_synchronous(self, lasting: bool) -> None:
        if lasting != self._lasting:
            self._db.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            self._lasting = lasting

    def ensure_topics(self, topics: Mapping[str, bool]) -> None:
        """Create what is missing. StreamError: a topic stands there with the other kind of keeping."""
        for name, compacted in topics.items():
            self._db.execute(
                "INSERT INTO topic (name, compacted, next_offset) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
                (name, compacted),
            )
            if self.topic(name)[1] != compacted:
                kind = ("not compacted", "compacted")
                raise StreamError(
                    f"topic {name} in {self._path} is {kind[not compacted]}, but should be {kind[compacted]}: "
                    "give the topic a new name or move the file away"
                )

    def topic(self, name: str) -> tuple[int, bool]:
        """(number, compacted) of a topic. StreamError: there is none of that name."""
        known = self._topics.get(name)
        if known is None:
            row = self._db.execute("SELECT id, compacted FROM topic WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise StreamError(f"no topic {name} in {self._path}: create it first (ensure_topics)")
            known = (int(row[0]), bool(row[1]))
            if not self._db.in_transaction:  # what is rolled back must not be remembered
                self._topics[name] = known
        return known

    def append(self, name: str, records: Sequence[tuple[str, bytes | None]], now_utc_ms: int) -> None:
        """Append in order; call it inside `transaction`."""
        topic, compacted = self.topic(name)
        first = self._db.execute(
            "UPDATE topic SET next_offset = next_offset + ? WHERE id = ? RETURNING next_offset", (len(records), topic)
        ).fetchone()[0] - len(records)
        base = (topic << OFFSET_BITS) + first
        if compacted:
            self._supersede(topic, base, records, now_utc_ms)
        self._db.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?)",
            ((base + at, key, value, now_utc_ms) for at, (key, value) in enumerate(records)),
        )

    def _supersede(self, topic: int, base: int, records: Sequence[tuple[str, bytes | None]], now_utc_ms: int) -> None:
        """Note which older records these replace, and which of these are tombstones."""
        due = now_utc_ms + self._keeping.superseded_ms
        last = {key: at for at, (key, _) in enumerate(records)}
        replaced = [(base + at, due) for at, (key, _) in enumerate(records) if last[key] != at]
        tombstones = [
            # never before the older records of its key, which would come back to life
            (base + at, now_utc_ms + max(self._keeping.tombstone_ms, self._keeping.superseded_ms))
            for key, at in last.items()
            if records[at][1] is None
        ]
        self._db.executemany(
            "INSERT INTO expiring SELECT id, ? FROM newest WHERE topic = ? AND key = ? "
            "ON CONFLICT (id) DO UPDATE SET due_utc_ms = min(due_utc_ms, excluded.due_utc_ms)",
            ((due, topic, key) for key in last),
        )
        self._db.executemany("INSERT INTO expiring VALUES (?, ?)", replaced + tombstones)
        self._db.executemany(
            "INSERT INTO newest VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET id = excluded.id",
            ((topic, key, base + at) for key, at in last.items()),
        )

    def compact(self, now_utc_ms: int, limit: int) -> int:
        """Remove up to `limit` records whose time has come; returns how many. Call it inside `transaction`."""
        due = self._db.execute(
            "SELECT id FROM expiring WHERE due_utc_ms <= ? ORDER BY due_utc_ms, id LIMIT ?", (now_utc_ms, limit)
        ).fetchall()
        keys = [
            (row >> OFFSET_BITS, key, row)
            for (row,) in due
            for (key,) in self._db.execute("SELECT key FROM record WHERE id = ?", (row,))
        ]
        self._db.executemany("DELETE FROM newest WHERE topic = ? AND key = ? AND id = ?", keys)  # tombstones
        self._db.executemany("DELETE FROM record WHERE id = ?", due)
        self._db.executemany("DELETE FROM expiring WHERE id = ?", due)
        return len(due)

    def compaction_due(self, now_utc_ms: int) -> bool:
        """Whether `compact` would remove anything; takes no write lock."""
        with self._clear_errors("read"):
            return (
                self._db.execute("SELECT 1 FROM expiring WHERE due_utc_ms <= ? LIMIT 1", (now_utc_ms,)).fetchone()
                is not None
            )

    def read(self, name: str, next_offset: int, limit: int) -> list[Record]:
        """Up to `limit` records from `next_offset` on."""
        topic, _ = self.topic(name)
        base = topic << OFFSET_BITS
        with self._clear_errors("read"):
            rows = self._db.execute(
                "SELECT id, key, value, appended_utc_ms FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                (base + next_offset, base + (1 << OFFSET_BITS), limit),
            ).fetchall()
        return [Record(name, 0, row - base, key, value, at) for row, key, value, at in rows]

    def committed(self, group: str, name: str) -> int:
        """The offset at which the group goes on."""
        topic, _ = self.topic(name)
        with self._clear_errors("read"):
            row = self._db.execute(
                "SELECT next_offset FROM committed WHERE grp = ? AND topic = ?", (group, topic)
            ).fetchone()
        return 0 if row is None else int(row[0])

    def commit(self, group: str, next_offsets: Mapping[str, int]) -> None:
        """Remember where the group goes on, per topic, never backwards. Call it inside `transaction`."""
        self._db.executemany(
            "INSERT INTO committed VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
            "next_offset = max(next_offset, excluded.next_offset)",
            [(group, self.topic(name)[0], offset) for name, offset in next_offsets.items()],
        )

    def version(self) -> int:
        """A number that changes when any other connection, of any process, has committed."""
        with self._clear_errors("read"):
            return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    @contextmanager
    def _clear_errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StreamError(
                f"cannot {doing} stream file {self._path}: {error}; check free space, rights and that the disk is local"
            ) from error
