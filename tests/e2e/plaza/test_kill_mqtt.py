"""kill -9 of mosquitto while cars drive: the lane waits, then goes on; no passage is lost, none is charged twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.plaza.books import check_books
from tests.e2e.plaza.joined import JoinedPlaza
from tests.e2e.plaza.traffic import traffic
from tests.parts.kafka import KafkaBroker
from tests.parts.mosquitto import MosquittoServer

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(600)]

LANES = ("CM-01", "CM-02")
CARS = 20


async def test_killed_mosquitto(
    tmp_path: Path, mosquitto_server: MosquittoServer, kafka_broker: KafkaBroker, stream_prefix: str
) -> None:
    async with JoinedPlaza(tmp_path / "plaza", mosquitto_server, kafka_broker, stream_prefix, LANES, CARS) as plaza:
        async with traffic(plaza) as cars:
            for down_s in (0.5, 3.0):  # shorter, then longer than what makes a PLC count as lost
                await cars.more(3)
                mosquitto_server.kill()
                await asyncio.sleep(down_s)
                await asyncio.to_thread(mosquitto_server.start)
            await cars.more(4)
        await check_books(plaza)
