"""Packets of the native protocol at revision 54430: what a client sends, what the server answers.

In: a ByteReader behind the packet number. Out: Hello and Query as values; packets as bytes. The revision is the newest
that still has plain blocks (no custom serialisation) and text settings; clients of any later revision step down to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backoffice.storage.embedded.wire import ByteReader, ProtocolError, int32, text, varint

REVISION: Final = 54430
_SETTINGS_AS_TEXT: Final = 54429
_CLIENT_WRITE_INFO: Final = 54420
_VERSION_PATCH: Final = 54401
_DISPLAY_NAME: Final = 54372
_TIMEZONE: Final = 54058
_NAME_LIMIT: Final = 4096

CLIENT_HELLO: Final = 0
CLIENT_QUERY: Final = 1
CLIENT_DATA: Final = 2
CLIENT_CANCEL: Final = 3
CLIENT_PING: Final = 4
CLIENT_TABLES_STATUS: Final = 5

SERVER_DATA: Final = varint(1)
PONG: Final = varint(4)
END_OF_STREAM: Final = varint(5)
_SERVER_HELLO: Final = varint(0)
_SERVER_EXCEPTION: Final = varint(2)
_SERVER_PROGRESS: Final = varint(3)
_SERVER_PROFILE_INFO: Final = varint(6)


@dataclass(frozen=True, slots=True)
class Hello:
    """What a client says first. The password is for one comparison and is never shown."""

    client: str
    revision: int
    database: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Hello(client={self.client!r}, revision={self.revision}, user={self.user!r})"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting sent with a query; an `important` one must be known to the server."""

    name: str
    value: str
    important: bool


@dataclass(frozen=True, slots=True)
class Query:
    """One statement with its settings; `compressed`: blocks of both directions come in frames."""

    query_id: str
    sql: str
    settings: tuple[Setting, ...]
    compressed: bool


def read_hello(reader: ByteReader) -> Hello:
    """The client's hello, its packet number included; anything else is a ProtocolError."""
    kind = reader.varint()
    if kind != CLIENT_HELLO:
        raise ProtocolError(f"the first packet is number {kind}, not a hello")
    client = reader.text(_NAME_LIMIT)
    reader.varint()
    reader.varint()
    revision = reader.varint()
    if revision < _SETTINGS_AS_TEXT:
        raise ProtocolError(f"client revision {revision} is too old; {_SETTINGS_AS_TEXT} or later is needed")
    return Hello(client, revision, reader.text(_NAME_LIMIT), reader.text(_NAME_LIMIT), reader.text(_NAME_LIMIT))


def hello(version: tuple[int, int, int], timezone: str) -> bytes:
    """The server's hello."""
    major, minor, patch = version
    start = _SERVER_HELLO + text("ClickHouse") + varint(major) + varint(minor) + varint(REVISION)
    return start + text(timezone) + text("embedded") + varint(patch)


def read_query(reader: ByteReader) -> Query:
    """A query packet behind its number."""
    query_id = reader.text(_NAME_LIMIT)
    _skip_client_info(reader)
    settings = tuple(_settings(reader))
    reader.varint()  # stage: clients ask for complete processing
    compressed = reader.varint() != 0
    return Query(query_id, reader.text(), settings, compressed)


def _skip_client_info(reader: ByteReader) -> None:
    if reader.uint8() == 0:
        return
    reader.skip_strings(3)
    reader.uint8()
    reader.skip_strings(3)
    for _ in range(3):
        reader.varint()
    reader.skip_strings(1)
    reader.varint()  # version patch


def _settings(reader: ByteReader) -> list[Setting]:
    settings = []
    while name := reader.text(_NAME_LIMIT):
        important = bool(reader.uint8() & 1)
        settings.append(Setting(name, reader.text(), important))
    return settings


def exception(code: int, message: str) -> bytes:
    """An exception: code, name, text, no stack, nothing nested."""
    return _SERVER_EXCEPTION + int32(code) + text("DB::Exception") + text(message) + text("") + b"\x00"


def progress(rows: int, size_bytes: int, written_rows: int = 0, written_bytes: int = 0) -> bytes:
    """Rows read and written so far."""
    numbers = (rows, size_bytes, 0, written_rows, written_bytes)
    return _SERVER_PROGRESS + b"".join(varint(number) for number in numbers)


def profile_info(rows: int, blocks: int, size_bytes: int) -> bytes:
    """What a finished SELECT returned; no limit was applied by us."""
    numbers = varint(rows) + varint(blocks) + varint(size_bytes)
    return _SERVER_PROFILE_INFO + numbers + b"\x00" + varint(rows) + b"\x00"
