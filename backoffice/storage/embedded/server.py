"""The embedded server: listens on one address, one thread per client, counts what it refuses.

In: an Engine, an address, credentials. Out: a server that answers until `stop`. Garbage, a wrong password, a client
that vanishes: closed and counted; nothing else is touched.
"""

from __future__ import annotations

import hmac
import socket
import threading
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from backoffice.storage.embedded import packets
from backoffice.storage.embedded.connection import Answered, Client, receiver
from backoffice.storage.embedded.engine import Engine, EngineError
from backoffice.storage.embedded.wire import ByteReader, PeerGone, ProtocolError

_HELLO_TIMEOUT_S: Final = 10.0
_CLIENTS_MAX: Final = 200
_AUTHENTICATION_FAILED: Final = 516
_TOO_MANY: Final = 202

CLIENTS = Gauge("embedded_clickhouse_clients", "Clients connected to the embedded ClickHouse server")
REFUSED = Counter(
    "embedded_clickhouse_refused_connections_total", "Connections closed by the embedded server", ["reason"]
)
STATEMENTS = Counter("embedded_clickhouse_statements_total", "Statements answered", ["kind", "result"])
ROWS_IN = Counter("embedded_clickhouse_inserted_rows_total", "Rows inserted by clients")

log = structlog.get_logger("embedded_clickhouse")


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """The one user of the server. An empty password means that none is asked."""

    user: str = "default"
    password: str = ""

    def match(self, hello: packets.Hello) -> bool:
        """True when user and password are right, in constant time."""
        user = hmac.compare_digest(hello.user.encode(), self.user.encode())
        return hmac.compare_digest(hello.password.encode(), self.password.encode()) and user


class Server:
    """Listens from construction on; `serve` answers until `stop` is called from another thread or a signal handler."""

    def __init__(self, engine: Engine, host: str, port: int, credentials: Credentials) -> None:
        self._engine = engine
        self._credentials = credentials
        self._listener = socket.create_server((host, port), backlog=64)
        self._peers: dict[socket.socket, threading.Thread] = {}
        self._gate = threading.Lock()
        self._stopping = threading.Event()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, the port chosen by the system when 0 was asked."""
        host, port = self._listener.getsockname()[:2]
        return host, port

    def serve(self) -> None:
        """Accept clients until stopped, then wait for them to end."""
        self._listener.settimeout(0.2)
        while not self._stopping.is_set():
            try:
                peer, address = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                break
            thread = threading.Thread(target=self._answer, args=(peer, str(address[0])), daemon=True)
            with self._gate:
                self._peers[peer] = thread
            thread.start()
        self._listener.close()
        self._end_clients()

    def stop(self) -> None:
        """Ask `serve` to end. May be called from a signal handler."""
        self._stopping.set()

    def _end_clients(self) -> None:
        with self._gate:
            peers = dict(self._peers)
        for peer, thread in peers.items():
            _shut(peer)
            thread.join(timeout=20)

    def _answer(self, peer: socket.socket, address: str) -> None:
        CLIENTS.inc()
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._converse(peer)
        except (PeerGone, ConnectionError):
            pass
        except TimeoutError:
            self._refuse("silent", address, "no hello within 10 s")
        except ProtocolError as error:
            self._refuse("protocol", address, str(error))
            _try_send(peer, packets.exception(99, f"{error}. (UNKNOWN_PACKET_FROM_CLIENT)"))
        except EngineError as error:
            self._refuse("engine", address, error.message)
            _try_send(peer, packets.exception(error.code, error.message))
        except Exception:
            # Whatever one client provokes must not reach the others; the traceback goes to the log.
            REFUSED.labels("defect").inc()
            log.exception("client_failed", peer=address)
        finally:
            CLIENTS.dec()
            with self._gate:
                self._peers.pop(peer, None)
            peer.close()

    def _refuse(self, reason: str, address: str, detail: str) -> None:
        REFUSED.labels(reason).inc()
        log.warning("connection_closed", reason=reason, peer=address, detail=detail[:300])

    def _converse(self, peer: socket.socket) -> None:
        peer.settimeout(_HELLO_TIMEOUT_S)
        reader = ByteReader(receiver(peer))
        hello = packets.read_hello(reader)
        if not self._credentials.match(hello):
            raise EngineError(
                _AUTHENTICATION_FAILED,
                f"{hello.user}: Authentication failed: password is incorrect, or there is no such user. "
                "(AUTHENTICATION_FAILED)",
            )
        if len(self._peers) > _CLIENTS_MAX:
            raise EngineError(_TOO_MANY, f"More than {_CLIENTS_MAX} clients. (TOO_MANY_SIMULTANEOUS_QUERIES)")
        session = self._engine.session()
        try:
            if hello.database:
                session.run("USE `" + hello.database.replace("\\", "\\\\").replace("`", "\\`") + "`")
            peer.settimeout(None)
            peer.sendall(packets.hello(self._engine.version, self._engine.timezone))
            Client(peer, reader, session).serve(_count)
        finally:
            session.close()


def _count(answered: Answered) -> None:
    STATEMENTS.labels(answered.kind, "failed" if answered.failed else "done").inc()
    ROWS_IN.inc(answered.rows_in)


def _try_send(peer: socket.socket, data: bytes) -> None:
    try:
        peer.sendall(data)
    except OSError:
        return


def _shut(peer: socket.socket) -> None:
    try:
        peer.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
