"""`simulators plc run` is a PLC on a real broker, moved from the control topic."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any

import aiomqtt
import pytest

from tests.integration.lane_shell.eventually import eventually
from tests.parts.mosquitto import MosquittoServer

pytestmark = pytest.mark.integration


async def test_a_plc_process_moves_answers_and_leaves_its_will(mosquitto_server: MosquittoServer) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []

    async def watch(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            if isinstance(message.payload, bytes):
                seen.append((message.topic.value.removeprefix("etc/v1/CM/CM-07/"), json.loads(message.payload)))

    def got(topic: str, **fields: Any) -> bool:
        return any(name == topic and fields.items() <= body.items() for name, body in seen)

    async with aiomqtt.Client(mosquitto_server.host, mosquitto_server.port) as client:
        await client.subscribe("etc/v1/CM/CM-07/#", qos=1)
        watching = asyncio.create_task(watch(client))
        plc = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from simulators.field_io.command import app; app()", "run", "--lane", "CM-07",
            "--broker", mosquitto_server.address, "--opens-in-ms", "50",
        )  # fmt: skip
        await eventually(lambda: got("status", online=True) and got("barrier/state", state="closed"))
        await client.publish("sim/v1/CM/CM-07/set", b'{"sensor":"l1","v":true}', qos=1)
        await client.publish("sim/v1/CM/CM-07/set", b'{"sensor":"l9","v":true}', qos=1)
        await eventually(lambda: got("io/events", sensor="l1", v=True, seq=1, recovered=False))
        await client.publish("sim/v1/CM/CM-07/set", b'{"fault":"by_hand"}', qos=1)
        await eventually(lambda: got("barrier/state", state="open", open_limit=True, last_cmd_id=None))
        await client.publish("sim/v1/CM/CM-07/set", b'{"fault":"broken"}', qos=1)
        await eventually(lambda: got("barrier/state", state="broken"))
        plc.kill()
        await plc.wait()
        await eventually(lambda: got("status", online=False), what="the last will")
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_a_plc_process_stops_cleanly(mosquitto_server: MosquittoServer) -> None:
    plc = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from simulators.field_io.command import app; app()", "run", "--lane", "CM-07",
        "--broker", mosquitto_server.address,
    )  # fmt: skip
    async with aiomqtt.Client(mosquitto_server.host, mosquitto_server.port) as client:
        await client.subscribe("etc/v1/CM/CM-07/status", qos=1)
        await anext(aiter(client.messages))
    plc.send_signal(signal.SIGTERM)
    assert await plc.wait() == 0
