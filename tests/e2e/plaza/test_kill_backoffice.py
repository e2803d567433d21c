"""kill -9 of the back office and of its database while cars drive: no passage is lost, none is charged twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.plaza.books import check_books, everything_arrived
from tests.e2e.plaza.joined import JoinedPlaza
from tests.e2e.plaza.traffic import traffic
from tests.parts.kafka import KafkaBroker
from tests.parts.mosquitto import MosquittoServer

pytestmark = [pytest.mark.integration, pytest.mark.e2e, pytest.mark.timeout(600)]

LANES = ("CM-01", "CM-02")
CARS = 20


async def test_killed_back_office_and_database(
    tmp_path: Path, mosquitto_server: MosquittoServer, kafka_broker: KafkaBroker, stream_prefix: str
) -> None:
    async with JoinedPlaza(tmp_path, mosquitto_server, kafka_broker, stream_prefix, LANES, CARS) as plaza:
        async with traffic(plaza) as cars:
            await cars.more(2)
            plaza.backoffice.kill()
            await cars.more(2)  # the lanes go on without a back office
            await plaza.start_backoffice()
            await everything_arrived(plaza, 1)
            plaza.backoffice.kill()  # in the middle of catching up
            await plaza.start_backoffice()
            await cars.more(2)
            plaza.database.kill()
            await cars.more(2)
            await plaza.start_database()
            await cars.more(2)
            await asyncio.gather(asyncio.to_thread(plaza.backoffice.kill), asyncio.to_thread(plaza.database.kill))
            await plaza.start_database()
            await plaza.start_backoffice()
        await check_books(plaza)
