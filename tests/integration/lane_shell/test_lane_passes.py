"""A lane between a real broker, a simulated PLC and a simulated reader: what people see, and what is recorded."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import httpx
import pytest

from lane_controller.app.wiring import run_lanes
from lane_controller.contracts.values import LaneMode, TagStatus
from lane_controller.outbox.journal import journal_path
from lane_controller.outbox.verify import verify_journal
from tests.integration.lane_shell.eventually import eventually
from tests.integration.lane_shell.rig import LANE, Rig, epc, rig, tag
from tests.parts.mosquitto import MosquittoServer
from tests.parts.process import free_port

pytestmark = pytest.mark.integration


async def shows(r: Rig, code: str) -> None:
    await eventually(lambda: r.plc.display.get("code") == code, what=f"{code} on the display")


async def answered(r: Rig, command_id: str) -> str | None:
    return await eventually(lambda: r.office.answer(command_id), what=f"an answer to {command_id}")


def whole(r: Rig, passages: int) -> None:
    """The journal on disk is whole and holds that many passages."""
    report = verify_journal(journal_path(r.settings.data_dir, LANE, 1))
    assert report.findings == ()
    assert report.passages == passages


async def test_an_ordinary_pass(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server) as r:
        async with r.lane():
            await r.arrive(1)
            await r.opened()
            await eventually(lambda: r.plc.signal == "green", what="green")
            await shows(r, "FARE")
            await r.cross()
            (passage,) = await r.passages(1)
            await r.closed()
            await eventually(lambda: r.plc.signal == "red", what="red")
        assert (passage.outcome, passage.fare_vnd, passage.epc) == ("charged", 35_000, epc(1))
        assert (passage.passage_id, passage.seq, passage.account) == ("CM-01-e1-000001", 1, "acc-1")
        assert (passage.list_version, passage.tariff_version) == (39, 1)
        assert passage.explanation["rules"]
        assert len(r.opens()) == 1
        whole(r, 1)


async def test_no_tag_is_held_until_the_operator_releases(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server) as r, r.lane():
        await r.arrive(None)
        await shows(r, "NO_TAG")
        held = await eventually(lambda: r.office.statuses[-1].held_passage_id, what="a held vehicle in the status")
        await r.office.command(command_id="r1", kind="release", reason="no tag, paid in cash")
        assert await answered(r, "r1") == "refused"
        await r.office.command(command_id="l1", kind="login", operator="lan")
        assert await answered(r, "l1") == "done"
        await r.office.command(command_id="r2", kind="release", passage_id="CM-01-e1-000099", reason="x")
        assert await answered(r, "r2") == "refused"
        await r.office.command(command_id="r3", kind="release", operator="minh", passage_id=held, reason="x")
        assert await answered(r, "r3") == "refused"
        assert r.opens() == []
        seen = {"operator": "lan", "passage_id": held, "vehicle_class": 2}
        await r.office.command(command_id="r4", kind="release", reason="paid in cash", **seen)
        assert await answered(r, "r4") == "done"
        await r.opened()
        await r.cross()
        (passage,) = await r.passages(1)
        assert (passage.outcome, passage.operator, passage.reason) == ("manual", "lan", "paid in cash")
        assert (passage.class_charged, passage.fare_vnd) == (2, 50_000), "the class that the operator saw"
        assert {"NO_TAG", "MANUAL_RELEASE"} <= set(passage.flags)


async def test_a_command_is_obeyed_once_and_never_late(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server) as r:
        async with r.lane():
            await r.office.command(command_id="m1", kind="mode", mode=LaneMode.CLOSED)
            assert await answered(r, "m1") == "done"
            await eventually(lambda: r.office.statuses[-1].state == "CLOSED")
            await r.office.command(command_id="m2", kind="mode", mode=LaneMode.AUTO)
            assert await answered(r, "m2") == "done"
            await r.office.command(command_id="m1", kind="mode", mode=LaneMode.CLOSED)
            await eventually(lambda: r.office.answer("m1") == "duplicate")
            old = datetime.now(UTC) - timedelta(minutes=1)
            await r.office.command(command_id="m3", kind="mode", mode=LaneMode.CLOSED, issued_at_utc=old)
            assert await answered(r, "m3") == "expired"
        async with r.lane():
            r.office.statuses.clear()
            await r.office.command(command_id="m2", kind="mode", mode=LaneMode.AUTO)
            assert await answered(r, "m2") == "duplicate"
            assert r.office.statuses[-1].state == "AUTO"


async def test_low_balance_and_blocked_tags_are_held(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server) as r, r.lane():
        await r.office.publish_list([tag(50, available_vnd=34_999), tag(51, status=TagStatus.BLOCKED)])
        await eventually(lambda: r.office.statuses[-1].list_version == 41, what="the change in force")
        await r.arrive(50)
        await shows(r, "LOW_BALANCE")
        await r.back_out()
        await shows(r, "IDLE")
        await r.arrive(51)
        await shows(r, "INVALID_TAG")
        await r.back_out()
        await shows(r, "IDLE")
        await eventually(lambda: {"LOW_BALANCE", "BLACKLIST"} <= set(r.office.flags()), what="the flags")
        assert r.opens() == []
        await r.office.publish_list([tag(50, available_vnd=500_000)])
        await eventually(lambda: r.office.statuses[-1].list_version == 42, what="the top-up in force")
        await r.arrive(50)
        await r.opened()


async def test_an_arm_that_does_not_move_is_a_fault(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    fast = "rules = {open_timeout_ms = 600}"
    async with rig(tmp_path, mosquitto_server, lane_extra=fast) as r, r.lane():
        r.plc.stick_arm()
        await r.arrive(2)
        await eventually(lambda: r.office.statuses[-1].state == "FAULT", what="FAULT")
        await eventually(lambda: "BARRIER_OPEN_TIMEOUT" in r.office.flags())
        assert len(r.opens()) == 1
        assert r.plc.signal == "red"
        assert r.office.passages == []


async def test_a_queue_of_cars_is_one_passage_each_in_order(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server) as r:
        async with r.lane():
            await r.arrive(1)
            for number in range(2, 7):
                await r.opened()
                await r.cross(number)
            await r.opened()
            await r.cross()
            passages = await r.passages(6)
            await r.closed()
        assert [passage.epc for passage in passages] == [epc(number) for number in range(1, 7)]
        assert [passage.seq for passage in passages] == list(range(1, 7))
        assert {passage.outcome for passage in passages} == {"charged"}
        whole(r, 6)


async def test_malformed_field_messages_are_counted_and_survived(
    tmp_path: Path, mosquitto_server: MosquittoServer
) -> None:
    port = free_port()
    async with rig(tmp_path, mosquitto_server, extra=f"metrics_port = {port}") as r, r.lane():
        async with aiomqtt.Client(mosquitto_server.host, mosquitto_server.port) as stranger:
            for payload in (b"", b"{", b"[]", b'{"sensor":"l1"}', b"\x00" * 9, b'{"v":null}'):
                for topic in ("io/events", "io/l2/state", "barrier/state", "barrier/ack", "status"):
                    await stranger.publish(f"etc/v1/CM/{LANE}/{topic}", payload, qos=1)
        await r.arrive(1)
        await r.opened()
        await r.cross()
        await r.passages(1)
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        (line,) = [one for one in text.splitlines() if one.startswith("lane_inputs_rejected_total{") and "malf" in one]
        assert line.split("}")[0].endswith('reason="malformed",source="plc"')
        assert float(line.split()[-1]) == 30.0


async def test_garbage_from_the_reader_is_counted_and_survived(
    tmp_path: Path, mosquitto_server: MosquittoServer
) -> None:
    port = free_port()
    counted = 'rfid_reader_lost_total{loss="garbage",reader="reader-CM-01"} '
    async with rig(tmp_path, mosquitto_server, extra=f"metrics_port = {port}") as r, r.lane():
        r.reader.send_garbage()
        async with httpx.AsyncClient() as client:

            async def garbage_counted() -> bool:
                text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
                return any(line.startswith(counted) and float(line.split()[-1]) >= 1 for line in text.splitlines())

            for _ in range(100):
                if await garbage_counted():
                    break
                await asyncio.sleep(0.1)
            assert await garbage_counted()
        await r.ready()
        await r.arrive(1)
        await r.opened()
        await r.cross()
        await r.passages(1)


async def test_a_restart_goes_on_with_the_numbers(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server) as r:
        for number in (1, 2):
            async with r.lane():
                await r.arrive(number)
                await r.opened()
                await r.cross()
                await r.passages(number)
                await r.closed()
        assert [passage.passage_id[-6:] for passage in r.office.passages] == ["000001", "000002"]
        assert r.office.passages[1].previous_hash == r.office.passages[0].record_hash
        whole(r, 2)


async def test_seals_cover_every_passage(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server, extra="journal = {seal_every_s = 1}") as r:
        async with r.lane():
            await r.arrive(1)
            await r.opened()
            await r.cross()
            (passage,) = await r.passages(1)
            await eventually(lambda: any(seal.count for seal in r.office.seals), what="a seal over the passage")
            await eventually(lambda: r.office.seals[-1].first_seq == 2, what="a seal after it")
        seal = next(seal for seal in r.office.seals if seal.count)
        assert (seal.first_seq, seal.last_seq, seal.sum_vnd) == (1, 1, 35_000)
        assert seal.head_hash == r.office.seals[-1].head_hash == passage.record_hash
        whole(r, 1)


async def test_without_the_stream_the_cached_list_decides(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server) as r:
        async with r.lane():
            await asyncio.sleep(0)
        away = r.config.read_text().replace("stream.sqlite3", "nowhere/in/this/folder/stream.sqlite3")
        (tmp_path / "nowhere").write_text("a file where a folder should be")
        r.config.write_text(away)
        settings = r.settings
        task = asyncio.create_task(run_lanes(settings, settings.chosen([])))
        try:
            await eventually(lambda: r.reader.reading and r.plc.plc.pc_alive, what="the lane at its devices")
            await asyncio.sleep(0.5)
            await r.arrive(3)
            await r.opened()
            await r.cross()
            await r.closed()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        whole(r, 1)


async def test_passages_are_sent_again_when_asked(tmp_path: Path, mosquitto_server: MosquittoServer) -> None:
    async with rig(tmp_path, mosquitto_server) as r, r.lane():
        for number in (1, 2):
            await r.arrive(number)
            await r.opened()
            await r.cross()
            await r.closed()
        await r.passages(2)
        await r.office.command(command_id="s0", kind="resend", epoch=7, first_seq=1, last_seq=2)
        assert await answered(r, "s0") == "refused"
        await r.office.command(command_id="s1", kind="resend", epoch=1, first_seq=2, last_seq=99)
        assert await answered(r, "s1") == "done"
        passages = await r.passages(3)
        assert [passage.seq for passage in passages] == [1, 2, 2]
        assert passages[1] == passages[2]
