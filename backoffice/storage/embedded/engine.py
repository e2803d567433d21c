"""The ClickHouse engine in process (chdb): one `Engine` per data directory, one `EngineSession` per client.

In: SQL and Native blocks. Out: Native blocks; EngineError with ClickHouse's own code. Sessions share the engine and run
side by side; opening and closing them is serialised. Only one process may own a directory: a lock file says who.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

_CODE: Final = re.compile(r"Code: (\d+)\. (?:DB::Exception: )?(.*)", re.DOTALL)
_UNKNOWN_EXCEPTION: Final = 1002


class EngineError(Exception):
    """The engine refused a statement. `code` is ClickHouse's error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class DataDirectoryError(Exception):
    """The data directory cannot be used; the text says why and what to do."""


def _engine_error(error: Exception) -> EngineError:
    found = _CODE.search(str(error))
    if found is None:
        return EngineError(_UNKNOWN_EXCEPTION, str(error))
    return EngineError(int(found[1]), found[2].strip())


class Engine:
    """Owner of a data directory. One per process: the engine keeps process-wide state."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._owner = _own(directory)
        self._path = str(directory / "engine")
        self._gate = threading.Lock()
        self._anchor: EngineSession | None = self.session()  # keeps the engine loaded and merging between clients
        version, self.timezone = self._anchor.run("SELECT version(), timezone()", "TSV").decode().split()
        major, minor, patch = (int(part) for part in version.split(".")[:3])
        self.version = (major, minor, patch)

    def session(self) -> EngineSession:
        """A session for one client; close it."""
        from chdb import session  # noqa: PLC0415 - half a second and 200 MB: only for the process that owns data

        with self._gate:
            return EngineSession(session.Session(self._path), self._gate)

    def close(self) -> None:
        """Release the directory; every session must be closed before."""
        if self._anchor is not None:
            self._anchor.close()
            self._anchor = None
        self._owner.close()


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _own(directory: Path) -> IO[str]:
    lock = (directory / "owner.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise DataDirectoryError(
            f"{directory} is in use by process {owner}: one process owns a data directory. Stop it, or choose another"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


class EngineSession:
    """One client's view of the engine: its current database, its settings."""

    def __init__(self, session: Any, gate: threading.Lock) -> None:
        self._session = session
        self._gate = gate

    def run(self, sql: str | bytes, form: str = "Native") -> bytes:
        """Run one statement; its whole result in format `form`."""
        try:
            result = self._session.query(sql, form)
            data = result.bytes() if result is not None else b""
        except Exception as error:
            raise _engine_error(error) from error
        return bytes(data) if data else b""

    def stream(self, sql: str) -> Iterator[bytes]:
        """Result blocks of a SELECT, one after the other, as the engine makes them."""
        try:
            with self._session.send_query(sql, "Native") as chunks:
                for chunk in chunks:
                    data = bytes(chunk.bytes())
                    if data:
                        yield data
        except GeneratorExit:
            raise
        except Exception as error:
            raise _engine_error(error) from error

    def columns_of_query(self, sql: str) -> list[tuple[str, str]]:
        """(name, type) of what a SELECT gives."""
        return [(row["name"], row["type"]) for row in self._describe(f"({sql}\n)")]

    def columns_to_insert(self, table: str, chosen: str) -> list[tuple[str, str]]:
        """(name, type) of the columns that an INSERT must bring: the chosen ones, else all that are stored as given."""
        rows = self._describe(table)
        kinds = {row["name"]: row["type"] for row in rows}
        if not chosen:
            return [(r["name"], r["type"]) for r in rows if r["default_type"] not in ("MATERIALIZED", "ALIAS")]
        names = [name.strip().strip('`"') for name in chosen.split(",")]
        missing = [name for name in names if name not in kinds]
        if missing:
            raise EngineError(16, f"No such column {missing[0]} in table {table}. (NO_SUCH_COLUMN_IN_TABLE)")
        return [(name, kinds[name]) for name in names]

    def _describe(self, target: str) -> list[dict[str, str]]:
        lines = self.run(f"DESCRIBE TABLE {target}", "JSONEachRow").decode().splitlines()
        return [json.loads(line) for line in lines]

    def insert(self, head: str, blocks: Sequence[bytes]) -> None:
        """Insert Native blocks; `head` is the statement up to its rows.

        The engine ends rows inside a statement at an empty line, so binary data goes through a file in memory.
        """
        spool = os.memfd_create("insert")
        try:
            for block in blocks:
                _write_all(spool, block)
            self.run(f"{head} SELECT * FROM file('/proc/self/fd/{spool}', 'Native')")  # noqa: S608 - a client's SQL
        finally:
            os.close(spool)

    def close(self) -> None:
        """End the session."""
        with self._gate:
            self._session.close()
