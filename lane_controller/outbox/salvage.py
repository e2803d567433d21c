"""Saves what can be proved out of a damaged journal.

In: a journal file that the lane refuses. Out: the damaged files, untouched, in a folder beside it; a sound journal in
their place with every record, passage and seal that reads and matches its hash; and the numbers of what is missing.
Must never happen: a committed record vanishes without its number being named, or something unproved is taken over.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lane_controller.contracts.hashes import passage_hash
from lane_controller.contracts.v1 import MessageError, SealV1
from lane_controller.outbox.chain import GENESIS, link_hash
from lane_controller.outbox.journal import SCHEMA, JournalError, Mark, lock_journal, read_mark

PARTS: Final = ("", "-wal", "-shm")
Rows = dict[int, tuple[Any, ...]]
_RECORDS: Final = "number, at_utc, kind, passage_id, body, hash"
_PASSAGES: Final = "seq, number, passage_id, outcome, fare_vnd, message, hash"
_SEALS: Final = "id, first_seq, last_seq, message"
_INPUTS: Final = "id, at_utc, mono_ns, boot, body"


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was saved. `missing_*`: closed ranges of numbers that the lane had given and that are not there any more."""

    kept_in: Path
    records: int
    passages: int
    seals: int
    missing_records: tuple[tuple[int, int], ...]
    missing_passages: tuple[tuple[int, int], ...]

    @property
    def whole(self) -> bool:
        """Nothing is missing: the lane may go on in this epoch."""
        return not self.missing_records and not self.missing_passages


def salvage(path: Path, place: tuple[str, str, int], stamp: str) -> Salvage:
    """Rebuild the journal of `place` (plaza, lane, epoch). JournalError: it is in use, or there is nothing at all."""
    lock = lock_journal(path)
    try:
        mark = read_mark(lock)
        if not path.exists() and mark is None:
            raise JournalError(f"no journal at {path}: the lane has not run yet, or data_dir is another folder")
        with tempfile.TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as folder:
            damaged = _copy(path, Path(folder))
            with contextlib.closing(sqlite3.connect(damaged, isolation_level=None)) as db:
                saved = _saved(db)
            rebuilt = Path(folder) / "rebuilt.sqlite3"
            _write(rebuilt, place, saved)
            kept_in = _put_aside(path, stamp)
            rebuilt.replace(path)
        _sync(path.parent)
    finally:
        os.close(lock)
    return _report(kept_in, saved, mark or Mark(0, 0, ""))


def _report(kept_in: Path, saved: dict[str, Rows], mark: Mark) -> Salvage:
    """What is there, and what was given: by the mark, by rows that read but cannot be proved, by what rows point at."""
    records, passages, seals = saved["record"], saved["passage"], saved["seal"]
    last_record = max((mark.number, *saved["seen record"], *(row[1] for row in passages.values())))
    last_seq = max((mark.seq, *saved["seen passage"], *(row[2] for row in seals.values())))
    return Salvage(
        kept_in, len(records), len(passages), len(seals), _missing(records, last_record), _missing(passages, last_seq)
    )


def _copy(path: Path, folder: Path) -> Path:
    """A copy that SQLite may write to; without -shm, which it makes anew from the WAL."""
    for part in ("", "-wal"):
        source = path.with_name(path.name + part)
        if source.exists():
            shutil.copyfile(source, folder / f"damaged.sqlite3{part}")
    return folder / "damaged.sqlite3"


def _saved(db: sqlite3.Connection) -> dict[str, Rows]:
    records, passages = _readable(db, "record", _RECORDS), _readable(db, "passage", _PASSAGES)
    return {
        "seen record": records, "record": dict(_proved_records(records)),
        "seen passage": passages, "passage": {seq: row for seq, row in passages.items() if _proved_passage(row)},
        "seal": {number: row for number, row in _readable(db, "seal", _SEALS).items() if _is_seal(row)},
        "input": _readable(db, "input", _INPUTS),
        "cursor": _readable(db, "cursor", "rowid, name, position"),
        "command": _readable(db, "command", "rowid, command_id, forget_after_utc, result, detail"),
        "meta": _readable(db, "meta", "rowid, name, value"),
    }  # fmt: skip


def _readable(db: sqlite3.Connection, table: str, columns: str) -> Rows:
    """Rows by their first column, from both ends up to whatever cannot be read."""
    found: Rows = {}
    for order in ("asc", "desc"):
        with contextlib.suppress(sqlite3.Error):
            for row in db.execute(f"select {columns} from {table} order by 1 {order}"):  # noqa: S608
                if row[0] in found:
                    break
                found[row[0]] = row
    return found


def _proved_records(rows: Rows) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Those whose hash follows from the one before; the first one behind a hole cannot be proved."""
    for number in sorted(rows):
        before = GENESIS if number == 1 else rows[number - 1][5] if number - 1 in rows else None
        if before is not None and link_hash(before, rows[number][4]) == rows[number][5]:
            yield number, rows[number]


def _proved_passage(row: tuple[Any, ...]) -> bool:
    try:
        message = json.loads(row[5])
    except ValueError:
        return False
    named = ("seq", "passage_id", "outcome", "fare_vnd", "record_hash")
    columns = (row[0], *row[2:5], row[6])
    return (
        isinstance(message, dict)
        and tuple(message.get(name) for name in named) == columns
        and passage_hash(message) == row[6]
    )


def _is_seal(row: tuple[Any, ...]) -> bool:
    try:
        seal = SealV1.decode(row[3])
    except MessageError:
        return False
    return (seal.first_seq, seal.last_seq) == (row[1], row[2])


def _write(path: Path, place: tuple[str, str, int], saved: dict[str, Rows]) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma synchronous=full")
        db.executescript(SCHEMA)
        db.execute("begin")
        meta = {row[1]: row[2] for row in saved["meta"].values()}
        meta |= {"schema": "1", "plaza": place[0], "lane": place[1], "epoch": str(place[2])}
        db.executemany("insert or replace into meta values (?, ?)", meta.items())
        for table, columns in (("record", _RECORDS), ("passage", _PASSAGES), ("seal", _SEALS), ("input", _INPUTS)):
            holes = ", ".join("?" * (columns.count(",") + 1))
            rows = [saved[table][key] for key in sorted(saved[table])]
            db.executemany(f"insert or ignore into {table} ({columns}) values ({holes})", rows)  # noqa: S608
        db.executemany("insert or ignore into cursor values (?, ?)", [row[1:] for row in saved["cursor"].values()])
        db.executemany(
            "insert or ignore into command values (?, ?, ?, ?)", [row[1:] for row in saved["command"].values()]
        )
        db.execute("commit")


def _put_aside(path: Path, stamp: str) -> Path:
    kept_in = path.parent / "damaged" / f"{path.name}.{stamp}"
    kept_in.mkdir(parents=True)
    for part in PARTS:
        source = path.with_name(path.name + part)
        if source.exists():
            source.replace(kept_in / source.name)
    _sync(kept_in)
    return kept_in


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _missing(there: Collection[int], last: int) -> tuple[tuple[int, int], ...]:
    """Closed ranges of 1…last that are not in `there`."""
    found: list[tuple[int, int]] = []
    begin = 1
    for number in [*sorted(number for number in there if number <= last), last + 1]:
        if number > begin:
            found.append((begin, number - 1))
        begin = number + 1
    return tuple(found)
