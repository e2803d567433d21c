"""Bounded queue between the connection and its consumer, inside one event loop.

A consumer that falls behind loses the oldest *tag* reports, counted; news of the reader itself (connected, lost, …) is
never dropped, and there are few of those. The connection never waits, so keepalives are answered whatever the lane
does.
"""

import asyncio
from collections import deque

from rfid.observation import ReaderObservation, TagObservation


class ObservationQueue:
    """First in, first out; at most `tags_max` tag observations."""

    def __init__(self, tags_max: int) -> None:
        self._held: deque[ReaderObservation] = deque()
        self._tags = 0
        self._tags_max = tags_max
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._held)

    def put(self, observation: ReaderObservation) -> bool:
        """Append; return False if an older tag had to make room."""
        self._held.append(observation)
        self._filled.set()
        if not isinstance(observation, TagObservation):
            return True
        self._tags += 1
        if self._tags <= self._tags_max:
            return True
        self._drop_oldest_tag()
        return False

    async def get(self) -> ReaderObservation:
        """Wait for the next observation."""
        while not self._held:
            self._filled.clear()
            await self._filled.wait()
        observation = self._held.popleft()
        self._tags -= isinstance(observation, TagObservation)
        return observation

    def _drop_oldest_tag(self) -> None:
        oldest = next(i for i, observation in enumerate(self._held) if isinstance(observation, TagObservation))
        del self._held[oldest]
        self._tags -= 1
