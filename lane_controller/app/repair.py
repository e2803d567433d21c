"""`lane-controller repair`: saves what can be proved out of a journal that a lane refuses to start on.

In: a configuration and a lane. Out: the damaged files kept aside, a sound journal in their place, and a report that
names every record and passage that is missing, and which of the passages the back office has all the same. Exit status:
0 nothing is missing, 1 something is: the lane needs a new epoch, 2 it could not be done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from lane_controller.app.options import Config, configured, journal_of
from lane_controller.app.refuse import fail
from lane_controller.app.settings import LaneTable, Settings
from lane_controller.contracts.v1 import MessageError, PassageV1
from lane_controller.contracts.values import Topic
from lane_controller.outbox.journal import JournalError
from lane_controller.outbox.salvage import Salvage, salvage
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import StreamError

Ranges = tuple[tuple[int, int], ...]
POLL_S = 2.0


def repair(
    config: Config,
    lane: Annotated[str, typer.Option("--lane", help="lane such as CM-01 (làn)")],
    ask_stream: Annotated[
        bool, typer.Option("--ask-stream/--no-ask-stream", help="look for missing passages on the stream (tìm ở luồng)")
    ] = True,
) -> None:
    """Rebuild a damaged journal (cứu nhật ký bị hỏng) from every record, passage and seal that can be proved.

    The damaged files are moved to data_dir/damaged and stay as evidence. Nothing is invented: what cannot be read or
    does not match its hash is named as missing. The lane must not run meanwhile. When something is missing, set a new
    epoch for the lane in the configuration: numbers that were given once are never given again. What the old journal
    holds unsent is sent by the lane in its new epoch.

    \b
    Exit status: 0 nothing is missing, 1 something is, 2 it could not be done.
    Example:     lane-controller repair --config deploy/lane/lanes.toml --lane CM-01
    """
    settings, tables = configured(config, [lane])
    table = tables[0]
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    try:
        done = salvage(journal_of(settings, table), (settings.plaza, table.id, table.epoch), stamp)
    except (JournalError, OSError) as error:
        fail(str(error), 2)
    print(f"{table.id}: saved {done.records} records, {done.passages} passages, {done.seals} seals (đã cứu)")
    print(f"damaged files (tệp hỏng, giữ làm chứng cứ): {done.kept_in}")
    if done.whole:
        print("nothing is missing: start the lane again (không mất gì: khởi động lại làn)")
        return
    _say_missing(settings, table, done, ask_stream)
    raise typer.Exit(1)


def _say_missing(settings: Settings, table: LaneTable, done: Salvage, ask_stream: bool) -> None:
    print(f"missing records (bản ghi mất): {_text(done.missing_records)}")
    print(f"missing passages (lượt xe mất): {_text(done.missing_passages)}")
    if ask_stream and done.missing_passages:
        try:
            published = asyncio.run(_published(settings, table, done.missing_passages))
        except (StreamError, OSError, ValueError) as error:
            print(f"the stream could not be asked (không hỏi được luồng): {error}")
        else:
            held = ", ".join(str(seq) for seq in sorted(published)) or "none (không có)"
            print(f"of these the back office was sent (đã gửi về trung tâm): {held}")
    print(
        f"next: set epoch = {table.epoch + 1} for lane {table.id} in the configuration and start it"
        " (đặt epoch mới cho làn rồi khởi động)"
    )


async def _published(settings: Settings, table: LaneTable, missing: Ranges) -> set[int]:
    """Which of these passages of the lane stand on the stream."""
    stream = open_stream(settings.stream)
    try:
        consumer = await stream.consumer([Topic.PASSAGES.value], None)
        found: set[int] = set()
        while True:
            records = await consumer.poll(POLL_S)
            for record in records:
                found |= _seq_of(record.value, table, missing)
            if not records and await consumer.caught_up():
                return found
    finally:
        await stream.close()


def _seq_of(value: bytes | None, table: LaneTable, missing: Ranges) -> set[int]:
    try:
        passage = PassageV1.decode(value or b"")
    except MessageError:
        return set()
    ours = passage.lane == table.id and passage.epoch == table.epoch
    return {passage.seq} if ours and any(first <= passage.seq <= last for first, last in missing) else set()


def _text(ranges: Sequence[tuple[int, int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in ranges) or "none (không)"
