"""One client of the embedded server: hello, then packets until it leaves.

In: a connected socket, an engine session. Out: answers on the socket. A statement that fails gets an exception packet
and the connection goes on; bytes that are no protocol end it. Nothing here can stop another client.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from backoffice.storage.embedded import blocks, frames, packets
from backoffice.storage.embedded.engine import EngineError, EngineSession
from backoffice.storage.embedded.packets import Query, Setting
from backoffice.storage.embedded.statement import Statement, classify
from backoffice.storage.embedded.wire import ByteReader, ProtocolError, varint

_RECEIVE_BYTES: Final = 1024 * 1024
_INSERT_BATCH_BYTES: Final = 64 * 1024 * 1024
"""An INSERT up to this size becomes visible at once and whole; a larger one in batches of it."""

_NOT_IMPLEMENTED: Final = 48
_UNKNOWN_SETTING: Final = 115


@dataclass(frozen=True, slots=True)
class Answered:
    """What a statement came to, for the counters."""

    kind: str
    failed: bool
    rows_in: int = 0


class Client:
    """Speaks with one client behind its hello."""

    def __init__(self, peer: socket.socket, reader: ByteReader, session: EngineSession) -> None:
        self._peer = peer
        self._raw = reader
        self._session = session
        self._frames = frames.FrameReader(reader)
        self._framed = ByteReader(self._frames)
        self._compressed = False

    def serve(self, report: Callable[[Answered], None]) -> None:
        """Answer packets until the client leaves (PeerGone) or breaks the protocol (ProtocolError)."""
        while True:
            kind = self._raw.varint()
            if kind == packets.CLIENT_PING:
                self._peer.sendall(packets.PONG)
            elif kind == packets.CLIENT_QUERY:
                report(self._query(packets.read_query(self._raw)))
            elif kind == packets.CLIENT_CANCEL:
                continue  # the statement it meant has ended already
            else:
                raise ProtocolError(f"packet number {kind} where a query or a ping is expected")

    def _query(self, query: Query) -> Answered:
        self._compressed = query.compressed
        statement = classify(query.sql)
        rows_in = 0
        try:
            self._refuse_external_tables()
            applied = self._apply(query.settings)
            try:
                rows_in = self._run(statement)
            finally:
                self._reset(applied)
        except EngineError as error:
            self._peer.sendall(packets.exception(error.code, error.message))
            return Answered(statement.kind, failed=True)
        self._peer.sendall(packets.END_OF_STREAM)
        return Answered(statement.kind, failed=False, rows_in=rows_in)

    def _run(self, statement: Statement) -> int:
        if statement.kind == "insert":
            return self._insert(statement)
        if statement.kind == "select":
            self._select(statement.sql)
        else:
            for block in blocks.split(self._session.run(statement.sql)):
                self._send_block(block)
        return 0

    def _refuse_external_tables(self) -> None:
        """Before an answer the client sends its external tables, then an empty block."""
        refused = False
        while (block := self._receive_block()) is not None:
            refused = True
            del block
        if refused:
            raise EngineError(_NOT_IMPLEMENTED, "External tables are not carried by the embedded server")

    def _apply(self, settings: tuple[Setting, ...]) -> list[str]:
        applied: list[str] = []
        for setting in settings:
            value = setting.value.replace("\\", "\\\\").replace("'", "\\'")
            try:
                if not setting.name.replace("_", "").isalnum():
                    raise EngineError(_UNKNOWN_SETTING, f"Unknown setting {setting.name!r}")
                self._session.run(f"SET {setting.name} = '{value}'")
                applied.append(setting.name)
            except EngineError as error:
                if setting.important or error.code != _UNKNOWN_SETTING:
                    self._reset(applied)
                    raise
        return applied

    def _reset(self, applied: list[str]) -> None:
        for name in applied:
            self._session.run(f"SET {name} = DEFAULT")

    def _select(self, sql: str) -> None:
        count = size = rows = 0
        stream = self._session.stream(sql)
        try:
            for block in stream:
                count, size, rows = count + 1, size + len(block), rows + _rows(block)
                self._send_block(block)
                if self._cancelled():
                    return
        finally:
            stream.close()  # type: ignore[attr-defined]
        if not count:
            self._send_block(blocks.header(self._session.columns_of_query(sql)))
        self._peer.sendall(packets.profile_info(rows, count, size) + packets.progress(rows, size))

    def _cancelled(self) -> bool:
        """True when the client asked to stop; raises PeerGone when it left."""
        if self._raw.idle() and not select.select([self._peer], [], [], 0)[0]:
            return False
        kind = self._raw.varint()
        if kind != packets.CLIENT_CANCEL:
            raise ProtocolError(f"packet number {kind} while a result is being sent")
        return True

    def _insert(self, statement: Statement) -> int:
        columns = self._session.columns_to_insert(statement.table, statement.columns)
        self._send_block(blocks.header(columns))
        failure: EngineError | None = None
        waiting: list[bytes] = []
        size = rows = 0
        while (received := self._receive_block()) is not None:
            block, count = received
            rows += count
            if failure is None and count:
                waiting.append(block)
                size += len(block)
            if size >= _INSERT_BATCH_BYTES:
                failure = self._flush(statement, waiting)
                waiting, size = [], 0
        if failure is None and waiting:
            failure = self._flush(statement, waiting)
        if failure is not None:  # only now: the client listens when it has sent everything
            raise failure
        self._peer.sendall(packets.progress(0, 0, rows, 0))
        return rows

    def _flush(self, statement: Statement, waiting: list[bytes]) -> EngineError | None:
        try:
            self._session.insert(statement.insert_head, waiting)
        except EngineError as error:
            return error
        return None

    def _receive_block(self) -> tuple[bytes, int] | None:
        """(block, rows) of the next data packet; None for the empty block that ends a series."""
        kind = self._raw.varint()
        if kind != packets.CLIENT_DATA:
            raise ProtocolError(f"packet number {kind} where a block is expected")
        self._raw.text()  # name of an external table
        reader = self._framed if self._compressed else self._raw
        blocks.skip_info(reader)
        reader.mark()
        columns, rows = blocks.skip_block(reader)
        data = reader.since_mark()
        return (data, rows) if columns else None

    def _send_block(self, block: bytes) -> None:
        data = blocks.BLOCK_INFO + block
        if self._compressed:
            data = frames.compress(data, self._frames.method)
        self._peer.sendall(packets.SERVER_DATA + varint(0) + data)


def _rows(block: bytes) -> int:
    chunks = iter((block[:20],))
    reader = ByteReader(lambda: next(chunks, b""))
    reader.varint()
    return reader.varint()


def receiver(peer: socket.socket) -> Callable[[], bytes]:
    """Reads from a socket for a ByteReader; a connection that broke reads as closed."""

    def more() -> bytes:
        try:
            return peer.recv(_RECEIVE_BYTES)
        except TimeoutError:
            raise
        except OSError:
            return b""

    return more
