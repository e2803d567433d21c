"""`backoffice database`: the ClickHouse engine of one machine as a server on loopback.

In: a data directory, an address, credentials. Out: a ready line on standard output, then service until SIGTERM or
SIGINT. Exit 2 when directory, address or password file cannot be used. The password is never printed.
"""

from __future__ import annotations

import ipaddress
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer


def database(
    data: Annotated[Path, typer.Option(help="Directory of the database; made when missing. One process owns it.")],
    listen: Annotated[str, typer.Option(help="HOST:PORT to listen on; port 0 takes a free one.")] = "127.0.0.1:19000",
    user: Annotated[str, typer.Option(help="Name of the one user.")] = "default",
    password_file: Annotated[
        Path | None,
        typer.Option(help="File whose first line is the password. Without it none is asked (loopback only)."),
    ] = None,
    metrics: Annotated[str, typer.Option(help="HOST:PORT for Prometheus metrics; empty: none.")] = "",
) -> None:
    """Run the embedded ClickHouse server (cơ sở dữ liệu của một máy).

    Every program then uses it as clickhouse://USER:PASSWORD@HOST:PORT/DATABASE. Data survives a crash of the process;
    SIGTERM stops it cleanly. For several machines use a ClickHouse cluster instead (deploy/clickhouse/).
    """
    host, port = address(listen, "--listen")
    password = _password(password_file)
    if not password and not _loopback(host):
        unusable(f"--listen {listen}: an address that others can reach needs --password-file")
    _serve(data, (host, port), (user, password), metrics)


def _serve(data: Path, listen: tuple[str, int], credentials: tuple[str, str], metrics: str) -> None:
    from backoffice.storage.embedded.engine import DataDirectoryError, Engine  # noqa: PLC0415 - loads the engine
    from backoffice.storage.embedded.server import Credentials, Server  # noqa: PLC0415

    try:
        engine = Engine(data)
        server = Server(engine, *listen, Credentials(*credentials))
    except DataDirectoryError as error:
        unusable(f"--data: {error}")
    except OSError as error:
        unusable(f"--data {data} or --listen {listen[0]}:{listen[1]}: {error.strerror or error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    if metrics:
        from prometheus_client import start_http_server  # noqa: PLC0415

        metrics_host, metrics_port = address(metrics, "--metrics")
        start_http_server(metrics_port, metrics_host)
    print(f"ready: clickhouse://{credentials[0]}@{server.address[0]}:{server.address[1]}/ data {data}", flush=True)
    server.serve()
    engine.close()


def address(text: str, option: str) -> tuple[str, int]:
    """HOST:PORT as a pair; exits with 2 when it is none."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        unusable(f"{option} {text}: expected HOST:PORT such as 127.0.0.1:19000")
    return host.strip("[]"), int(port)


def unusable(message: str) -> NoReturn:
    """End with status 2 and one line."""
    print(f"backoffice: {message}", file=sys.stderr)
    raise typer.Exit(2)


def _password(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        unusable(f"--password-file {file}: {error.strerror}")
    if not lines or not lines[0].strip():
        unusable(f"--password-file {file}: the first line is empty; write the password there")
    return lines[0].strip()


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
