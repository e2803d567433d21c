"""Where everything of a demonstration plaza lies and listens: folders, files, ports, passwords, configuration files.

In: a data directory, a number of lanes, the page's port. Out: files that every program reads. Passwords are made once
per data directory and stand in files that only the owner reads; ports are free ones of loopback.
"""

from __future__ import annotations

import json
import secrets
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PLAZA: Final = "CM"
LOOPBACK: Final = "127.0.0.1"
PORTS_TRIED: Final = 100
MQTT_USERS: Final = ("lane", "plc")


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of one run, all on loopback."""

    page: int
    database: int
    mqtt: int
    readers: tuple[int, ...]
    cameras: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """One data directory with the ports of this run."""

    data: Path
    lanes: tuple[str, ...]
    ports: Ports
    passwords: dict[str, str]

    @property
    def logs(self) -> Path:
        """One file per program."""
        return self.data / "logs"

    @property
    def run(self) -> Path:
        """Configuration files of this run; written anew each time."""
        return self.data / "run"

    @property
    def secrets(self) -> Path:
        """Passwords, readable by the owner only."""
        return self.data / "secrets"

    @property
    def page(self) -> str:
        """Address of the live page."""
        return f"http://{LOOPBACK}:{self.ports.page}"

    @property
    def stream(self) -> str:
        """DSN of the embedded stream."""
        return f"sqlite://{self.data.resolve()}/stream.sqlite3"

    @property
    def database(self) -> str:
        """DSN of the embedded database."""
        return f"clickhouse://default:{self.passwords['database']}@{LOOPBACK}:{self.ports.database}/toll"


def lane_names(count: int) -> tuple[str, ...]:
    """CM-01, CM-02, …"""
    return tuple(f"{PLAZA}-{number:02d}" for number in range(1, count + 1))


def free_ports(count: int) -> list[int]:
    """`count` different ports of loopback that nobody listens on at this moment."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def page_port(wanted: int) -> int:
    """`wanted`, or the next port that is free."""
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        try:
            socket.create_server((LOOPBACK, port)).close()
        except OSError:
            continue
        return port
    raise OSError(f"no port from {wanted} to {wanted + PORTS_TRIED - 1} is free; choose another with --port")


def lay_out(data: Path, lanes: int, port: int) -> Layout:
    """Folders, passwords and ports of one run."""
    for folder in (data, data / "logs", data / "run"):
        folder.mkdir(parents=True, exist_ok=True)
    (data / "secrets").mkdir(mode=0o700, exist_ok=True)
    passwords = {name: _password(data / "secrets" / name) for name in ("database", *MQTT_USERS)}
    users = "".join(f"{name}:{passwords[name]}\n" for name in MQTT_USERS)
    _write_secret(data / "secrets" / "mqtt-users", users)
    database, mqtt, *others = free_ports(2 + 2 * lanes)
    ports = Ports(page_port(port), database, mqtt, tuple(others[:lanes]), tuple(others[lanes:]))
    return Layout(data, lane_names(lanes), ports, passwords)


def _password(file: Path) -> str:
    if not file.exists():
        _write_secret(file, secrets.token_urlsafe(18) + "\n")
    return file.read_text(encoding="utf-8").strip()


def _write_secret(file: Path, text: str) -> None:
    file.touch(mode=0o600, exist_ok=True)
    file.chmod(0o600)
    file.write_text(text, encoding="utf-8")


def write_lanes_toml(layout: Layout) -> Path:
    """Configuration of `lane-controller run`."""
    lines = [
        f"plaza = {_quoted(PLAZA)}",
        f"data_dir = {_quoted(str(layout.data.resolve() / 'lanes'))}",
        f"stream = {_quoted(layout.stream)}",
        f"backoffice = {_quoted(layout.page)}",
        "[mqtt]",
        f"host = {_quoted(LOOPBACK)}",
        f"port = {layout.ports.mqtt}",
        'username = "lane"',
        f"password = {_quoted(layout.passwords['lane'])}",
        'version = "3.1.1"',
        "[journal]",
        "seal_every_s = 60",
    ]
    for name, reader, camera in zip(layout.lanes, layout.ports.readers, layout.ports.cameras, strict=True):
        lines += [
            "[[lane]]",
            f"id = {_quoted(name)}",
            "measures_class = true",
            f"camera = {_quoted(f'http://{LOOPBACK}:{camera}/stream.mjpg')}",
            "[lane.reader]",
            f"host = {_quoted(LOOPBACK)}",
            f"port = {reader}",
            "read_tid = true",
        ]
    return _written(layout.run / "lanes.toml", "\n".join(lines) + "\n")


def write_backoffice_toml(layout: Layout) -> Path:
    """Configuration of `backoffice serve` and of the commands that fill it."""
    lines = [
        f"plaza = {_quoted(PLAZA)}",
        f"database = {_quoted(layout.database)}",
        f"stream = {_quoted(layout.stream)}",
        f"data_dir = {_quoted(str(layout.data.resolve() / 'backoffice'))}",
        "[http]",
        f"listen = {_quoted(f'{LOOPBACK}:{layout.ports.page}')}",
    ]
    return _written(layout.run / "backoffice.toml", "\n".join(lines) + "\n")


def write_world_json(layout: Layout, drive: dict[str, Any]) -> Path:
    """Configuration of `simulators world`: places of the devices, and how to drive (`speed`, seeds, fleet)."""
    places = zip(layout.lanes, layout.ports.readers, layout.ports.cameras, strict=True)
    world = {
        "plaza": PLAZA,
        "page": layout.page,
        "mqtt": {"host": LOOPBACK, "port": layout.ports.mqtt, "username": "plc", "password": layout.passwords["plc"]},
        "lanes": [{"name": name, "reader_port": reader, "camera_port": camera} for name, reader, camera in places],
        **drive,
    }
    return _written(layout.run / "world.json", json.dumps(world, indent=2) + "\n")


def _quoted(text: str) -> str:
    """A TOML basic string; JSON strings are a subset of it."""
    return json.dumps(text, ensure_ascii=False)


def _written(file: Path, text: str) -> Path:
    _write_secret(file, text)
    return file
