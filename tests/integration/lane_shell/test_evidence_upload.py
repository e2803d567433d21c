"""Images reach the back office in the end, and none is dropped before it has them."""

from __future__ import annotations

import asyncio
import hashlib
from http import HTTPStatus
from pathlib import Path

import pytest

from lane_controller.outbox import upload
from lane_controller.outbox.evidence import EvidenceSpool
from lane_controller.outbox.upload import EvidenceUploader
from tests.integration.lane_shell.eventually import eventually

pytestmark = pytest.mark.integration


class EvidenceServer:
    """An HTTP server that takes PUTs, or refuses the first few."""

    def __init__(self, refuse: int) -> None:
        self.refuse = refuse
        self.images: dict[str, bytes] = {}
        self.port = 0

    async def serve(self, incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        while head := await incoming.readuntil(b"\r\n\r\n"):
            request, *headers = head.decode().split("\r\n")
            method, path, _ = request.split(" ")
            lengths = [int(line.split(":")[1]) for line in headers if line.lower().startswith("content-length")]
            body = await incoming.readexactly(lengths[0])
            status = self._judge(method, path, body)
            outgoing.write(f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-length: 0\r\n\r\n".encode())
            await outgoing.drain()

    def _judge(self, method: str, path: str, body: bytes) -> HTTPStatus:
        name = path.removeprefix("/evidence/")
        if self.refuse > 0:
            self.refuse -= 1
            return HTTPStatus.SERVICE_UNAVAILABLE
        if method != "PUT" or hashlib.sha256(body).hexdigest() != name:
            return HTTPStatus.BAD_REQUEST
        self.images[name] = body
        return HTTPStatus.CREATED


async def test_every_image_arrives_after_refusals_and_is_only_then_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "RETRY_S", (0.01,))
    spool = EvidenceSpool(tmp_path)
    names = [spool.put(f"image {number}".encode()) for number in range(5)]
    assert spool.put(b"image 0") == names[0]
    office = EvidenceServer(refuse=3)
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    uploader = EvidenceUploader(spool, f"http://127.0.0.1:{port}/")
    task = asyncio.create_task(uploader.run(idle_s=0.01))
    await eventually(lambda: len(office.images) == 5, what="all images")
    await eventually(lambda: not spool.to_send(), what="an empty spool")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    server.close()
    assert set(office.images) == set(names)
    assert uploader.failures == 3
    assert spool.bytes_waiting == 0
    assert len(list(spool.sent.glob("*.jpg"))) == 5


async def test_a_dead_back_office_keeps_everything_in_the_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "RETRY_S", (0.01,))
    spool = EvidenceSpool(tmp_path)
    spool.put(b"image")
    uploader = EvidenceUploader(spool, "http://127.0.0.1:9")
    task = asyncio.create_task(uploader.run(idle_s=0.01))
    await eventually(lambda: uploader.failures >= 3, what="some attempts")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(spool.to_send()) == 1
    assert EvidenceSpool(tmp_path).bytes_waiting == len(b"image")
