"""The page on a real HTTP server on a free loopback port, over a live view in memory.

In: a `MemoryLiveView`. Out: an address; `stop` ends it at once, as a crash does, `start` brings it back on its port.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse

from backoffice.web.pages import make_router
from tests.e2e.web.memory_live_view import MemoryLiveView

T = TypeVar("T")


@dataclass
class PageServer:
    """One server in a thread of its own."""

    live: MemoryLiveView
    port: int = 0
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve until `stop`; returns when the port answers."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        app = FastAPI()
        app.include_router(make_router(self.live))
        app.get("/evidence/{sha256}")(self._evidence)
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=0, lifespan="off")
        self._server = uvicorn.Server(config)
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(listener, started), daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise TimeoutError("the page's server did not start within 10 s")

    def stop(self) -> None:
        """Every connection is cut."""
        if self._server is None or self._thread is None:
            return
        self._server.force_exit = True
        self._server.should_exit = True
        self._thread.join(10)
        self._server = self._thread = None

    def tell(self, act: Callable[[], T]) -> T:
        """Run `act` on the server's loop, as the back office would."""
        if self._loop is None:
            raise RuntimeError("start the server first")

        async def told() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(told(), self._loop).result(10)

    def _evidence(self, sha256: str) -> FileResponse:
        """An image as the back office gives it."""
        path = self.live.evidence_path(sha256)
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type="image/jpeg")

    def _serve(self, listener: socket.socket, started: threading.Event) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(started.set)
            if self._server is not None:
                await self._server.serve(sockets=[listener])

        asyncio.run(serve())
        listener.close()
