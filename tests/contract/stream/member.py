"""A consumer process: reads as a member of a group, prints what it gets, never commits.

python -m tests.contract.stream.member DSN TOPIC GROUP
"""

# ruff: noqa: T201 - its output is what the tests read

from __future__ import annotations

import asyncio
import sys

from lane_controller.stream.connect import open_stream


async def read(dsn: str, topic: str, group: str) -> None:
    """Read until killed."""
    stream = open_stream(dsn)
    consumer = await stream.consumer([topic], group)
    while True:
        for record in await consumer.poll(1.0):
            print(record.key, record.value.decode() if record.value else "", flush=True)


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], sys.argv[2], sys.argv[3]))
