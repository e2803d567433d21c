"""One connection to ClickHouse through clickhouse-driver, usable from threads one at a time and from asyncio.

In: SQL with named parameters, columns of rows. Out: rows. DatabaseError names the server, never the password;
`retry` says whether the same call may succeed later (the server was away) or not (it refused).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar

from clickhouse_driver import Client, errors

from backoffice.storage.dsn import Address

P = ParamSpec("P")
T = TypeVar("T")
Row = tuple[Any, ...]

_CONNECT_TIMEOUT_S: Final = 5
_ANSWER_TIMEOUT_S: Final = 120
_PASSING_CODES: Final = frozenset({159, 202, 209, 210, 241, 242, 252, 319, 999})
"""Timeouts, too many queries or parts, memory, read-only replica, keeper: the server may manage it later."""


class DatabaseError(Exception):
    """The database did not do what was asked. `retry`: it was away or busy; `code`: ClickHouse's, 0 when none came."""

    def __init__(self, message: str, *, retry: bool, code: int = 0) -> None:
        super().__init__(message)
        self.retry = retry
        self.code = code


class Database:
    """A connection that is opened when first used and again after it broke."""

    def __init__(self, address: Address, *, compression: str | bool = False) -> None:
        self.address = address
        self._compression = compression
        self._client: Client | None = None
        self._gate = threading.Lock()

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows of a query; `%(name)s` stands for a parameter."""
        return list(self._do(lambda client: client.execute(sql, dict(parameters or {})) or []))

    def command(self, sql: str) -> None:
        """Run a statement that gives no rows."""
        self._do(lambda client: client.execute(sql))

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]]) -> int:
        """Insert rows given as columns of equal length; durable when it returns. Number of rows."""
        count = len(next(iter(columns.values()), ()))
        if count:
            names = ", ".join(f"`{name}`" for name in columns)
            sql = f"INSERT INTO {table} ({names}) VALUES"
            data = [list(column) for column in columns.values()]
            self._do(lambda client: client.execute(sql, data, columnar=True))
        return count

    def close(self) -> None:
        """End the connection."""
        with self._gate:
            self._drop()

    def _do(self, work: Callable[[Client], T]) -> T:
        with self._gate:
            try:
                return work(self._connected())
            except errors.ServerException as error:
                text = f"{self.address}: {error.message.splitlines()[0] if error.message else error}"
                raise DatabaseError(text, retry=error.code in _PASSING_CODES, code=error.code) from error
            except (errors.Error, OSError, EOFError) as error:
                self._drop()
                reason = str(error).strip() or type(error).__name__
                raise DatabaseError(f"{self.address}: {reason}; is the database running?", retry=True) from error

    def _connected(self) -> Client:
        if self._client is None:
            a = self.address
            self._client = Client(
                a.host, port=a.port, database=a.database, user=a.user, password=a.password, secure=a.secure,
                compression=self._compression, connect_timeout=_CONNECT_TIMEOUT_S,
                send_receive_timeout=_ANSWER_TIMEOUT_S, client_name="etc-plaza", settings=dict(a.options),
            )  # fmt: skip
        return self._client

    def _drop(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client = None


class Worker:
    """A thread that does the blocking calls of one asyncio component, in order."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)

    async def do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Result of `work`, done in the thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """End the thread when its work is done."""
        self._thread.shutdown(wait=True)
