"""The field adapter and the simulated PLC on a real mosquitto: two implementations of one wire."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiomqtt
import pytest

from lane_controller.app.runner import SystemClock
from lane_controller.core.effects import CommandBarrier, SetSignal, ShowDisplay
from lane_controller.core.events import (
    BarrierAcked,
    BarrierReported,
    ClassMeasured,
    EdgeLost,
    Event,
    PlcOffline,
    PlcOnline,
    SensorChanged,
    SensorLevels,
)
from lane_controller.core.values import (
    AckResult,
    Aspect,
    BarrierAction,
    BarrierState,
    Cause,
    DisplayCode,
    Sensor,
    VehicleKind,
)
from lane_controller.devices.field_mqtt import MqttFieldIo, MqttSettings
from lane_controller.devices.ports import PlcPosition
from simulators.field_io import Broker, SimulatedPlc
from tests.integration.lane_shell.eventually import eventually
from tests.parts.mosquitto import MosquittoServer

pytestmark = pytest.mark.integration


@dataclass
class Bench:
    """One PLC, one adapter, what came out of it."""

    plc: SimulatedPlc
    io: MqttFieldIo = field(init=False)
    events: list[Event] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)

    def sink(self, event: Event, position: PlcPosition | None = None) -> None:
        self.events.append(event)

    def reject(self, source: str, reason: str, detail: str) -> None:
        self.rejected.append((source, reason))

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def saw(self, event: Event, count: int = 1) -> None:
        await eventually(lambda: self.events.count(event) >= count, what=f"{event} in {self.events}")


@contextlib.asynccontextmanager
async def bench(broker: MosquittoServer, version: str = "3.1.1") -> AsyncIterator[Bench]:
    settings = MqttSettings(broker.host, broker.port, version="5" if version == "5" else "3.1.1")
    made = Bench(SimulatedPlc("CM", "CM-01", Broker(broker.host, broker.port)))
    made.io = MqttFieldIo(settings, ("CM", "CM-01"), made.sink, SystemClock(), made.reject)
    tasks = [asyncio.create_task(made.plc.run()), asyncio.create_task(made.io.run())]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def command(action: BarrierAction, cmd_id: str, ttl_ms: int = 2_000) -> CommandBarrier:
    return CommandBarrier(cmd_id, action, Cause.PASSAGE, "CM-01-e1-000001", ttl_ms)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_a_whole_cycle_of_the_arm(mosquitto_server: MosquittoServer, version: str) -> None:
    async with bench(mosquitto_server, version) as b:
        await b.saw(SensorLevels(False, False, False, False, False))
        assert isinstance(b.events[0], PlcOnline)
        b.plc.set_sensor("l1", True)
        await eventually(lambda: b.of(SensorChanged), what="the edge")
        b.io.command_barrier(command(BarrierAction.OPEN, "c1"))
        b.io.set_signal(SetSignal(Aspect.GREEN))
        b.io.show_display(ShowDisplay(DisplayCode.FARE, ("XIN MỜI QUA", "35.000đ")))
        await b.saw(BarrierAcked("c1", AckResult.ACCEPTED))
        await b.saw(BarrierReported(BarrierState.OPEN, True, False, "c1"))
        b.io.command_barrier(command(BarrierAction.CLOSE, "c2"))
        await b.saw(BarrierReported(BarrierState.CLOSED, False, True, "c2"))
        assert b.plc.signal == "green"
        assert b.plc.display == {"code": "FARE", "lines": ["XIN MỜI QUA", "35.000đ"]}
        assert b.rejected == []


async def test_a_repeated_and_an_expired_command_move_nothing(mosquitto_server: MosquittoServer) -> None:
    async with bench(mosquitto_server) as b:
        await eventually(lambda: b.of(BarrierReported))
        b.io.command_barrier(command(BarrierAction.OPEN, "c1"))
        await b.saw(BarrierReported(BarrierState.OPEN, True, False, "c1"))
        b.io.command_barrier(command(BarrierAction.OPEN, "c1"))
        await b.saw(BarrierAcked("c1", AckResult.DUPLICATE))
        b.io.command_barrier(command(BarrierAction.CLOSE, "c2", ttl_ms=-1))
        await b.saw(BarrierAcked("c2", AckResult.EXPIRED))
        assert b.plc.plc.commands_executed == [("c1", "open")]


async def test_a_lost_edge_is_noticed_and_levels_are_read_again(mosquitto_server: MosquittoServer) -> None:
    async with bench(mosquitto_server) as b:
        await eventually(lambda: b.of(SensorLevels))
        b.plc.lose_edges(1)
        b.plc.set_sensor("l1", True)
        await b.saw(EdgeLost())
        b.io.read_levels()
        await b.saw(SensorLevels(True, False, False, False, False))


async def test_a_plc_off_the_network_comes_back_with_what_happened(mosquitto_server: MosquittoServer) -> None:
    async with bench(mosquitto_server) as b:
        await eventually(lambda: b.of(SensorLevels))
        b.plc.go_offline()
        await b.saw(PlcOffline())
        b.plc.set_sensor("l1", True)
        b.plc.set_sensor("l1", False)
        b.plc.set_sensor("l2", True)
        b.plc.come_online()
        await b.saw(SensorLevels(False, True, False, False, False))
        edges = [event for event in b.events if isinstance(event, SensorChanged)]
        assert [(one.sensor, one.on, one.recovered) for one in edges] == [
            (Sensor.L1, True, True),
            (Sensor.L1, False, True),
            (Sensor.L2, True, True),
        ]
        assert b.of(PlcOnline) == [PlcOnline(), PlcOnline()]


async def test_a_restarted_broker_gives_a_new_baseline_and_no_old_command(mosquitto_server: MosquittoServer) -> None:
    async with bench(mosquitto_server) as b:
        await eventually(lambda: b.of(BarrierReported))
        mosquitto_server.kill()
        await b.saw(PlcOffline())
        b.io.command_barrier(command(BarrierAction.OPEN, "late"))
        assert ("plc", "command not sent") in b.rejected
        mosquitto_server.start()
        await eventually(lambda: len(b.of(SensorLevels)) == 2, what="a second baseline")
        assert b.plc.plc.commands_executed == []


NONSENSE: list[tuple[str, bytes, bool]] = [
    ("avc/class", b'{"class":6}', False),
    ("avc/class", b'{"class":2,"length_m":-1}', False),
    ("avc/class", b'{"kind":"horse"}', False),
    ("io/events", b"{", False),
    ("io/events", b'{"sensor":"l1","v":1,"seq":1,"ts_ms":1,"boot":"x"}', False),
    ("io/events", b'{"sensor":"l9","v":true,"seq":1,"ts_ms":1,"boot":"x"}', False),
    ("io/events", b"\xff\xfe" * 10, False),
    ("io/events", b"[" * 4000, False),
    ("io/events", b"x" * 100_000, False),
    ("io/l1/state", b"", False),
    ("io/l7/state", b"{}", True),
    ("barrier/state", b'{"state":"sideways"}', False),
    ("barrier/ack", b'{"cmd_id":"c","result":"accepted"}', True),
    ("status", b'{"online":"yes","boot":"x"}', False),
]


async def test_the_classifier_is_heard_and_an_old_class_is_not(mosquitto_server: MosquittoServer) -> None:
    async with aiomqtt.Client(mosquitto_server.host, mosquitto_server.port) as other:
        await other.publish("etc/v1/CM/CM-01/avc/class", b'{"class":5}', 1, True)
        async with bench(mosquitto_server) as b:
            await eventually(lambda: b.of(SensorLevels))
            b.plc.classify(3, motorcycle=False, length_m=11.987)
            b.plc.classify(None, motorcycle=True, length_m=2.1)
            await eventually(lambda: len(b.of(ClassMeasured)) == 2, what="both vehicles")
            assert b.of(ClassMeasured) == [
                ClassMeasured(3, VehicleKind.FOUR_WHEEL, 11.99),
                ClassMeasured(None, VehicleKind.MOTORCYCLE, 2.1),
            ]
            assert b.rejected == [("plc", "retained")]


async def test_nonsense_is_counted_and_the_lane_goes_on(mosquitto_server: MosquittoServer) -> None:
    async with aiomqtt.Client(mosquitto_server.host, mosquitto_server.port) as other:
        await other.publish("etc/v1/CM/CM-01/barrier/ack", json.dumps({"cmd_id": "old", "result": "accepted"}), 1, True)
        async with bench(mosquitto_server) as b:
            await eventually(lambda: b.of(SensorLevels))
            assert b.rejected == [("plc", "retained")]
            for topic, payload, retain in NONSENSE:
                await other.publish(f"etc/v1/CM/CM-01/{topic}", payload, 1, retain)
            b.plc.set_sensor("l1", True)
            await eventually(lambda: b.of(SensorChanged), what="the true edge")
            reasons = [reason for _, reason in b.rejected]
            assert reasons.count("malformed") >= 9
            assert {"unasked", "size", "unknown sensor"} <= set(reasons)
