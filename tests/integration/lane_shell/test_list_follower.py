"""The tag list over a real stream file: complete, checked by heartbeats, cached, never worse than the last known."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lane_controller.app.runner import SystemClock
from lane_controller.contracts.v1 import HEARTBEAT_KEY, TagEntryV1, TagListChangeV1, TagListHeartbeatV1, TariffV1
from lane_controller.contracts.v1.lists import checksum_text, entry_digest
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.core.events import Event, ListEntryChanged, ListHeartbeat, TariffChanged
from lane_controller.devices.ports import PlcPosition
from lane_controller.lists import follower as follower_module
from lane_controller.lists import staging
from lane_controller.lists.cache import TariffCache
from lane_controller.lists.country.upkeep import open_list
from lane_controller.lists.follower import ListFollower
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Stream
from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import epc, tag

pytestmark = pytest.mark.integration


@dataclass
class Office:
    """Publishes a list, honestly or not."""

    stream: Stream
    entries: dict[str, TagEntryV1] = field(default_factory=dict)
    version: int = 0

    async def send(self, topic: str, key: str, value: bytes | None) -> None:
        await (await self.stream.producer("office")).append(topic, [(key, value)])

    async def change(self, entry: TagEntryV1, *, remove: bool = False, lose: bool = False) -> None:
        self.version += 1
        self.entries[entry.epc] = entry
        if remove:
            del self.entries[entry.epc]
        change = TagListChangeV1(
            version=self.version, epc=entry.epc, entry=None if remove else entry, changed_at_utc=datetime.now(UTC)
        )
        if not lose:
            await self.send(Topic.TAG_LIST, entry.epc, change.encode())

    async def heartbeat(self) -> None:
        xor = 0
        for entry in self.entries.values():
            xor ^= entry_digest(entry)
        beat = TagListHeartbeatV1(
            version=self.version, entries=len(self.entries), checksum=checksum_text(xor), sent_at_utc=datetime.now(UTC)
        )
        await self.send(Topic.TAG_LIST, HEARTBEAT_KEY, beat.encode())


@dataclass
class Heard:
    """What lane and counters heard."""

    events: list[Event] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    def sink(self, event: Event, position: PlcPosition | None = None) -> None:
        self.events.append(event)

    def reject(self, source: str, reason: str, detail: str) -> None:
        self.rejected.append(reason)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    stream = open_stream(f"sqlite://{tmp_path}/stream.sqlite3")
    await stream.ensure_topics({topic.value: topic in COMPACTED_TOPICS for topic in Topic})
    yield Office(stream)
    await stream.close()


@contextlib.asynccontextmanager
async def following(office: Office, folder: Path, heard: Heard) -> AsyncIterator[ListFollower]:
    cache = TariffCache(folder / "tariffs.sqlite3")
    tag_list = open_list(folder / "tag-list")
    follower = ListFollower(office.stream, tag_list, cache, "CM", SystemClock(), heard.reject)
    follower.subscribe("CM-01", heard.sink)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await tag_list.close()
        cache.close()


async def test_the_list_comes_into_force_whole_and_changes_reach_the_lanes(office: Office, tmp_path: Path) -> None:
    heard = Heard()
    for number in (1, 2, 3):
        await office.change(tag(number))
    await office.change(tag(3), remove=True)
    async with following(office, tmp_path, heard) as list_:
        await asyncio.sleep(0.3)
        await office.heartbeat()
        await eventually(lambda: list_.table.version == 4, what="the list in force")
        assert (list_.table.count(), list_.by_epc(epc(3))) == (2, None)
        row = list_.by_epc(epc(2))
        assert row is not None
        assert (row.account, row.list_version, list_.by_plate(row.plate or "")) == ("acc-2", 2, row)
        await office.change(tag(2, available_vnd=5))
        await office.change(tag(1), remove=True)
        await office.heartbeat()
        await eventually(lambda: list_.table.version == 6, what="the changes in force")
        (change,) = [event for event in heard.events if isinstance(event, ListEntryChanged)]
        assert change.entry is not None  # tag 1 was never asked for at this lane: nobody is told
        assert (change.epc, change.entry.available_vnd, change.version) == (epc(2), 5, 5)
        await eventually(
            lambda: [event.version for event in heard.events if isinstance(event, ListHeartbeat)][-1:] == [6],
            what="the heartbeat of version 6",
        )
        assert heard.rejected == []


async def test_a_start_without_the_stream_has_the_last_known_list(office: Office, tmp_path: Path) -> None:
    tariff = TariffV1(
        plaza="CM", version=3, valid_from_utc=datetime(2026, 1, 1, tzinfo=UTC), fares_vnd={1: 35_000}, name="demo"
    )
    other = tariff.model_copy(update={"plaza": "XX", "version": 9})
    await office.send(Topic.TARIFF, "CM/3", tariff.encode())
    await office.send(Topic.TARIFF, "XX/9", other.encode())
    await office.change(tag(1))
    await office.heartbeat()
    heard = Heard()
    async with following(office, tmp_path, heard) as list_:
        await eventually(lambda: list_.table.version == 1 and list_.tariffs(), what="list and tariff")
    assert [event.tariff.version for event in heard.events if isinstance(event, TariffChanged)] == [3]
    (tmp_path / "file").write_text("")
    nowhere = Office(open_stream(f"sqlite://{tmp_path}/file/stream.sqlite3"))
    heard = Heard()
    async with following(nowhere, tmp_path, heard) as list_:
        assert list_.by_epc(epc(1)) is not None
        assert [tariff.version for tariff in list_.tariffs()] == [3]
        (beat,) = heard.events
        assert isinstance(beat, ListHeartbeat)
        assert 0 <= beat.age_us < 60_000_000


async def test_a_lost_change_is_noticed_and_the_list_is_read_again(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "GRACE_US", 100_000)
    monkeypatch.setattr(follower_module, "RETRY_S", (0.05,))
    heard = Heard()
    await office.change(tag(1))
    await office.heartbeat()
    async with following(office, tmp_path, heard) as list_:
        await eventually(lambda: list_.table.version == 1, what="the list in force")
        await office.change(tag(2), lose=True)
        await office.heartbeat()
        await eventually(lambda: list_.rereads >= 2, what="full re-reads")
        assert "mismatch" in heard.rejected
        assert list_.by_epc(epc(1)) is not None  # the last known list stays in force meanwhile
        assert list_.by_epc(epc(2)) is None
        await office.change(tag(2))
        await office.heartbeat()
        await eventually(lambda: list_.by_epc(epc(2)), what="the repaired list")


async def test_a_start_goes_on_from_the_list_on_disk_and_hears_what_came_meanwhile(
    office: Office, tmp_path: Path
) -> None:
    for number in range(1, 40):
        await office.change(tag(number))
    await office.heartbeat()
    heard = Heard()
    async with following(office, tmp_path, heard) as list_:
        await eventually(lambda: list_.table.version == 39, what="the list in force")
        folder = list_.table.base().path.parent.name
    await office.change(tag(1), remove=True)
    await office.change(tag(2, available_vnd=7))
    await office.heartbeat()
    heard = Heard()
    async with following(office, tmp_path, heard) as list_:
        assert (list_.table.version, list_.by_epc(epc(1)) is None) == (39, False)
        await eventually(lambda: list_.table.version == 41, what="what came meanwhile")
        await eventually(
            lambda: [event.entry for event in heard.events if isinstance(event, ListEntryChanged)] == [None],
            what="the change of the tag that was asked for",
        )
        row = list_.by_epc(epc(2))
        assert row is not None
        assert (row.available_vnd, list_.table.count()) == (7, 38)
        assert list_.table.base().path.parent.name == folder
        assert (list_.rereads, heard.rejected) == (0, [])


async def test_damage_on_disk_is_told_and_the_list_is_read_again(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "RETRY_S", (0.05,))
    heard = Heard()
    for number in range(1, 40):
        await office.change(tag(number))
    await office.heartbeat()
    async with following(office, tmp_path, heard) as list_:
        await eventually(lambda: list_.table.version == 39, what="the list in force")
        damaged = list_.table
        path = damaged.base().path
        path.write_bytes(bytes(path.stat().st_size))
        assert [list_.by_epc(epc(number)) for number in range(1, 40)] == [None] * 39
        await office.heartbeat()
        await eventually(lambda: list_.table is not damaged, what="the list read again")
        assert all(list_.by_epc(epc(number)) is not None for number in range(1, 40))
        assert heard.rejected == ["damaged", "mismatch"]
        await eventually(
            lambda: _told_of(heard) == {epc(number) for number in range(1, 40)}, what="the lane told of each"
        )


def _told_of(heard: Heard) -> set[str]:
    """Tags of which the lane was told that they are on the list; it is told a few at a time, as its loop allows."""
    return {event.epc for event in heard.events if isinstance(event, ListEntryChanged) and event.entry is not None}


async def test_nonsense_on_the_list_topic_is_counted_and_skipped(office: Office, tmp_path: Path) -> None:
    heard = Heard()
    await office.send(Topic.TAG_LIST, epc(9), b"{")
    await office.send(Topic.TAG_LIST, "ZZ", b'{"version":1}')
    await office.send(Topic.TARIFF, "CM/1", b"[]")
    change = TagListChangeV1(version=1, epc=epc(1), entry=tag(1), changed_at_utc=datetime.now(UTC))
    await office.send(Topic.TAG_LIST, epc(2), change.encode())
    await office.change(tag(1))
    await office.heartbeat()
    async with following(office, tmp_path, heard) as list_:
        await eventually(lambda: list_.table.version == 1, what="the list in force")
        assert list_.table.count() == 1
        assert heard.rejected == ["malformed"] * 4


def test_a_damaged_cache_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "tariffs.sqlite3"
    path.write_bytes(b"this is no database" * 300)
    cache = TariffCache(path)
    assert cache.tariffs() == []
    cache.close()
    assert (tmp_path / "tariffs.damaged").exists()
