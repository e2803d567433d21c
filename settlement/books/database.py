"""The connection that books are kept through: queries, and inserts that happen once.

In: an address, SQL, rows. Out: rows. An insert that returned is on disk. Where a token is given and an insert with that
token went before, from whichever process, nothing is written: read back to learn who won.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from clickhouse_driver import errors

from settlement.intake.clickhouse import ClickHouse
from settlement.intake.problems import UnusableInputError

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_TOKEN: Final = re.compile(r"[^'\\]+")
_UNKNOWN_TABLE: Final = 60
_UNKNOWN_DATABASE: Final = 81


class BooksError(UnusableInputError):
    """The database could not be asked or written; the text names it without its password."""


class BookDatabase(ClickHouse):
    """ClickHouse with inserts. `?replicated=1` in the address makes the tables replicated ones (cluster)."""

    def __init__(self, address: str) -> None:
        plain, self.replicated = _without_replicated(address)
        self.name = urlsplit(plain).path.lstrip("/") or "default"
        super().__init__(plain)
        self.address = plain
        """Without `replicated`, as clickhouse-driver takes it; holds the password."""

    def rows(self, sql: str, parameters: Mapping[str, Any] = _NOTHING) -> list[tuple[Any, ...]]:
        """All rows of a query; `%(name)s` stands for a parameter."""
        return list(super().rows(sql, parameters))

    def rows_if_table(self, sql: str, parameters: Mapping[str, Any] = _NOTHING) -> list[tuple[Any, ...]] | None:
        """As `rows`; None where the table or the database is not there."""
        try:
            return list(self._client.execute(sql, dict(parameters)))
        except errors.ServerException as error:
            if error.code in (_UNKNOWN_TABLE, _UNKNOWN_DATABASE):
                return None
            raise BooksError(f"{self._where}: {error.message.splitlines()[0]}") from error
        except (errors.Error, OSError, EOFError) as error:
            raise BooksError(f"{self._where}: {error}; is the database running?") from error

    def command(self, sql: str) -> None:
        """Run a statement that gives no rows."""
        super().rows(sql, {})

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]], token: str = "") -> None:
        """Insert rows given as columns of equal length, as one block; with a token at most once."""
        if not len(next(iter(columns.values()), ())):
            return
        if token and not _TOKEN.fullmatch(token):
            raise BooksError(f"{self._where}: {token!r} is no token")
        names = ", ".join(f"`{name}`" for name in columns)
        # With a token the server must know about it; INSERT ... SELECT of the embedded endpoint takes it over.
        chosen = f" SETTINGS insert_deduplicate = 1, insert_deduplication_token = '{token}'" if token else ""
        sql = f"INSERT INTO {table} ({names}){chosen} VALUES"
        try:
            self._client.execute(sql, [list(column) for column in columns.values()], columnar=True)
        except (errors.Error, OSError, EOFError) as error:
            reason = str(error).strip().splitlines()
            raise BooksError(f"{self._where}: {table}: {reason[0] if reason else type(error).__name__}") from error

    def make_database(self) -> None:
        """Create the database of the address where it is missing."""
        parts = urlsplit(self.address)
        with _Closing(ClickHouse(urlunsplit(parts._replace(path="/default")))) as server:
            server.rows(f"CREATE DATABASE IF NOT EXISTS `{self.name}`", {})


class _Closing:
    def __init__(self, connection: ClickHouse) -> None:
        self._connection = connection

    def __enter__(self) -> ClickHouse:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _without_replicated(address: str) -> tuple[str, bool]:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise BooksError(f"--database: not an address ({error})") from error
    options = dict(parse_qsl(parts.query))
    replicated = options.pop("replicated", "0") in ("1", "true")
    return urlunsplit(parts._replace(query=urlencode(options))), replicated
