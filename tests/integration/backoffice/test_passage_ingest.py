"""Passages from a real (embedded) stream into the real engine, whatever order, number and state they come in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest

from backoffice.ingest.decode import decode_passage
from backoffice.ingest.gaps import GapWatch
from backoffice.ingest.passages import PassageIngest
from backoffice.ingest.store import BatchReport, PassageStore
from backoffice.rating.charge import Contract
from backoffice.rating.tariff import Tariff, Tariffs
from backoffice.storage.alarms import Alarms
from backoffice.storage.database import Database
from backoffice.storage.dsn import Address
from lane_controller.contracts.v1 import LaneCommandV1, PassageV1
from lane_controller.contracts.values import COMPACTED_TOPICS, Topic
from lane_controller.stream.connect import open_stream
from lane_controller.stream.port import Record, Stream
from tests.integration.backoffice.passages import FARES, chain, passage, sealed
from tests.integration.backoffice.server_process import ServerProcess

pytestmark = pytest.mark.integration

TARIFF = Tariffs([Tariff("CM", 1, 0, FARES)])


class Listener:
    def __init__(self) -> None:
        self.passages: list[PassageV1] = []

    def stored(self, passages: Sequence[PassageV1]) -> None:
        self.passages.extend(passages)


class Plant:
    """One ingest process, in this process: its own consumer, connection and memory."""

    def __init__(self, stream: Stream, address: Address) -> None:
        self.stream = stream
        self.database = Database(address)
        self.alarms = Alarms()
        self.listener = Listener()
        self.ticks = 1_800_000_000_000_000
        self.store = PassageStore(self.database, lambda plaza: Contract(plaza, ("VETC", "VDTC")), self._now_us)
        self.store.tariffs = TARIFF

    def _now_us(self) -> int:
        self.ticks += 1
        return self.ticks

    async def ingest(self) -> PassageIngest:
        self.consumer = consumer = await self.stream.consumer([Topic.PASSAGES], "backoffice")
        producer = await self.stream.producer("backoffice")
        gaps = GapWatch(producer, self.alarms, grace_s=0.0, repeat_s=60.0)
        return PassageIngest(consumer, self.store, self.alarms, gaps, self.listener, lambda: None)


@pytest.fixture
async def stream(stream_dsn: str) -> AsyncIterator[Stream]:
    stream = open_stream(stream_dsn)
    await stream.ensure_topics({topic: topic in COMPACTED_TOPICS for topic in Topic})
    yield stream
    await stream.close()


@pytest.fixture
def new_plant(stream: Stream, address: Address) -> Iterator[Callable[[], Plant]]:
    made: list[Plant] = []

    def make() -> Plant:
        made.append(Plant(stream, address))
        return made[-1]

    yield make
    for plant in made:
        plant.database.close()


async def send(stream: Stream, messages: Sequence[PassageV1 | bytes]) -> None:
    producer = await stream.producer("lane")
    values = [m if isinstance(m, bytes) else m.encode() for m in messages]
    await producer.append(Topic.PASSAGES, [("CM-01", value) for value in values])
    await producer.close()


async def run_until(plant: Plant, done: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Run one ingest until `done`, then kill it between two awaits, as a crash would."""
    task = asyncio.create_task((await plant.ingest()).run())
    try:
        async with asyncio.timeout(timeout_s):
            while not done():
                assert not task.done(), task.exception()
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await plant.consumer.close()


def stored_seqs(database: Database) -> list[int]:
    return [seq for (seq,) in database.rows("SELECT seq FROM passages FINAL ORDER BY lane, seq")]


def ledger_of(database: Database) -> dict[str, int]:
    return dict(database.rows("SELECT account, sum(amount_vnd) FROM postings FINAL GROUP BY account"))


async def test_passages_and_their_postings_are_stored(
    stream: Stream, new_plant: Callable[[], Plant], database: Database
) -> None:
    plant = new_plant()
    await send(stream, chain(40))
    await run_until(plant, lambda: len(plant.listener.passages) == 40)
    assert stored_seqs(database) == list(range(1, 41))
    assert ledger_of(database) == {"customer:TK000001": 1_400_000, "operator_payable:CM:VETC": -1_400_000}
    assert plant.alarms.view() == []
    row = database.rows(
        "SELECT plate, class, time_to_open_ms, toUnixTimestamp64Micro(passed_at) FROM passages WHERE seq = 3"
    )
    assert row == [("20A12345", 1, 12, 1781492424000000)]


async def test_duplicates_and_disorder_change_nothing(
    stream: Stream, new_plant: Callable[[], Plant], database: Database
) -> None:
    passages = chain(60)
    order = passages + random.Random(4).sample(passages, 60) + passages[10:20]
    await send(stream, order)
    first = new_plant()
    await run_until(first, lambda: len(first.listener.passages) >= 60)
    # A second process reads everything again, as after a lost commit.
    again = new_plant()
    await send(stream, passages)
    report = await _take_all(again, passages)
    assert (len(report.stored), report.duplicates, report.rejections) == (0, 60, [])
    assert stored_seqs(database) == list(range(1, 61))
    assert sum(ledger_of(database).values()) == 0
    assert ledger_of(database)["customer:TK000001"] == 60 * 35_000


async def _take_all(plant: Plant, passages: Sequence[PassageV1]) -> BatchReport:
    records = [Record(Topic.PASSAGES, 0, at, "CM-01", p.encode(), 0) for at, p in enumerate(passages)]
    return await asyncio.to_thread(plant.store.write, [(record, decode_passage(record)) for record in records])


