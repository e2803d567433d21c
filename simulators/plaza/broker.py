"""The embedded MQTT broker of a demonstration plaza: amqtt on loopback, names and passwords required.

In: HOST:PORT and a file of NAME:PASSWORD lines. Out: an MQTT 3.1.1 broker until SIGTERM. Nobody comes in anonymously:
amqtt drops the sessions of anonymous clients. For a real plaza use mosquitto (deploy/).
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin


class NamesAndPasswords(BaseAuthPlugin):  # type: ignore[misc] # amqtt's classes come without usable types
    """Lets in whoever knows a name and its password."""

    @dataclass
    class Config:
        """Passwords by name."""

        users: dict[str, str] = field(default_factory=dict)

    async def authenticate(self, *, session: Any) -> bool:
        """True when the session's name and password are on the list."""
        wanted = self.config.users.get(session.username or "")
        given = session.password
        given = given.decode() if isinstance(given, bytes) else given or ""
        return wanted is not None and hmac.compare_digest(wanted.encode(), given.encode())


def read_users(file: Path) -> dict[str, str]:
    """Passwords by name; ValueError names file, line and remedy."""
    users: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        name, _, password = line.strip().partition(":")
        if not line.strip() or line.startswith("#"):
            continue
        if not name or not password:
            raise ValueError(f"{file}, line {number}: expected NAME:PASSWORD")
        users[name] = password
    if not users:
        raise ValueError(f"{file}: no users; write one NAME:PASSWORD per line")
    return users


def broker(
    listen: Annotated[str, typer.Option(help="HOST:PORT to listen on (địa chỉ lắng nghe).")] = "127.0.0.1:1883",
    users_file: Annotated[Path, typer.Option(help="File of NAME:PASSWORD lines (tên và mật khẩu).")] = Path(
        "mqtt-users"
    ),
) -> None:
    """An MQTT broker for demonstrations and tests, in this one process (máy chủ MQTT để thử nghiệm).

    Example: simulators broker --listen 127.0.0.1:1883 --users-file data/secrets/mqtt-users
    """
    try:
        users = read_users(users_file)
        asyncio.run(_serve(listen, users))
    except (OSError, ValueError) as error:
        typer.echo(f"broker: {error}", err=True)
        raise typer.Exit(2) from error


async def _serve(listen: str, users: dict[str, str]) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    plugin = f"{NamesAndPasswords.__module__}.{NamesAndPasswords.__qualname__}"
    running = Broker({"listeners": {"default": {"type": "tcp", "bind": listen}}, "plugins": {plugin: {"users": users}}})
    await running.start()
    typer.echo(f"ready: mqtt://{listen}")
    await ended.wait()
    await running.shutdown()
