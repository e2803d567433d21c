"""The camera's HTTP side: `/stream.mjpg` (multipart/x-mixed-replace) and `/snapshot.jpg`.

Comes in: `show(jpeg)` from the traffic, or a folder of photographs. Goes out: parts at a steady rate to every viewer.
Must never happen: a viewer that reads slowly makes the camera wait, or gets old pictures later: it misses some.

It speaks HTTP/1.1 by hand, as the firmware of small cameras does; a few faults of theirs can be switched on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from simulators.camera.pictures import idle_picture

BOUNDARY: Final = "frame"
RATE_HZ: Final = 9.0
REQUEST_BYTES_MAX: Final = 16 * 1024
REQUEST_S_MAX: Final = 10.0
BACKLOG_BYTES_MAX: Final = 1 << 20
"""What may wait for one viewer: some ten pictures; beyond that it misses pictures."""


class SimulatedCamera:
    """`await start()`, `show(jpeg)` or `show(None)`, `await close()`. `url` is the stream's address."""

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, rate_hz: float = RATE_HZ, with_length: bool = True
    ) -> None:
        self._host, self._port = host, port
        self._period_s = 1 / rate_hz
        self._with_length = with_length
        self._idle = idle_picture()
        self._shown = self._idle
        self._injected: list[bytes] = []
        self._server: asyncio.Server | None = None
        self._viewers: set[asyncio.Task[None]] = set()
        self.frames_sent = 0
        self.frames_skipped = 0

    @property
    def port(self) -> int:
        """The port in use (the one that the system chose, for port 0). Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the camera is not started")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Address of the stream."""
        return f"http://{self._host}:{self.port}/stream.mjpg"

    @property
    def snapshot_url(self) -> str:
        """Address of a single picture."""
        return f"http://{self._host}:{self.port}/snapshot.jpg"

    def show(self, frame: bytes | None) -> None:
        """From now on the stream shows this JPEG; None is the empty lane."""
        self._shown = self._idle if frame is None else frame

    def send_garbage(self, part: bytes) -> None:
        """The next part of every stream's turn carries these bytes instead of a picture (a camera's fault)."""
        self._injected.append(part)

    async def start(self) -> None:
        """Listens. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, self._host, self._port)

    async def close(self) -> None:
        """Stops listening and hangs up on every viewer."""
        if self._server is None:
            return
        self._server.close()
        for viewer in list(self._viewers):
            viewer.cancel()
        await asyncio.gather(*self._viewers, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._viewers.add(task)
            task.add_done_callback(self._viewers.discard)
        try:
            async with asyncio.timeout(REQUEST_S_MAX):
                path = await _requested_path(reader)
            await self._answer(path, writer)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the viewer went away or spoke no HTTP
        except asyncio.CancelledError:
            pass  # close() hangs up; asyncio's server would log the cancellation as an error
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/stream.mjpg":
            await self._stream(writer)
        elif path == "/snapshot.jpg":
            writer.write(_reply(b"200 OK", "image/jpeg", self._shown))
        else:
            body = b"this camera has /stream.mjpg and /snapshot.jpg\n"
            writer.write(_reply(b"404 Not Found", "text/plain", body))
        await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\n"
            + f"Content-Type: multipart/x-mixed-replace; boundary={BOUNDARY}\r\n\r\n".encode()
        )
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not writer.is_closing():
            if writer.transport.get_write_buffer_size() < BACKLOG_BYTES_MAX:
                writer.write(self._part(self._injected.pop(0) if self._injected else self._shown))
                self.frames_sent += 1
            else:
                self.frames_skipped += 1
            due = max(due + self._period_s, loop.time() - self._period_s)
            await asyncio.sleep(due - loop.time())

    def _part(self, jpeg: bytes) -> bytes:
        length = f"Content-Length: {len(jpeg)}\r\n" if self._with_length else ""
        return f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n{length}\r\n".encode() + jpeg + b"\r\n"


async def _requested_path(reader: asyncio.StreamReader) -> str:
    """The path of a GET request. Raises ValueError for anything else."""
    head = await reader.readuntil(b"\r\n\r\n")
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if len(head) > REQUEST_BYTES_MAX or len(words) != 3 or words[0] != "GET":
        raise ValueError("not a GET request")
    return words[1].split("?")[0]


def _reply(status: bytes, content_type: str, body: bytes) -> bytes:
    head = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return b"HTTP/1.1 " + status + b"\r\n" + head.encode() + body


async def play(camera: SimulatedCamera, frames: Iterable[bytes], each_s: float) -> None:
    """Shows one picture after the other, `each_s` seconds each, and then the empty lane."""
    for frame in frames:
        camera.show(frame)
        await asyncio.sleep(each_s)
    camera.show(None)
