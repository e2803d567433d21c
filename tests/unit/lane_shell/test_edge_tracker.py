"""Baseline, order, gaps and returns of the PLC's edges."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lane_controller.core.events import (
    BarrierReported,
    EdgeLost,
    Event,
    PlcOffline,
    PlcOnline,
    SensorChanged,
    SensorLevels,
)
from lane_controller.core.values import Sensor
from lane_controller.devices.edges import EDGE_GRACE_US, LOG_WAIT_US, SETTLE_US, SILENT_US, EdgeTracker
from lane_controller.devices.field_wire import PlcMessage, parse
from lane_controller.devices.ports import PlcPosition


def message(topic: str, **body: Any) -> tuple[str, PlcMessage]:
    name = topic.split("/")[1] if "/" in topic else topic
    return name, parse(topic, json.dumps(body).encode(), False)


def level(name: str, v: bool, seq: int, boot: str = "b") -> tuple[str, PlcMessage]:
    return message(f"io/{name}/state", v=v, seq=seq, ts_ms=seq, boot=boot)


def edge(name: str, v: bool, seq: int, boot: str = "b", recovered: bool = False) -> tuple[str, PlcMessage]:
    return message("io/events", sensor=name, v=v, seq=seq, ts_ms=seq * 10, boot=boot, recovered=recovered)


def status(online: bool = True, boot: str = "b") -> tuple[str, PlcMessage]:
    return message("status", online=online, boot=boot)


def closed(boot: str = "b") -> tuple[str, PlcMessage]:
    return message("barrier/state", state="closed", open_limit=False, closed_limit=True, ts_ms=1, boot=boot)


class Link:
    """Feeds a tracker and keeps what it hands out."""

    def __init__(self, position: PlcPosition | None = None) -> None:
        self.tracker = EdgeTracker(position)
        self.now_us = 1_000_000
        self.events: list[Event] = []

    def feed(self, *messages: tuple[str, PlcMessage]) -> list[Event]:
        self.events = []
        for name, one in messages:
            self.events += [event for event, _ in self.tracker.receive(name, one, self.now_us)]
        return self.events

    def wait(self, us: int) -> list[Event]:
        self.now_us += us
        self.events = [event for event, _ in self.tracker.tick(self.now_us)]
        return self.events

    def connect(self, seq: int = 0, boot: str = "b") -> list[Event]:
        levels = [level(name, False, seq, boot) for name in ("l1", "l2", "l3", "lc1", "lc2")]
        self.feed(status(boot=boot), *levels, closed(boot))
        return self.wait(SETTLE_US)


def changed(event: Event) -> tuple[Sensor, bool]:
    assert isinstance(event, SensorChanged)
    return event.sensor, event.on


def test_a_new_link_gives_online_levels_arm_in_this_order_and_no_edges() -> None:
    events = Link().connect()
    assert [type(event) for event in events] == [PlcOnline, SensorLevels, BarrierReported]
    assert events[1] == SensorLevels(False, False, False, False, False)


def test_a_curtain_without_a_level_is_not_installed() -> None:
    link = Link()
    link.feed(status(), level("l1", True, 3), level("l2", False, 0), level("l3", False, 0))
    assert link.wait(SETTLE_US)[1] == SensorLevels(True, False, False, None, None)


def test_at_a_start_the_road_is_first_as_it_was_before_the_logged_edges() -> None:
    link = Link(PlcPosition("b", 4))
    logged = [
        edge("l1", False, 4, recovered=True),
        edge("l2", True, 5, recovered=True),
        edge("l1", True, 6, recovered=True),
    ]
    link.feed(status(), level("l1", True, 6), level("l2", True, 5), level("l3", True, 2), closed(), *logged)
    events = link.wait(SETTLE_US)
    kinds = [PlcOnline, SensorLevels, BarrierReported, SensorChanged, SensorLevels, BarrierReported]
    assert [type(event) for event in events] == kinds
    assert events[1] == SensorLevels(False, False, True, None, None, past=True)
    assert changed(events[3]) == (Sensor.L2, True)  # the vehicle on L1 arrives with the levels: it can be heard now
    assert events[4] == SensorLevels(True, True, True, None, None)
    assert link.tracker.position == PlcPosition("b", 6)


def test_who_came_onto_l1_and_passed_lc1_since_does_not_arrive_with_the_levels() -> None:
    """On L1 is the next one, bumper to bumper: L1 has not cleared between the two."""
    link = Link(PlcPosition("b", 4))
    logged = [edge("l1", True, 5, recovered=True), edge("lc1", True, 9, recovered=True)]
    link.feed(status(), level("l1", True, 5), level("l2", False, 1), level("l3", False, 2), closed(), *logged)
    link.feed(*[edge("lc1", v, seq, recovered=True) for v, seq in ((False, 12), (True, 30))])
    told = [changed(event) for event in link.wait(SETTLE_US) if isinstance(event, SensorChanged)]
    assert told == [(Sensor.L1, True), (Sensor.LC1, True), (Sensor.LC1, False), (Sensor.LC1, True)]


def test_an_edge_that_happens_while_the_log_is_read_belongs_to_it() -> None:
    """LC1 clears as the lane starts, behind a vehicle whose rear has left L1 in the log: it has driven on."""
    link = Link(PlcPosition("b", 5))
    link.feed(
        status(), level("l1", False, 6), level("l2", False, 1), level("l3", False, 2), level("lc1", True, 5), closed()
    )
    link.feed(edge("l1", False, 6, recovered=True), edge("lc1", False, 7), level("lc1", False, 7))
    events = link.wait(SETTLE_US)
    assert events[1] == SensorLevels(True, False, False, True, None, past=True)
    assert [changed(event) for event in events[3:5]] == [(Sensor.L1, False), (Sensor.LC1, False)]
    assert events[5] == SensorLevels(False, False, False, False, None)
    assert link.tracker.position == PlcPosition("b", 7)


def test_a_start_waits_for_the_rest_of_the_log_and_not_for_ever() -> None:
    link = Link(PlcPosition("b", 4))
    link.feed(status(), level("l1", False, 7), level("l2", False, 3), level("l3", False, 2), closed())
    assert link.wait(SETTLE_US) == []
    link.feed(*[edge("l1", seq % 2 == 1, seq, recovered=True) for seq in (5, 6)])
    assert link.wait(LOG_WAIT_US - 1) == []
    link.feed(edge("l1", False, 7, recovered=True))
    events = link.wait(0)
    assert [changed(event)[1] for event in events if isinstance(event, SensorChanged)] == [True, False, False]

    link = Link(PlcPosition("b", 4))
    link.feed(status(), level("l1", False, 7), level("l2", False, 3), level("l3", False, 2), closed())
    assert link.wait(LOG_WAIT_US - 1) == []
    assert [type(event) for event in link.wait(1)] == [PlcOnline, SensorLevels, BarrierReported]


def test_at_a_return_of_the_plc_its_logged_edges_go_before_the_levels() -> None:
    link = Link()
    link.connect(seq=4)
    link.wait(SILENT_US + 1)
    logged = [edge("l1", True, seq, recovered=True) for seq in (4, 5, 6)]
    link.feed(status(), *[level(name, False, 6) for name in ("l1", "l2", "l3", "lc1", "lc2")], *logged)
    events = link.wait(SETTLE_US)
    assert [type(event) for event in events] == [
        PlcOnline,
        SensorChanged,
        SensorChanged,
        SensorLevels,
        BarrierReported,
    ]
    assert all(event.recovered for event in events if isinstance(event, SensorChanged))


def test_levels_before_the_status_lose_no_logged_edge() -> None:
    """After a broker's death the retained levels of a PLC that was back first come ahead of its status."""
    link = Link()
    link.connect(seq=6)
    link.feed(edge("l2", True, 7))
    list(link.tracker.disconnect())
    assert link.feed(level("l1", True, 10), level("l2", False, 9)) == []
    assert link.wait(EDGE_GRACE_US) == []
    link.feed(status(), level("l3", True, 8))
    assert link.wait(SETTLE_US) == []  # the levels say that more is to come
    log = [
        edge("l3", True, 8, recovered=True),
        edge("l2", False, 9, recovered=True),
        edge("l1", True, 10, recovered=True),
    ]
    link.feed(*log)
    told = link.wait(SETTLE_US)
    assert EdgeLost() not in told
    assert [changed(event) for event in told if isinstance(event, SensorChanged)] == [
        (Sensor.L3, True),
        (Sensor.L2, False),
        (Sensor.L1, True),
    ]


