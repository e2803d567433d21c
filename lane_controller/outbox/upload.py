"""Uploads the evidence spool to the back office.

In: the spool. Out: an HTTP PUT to `{backoffice}/evidence/{sha256}` for each image, again until it is taken. A module of
its own: an HTTP client takes a while to load, and a lane must start quickly.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

import httpx

from lane_controller.outbox.evidence import EvidenceSpool

log = logging.getLogger(__name__)

RETRY_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)


class EvidenceUploader:
    """Sends the spool of one process; `run` until cancelled."""

    def __init__(self, spool: EvidenceSpool, backoffice_url: str, client: httpx.AsyncClient | None = None) -> None:
        """`backoffice_url` such as http://10.1.0.5:8080."""
        self._spool = spool
        self._url = backoffice_url.rstrip("/")
        self._client = client or httpx.AsyncClient(timeout=10.0)
        self.failures = 0
        self.uploaded = 0

    async def run(self, idle_s: float = 1.0) -> None:
        """Upload for ever; a refusal or a dead link waits and tries again."""
        attempt = 0
        async with self._client:
            while True:
                sent_all = await self._send_waiting()
                attempt = 0 if sent_all else attempt + 1
                await asyncio.to_thread(self._spool.prune, time.time())
                await asyncio.sleep(idle_s if sent_all else RETRY_S[min(attempt - 1, len(RETRY_S) - 1)])

    async def _send_waiting(self) -> bool:
        for file in await asyncio.to_thread(self._spool.to_send):
            if not await self._send(file):
                return False
        return True

    async def _send(self, file: Path) -> bool:
        body = await asyncio.to_thread(file.read_bytes)
        try:
            answer = await self._client.put(
                f"{self._url}/evidence/{file.stem}", content=body, headers={"Content-Type": "image/jpeg"}
            )
        except httpx.HTTPError as error:
            return self._failed(file, f"{type(error).__name__}: {error}")
        if not answer.is_success:
            return self._failed(file, f"HTTP {answer.status_code}")
        await asyncio.to_thread(self._spool.mark_sent, file)
        self.uploaded += 1
        return True

    def _failed(self, file: Path, why: str) -> bool:
        self.failures += 1
        log.warning("evidence %s was not taken by %s, it stays in the spool: %s", file.name, self._url, why)
        return False
