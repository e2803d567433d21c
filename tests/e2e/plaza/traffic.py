"""Cars in every lane at once, one after the other, while a test breaks things.

In: a plaza. Out: `crossed` counts the cars; at the end of the block each lane lets its last car through.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.plaza.joined import JoinedPlaza, eventually


class Traffic:
    """What drives at the moment."""

    def __init__(self, plaza: JoinedPlaza, tasks: list[asyncio.Task[None]]) -> None:
        self._plaza = plaza
        self._tasks = tasks

    @property
    def crossed(self) -> int:
        """Cars over the exit loop, in all lanes."""
        return sum(len(road.crossed) for road in self._plaza.roads.values())

    async def more(self, cars: int) -> None:
        """Wait until so many more cars crossed; a driver's error is the test's."""
        target = self.crossed + cars

        async def reached() -> bool:
            for task in self._tasks:
                if task.done():
                    task.result()
            return self.crossed >= target

        await eventually(reached, f"{target} cars through the plaza", self._plaza.logs)


@asynccontextmanager
async def traffic(plaza: JoinedPlaza) -> AsyncIterator[Traffic]:
    """Drive; each lane has cars of its own, which come again and again."""
    stop = asyncio.Event()
    lanes = len(plaza.roads)

    async def drive_all(number: int, lane: str) -> None:
        for car in itertools.cycle(plaza.cars[number::lanes]):
            if stop.is_set():
                return
            await plaza.roads[lane].drive(car)

    tasks = [asyncio.create_task(drive_all(number, lane)) for number, lane in enumerate(plaza.roads)]
    try:
        yield Traffic(plaza, tasks)
        stop.set()
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