def test_edges_come_in_order_and_twice_is_once() -> None:
    link = Link()
    link.connect()
    assert [changed(event) for event in link.feed(edge("l1", True, 1), edge("l1", True, 1), edge("l2", True, 2))] == [
        (Sensor.L1, True),
        (Sensor.L2, True),
    ]
    assert link.tracker.duplicates == 1


def test_a_gap_is_an_edge_lost_before_the_next_edge() -> None:
    link = Link()
    link.connect()
    link.feed(edge("l1", True, 1))
    events = link.feed(edge("l2", True, 3))
    assert isinstance(events[0], EdgeLost)
    assert changed(events[1]) == (Sensor.L2, True)
    assert link.tracker.lost == 1


def test_an_edge_that_is_lost_last_is_noticed_from_its_level() -> None:
    link = Link()
    link.connect()
    assert link.feed(level("l1", True, 1)) == []
    assert link.wait(EDGE_GRACE_US - 1) == []
    assert link.wait(1) == [EdgeLost()]
    assert link.wait(EDGE_GRACE_US * 3) == []


def test_a_level_whose_edge_follows_is_nothing_new() -> None:
    link = Link()
    link.connect()
    link.feed(level("l1", True, 1), edge("l1", True, 1))
    assert link.wait(EDGE_GRACE_US) == []


