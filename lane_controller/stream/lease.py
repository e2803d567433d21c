"""One member of a consumer group at a time per topic, as a lock of the operating system on a small file.

In: group, topic. Out: held or not. The system drops the lock when its process ends, however it ends, so another
member takes over at once and no clock has to be trusted. Two members must never hold the same lease.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from urllib.parse import quote

from lane_controller.stream.port import StreamError


class Leases:
    """The leases of one consumer; they lie in a folder beside the stream's file."""

    def __init__(self, folder: Path, group: str) -> None:
        self._folder = folder
        self._group = group
        self._held: dict[str, int] = {}

    def take(self, topic: str) -> bool:
        """True when this member holds the topic, now or since earlier."""
        if topic in self._held:
            return True
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._folder / f"{quote(self._group, safe='')}~{topic}", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StreamError(f"cannot open lease of group {self._group}: {error}; check rights and space") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())  # for people who look for the holder
        self._held[topic] = handle
        return True

    def release(self) -> None:
        """Let go of everything."""
        while self._held:
            os.close(self._held.popitem()[1])
