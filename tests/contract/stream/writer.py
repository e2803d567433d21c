"""A producer process: appends numbers under one key, and prints each number once it is acknowledged.

python -m tests.contract.stream.writer DSN TOPIC KEY COUNT BATCH
"""

# ruff: noqa: T201 - its output is what the tests read

from __future__ import annotations

import asyncio
import sys

from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import StreamError


async def write(dsn: str, topic: str, key: str, count: int, batch: int) -> None:
    """Append 0 … count-1 in order, each again until it is acknowledged, as the outbox of a lane does."""
    stream = open_stream(dsn)
    producer = await stream.producer(f"writer {key}")
    for first in range(0, count, batch):
        numbers = range(first, min(first + batch, count))
        while True:
            try:
                await producer.append(topic, [(key, str(number).encode()) for number in numbers])
                break
            except StreamError as error:
                print(error, file=sys.stderr, flush=True)
                await asyncio.sleep(0.1)
        print(*numbers, sep="\n", flush=True)
    await stream.close()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