def test_silence_is_offline_and_a_sign_of_life_brings_a_new_baseline() -> None:
    link = Link()
    link.connect()
    assert link.wait(SILENT_US - SETTLE_US) == []
    assert link.wait(1) == [PlcOffline()]
    assert link.feed(status()) == []
    assert [type(event) for event in link.wait(SETTLE_US)] == [PlcOnline, SensorLevels, BarrierReported]


def test_the_will_of_an_older_boot_is_not_believed() -> None:
    link = Link()
    link.connect(boot="new")
    assert link.feed(status(False, "old")) == []
    assert link.feed(status(False, "new")) == [PlcOffline()]


def test_a_rebooted_plc_is_offline_and_online_again_with_its_own_numbers() -> None:
    link = Link()
    link.connect(seq=40)
    link.feed(edge("l1", True, 41))
    assert link.feed(status(boot="second")) == [PlcOffline()]
    link.feed(*[level(name, False, 0, "second") for name in ("l1", "l2", "l3")])
    assert [type(event) for event in link.wait(SETTLE_US)] == [PlcOnline, SensorLevels]
    assert [changed(event) for event in link.feed(edge("l1", True, 1, "second"))] == [(Sensor.L1, True)]


def test_edges_during_settling_that_the_levels_already_tell_are_not_told_twice() -> None:
    link = Link()
    link.feed(status(), *[level(name, False, 0) for name in ("l1", "l2", "l3")])
    link.feed(edge("l1", True, 1), level("l1", True, 1))
    events = link.wait(SETTLE_US)
    assert events[1] == SensorLevels(True, False, False, None, None)
    assert len(events) == 2


def test_the_time_of_an_edge_is_the_plcs_on_our_clock() -> None:
    link = Link()
    link.connect()
    link.feed(edge("l1", True, 1))  # PLC 10 ms, here 1.2 s: the fastest message so far
    link.now_us += 50_000
    (event,) = link.feed(edge("l1", False, 2))  # PLC 20 ms: 10 ms later, and 40 ms on the way
    assert isinstance(event, SensorChanged)
    assert event.happened_mono_us == pytest.approx(link.now_us - 40_000, abs=100)
