"""The evidence spool: images by content on disk, until the back office has them (`upload.py`).

In: JPEG bytes from the cameras. Out: their SHA-256 at once, the file in the spool. Nothing is deleted before the back
office has confirmed it; a full spool refuses new images (counted), never old ones, and never a passage.
"""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from pathlib import Path
from typing import Final

KEEP_SENT_S: Final = 7 * 86_400.0
"""Confirmed images stay this long, for the technician at the lane."""
SPOOL_BYTES_MAX: Final = 20 * 2**30


class EvidenceSpool:
    """A folder with `waiting/` and `sent/`; file names are `SHA256.jpg`."""

    def __init__(self, folder: Path, bytes_max: int = SPOOL_BYTES_MAX) -> None:
        """Make the folders and measure what waits."""
        self.waiting, self.sent = folder / "waiting", folder / "sent"
        for each in (self.waiting, self.sent):
            each.mkdir(parents=True, exist_ok=True)
        for unfinished in self.waiting.glob("*.part"):
            unfinished.unlink()
        self._counting = threading.Lock()
        self.bytes_waiting = sum(file.stat().st_size for file in self.waiting.glob("*.jpg"))
        self.bytes_max = bytes_max
        self.refused = 0

    def put(self, image: bytes) -> str | None:
        """Write an image; its SHA-256 in hex, or None when the spool is full. Runs in a worker thread."""
        name = hashlib.sha256(image).hexdigest()
        if self._known(name):
            return name
        if self.bytes_waiting + len(image) > self.bytes_max:
            self.refused += 1
            return None
        # Two lanes may keep the same image at once: each writes a part of its own, the last rename wins.
        part = self.waiting / f"{name}.{uuid.uuid4().hex}.part"
        with part.open("wb") as file:
            file.write(image)
            file.flush()
            os.fsync(file.fileno())
        with self._counting:
            known = self._known(name)
            part.rename(self.waiting / f"{name}.jpg")
            self.bytes_waiting += 0 if known else len(image)
        return name

    def to_send(self) -> list[Path]:
        """Files that wait, oldest first."""
        return sorted(self.waiting.glob("*.jpg"), key=lambda file: file.stat().st_mtime)

    def mark_sent(self, file: Path) -> None:
        """The back office has it."""
        with self._counting:
            self.bytes_waiting -= file.stat().st_size
            file.rename(self.sent / file.name)

    def prune(self, now: float) -> None:
        """Drop confirmed images past their time."""
        for file in self.sent.glob("*.jpg"):
            if now - file.stat().st_mtime > KEEP_SENT_S:
                file.unlink()

    def _known(self, name: str) -> bool:
        return (self.waiting / f"{name}.jpg").exists() or (self.sent / f"{name}.jpg").exists()
