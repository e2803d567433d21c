"""The programs of a plaza: their command lines and how each shows that it is ready.

In: a layout. Out: parts for the supervisor, in the order in which they need each other, and the commands that fill an
empty plaza with tariff and accounts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiomqtt
import httpx

from simulators.plaza.children import program
from simulators.plaza.layout import LOOPBACK, Layout
from simulators.plaza.supervisor import Part

TARIFF: Final = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "tariff.toml"


def listens(port: int) -> Callable[[], Awaitable[bool]]:
    """Ready when the port takes connections."""

    async def ready() -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    return ready


def lets_in(layout: Layout) -> Callable[[], Awaitable[bool]]:
    """Ready when the broker lets a lane in by name and password."""

    async def ready() -> bool:
        password = layout.passwords["lane"]
        try:
            async with aiomqtt.Client(LOOPBACK, layout.ports.mqtt, username="lane", password=password, timeout=5.0):
                return True
        except aiomqtt.MqttError:
            return False

    return ready


def answers(address: str) -> Callable[[], Awaitable[bool]]:
    """Ready when a GET of the address succeeds."""

    async def ready() -> bool:
        try:
            async with httpx.AsyncClient(timeout=2.0) as client:
                return (await client.get(address)).is_success
        except httpx.HTTPError:
            return False

    return ready


def lanes_report(page: str, lanes: tuple[str, ...]) -> Callable[[], Awaitable[bool]]:
    """Ready when the back office hears every lane."""

    async def ready() -> bool:
        try:
            async with httpx.AsyncClient(timeout=5.0) as client:
                picture = (await client.get(f"{page}/live/snapshot")).raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return False
        return {lane["lane"] for lane in picture["lanes"] if not lane["stale"]} >= set(lanes)

    return ready


def broker(layout: Layout) -> Part:
    """The MQTT broker of the field devices."""
    command = [program("simulators"), "broker", "--listen", f"{LOOPBACK}:{layout.ports.mqtt}"]
    command += ["--users-file", str(layout.secrets / "mqtt-users")]
    return Part("broker", "MQTT", command, lets_in(layout))


def database(layout: Layout) -> Part:
    """The embedded ClickHouse."""
    command = [program("backoffice"), "database", "--data", str(layout.data / "clickhouse")]
    command += ["--listen", f"{LOOPBACK}:{layout.ports.database}"]
    command += ["--password-file", str(layout.secrets / "database")]
    return Part("database", "cơ sở dữ liệu / ClickHouse", command, listens(layout.ports.database))


def back_office(layout: Layout, config: Path) -> Part:
    """The back office with the live page."""
    command = [program("backoffice"), "serve", "--config", str(config)]
    return Part("backoffice", f"hệ thống trung tâm / back office {layout.page}", command, answers(f"{layout.page}/"))


def lanes(layout: Layout, config: Path) -> Part:
    """The lane controllers, one process for all lanes."""
    command = [program("lane-controller"), "run", "--config", str(config)]
    does = f"điều khiển làn / lane controllers {', '.join(layout.lanes)}"
    return Part("lanes", does, command, lanes_report(layout.page, layout.lanes))


def world(layout: Layout, config: Path) -> Part:
    """Vehicles and devices."""
    command = [program("simulators"), "world", "--config", str(config)]
    return Part("world", "xe và thiết bị / vehicles and devices", command, listens(layout.ports.cameras[-1]))


def publish_tariff(config: Path) -> list[str]:
    """The demonstration tariff."""
    return [program("backoffice"), "tariff", "publish", str(TARIFF), "--config", str(config)]


def import_accounts(config: Path, accounts: Path) -> list[str]:
    """The accounts of the fleet."""
    return [program("backoffice"), "accounts", "import", str(accounts), "--config", str(config)]
