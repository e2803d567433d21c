"""`lane-controller verify`: proves that the journals of lanes are whole, or names what is not.

In: a configuration, and optionally what was published (a file or the stream). Out: one line or one JSON object a lane,
and each finding. Exit status: 0 whole, 1 something was found, 2 it could not be checked.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from lane_controller.app.options import AsJson, Config, Lanes, configured, journal_of
from lane_controller.app.refuse import fail
from lane_controller.app.settings import LaneTable, Settings
from lane_controller.contracts.values import Topic
from lane_controller.outbox.journal import JournalError, JournalReader
from lane_controller.outbox.seals import SealKeyError, public_half
from lane_controller.outbox.verify import Report, verify_journal
from lane_controller.outbox.witness import Witness
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import StreamError

STREAM_TOPICS = (Topic.PASSAGES.value, Topic.SEALS.value)
QUIET_S = 20.0
"""A stream that has nothing to say for this long and is not read to its end cannot be reached."""
SHOW_EVERY_S = 0.5


def verify(
    config: Config,
    lane: Lanes = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="what was published: a file of JSON lines (passages, seals), a stream DSN, or `stream` for the one of"
            " the configuration (so với bản đã gửi đi)"
        ),
    ] = None,
    public_key: Annotated[
        str | None, typer.Option(help="public key, hex, that must have signed (khoá công khai của làn)")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the journals (kiểm tra nhật ký): names every record that is missing, altered, added or out of order.

    Numbers without a gap, the hash chains of records and passages, the hourly signed seals, and that rows, records and
    published passages say the same. A journal in use can be checked. What no file can know about itself, that its
    newest end was cut off, is found with --against.

    \b
    Exit status: 0 whole, 1 something was found, 2 it could not be checked.
    Example:     lane-controller verify --config deploy/lane/lanes.toml --against stream
    """
    settings, tables = configured(config, lane)
    broken = False
    for table in tables:
        report, compared = _one(settings, table, against, public_key, quiet=as_json)
        broken = broken or bool(report.findings)
        _print(table, report, compared, as_json=as_json)
    raise typer.Exit(1 if broken else 0)


def _one(
    settings: Settings, table: LaneTable, against: str | None, public_key: str | None, *, quiet: bool
) -> tuple[Report, Witness | None]:  # fmt: skip
    path, place = journal_of(settings, table), (settings.plaza, table.id, table.epoch)
    if not path.is_file():
        fail(f"no journal at {path}: the lane has not run with this data_dir and epoch, or the file was removed", 2)
    try:
        key = public_key or public_half(settings.data_dir / f"{table.id}.key")
    except SealKeyError as error:
        fail(str(error), 2)
    show = None if quiet or not sys.stderr.isatty() else _Progress(table.id)
    report = verify_journal(path, place, key, show)
    if against is None:
        return report, None
    try:
        return _with_witness(report, path, place, key, settings.stream if against == "stream" else against)
    except (OSError, ValueError, StreamError, JournalError) as error:
        fail(f"--against {against}: {error}", 2)


def _with_witness(
    report: Report, path: Path, place: tuple[str, str, int], key: str | None, against: str
) -> tuple[Report, Witness]:  # fmt: skip
    reader = JournalReader(path)
    try:
        with reader.unmoved():
            witness = Witness(reader, place, key or (report.public_keys[0] if report.public_keys else None))
            if "://" in against:
                asyncio.run(_hear(witness, against))
            else:
                _read(witness, Path(against))
    finally:
        reader.close()
    found = witness.findings
    return replace(report, findings=(*report.findings, *found.kept), more=report.more + found.more), witness


def _read(witness: Witness, file: Path) -> None:
    with file.open("rb") as lines:
        for line in lines:
            if line.strip():
                witness.see(line)


async def _hear(witness: Witness, dsn: str) -> None:
    stream = open_stream(dsn)
    try:
        async for value in _published(await stream.consumer(STREAM_TOPICS, None), witness.place[1]):
            witness.see(value)
    finally:
        await stream.close()


async def _published(consumer: Any, lane: str) -> AsyncIterator[bytes]:
    """Everything that the stream still holds of a lane, up to its present end."""
    heard_at = time.monotonic()
    while True:
        records = await consumer.poll(1.0)
        for record in records:
            if record.key == lane and record.value is not None:
                yield record.value
        if not records and await consumer.caught_up():
            return
        heard_at = time.monotonic() if records else heard_at
        if time.monotonic() - heard_at > QUIET_S:
            raise StreamError(f"the stream was not read to its end: nothing came for {QUIET_S:.0f} s")


def _print(table: LaneTable, report: Report, compared: Witness | None, *, as_json: bool) -> None:
    if as_json:
        more = {} if compared is None else {"against": {"passages": compared.passages, "seals": compared.seals}}
        print(json.dumps({"lane": table.id, "epoch": table.epoch, **report.as_json(), **more}, ensure_ascii=False))
        return
    print(f"{table.id}: {report.summary()}")
    if compared is not None:
        print(f"  held against {compared.passages} passages and {compared.seals} seals that were published")
    _print_findings(report)


def _print_findings(report: Report) -> None:
    lines: Iterable[str] = (f"  {one.kind}: {one.text}" for one in report.findings)
    for line in lines:
        print(line)
    if report.more:
        print(f"  … and {report.more} more (và còn nữa)")


class _Progress:
    """`CM-01: 41 % of 2,000,000` on a terminal, now and then."""

    def __init__(self, lane: str) -> None:
        self._lane, self._shown_at = lane, 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._shown_at < SHOW_EVERY_S:
            return
        self._shown_at = now
        end = "\n" if done >= total else ""
        print(f"\r{self._lane}: {done * 100 // max(1, total)} % of {total:,}", end=end, file=sys.stderr, flush=True)
