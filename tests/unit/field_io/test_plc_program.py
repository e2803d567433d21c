"""The simulated PLC keeps its own safety rules, whatever the lane sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from simulators.field_io.plc import OVERDUE_MS, PC_SILENT_MS, REMEMBERED_COMMANDS, SAFE_CLOSE_MS, Plc

NOON = datetime(2026, 6, 15, 5, tzinfo=UTC)


def command(action: str, cmd_id: str = "c1", issued: datetime = NOON, ttl_ms: int = 2_000) -> bytes:
    body = {"cmd_id": cmd_id, "action": action, "issued_utc": issued.isoformat(), "ttl_ms": ttl_ms}
    return json.dumps(body).encode()


def acks(plc: Plc) -> list[str]:
    return [str(out.body["result"]) for out in plc.take() if out.topic == "barrier/ack"]


def send(plc: Plc, action: str, at_ms: float, cmd_id: str = "c1") -> list[str]:
    plc.receive("barrier/cmd", command(action, cmd_id), at_ms, NOON)
    return acks(plc)


def test_open_travels_and_only_then_reports_the_limit() -> None:
    plc = Plc("b1")
    plc.receive("barrier/cmd", command("open"), 0, NOON)
    plc.tick(450)
    assert plc.arm.position == pytest.approx(0.5)
    plc.tick(900)
    out = plc.take()
    states = [one.body for one in out if one.topic == "barrier/state"]
    assert [one.body["result"] for one in out if one.topic == "barrier/ack"] == ["accepted"]
    assert [state["state"] for state in states] == ["closed", "opening", "opening", "open"]
    assert [state["closed_limit"] for state in states] == [True, True, False, False]
    assert states[-1]["open_limit"]
    assert states[-1]["last_cmd_id"] == "c1"


def test_the_same_id_moves_the_arm_once() -> None:
    plc = Plc("b1")
    send(plc, "open", 0)
    plc.tick(2_000)
    send(plc, "close", 2_000, "c2")
    plc.tick(5_000)
    assert send(plc, "open", 5_000) == ["duplicate"]
    plc.tick(9_000)
    assert plc.arm.state == "closed"


def test_ids_are_remembered_64_deep() -> None:
    plc = Plc("b1")
    for number in range(REMEMBERED_COMMANDS + 1):
        send(plc, "open", number, f"c{number}")
    assert send(plc, "open", 100, "c1") == ["duplicate"]
    assert send(plc, "open", 101, "c0") == ["accepted"]


def test_an_old_command_is_expired_also_when_its_id_is_known() -> None:
    plc = Plc("b1")
    old = NOON - timedelta(seconds=2.1)
    plc.receive("barrier/cmd", command("open", "c1", old), 0, NOON)
    assert acks(plc) == ["expired"]
    send(plc, "open", 1, "c2")
    plc.receive("barrier/cmd", command("open", "c2", old), 2, NOON)
    assert acks(plc) == ["expired"]


@pytest.mark.parametrize("sensor", ["l2", "lc2"])
def test_it_never_closes_on_a_vehicle(sensor: str) -> None:
    plc = Plc("b1")
    send(plc, "open", 0)
    plc.set_sensor(sensor, True, 1_000)
    plc.take()
    assert send(plc, "close", 1_100, "c2") == ["interlock"]
    assert plc.arm.state == "open"


@pytest.mark.parametrize("sensor", ["l2", "lc2"])
def test_it_opens_again_by_itself_while_closing(sensor: str) -> None:
    plc = Plc("b1")
    send(plc, "open", 0)
    plc.tick(1_000)
    send(plc, "close", 1_000, "c2")
    plc.tick(1_500)
    plc.set_sensor(sensor, True, 1_510)
    assert plc.arm.state == "opening"
    plc.tick(3_000)
    assert plc.arm.state == "open"
    assert plc.reopened == 1


def test_a_latched_arm_refuses_to_close_until_unlatched() -> None:
    plc = Plc("b1")
    send(plc, "latch_open", 0)
    plc.tick(1_000)
    plc.take()
    assert send(plc, "close", 1_000, "c2") == ["interlock"]
    assert send(plc, "unlatch", 1_001, "c3") == ["accepted"]
    assert plc.arm.state == "open"
    assert send(plc, "close", 1_002, "c4") == ["accepted"]


def test_a_silent_lane_means_red_and_a_closed_arm_when_clear() -> None:
    plc = Plc("b1")
    plc.receive("pc/heartbeat", b'{"seq":1}', 0, NOON)
    plc.receive("signal/cmd", b'{"aspect":"green"}', 0, NOON)
    send(plc, "open", 0)
    plc.set_sensor("l2", True, 1_000)
    plc.tick(PC_SILENT_MS + 10)
    assert plc.signal == "red"
    plc.tick(30_000)
    assert plc.arm.state == "open"
    plc.set_sensor("l2", False, 31_000)
    plc.tick(31_000 + SAFE_CLOSE_MS - 1)
    assert plc.arm.state == "open"
    plc.tick(31_000 + SAFE_CLOSE_MS)
    assert plc.arm.state == "closing"


def test_a_restarted_lane_is_told_what_it_missed() -> None:
    plc = Plc("b1")
    plc.receive("pc/heartbeat", b'{"seq":7}', 0, NOON)
    plc.set_sensor("l1", True, 100)
    plc.set_sensor("l1", False, 300)
    plc.take()
    plc.receive("pc/heartbeat", b'{"seq":1}', 900, NOON)
    edges = [out.body for out in plc.take() if out.topic == "io/events"]
    assert [(edge["seq"], edge["v"], edge["recovered"]) for edge in edges] == [(1, True, True), (2, False, True)]


def test_an_edge_that_the_lane_does_not_name_as_heard_is_sent_again() -> None:
    """A broker that was killed after it had acknowledged the edge never delivered it."""
    plc = Plc("b1")
    plc.receive("pc/heartbeat", b'{"seq":1,"heard":null}', 0, NOON)
    plc.set_sensor("l1", True, 100)
    plc.take()
    plc.receive("pc/heartbeat", b'{"seq":2,"heard":null}', 100 + OVERDUE_MS - 1, NOON)
    assert plc.take() == []  # it may be on its way
    plc.receive("pc/heartbeat", b'{"seq":3,"heard":null}', 100 + OVERDUE_MS, NOON)
    assert [(out.body["seq"], out.body["recovered"]) for out in plc.take() if out.topic == "io/events"] == [(1, True)]
    plc.receive("pc/heartbeat", b'{"seq":4,"heard":{"boot":"b1","seq":1}}', 2_000, NOON)
    assert [out for out in plc.take() if out.topic == "io/events"] == []


def test_the_log_keeps_what_the_lane_has_not_on_disk() -> None:
    plc = Plc("b1")
    plc.receive("pc/heartbeat", b'{"seq":1,"heard":null}', 0, NOON)
    for number, on in enumerate((True, False, True), start=1):
        plc.set_sensor("l1", on, number * 100)
    plc.receive("pc/heartbeat", b'{"seq":2,"heard":{"boot":"b1","seq":1}}', 900, NOON)
    plc.take()
    plc.receive("pc/heartbeat", b'{"seq":1,"heard":{"boot":"b1","seq":1}}', 1_500, NOON)
    assert [out.body["seq"] for out in plc.take() if out.topic == "io/events"] == [2, 3]
    plc.receive("pc/heartbeat", b'{"seq":1,"heard":{"boot":"older","seq":99}}', 1_600, NOON)
    assert [out.body["seq"] for out in plc.take() if out.topic == "io/events"] == [2, 3]


def test_a_lost_edge_uses_up_its_number() -> None:
    plc = Plc("b1")
    plc.lose_next_edges = 1
    plc.set_sensor("l1", True, 10)
    plc.set_sensor("l2", True, 20)
    out = plc.take()
    assert [one.body["seq"] for one in out if one.topic == "io/events"] == [2]
    assert [one.body["seq"] for one in out if one.topic in ("io/l1/state", "io/l2/state")] == [1, 2]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("barrier/cmd", b"{"),
        ("barrier/cmd", b"[]"),
        ("barrier/cmd", b'{"cmd_id":"c"}'),
        ("barrier/cmd", b'{"cmd_id":"c","action":"fly","issued_utc":"2026-06-15T05:00:00+00:00","ttl_ms":9}'),
        ("barrier/cmd", b'{"cmd_id":"c","action":"open","issued_utc":"2026-06-15T05:00:00","ttl_ms":9}'),
        ("signal/cmd", b'{"aspect":"blue"}'),
        ("pc/heartbeat", b'{"seq":"x"}'),
        ("nonsense", b"{}"),
    ],
)
def test_nonsense_is_counted_and_moves_nothing(topic: str, payload: bytes) -> None:
    plc = Plc("b1")
    plc.receive(topic, payload, 0, NOON)
    assert plc.rejected == 1
    assert plc.arm.state == "closed"
    assert plc.commands_executed == []


def test_a_broken_arm_answers_fault_and_reports_it() -> None:
    plc = Plc("b1")
    plc.arm.broken = True
    plc.tick(1)
    states = [out.body["state"] for out in plc.take() if out.topic == "barrier/state"]
    assert states == ["broken"]
    assert send(plc, "open", 2) == ["fault"]
