"""Client and reader over real TCP: connect, lose, come back; whatever the reader does."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar

import pytest
from prometheus_client import CollectorRegistry

from rfid.llrp.client import LlrpClient, system_now
from rfid.llrp.metrics import ReaderMetrics
from rfid.llrp.report import Instant
from rfid.llrp.settings import ReaderSettings
from rfid.observation import (
    AntennaChanged,
    Loss,
    ReaderConnected,
    ReaderLost,
    ReaderObservation,
    ReaderReading,
    TagObservation,
)
from simulators.llrp_reader.profile import ReaderProfile
from simulators.llrp_reader.reader import SimulatedReader

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

EPC = "3034257BF7194E4000001A85"
QUICK = ReaderSettings(keepalive_ms=200)  # dead after 640 ms, so that tests need not wait long
_T = TypeVar("_T", bound=ReaderObservation)


class Watch:
    """Reads a client's observations one kind at a time; everything that came by stays in `seen`."""

    def __init__(self, client: LlrpClient) -> None:
        self._observations = aiter(client)
        self.seen: list[ReaderObservation] = []

    async def next(self, kind: type[_T], where: Callable[[_T], bool] = lambda _: True) -> _T:
        """Skip to the next observation of a kind."""
        while True:
            observation = await anext(self._observations)
            self.seen.append(observation)
            if isinstance(observation, kind) and where(observation):
                return observation


@asynccontextmanager
async def watching(
    reader: SimulatedReader, settings: ReaderSettings = QUICK, registry: CollectorRegistry | None = None
) -> AsyncIterator[Watch]:
    counts = ReaderMetrics(registry or CollectorRegistry())
    async with LlrpClient(reader.host, reader.port, settings, reader="lane", counts=counts) as client:
        yield Watch(client)


@pytest.mark.parametrize(
    ("epc", "bits"), [(EPC, 96), ("00" * 12, 96), ("E200" * 16, 256), ("AB" * 24 + "C0", 200), ("01", 8)]
)
async def test_a_tag_goes_from_the_field_to_the_lane(epc: str, bits: int) -> None:
    stamp = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    async with SimulatedReader() as reader, watching(reader) as watch:
        await watch.next(ReaderReading)
        assert reader.observe(epc, antenna=2, rssi_dbm=-48.4, stamp_utc=stamp)
        tag = await watch.next(TagObservation)
    assert (tag.epc, tag.epc_bits, tag.antenna, tag.rssi_dbm) == (epc, bits, 2, -48.0)
    assert (tag.reader_utc, tag.seen_count, tag.reader) == (stamp, 1, "lane")


async def test_tid_comes_along_when_asked_for() -> None:
    settings = ReaderSettings(keepalive_ms=100, read_tid=True)
    async with SimulatedReader() as reader, watching(reader, settings) as watch:
        await watch.next(ReaderReading)
        reader.observe(EPC, tid="E28011050000000000001234")
        assert (await watch.next(TagObservation)).tid == "E28011050000000000001234"
        reader.observe(EPC, tid=None)
        assert (await watch.next(TagObservation)).tid is None


async def test_clock_offset_and_age_follow_the_readers_clock() -> None:
    async with SimulatedReader() as reader:
        reader.clock_offset_us = 3_600_000_000
        async with watching(reader) as watch:
            connected = await watch.next(ReaderConnected)
            await watch.next(ReaderReading)
            reader.observe(EPC)
            tag = await watch.next(TagObservation)
    assert connected.clock_offset_us is not None
    assert connected.clock_offset_us > 3_500_000_000
    assert tag.age_us is not None
    assert tag.age_us < 600_000_000


async def test_reader_without_utc_clock() -> None:
    async with SimulatedReader(ReaderProfile(has_utc_clock=False)) as reader, watching(reader) as watch:
        assert (await watch.next(ReaderConnected)).clock_offset_us is None
        await watch.next(ReaderReading)
        reader.observe(EPC)
        tag = await watch.next(TagObservation)
    assert tag.reader_utc is None
    assert tag.reader_uptime_us is not None


async def test_keepalives_hold_a_quiet_connection() -> None:
    async with SimulatedReader() as reader, watching(reader) as watch:
        await watch.next(ReaderReading)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(watch.next(ReaderLost), 2 * QUICK.silence_us / 1e6)
        assert reader.connected


async def test_a_stalled_process_does_not_take_its_reader_for_dead() -> None:
    async with SimulatedReader() as reader, watching(reader) as watch:
        await watch.next(ReaderReading)
        reader.observe(EPC)
        time.sleep(QUICK.silence_us / 1e6 + 0.1)  # noqa: ASYNC251 - the stall is the point; the report waits in the socket
        await watch.next(TagObservation)
        assert not any(isinstance(observation, ReaderLost) for observation in watch.seen)


async def test_a_dropped_connection_comes_back() -> None:
    async with SimulatedReader() as reader, watching(reader) as watch:
        for _ in range(3):
            await watch.next(ReaderReading)
            reader.drop_connection()
            assert (await watch.next(ReaderLost)).loss is Loss.CLOSED
        await watch.next(ReaderReading)
        reader.observe(EPC)
        await watch.next(TagObservation)


