"""Sends what the journals of a lane's earlier epochs still hold: a new epoch strands no passage.

In: the folder of the journals and the epoch that runs. Out: passages and seals of the epochs before, in order, until
the stream has confirmed the last one. A journal that cannot be opened is told and left; the lane runs on.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path

from lane_controller.outbox.journal import Journal, JournalError, JournalReader, journal_path
from lane_controller.outbox.relay import Relay
from lane_controller.outbox.writer import JournalWriter
from lane_controller.stream.port import Stream

log = logging.getLogger(__name__)


async def send_ended_epochs(folder: Path, place: tuple[str, str, int], stream: Stream) -> None:
    """Ends when every epoch before that of `place` (plaza, lane, epoch) is with the stream."""
    plaza, lane, current = place
    for epoch in range(1, current):
        path = journal_path(folder, lane, epoch)
        if not path.is_file():
            continue
        try:
            await _send(path, (plaza, lane, epoch), stream)
        except (JournalError, sqlite3.Error, OSError) as error:
            log.error("%s: what epoch %d still holds cannot be sent: %s", lane, epoch, error)


async def _send(path: Path, place: tuple[str, str, int], stream: Stream) -> None:
    plaza, lane, epoch = place
    journal = await asyncio.to_thread(lambda: Journal(path, plaza, lane, epoch, ended=True))
    writer = JournalWriter(journal)
    try:
        reader = JournalReader(path)
        try:
            relay = Relay(lane, stream, writer, reader)
            await relay.run(until_sent=True)
            if relay.sent:
                log.info("%s: sent %d passages and seals of epoch %d", lane, relay.sent, epoch)
        finally:
            reader.close()
    finally:
        await asyncio.shield(writer.close())
