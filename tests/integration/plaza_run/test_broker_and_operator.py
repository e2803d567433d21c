"""The embedded broker lets in who knows a password; the simulated operator releases over the real interface."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import aiomqtt
import httpx
import pytest

from simulators.plaza.children import start
from simulators.plaza.layout import free_ports
from simulators.plaza.operator import NAME, Operator
from tests.e2e.web.memory_live_view import MemoryLiveView, lane
from tests.e2e.web.page_server import PageServer

pytestmark = pytest.mark.integration

BROKER = "import sys; sys.argv[0] = 'simulators'; from simulators.app.main import main; main()"


@pytest.fixture
async def broker_port(tmp_path: Path) -> AsyncIterator[int]:
    """A running broker that knows lane:secret."""
    users = tmp_path / "users"
    users.write_text("lane:secret\n", encoding="utf-8")
    port = free_ports(1)[0]
    command = [sys.executable, "-c", BROKER, "broker", "--listen", f"127.0.0.1:{port}", "--users-file", str(users)]
    child = await start("broker", command, tmp_path / "broker.log")
    for _ in range(300):
        if b"ready" in child.log.read_bytes():
            break
        await asyncio.sleep(0.1)
    yield port
    assert await child.stop()
    assert child.process.returncode == 0


async def test_only_a_known_name_with_its_password_comes_in(broker_port: int) -> None:
    async with aiomqtt.Client("127.0.0.1", broker_port, username="lane", password="secret") as client:
        await client.subscribe("a/b", qos=1)
        await client.publish("a/b", "hello", qos=1)
        message = await asyncio.wait_for(anext(aiter(client.messages)), 10)
        assert message.payload == b"hello"
    for name, password in (("lane", "wrong"), ("nobody", "secret"), (None, None)):
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", broker_port, username=name, password=password, timeout=5):
                pass


async def test_the_operator_logs_in_and_releases_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.plaza.operator.LOOK_EVERY_S", 0.05)
    monkeypatch.setattr("simulators.plaza.operator.THINKS_S", (0.1, 0.2))
    live = MemoryLiveView()
    held: dict[str, Any] = {"held_passage_id": "CM-01-e1-000004", "held_reason": "R13, LOW_BALANCE"}
    live.put_lane(lane("CM-01", **held))
    live.put_lane(lane("CM-02"))
    server = PageServer(live)
    server.start()
    try:
        async with httpx.AsyncClient(base_url=server.address) as page:
            working = asyncio.create_task(Operator(page, Random(1), lambda _lane: 3).run())
            await _until_commands(live, 1)
            live.put_lane(lane("CM-01", operator=NAME, **held))
            await _until_commands(live, 2)
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
    finally:
        server.stop()
    assert next(command.kind for command in live.commands) == "login"
    release = next(command for command in live.commands if command.kind == "release")
    assert (release.lane, release.operator, release.passage_id) == ("CM-01", NAME, "CM-01-e1-000004")
    assert release.vehicle_class == 3
    assert "Không đủ tiền" in (release.reason or "")


async def _until_commands(live: MemoryLiveView, count: int) -> None:
    kinds = {"login"} if count == 1 else {"login", "release"}
    for _ in range(400):
        if {command.kind for command in live.commands} >= kinds:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"commands so far: {live.commands}")
