"""The last known tariffs on local disk: a lane that starts without a link charges by them.

In: tariffs as they come. Out: all of them again at the next start. SQLite, WAL, synchronous=NORMAL: a power cut may
lose the last one, which the stream brings again. A damaged file is set aside and begun anew. Tags: lists/country.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Final

from lane_controller.contracts.v1 import TariffV1
from lane_controller.contracts.v1.base import MessageError

log = logging.getLogger(__name__)

SCHEMA: Final = "create table if not exists tariff (version integer primary key, message blob not null) strict"


class TariffCache:
    """One file for all lanes of a process. Its methods block: call them in one worker thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = _open(path)
        except sqlite3.DatabaseError as error:
            aside = path.with_suffix(".damaged")
            log.error("tariffs in %s are damaged (%s): set aside as %s and read anew", path, error, aside.name)
            path.rename(aside)
            for left in ("-wal", "-shm"):
                Path(f"{path}{left}").unlink(missing_ok=True)
            self._db = _open(path)

    def tariffs(self) -> list[TariffV1]:
        """Stored tariffs in order of version; one that does not read is left out and told."""
        found = []
        for version, message in self._db.execute("select version, message from tariff order by version"):
            try:
                found.append(TariffV1.decode(message))
            except MessageError as error:
                log.error("tariff %d in %s: %s", version, self._path, error)
        return found

    def store(self, tariff: TariffV1) -> None:
        """Keep a tariff."""
        self._db.execute("insert or replace into tariff values (?, ?)", (tariff.version, tariff.encode()))

    def close(self) -> None:
        """Release the file."""
        self._db.close()


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        db.execute("pragma journal_mode=wal").fetchall()
        db.execute("pragma synchronous=normal")
        db.execute(SCHEMA)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db
