"""Where smart cameras push to: one small HTTP server for all lanes of the process.

In: POST /plates/LANE/hikvision (ISAPI XML, alone or in multipart with pictures), POST /plates/LANE (generic JSON). Out:
announcements to the lane's `SmartCamera`; 200, or 4xx with one line that names the field and the remedy. What is no use
is counted. Never: more than BODY_BYTES_MAX of a body in memory, or an answer that waits for a decision.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from anpr.frames import JPEG_START
from anpr.smart.announcement import AnnouncementError, PlateAnnouncement
from anpr.smart.generic import read_json
from anpr.smart.isapi import XML_BYTES_MAX, read_alert
from lane_controller.devices.smart_camera import PushedLane

log = logging.getLogger(__name__)

BODY_BYTES_MAX: Final = 12 * 1024 * 1024
PICTURES_MAX: Final = 4


class _Server(uvicorn.Server):
    """Leaves signals to the program that it is a part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class CameraPush:
    """Serve until cancelled; lanes come and go in `lanes` (they are restarted by themselves)."""

    def __init__(self, host: str, port: int) -> None:
        """Port 0 takes a free one; see `port` when it is ready."""
        self.lanes: dict[str, PushedLane] = {}
        self._host, self._wanted = host, port
        self.port = port
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Serve. OSError: the address is taken."""
        sock = socket.create_server((self._host, self._wanted))
        self.port = int(sock.getsockname()[1])
        config = uvicorn.Config(self._app(), log_level="warning", access_log=False, lifespan="off")
        self.ready.set()
        try:
            await _Server(config).serve(sockets=[sock])
        finally:
            sock.close()

    def _app(self) -> Starlette:
        routes = [
            Route("/plates/{lane}", self._generic, methods=["POST"]),
            Route("/plates/{lane}/hikvision", self._hikvision, methods=["POST"]),
        ]
        return Starlette(routes=routes)

    async def _generic(self, request: Request) -> Response:
        lane = self._lane(request)
        body = await _body(request)
        return await _announced(lane, lambda: read_json(body))

    async def _hikvision(self, request: Request) -> Response:
        lane = self._lane(request)
        document, pictures = await _alert(request)
        return await _announced(lane, lambda: read_alert(document, pictures))

    def _lane(self, request: Request) -> PushedLane:
        name = request.path_params["lane"]
        lane = self.lanes.get(name)
        if lane is None:
            raise HTTPException(
                404, f"no lane {name} with a smart camera here; there is {', '.join(sorted(self.lanes))}"
            )
        given = request.query_params.get("token", "")
        if lane.token is not None and not hmac.compare_digest(given.encode(), lane.token.encode()):
            lane.reject("camera", "wrong token", f"{name}: a push without the lane's token")
            raise HTTPException(403, "the token of this lane is missing or wrong: POST …?token=…")
        return lane


async def _announced(lane: PushedLane, read: Callable[[], PlateAnnouncement | None]) -> Response:
    lane.camera.heard()
    try:
        announcement = read()
    except AnnouncementError as error:
        lane.reject("camera", error.reason, str(error))
        return PlainTextResponse(f"{error}\n", 400)
    if announcement is not None:
        await lane.camera.announce(announcement)
    return PlainTextResponse("ok\n")


async def _alert(request: Request) -> tuple[bytes, tuple[bytes, ...]]:
    """The XML and the JPEGs of a push, whatever its parts are called."""
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return await _body(request), ()
    _refuse_large(request)
    document, pictures = b"", []
    async with request.form(max_files=8, max_fields=8, max_part_size=XML_BYTES_MAX) as form:
        for value in form.values():
            content = await value.read(BODY_BYTES_MAX) if isinstance(value, UploadFile) else value.encode()
            if content.startswith(JPEG_START):
                pictures.append(content)
            elif content.lstrip().startswith(b"<"):
                document = content
    return document, tuple(pictures[:PICTURES_MAX])


async def _body(request: Request) -> bytes:
    _refuse_large(request)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, f"a push of at most {BODY_BYTES_MAX} bytes was expected")
    return bytes(body)


def _refuse_large(request: Request) -> None:
    """A multipart body is parsed to disk by its declared length: one that declares none, or too much, is refused."""
    length = request.headers.get("content-length", "")
    multipart = request.headers.get("content-type", "").startswith("multipart/")
    if (multipart and not length.isdigit()) or (length.isdigit() and int(length) > BODY_BYTES_MAX):
        raise HTTPException(413, f"a push with a content-length of at most {BODY_BYTES_MAX} bytes was expected")