async def test_two_processes_with_the_same_messages_store_each_once(
    stream: Stream, new_plant: Callable[[], Plant], database: Database
) -> None:
    passages = chain(50)
    one, two = new_plant(), new_plant()
    await asyncio.gather(*(_take_all(plant, passages[at : at + 25]) for plant in (one, two) for at in (0, 25)))
    await _take_all(one, passages)
    assert stored_seqs(database) == list(range(1, 51))
    assert ledger_of(database) == {"customer:TK000001": 1_750_000, "operator_payable:CM:VETC": -1_750_000}


async def test_a_gap_raises_an_alarm_and_asks_the_lane_until_it_closes(
    stream: Stream, new_plant: Callable[[], Plant], database: Database
) -> None:
    passages = chain(12)
    await send(stream, passages[:3] + passages[7:])
    plant = new_plant()
    await run_until(plant, lambda: "gap:CM-01:1" in {alarm.key for alarm in plant.alarms.view()})
    commands = await stream.consumer([Topic.LANE_COMMANDS], None)
    asked = [LaneCommandV1.decode(r.value) for r in await commands.poll(5.0) if r.value is not None]
    assert [(c.kind, c.epoch, c.first_seq, c.last_seq) for c in asked[:1]] == [("resend", 1, 4, 7)]
    await send(stream, passages[3:7])
    again = new_plant()
    await run_until(again, lambda: len(again.listener.passages) == 4)
    assert stored_seqs(database) == list(range(1, 13))
    assert again.store.sequences()["CM", "CM-01", 1].missing == ()
    assert database.rows("SELECT high_water_seq, missing FROM ingest_marks FINAL") == [(12, [])]


async def test_bad_messages_are_kept_and_the_rest_goes_on(
    stream: Stream, new_plant: Callable[[], Plant], database: Database
) -> None:
    good = chain(5)
    altered = good[1].model_copy(update={"fare_vnd": 0})
    foreign = sealed(good[2].model_copy(update={"passage_id": "CM-04-e1-000003"}))
    huge = sealed(good[3].model_copy(update={"tariff_version": 2**40}))
    bad = [b"\xff\x00 no json", b"{}", altered, foreign, huge]
    await send(stream, [*bad[:3], *good, *bad[3:]])
    plant = new_plant()
    await run_until(plant, lambda: len(plant.listener.passages) == 5)
    kept = database.rows(
        "SELECT splitByChar(':', reason)[1], unhex(raw_hex) FROM rejected_messages FINAL ORDER BY offset"
    )
    assert [reason for reason, _ in kept] == ["malformed", "malformed", "altered", "impossible", "impossible"]
    hexed = database.rows("SELECT raw_hex FROM rejected_messages FINAL ORDER BY offset LIMIT 1")
    assert bytes.fromhex(hexed[0][0]) == bad[0]
    assert stored_seqs(database) == [1, 2, 3, 4, 5]
    assert {alarm.code for alarm in plant.alarms.view()} == {"REJECTED"}


async def test_another_content_under_the_same_number_never_replaces_the_first(
    stream: Stream, new_plant: Callable[[], Plant], database: Database
) -> None:
    first = passage(1)
    forged = passage(1, fare_vnd=0, outcome="exempt")
    plant = new_plant()
    await _take_all(plant, [first])
    report = await _take_all(plant, [forged])
    assert [r.reason for r in report.rejections] == ["conflict"]
    assert database.rows("SELECT outcome, fare_vnd FROM passages FINAL") == [("charged", 35_000)]


async def test_a_break_in_the_hash_chain_is_seen(stream: Stream, new_plant: Callable[[], Plant]) -> None:
    plant = new_plant()
    report = await _take_all(plant, [*chain(3), passage(4, previous="ab" * 32)])
    assert [p.seq for p in report.broken_chains] == [4]


async def test_what_the_tariff_does_not_confirm_stands_in_suspense(
    stream: Stream, new_plant: Callable[[], Plant], database: Database
) -> None:
    plant = new_plant()
    odd = [
        passage(1, fare_vnd=50_000),
        passage(2, account=None),
        passage(3, provider="NOBODY"),
        passage(4, outcome="manual", operator="an", reason="tag broken"),
        passage(5, outcome="ticket", fare_vnd=0, ticket_no="V1"),
        passage(6, outcome="violation", fare_vnd=0),
    ]
    await _take_all(plant, odd)
    balances = ledger_of(database)
    assert balances.pop("suspense:CM") == 50_000 + 35_000 + 35_000
    assert balances == {"operator_payable:CM:VETC": -85_000, "operator_payable:CM:NOBODY": -35_000}
    found = database.rows(
        "SELECT passage_id, code, expected_vnd, found_vnd FROM discrepancies FINAL ORDER BY passage_id"
    )
    assert found == [
        ("CM-01-e1-000001", "FARE", 35_000, 50_000),
        ("CM-01-e1-000002", "NO_ACCOUNT", 35_000, 35_000),
        ("CM-01-e1-000003", "NO_CONTRACT", 35_000, 35_000),
    ]


async def test_a_database_killed_in_the_middle_loses_and_doubles_nothing(
    stream: Stream, new_plant: Callable[[], Plant], server: ServerProcess, database: Database
) -> None:
    plant = new_plant()
    task = asyncio.create_task((await plant.ingest()).run())
    sent: list[PassageV1] = []
    for part in range(8):
        fresh = chain(40, len(sent) + 1, sent[-1].record_hash if sent else "0" * 64)
        sent += fresh
        await send(stream, fresh)
        if part == 4:
            server.kill()
            server.restart()
    try:
        async with asyncio.timeout(60):
            while len(plant.listener.passages) < len(sent):
                assert not task.done(), task.exception()
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert stored_seqs(database) == list(range(1, 321))
    assert ledger_of(database) == {"customer:TK000001": 320 * 35_000, "operator_payable:CM:VETC": -320 * 35_000}
