"""Sends what the journal holds to the stream: passages and seals, in order, at least once, for as long as it takes.

In: a journal and a stream. Out: PassageV1 and SealV1 records keyed by lane. A cursor in the journal remembers how far
the stream has confirmed; after a crash the last batch may be sent twice, never skipped. It never gives up, never drops.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from lane_controller.contracts.values import Topic
from lane_controller.outbox.journal import JournalReader
from lane_controller.outbox.writer import JournalWriter
from lane_controller.stream.port import Producer, Stream, StreamError

log = logging.getLogger(__name__)

BATCH: Final = 200
BACKOFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
IDLE_S: Final = 5.0
"""Longest time between looks at the journal without being woken."""
REMEMBER_S: Final = 1.0
"""While a backlog is sent, how far it came is kept this often; a crash sends that much again, which is harmless."""


Fetch = Callable[[JournalReader, int], Sequence[tuple[int, bytes]]]


def _passages(reader: JournalReader, after: int) -> Sequence[tuple[int, bytes]]:
    return [(passage.seq, passage.message) for passage in reader.passages(after, BATCH)]


def _seals(reader: JournalReader, after: int) -> Sequence[tuple[int, bytes]]:
    return reader.seals(after, BATCH)


_SOURCES: Final[dict[Topic, Fetch]] = {Topic.PASSAGES: _passages, Topic.SEALS: _seals}


class Relay:
    """One per lane; `run` until cancelled, `wake` after each commit."""

    def __init__(self, lane: str, stream: Stream, writer: JournalWriter, reader: JournalReader) -> None:
        """`reader` is the relay's own; it is used in worker threads, one call at a time."""
        self._lane, self._stream, self._writer, self._reader = lane, stream, writer, reader
        self._cursors = {topic: reader.cursor(topic.value) for topic in _SOURCES}
        self._remembered = dict(self._cursors)
        self._remember_next = 0.0
        self._wake = asyncio.Event()
        self._resend: list[tuple[int, int]] = []
        self.connected = False
        self.failures = 0
        self.sent = 0

    def wake(self) -> None:
        """There is something new in the journal."""
        self._wake.set()

    def resend(self, first_seq: int, last_seq: int) -> None:
        """The back office misses passages: send them once more, before anything new."""
        self._resend.append((first_seq, last_seq))
        self._wake.set()

    def waiting(self, last_seq: int) -> int:
        """Passages that the stream has not confirmed yet."""
        return max(0, last_seq - self._cursors[Topic.PASSAGES])

    async def run(self, *, until_sent: bool = False) -> None:
        """Send for ever; `until_sent`: only until the stream has confirmed what is there."""
        attempt = 0
        while True:
            producer: Producer | None = None
            try:
                producer = await self._stream.producer(f"lane-{self._lane}")
                while True:
                    await self._send_all(producer)
                    self.connected, attempt = True, 0
                    if until_sent:
                        return
                    await self._wait()
            except (StreamError, OSError) as error:
                self.connected = False
                self.failures += 1
                log.warning("%s: the stream does not take passages, trying again: %s", self._lane, error)
                await asyncio.sleep(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
                attempt += 1
            finally:
                if producer is not None:
                    await _close_quietly(producer)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(IDLE_S):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()

    async def _send_all(self, producer: Producer) -> None:
        await self._send_again(producer)
        for topic in _SOURCES:
            while await self._send_batch(producer, topic):
                pass

    async def _send_batch(self, producer: Producer, topic: Topic) -> bool:
        """One batch of `topic`; True when there may be more."""
        after = self._cursors[topic]
        batch = await asyncio.to_thread(_SOURCES[topic], self._reader, after)
        if not batch:
            await self._remember(topic, more=False)
            return False
        await producer.append(topic.value, [(self._lane, message) for _, message in batch])
        last = batch[-1][0]
        # Confirmed first, remembered second: a crash in between sends the batch twice, which its keys make harmless.
        self._cursors[topic] = last
        self.sent += len(batch)
        more = len(batch) == BATCH
        await self._remember(topic, more)
        return more

    async def _remember(self, topic: Topic, more: bool) -> None:
        """Keep the cursor; seldom while there is more: it goes through the thread that a decision waits for."""
        last, now = self._cursors[topic], time.monotonic()
        if last == self._remembered[topic] or (more and now < self._remember_next):
            return
        await self._writer.ask(lambda journal: journal.set_cursor(topic.value, last))
        self._remembered[topic], self._remember_next = last, now + REMEMBER_S

    async def _send_again(self, producer: Producer) -> None:
        while self._resend:
            first, last = self._resend[0]
            last = min(last, self._cursors[Topic.PASSAGES])
            while first <= last:
                batch = [row for row in await asyncio.to_thread(_passages, self._reader, first - 1) if row[0] <= last]
                if not batch:
                    break
                await producer.append(Topic.PASSAGES.value, [(self._lane, message) for _, message in batch])
                self.sent += len(batch)
                first = batch[-1][0] + 1
            self._resend.pop(0)


async def _close_quietly(producer: Producer) -> None:
    try:
        await producer.close()
    except (StreamError, OSError) as error:
        log.info("closing a producer: %s", error)
