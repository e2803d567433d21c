"""kill -9 of Apache Kafka while cars drive: no passage is lost, none is charged twice."""

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


async def test_killed_kafka(tmp_path: Path, mosquitto_server: MosquittoServer, own_kafka_broker: KafkaBroker) -> None:
    async with JoinedPlaza(tmp_path / "plaza", mosquitto_server, own_kafka_broker, "e2e.", LANES, CARS) as plaza:
        async with traffic(plaza) as cars:
            await cars.more(2)
            own_kafka_broker.kill9()
            await cars.more(3)  # the lanes decide and record without it
            await asyncio.to_thread(own_kafka_broker.restart)
            await cars.more(2)
            own_kafka_broker.kill9()
            await asyncio.to_thread(own_kafka_broker.restart)
        await check_books(plaza)
