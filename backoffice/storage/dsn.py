"""Addresses of the database: clickhouse://user:password@host:port/database.

In: text from settings. Out: an Address whose every text form leaves the password out; AddressError says what is wrong.
`?replicated=1` makes the tables replicated (cluster); other parameters go to clickhouse-driver as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

_DATABASE: Final = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
EXPECTED: Final = "expected clickhouse://user:password@host:port/database"


class AddressError(ValueError):
    """The text is no usable database address. The message never holds the password."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the database is and who asks."""

    host: str
    port: int
    database: str
    user: str = "default"
    password: str = field(default="", repr=False)
    secure: bool = False
    replicated: bool = False
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"clickhouse://{self.user}@{self.host}:{self.port}/{self.database}"


def parse(text: str) -> Address:
    """The address in `text`."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AddressError(f"database: not an address; {EXPECTED}") from None
    if parts.scheme not in ("clickhouse", "clickhouses"):
        raise AddressError(f"database: the scheme is {parts.scheme!r}; {EXPECTED}")
    if not parts.hostname:
        raise AddressError(f"database: no host; {EXPECTED}")
    database = parts.path.lstrip("/") or "etc"
    if not _DATABASE.match(database):
        raise AddressError(f"database: {database!r} is no database name (letters, digits and _); {EXPECTED}")
    secure = parts.scheme == "clickhouses"
    options = dict(parse_qsl(parts.query))
    replicated = options.pop("replicated", "0") in ("1", "true")
    return Address(
        host=parts.hostname,
        port=port or (9440 if secure else 9000),
        database=database,
        user=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        secure=secure,
        replicated=replicated,
        options=tuple(sorted(options.items())),
    )
