"""The one database adapter: ClickHouse over its native protocol (clickhouse-driver).

In: an address `clickhouse://user:password@host:port/database` and SQL. Out: rows. An error never shows the password.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from clickhouse_driver import Client, errors

from settlement.intake.problems import UnusableInputError

_CONNECT_TIMEOUT_S = 5
_ANSWER_TIMEOUT_S = 120
_ROWS_AT_ONCE = 20_000
_FAILURES = (errors.Error, OSError, EOFError)


class ClickHouse:
    """Implements `settlement.intake.back_office.Database`."""

    def __init__(self, address: str) -> None:
        self._where = _without_password(address)
        self._client = Client.from_url(_with_timeouts(address))

    def rows(self, sql: str, parameters: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
        """All rows of a query; UnusableInputError where the server cannot be reached or refuses."""
        try:
            found: Sequence[tuple[Any, ...]] = self._client.execute(sql, dict(parameters))
        except _FAILURES as error:
            raise self._unusable(error) from error
        return found

    def some_rows(self, sql: str, parameters: Mapping[str, object]) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The rows of a query, some thousands at a time as they come; errors as for `rows`."""
        try:
            yield from self._client.execute_iter(sql, dict(parameters), chunk_size=_ROWS_AT_ONCE)
        except _FAILURES as error:
            raise self._unusable(error) from error

    def _unusable(self, error: BaseException) -> UnusableInputError:
        reason = str(error).strip().splitlines()
        return UnusableInputError(
            f"{self._where}: {reason[0] if reason else type(error).__name__}; is the back office's database running"
            " there, and does it hold its tables?"
        )

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()


def _with_timeouts(address: str) -> str:
    mark = "&" if "?" in address else "?"
    return f"{address}{mark}connect_timeout={_CONNECT_TIMEOUT_S}&send_receive_timeout={_ANSWER_TIMEOUT_S}"


def _without_password(address: str) -> str:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise UnusableInputError(f"--database: not an address ({error})") from error
    if parts.scheme not in ("clickhouse", "clickhouses") or not parts.hostname:
        raise UnusableInputError("--database: write it as clickhouse://user:password@host:port/database")
    return f"{parts.scheme}://{parts.hostname}{f':{port}' if port else ''}{parts.path}"
