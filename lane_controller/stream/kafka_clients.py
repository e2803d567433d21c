"""Starting and stopping aiokafka clients without leaving sockets, tasks or a hanging process behind.

In: a coroutine that starts a client. Out: the started client, the same for everybody who asks. A caller that is
cancelled must not tear down a connection that others wait for, and a broker that is away must not hold up a stop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from lane_controller.stream.port import StreamError

CLOSE_TIMEOUT_S: Final = 5.0


C = TypeVar("C", AIOKafkaProducer, AIOKafkaConsumer)


class OnFirstUse(Generic[C]):
    """One client, started when first asked for."""

    def __init__(self, start: Callable[[], Awaitable[C]]) -> None:
        self._start = start
        self._client: C | None = None
        self._starting: asyncio.Task[C] | None = None
        self.closed = False

    async def get(self) -> C:
        """The client; errors of the start reach everybody who waits for it, and the next call tries again."""
        if self.closed:
            raise StreamError("this producer or consumer is closed: open another")
        if self._client is None:
            if self._starting is None:
                self._starting = asyncio.ensure_future(self._start_once())
                self._starting.add_done_callback(seen)  # also when everybody who waited was cancelled
            return await asyncio.shield(self._starting)
        return self._client

    async def _start_once(self) -> C:
        try:
            self._client = await self._start()
        finally:
            self._starting = None
        return self._client

    def give_up(self, client: C) -> bool:
        """Forget this client, so that the next call starts a new one; False when that was done already."""
        ours = self._client is client
        if ours:
            self._client = None
        return ours

    async def close(self) -> None:
        """Stop the client, also one that is just starting."""
        self.closed = True
        if self._starting is not None:
            with contextlib.suppress(Exception):  # whoever waits for the start is told
                await asyncio.shield(self._starting)
        if self._client is not None:
            client, self._client = self._client, None
            await stop(client)


async def stop(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Stop after what is under way, but within CLOSE_TIMEOUT_S, and close the connections in any case.

    In a task of its own: with the broker away aiokafka's `stop` may end in the cancellation of one of its own tasks,
    which must not be taken for ours, and leaves its sockets open.
    """
    stopping = asyncio.ensure_future(client.stop())
    stopping.add_done_callback(seen)
    await asyncio.wait([stopping], timeout=CLOSE_TIMEOUT_S)
    if not stopping.done():
        stopping.cancel()
        await asyncio.wait([stopping], timeout=CLOSE_TIMEOUT_S)
    connections = client.client if isinstance(client, AIOKafkaProducer) else client._client
    await connections.close()


async def abandon(producer: AIOKafkaProducer, error: BaseException) -> None:
    """Stop at once; whatever was not acknowledged fails.

    aiokafka's own `stop` waits for every batch for as long as the broker is away. There is no public way to give them
    up, hence the two inner fields.
    """
    producer._message_accumulator.fail_all(KafkaError(f"abandoned after {error!r}"))
    if producer._sender.sender_task is not None:
        producer._sender.sender_task.cancel()
    await stop(producer)


def seen(future: asyncio.Future[Any]) -> None:
    """Look at how a future ended that nobody waits for any more: asyncio complains otherwise."""
    if not future.cancelled():
        future.exception()
