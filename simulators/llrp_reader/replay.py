"""Plays the reader's side of a recorded LLRP session to every client that connects.

In: a recording, frames of both directions one after another. Out: the frames that readers send, whatever is asked.
After the last frame the connection stays open and silent, as a reader does that froze.
"""

import asyncio
import contextlib
from pathlib import Path

from rfid.llrp import messages as m
from rfid.llrp.element import Message
from rfid.llrp.framing import HEADER_SIZE, FrameBuffer, FrameHeader

FROM_CLIENT: frozenset[type[Message]] = frozenset(
    {
        m.GetReaderCapabilities,
        m.GetReaderConfig,
        m.SetReaderConfig,
        m.CloseConnection,
        m.AddROSpec,
        m.DeleteROSpec,
        m.StartROSpec,
        m.StopROSpec,
        m.EnableROSpec,
        m.DisableROSpec,
        m.GetROSpecs,
        m.AddAccessSpec,
        m.DeleteAccessSpec,
        m.EnableAccessSpec,
        m.DisableAccessSpec,
        m.GetAccessSpecs,
        m.ClientRequestOpResponse,
        m.GetSupportedVersion,
        m.SetProtocolVersion,
        m.GetReport,
        m.KeepaliveAck,
        m.EnableEventsAndReports,
    }
)
_FROM_CLIENT_NUMBERS = frozenset(message.number for message in FROM_CLIENT)


def reader_frames(recording: bytes) -> list[bytes]:
    """The frames of a recording that a reader sends; FramingError if the recording is no LLRP, ValueError if cut."""
    buffer = FrameBuffer()
    frames = list(buffer.feed(recording))
    if len(buffer):
        raise ValueError(f"the recording ends inside frame {len(frames) + 1}: {len(buffer)} bytes left over")
    return [frame for frame in frames if FrameHeader.parse(frame[:HEADER_SIZE]).kind not in _FROM_CLIENT_NUMBERS]


async def replay(recording: Path, host: str, port: int) -> asyncio.Server:
    """Serve a recording; the returned server runs until closed."""
    played = b"".join(reader_frames(recording.read_bytes()))

    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            outgoing.write(played)
            while await incoming.read(1 << 16):
                pass  # requests are taken and ignored
        outgoing.close()

    return await asyncio.start_server(serve, host, port)
