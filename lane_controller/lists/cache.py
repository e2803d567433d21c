"""The last known list and tariffs on local disk: a lane that starts without a link decides with them.

In: changes as they are applied. Out: everything again at the next start. SQLite, WAL, synchronous=NORMAL: a power cut
may lose the last changes, which the stream brings again; it never mixes two. A damaged cache is set aside and begun
anew.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from lane_controller.contracts.v1 import TagEntryV1, TariffV1
from lane_controller.contracts.v1.base import MessageError

log = logging.getLogger(__name__)

SCHEMA: Final = """
create table if not exists row (epc text primary key, version integer not null, entry blob) strict;
create table if not exists tariff (version integer primary key, message blob not null) strict;
create table if not exists fact (name text primary key, value integer not null) strict;
"""


class ListCache:
    """One file for all lanes of a process. Its methods block: call them in one worker thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = _open(path)
        except sqlite3.DatabaseError as error:
            aside = path.with_suffix(".damaged")
            log.error("list cache %s is damaged (%s): set aside as %s, the list is read anew", path, error, aside.name)
            path.rename(aside)
            for left in ("-wal", "-shm"):
                Path(f"{path}{left}").unlink(missing_ok=True)
            self._db = _open(path)

    def rows(self) -> Iterator[tuple[str, int, TagEntryV1 | None]]:
        """Every stored change; one that does not read is left out (the checksum then shows it)."""
        for epc, version, entry in self._db.execute("select epc, version, entry from row"):
            try:
                yield epc, version, None if entry is None else TagEntryV1.decode(entry)
            except MessageError as error:
                log.error("list cache %s: %s", self._path, error)

    def tariffs(self) -> list[TariffV1]:
        """Stored tariffs in order of version."""
        found = self._db.execute("select message from tariff order by version").fetchall()
        return [TariffV1.decode(message) for (message,) in found]

    def heartbeat_utc_us(self) -> int | None:
        """Wall time of the newest change or heartbeat that was applied."""
        row = self._db.execute("select value from fact where name = 'heartbeat_utc_us'").fetchone()
        return None if row is None else int(row[0])

    def store(self, rows: Iterable[tuple[str, int, TagEntryV1 | None]], heartbeat_utc_us: int | None) -> None:
        """Keep changes and how fresh they are, in one transaction."""
        with self._db:
            self._db.execute("begin")
            self._put(rows, heartbeat_utc_us)

    def replace(self, rows: Iterable[tuple[str, int, TagEntryV1 | None]], heartbeat_utc_us: int | None) -> None:
        """A full re-read: nothing of what was stored stays."""
        with self._db:
            self._db.execute("begin")
            self._db.execute("delete from row")
            self._put(rows, heartbeat_utc_us)

    def store_tariff(self, tariff: TariffV1) -> None:
        """Keep a tariff."""
        self._db.execute("insert or replace into tariff values (?, ?)", (tariff.version, tariff.encode()))

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def _put(self, rows: Iterable[tuple[str, int, TagEntryV1 | None]], heartbeat_utc_us: int | None) -> None:
        self._db.executemany(
            "insert or replace into row values (?, ?, ?)",
            ((epc, version, None if entry is None else entry.encode()) for epc, version, entry in rows),
        )
        if heartbeat_utc_us is not None:
            self._db.execute("insert or replace into fact values ('heartbeat_utc_us', ?)", (heartbeat_utc_us,))


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.execute("pragma journal_mode=wal").fetchall()
        db.execute("pragma synchronous=normal")
        db.executescript(SCHEMA)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db
