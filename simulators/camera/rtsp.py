"""A camera that serves H.264 over RTSP, on TCP (interleaved), as a fixed plate camera does.

In: JPEG-like BGR images, shown until the next. Out: RTP packets to every client that plays. Written from the standards
(RFC 2326 section 10.12, RFC 3550, RFC 6184 single-NAL and FU-A packets); the encoder is PyAV's. It never waits for a
client: one that does not read is dropped.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

CLOCK_HZ: Final = 90_000
PAYLOAD: Final = 96
NAL_MAX: Final = 1_400
QUEUE_BYTES_MAX: Final = 4_000_000
_SDP: Final = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track0\r\n"
)


@dataclass(slots=True)
class _Client:
    writer: asyncio.StreamWriter
    channel: int = 0
    playing: bool = False


class RtspCamera:
    """`async with RtspCamera() as camera: camera.show(image)`; its address is `camera.url`."""

    def __init__(self, port: int = 0, size: tuple[int, int] = (640, 360), rate_hz: int = 15) -> None:
        """`size` is (width, height) of the images that will be shown."""
        self.port, self._size, self._rate_hz = port, size, rate_hz
        self._image: Any = None
        self._clients: list[_Client] = []
        self._sequence = itertools.count(1)
        self._server: asyncio.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """What a lane is configured with."""
        return f"rtsp://127.0.0.1:{self.port}/stream"

    def show(self, image: Any) -> None:
        """This BGR image (height × width × 3, uint8) is in view from now on."""
        self._image = image

    def drop_clients(self) -> None:
        """The network fails: every connection is cut without a word."""
        for client in self._clients:
            client.writer.transport.abort()

    async def __aenter__(self) -> RtspCamera:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._task = asyncio.create_task(self._film())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None and self._server is not None:
            self._task.cancel()
            self._server.close()
            self.drop_clients()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer)
        self._clients.append(client)
        try:
            while True:
                first = await reader.readexactly(1)
                if first == b"$":  # the client's own RTCP
                    (length,) = struct.unpack(">xH", await reader.readexactly(3))
                    await reader.readexactly(length)
                    continue
                request = (first + await reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
                writer.write(self._answer(client, request))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._clients.remove(client)
            writer.close()

    def _answer(self, client: _Client, request: str) -> bytes:
        method = request.split(" ", 1)[0]
        number = re.search(r"(?im)^cseq:\s*(\d+)", request)
        head = f"RTSP/1.0 200 OK\r\nCSeq: {number[1] if number else 0}\r\n"
        if method == "OPTIONS":
            return f"{head}Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n\r\n".encode()
        if method == "DESCRIBE":
            base = f"Content-Base: {self.url}/\r\nContent-Type: application/sdp\r\n"
            return f"{head}{base}Content-Length: {len(_SDP)}\r\n\r\n{_SDP}".encode()
        if method == "SETUP":
            channel = re.search(r"interleaved=(\d+)-", request)
            client.channel = int(channel[1]) if channel else 0
            carried = f"Transport: RTP/AVP/TCP;unicast;interleaved={client.channel}-{client.channel + 1}\r\n"
            return f"{head}{carried}Session: 1\r\n\r\n".encode()
        client.playing = method == "PLAY" or (client.playing and method != "TEARDOWN")
        return f"{head}Session: 1\r\n\r\n".encode()

    async def _film(self) -> None:
        import av
        import numpy as np

        width, height = self._size
        encoder: Any = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.framerate = self._rate_hz
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(self._rate_hz), "crf": "18"}
        blank = np.full((height, width, 3), 90, np.uint8)
        for number in itertools.count():
            shown = blank if self._image is None else self._image
            frame = av.VideoFrame.from_ndarray(shown, format="bgr24")
            frame.pts = number
            for packet in encoder.encode(frame):
                self._send(bytes(packet), int(time.monotonic() * CLOCK_HZ))
            await asyncio.sleep(1 / self._rate_hz)

    def _send(self, annex_b: bytes, timestamp: int) -> None:
        nals = [nal for nal in re.split(rb"\x00\x00\x00?\x01", annex_b) if nal]
        for index, nal in enumerate(nals):
            pieces = list(_pieces(nal))
            for part, payload in enumerate(pieces):
                last = index == len(nals) - 1 and part == len(pieces) - 1
                self._packet(payload, timestamp, last)

    def _packet(self, payload: bytes, timestamp: int, last: bool) -> None:
        marker = PAYLOAD | (0x80 if last else 0)
        header = struct.pack(">BBHII", 0x80, marker, next(self._sequence) & 0xFFFF, timestamp & 0xFFFFFFFF, 0x1234)
        body = header + payload
        for client in self._clients:
            if not client.playing:
                continue
            if client.writer.transport.get_write_buffer_size() > QUEUE_BYTES_MAX:
                client.writer.transport.abort()
                continue
            with contextlib.suppress(ConnectionError):
                client.writer.write(struct.pack(">cBH", b"$", client.channel, len(body)) + body)


def _pieces(nal: bytes) -> Iterator[bytes]:
    """A NAL unit as it is, or cut into FU-A pieces (RFC 6184 section 5.8)."""
    if len(nal) <= NAL_MAX:
        yield nal
        return
    indicator, kind = (nal[0] & 0xE0) | 28, nal[0] & 0x1F
    body = nal[1:]
    for at in range(0, len(body), NAL_MAX):
        start, end = at == 0, at + NAL_MAX >= len(body)
        yield bytes([indicator, kind | (0x80 if start else 0) | (0x40 if end else 0)]) + body[at : at + NAL_MAX]