async def test_a_silent_reader_is_noticed_and_taken_back() -> None:
    registry = CollectorRegistry()
    async with SimulatedReader() as reader, watching(reader, registry=registry) as watch:
        await watch.next(ReaderReading)
        reader.go_silent()
        assert (await watch.next(ReaderLost)).loss is Loss.SILENT
        reader.resume()
        await watch.next(ReaderReading)
        reader.observe(EPC)
        await watch.next(TagObservation)
        assert registry.get_sample_value("rfid_reader_lost_total", {"reader": "lane", "loss": "silent"})
        assert registry.get_sample_value("rfid_tag_observations_total", {"reader": "lane"}) == 1
        assert registry.get_sample_value("rfid_reader_connected", {"reader": "lane"}) == 1
    assert registry.get_sample_value("rfid_reader_connected", {"reader": "lane"}) == 0


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(range(256)) * 4, b"\x04\x3d\xff\xff\xff\xff" * 9]
)
async def test_garbage_is_named_and_survived(garbage: bytes) -> None:
    async with SimulatedReader() as reader, watching(reader) as watch:
        await watch.next(ReaderReading)
        reader.send_garbage(garbage)
        lost = await watch.next(ReaderLost)
        assert lost.loss is Loss.GARBAGE
        await watch.next(ReaderReading)


async def test_half_a_frame_does_not_survive_the_reconnect() -> None:
    async with SimulatedReader() as reader, watching(reader) as watch:
        await watch.next(ReaderReading)
        reader.send_garbage(bytes.fromhex("043d 0000 1000 0000 0001 00f0"))  # a report of 4096 bytes, begun
        reader.drop_connection()
        await watch.next(ReaderReading)
        reader.observe(EPC)
        assert (await watch.next(TagObservation)).epc == EPC


async def test_a_busy_reader_is_tried_again() -> None:
    async with SimulatedReader() as reader, watching(reader) as first:
        await first.next(ReaderReading)
        async with watching(reader) as second:
            assert (await second.next(ReaderLost)).loss is Loss.BUSY
            reader.observe(EPC)
            await first.next(TagObservation)  # the first client keeps its reader
        assert reader.refused_clients >= 1


async def test_a_reader_that_holds_a_dead_client_lets_us_in_when_it_forgets_it() -> None:
    async with SimulatedReader() as reader, watching(reader) as watch:
        await watch.next(ReaderReading)
        reader.hold_dead_client = True
        reader.drop_connection()
        await watch.next(ReaderLost, lambda lost: lost.loss is Loss.BUSY)
        reader.release_dead_client()
        await watch.next(ReaderReading)


async def test_a_reader_that_is_switched_off_and_on() -> None:
    reader = SimulatedReader()
    await reader.start()
    async with watching(reader) as watch:
        await watch.next(ReaderReading)
        await reader.stop()
        await watch.next(ReaderLost, lambda lost: lost.loss is Loss.UNREACHABLE)
        await reader.start()
        await watch.next(ReaderReading)
        await reader.stop()
    losses = [observation.loss for observation in watch.seen if isinstance(observation, ReaderLost)]
    assert losses[:2] == [Loss.CLOSED, Loss.UNREACHABLE]


async def test_a_reader_that_says_goodbye() -> None:
    async with SimulatedReader() as reader, watching(reader) as watch:
        await watch.next(ReaderReading)
        reader.announce_close()
        assert "announced" in (await watch.next(ReaderLost)).reason
        await watch.next(ReaderReading)


async def test_antennas_come_and_go() -> None:
    async with SimulatedReader() as reader, watching(reader) as watch:
        await watch.next(ReaderReading)
        reader.set_antenna(2, connected=False)
        off = await watch.next(AntennaChanged)
        assert not reader.observe(EPC, antenna=2)
        reader.set_antenna(2, connected=True)
        on = await watch.next(AntennaChanged)
        assert reader.observe(EPC, antenna=2)
        await watch.next(TagObservation)
    assert [(change.antenna, change.connected) for change in (off, on)] == [(2, False), (2, True)]


async def test_a_host_name_that_is_none_is_told() -> None:
    async with LlrpClient("a..b", reader="lane") as client:
        lost = await Watch(client).next(ReaderLost)
    assert lost.loss is Loss.UNREACHABLE


async def test_a_defect_of_ours_does_not_end_the_reader() -> None:
    calls = count()

    def now() -> Instant:
        if next(calls) == 0:  # the first look at the clock is for the first session
            raise ZeroDivisionError("planted")
        return system_now()

    async with SimulatedReader() as reader, LlrpClient(reader.host, reader.port, QUICK, now=now) as client:
        watch = Watch(client)
        assert (await watch.next(ReaderLost)).loss is Loss.DEFECT
        await watch.next(ReaderReading)


async def test_goodbye_frees_the_reader_for_the_next_client() -> None:
    async with SimulatedReader() as reader:
        for _ in range(3):
            async with watching(reader) as watch:
                await watch.next(ReaderReading)
        assert reader.refused_clients == 0


async def test_four_lanes_in_one_process() -> None:
    readers = [SimulatedReader() for _ in range(4)]
    for reader in readers:
        await reader.start()

    async def lane(number: int, reader: SimulatedReader) -> list[str]:
        async with watching(reader) as watch:
            await watch.next(ReaderReading)
            for _ in range(50):
                reader.observe(f"{number:024X}")
            return [(await watch.next(TagObservation)).epc for _ in range(50)]

    epcs = await asyncio.gather(*(lane(number, reader) for number, reader in enumerate(readers)))
    for reader in readers:
        await reader.stop()
    assert epcs == [[f"{number:024X}"] * 50 for number in range(4)]
