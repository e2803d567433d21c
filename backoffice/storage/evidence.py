"""Evidence files by content: the name of a file is the SHA-256 of its bytes.

In: bytes with the hash that they should have. Out: a file that is complete or not there: written beside, synced,
renamed, directory synced. Bytes that do not match their hash, or are too many, are refused and leave nothing behind.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

_SHA256: Final = re.compile(r"^[0-9a-f]{64}$")


class EvidenceRefusedError(Exception):
    """The upload cannot be kept; `too_large` tells the two reasons apart."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large


class EvidenceStore:
    """A directory of files; the first two hex digits are the folder, so that none holds too many."""

    def __init__(self, directory: Path, limit_bytes: int) -> None:
        self._directory = directory
        self._limit_bytes = limit_bytes
        directory.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path | None:
        """Where the file lies; None when it is not here or the text is no hash."""
        if not _SHA256.match(sha256):
            return None
        path = self._place(sha256)
        return path if path.is_file() else None

    def _place(self, sha256: str) -> Path:
        return self._directory / sha256[:2] / sha256

    async def put(self, sha256: str, chunks: AsyncIterator[bytes]) -> int:
        """Keep the bytes; size. EvidenceRefusedError when they are not what was announced."""
        if not _SHA256.match(sha256):
            raise EvidenceRefusedError("the name is no SHA-256 (64 lower-case hex digits)")
        handle, name = tempfile.mkstemp(dir=self._directory, prefix="upload-")
        try:
            with os.fdopen(handle, "wb") as file:
                size = await self._copy(sha256, chunks, file.write)
                file.flush()
                os.fsync(file.fileno())
            self._publish(Path(name), sha256)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return size

    async def _copy(self, sha256: str, chunks: AsyncIterator[bytes], write: Callable[[bytes], int]) -> int:
        digest, size = hashlib.sha256(), 0
        async for chunk in chunks:
            size += len(chunk)
            if size > self._limit_bytes:
                raise EvidenceRefusedError(f"larger than {self._limit_bytes} bytes", too_large=True)
            digest.update(chunk)
            write(chunk)
        if digest.hexdigest() != sha256:
            raise EvidenceRefusedError(f"the body's SHA-256 is {digest.hexdigest()}; send it again")
        return size

    def _publish(self, temporary: Path, sha256: str) -> None:
        place = self._place(sha256)
        place.parent.mkdir(exist_ok=True)
        temporary.replace(place)
        for directory in (place.parent, self._directory):
            handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
