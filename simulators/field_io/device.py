"""The PLC as a network device: the program of `plc.py` on an MQTT connection, in real time.

In: a broker's address and, from the test or the traffic, `set_sensor` and faults. Out: MQTT messages at QoS 1 and a
last will. A connection that drops is made again for as long as `run` runs; what happened meanwhile is sent afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import aiomqtt

from simulators.field_io.arm import Arm
from simulators.field_io.plc import SENSORS, Plc
from simulators.field_io.wire import Publication, WireError, parse_object

SCAN_S: Final = 0.01
"""A PLC's scan: it looks at the arm and the watchdog this often."""
RECONNECT_S: Final = 0.5
COMMAND_TOPICS: Final = ("barrier/cmd", "signal/cmd", "display/cmd", "pc/heartbeat")
REPLAYABLE: Final = 16
NO_DELAY: Final = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the MQTT broker is, and who we are there."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = None


class SimulatedPlc:
    """One lane's PLC on the wire. Use `async with asyncio.TaskGroup()` or a task around `run`."""

    def __init__(
        self, plaza: str, lane: str, broker: Broker, sensors: tuple[str, ...] = SENSORS, arm: Arm | None = None
    ) -> None:
        """`sensors` are the installed ones; `arm` sets the travel times."""
        self.root = f"etc/v1/{plaza}/{lane}"
        self.control = f"sim/v1/{plaza}/{lane}/set"
        self.plc = Plc(uuid.uuid4().hex[:12], sensors, arm)
        self.connected = asyncio.Event()
        self._broker = broker
        self._booted = time.monotonic()
        self._wake = asyncio.Event()
        self._online = asyncio.Event()
        self._online.set()
        self._backlog: list[Publication] = []
        self._received: list[tuple[str, bytes]] = []

    # -- what a test or the traffic does ------------------------------------------------------------------------

    def set_sensor(self, name: str, on: bool) -> None:
        """A vehicle arrives on (True) or leaves (False) `l1`, `l2`, `l3`, `lc1` or `lc2`."""
        self.plc.set_sensor(name, on, self.now_ms())
        self._wake.set()

    def classify(self, vehicle_class: int | None, motorcycle: bool, length_m: float) -> None:
        """The classifier has measured the vehicle that came onto L1."""
        self.plc.classify(vehicle_class, motorcycle, length_m)
        self._wake.set()

    @property
    def barrier_position(self) -> float:
        """0 closed … 1 open, now."""
        self.plc.tick(self.now_ms())
        self._wake.set()
        return self.plc.arm.position

    @property
    def signal(self) -> str:
        """The lamp that a driver sees."""
        return self.plc.signal

    @property
    def display(self) -> dict[str, object]:
        """What the sign shows: `code` and `lines`."""
        return self.plc.display

    def stick_arm(self, stuck: bool = True) -> None:
        """The motor hums and nothing moves, until `stick_arm(False)`."""
        self.plc.tick(self.now_ms())
        self.plc.arm.stuck = stuck

    def slow_arm(self, opens_in_ms: float) -> None:
        """The arm takes this long to open."""
        self.plc.tick(self.now_ms())
        self.plc.arm.opens_in_ms = opens_in_ms

    def break_arm(self, broken: bool = True) -> None:
        """The boom is knocked off its hinge, or put back."""
        self.plc.tick(self.now_ms())
        self.plc.arm.broken = broken
        self._wake.set()

    def lift_arm_by_hand(self) -> None:
        """Somebody raises the boom without a command."""
        self.plc.arm.lift_by_hand(self.now_ms())
        self._wake.set()

    def lose_edges(self, count: int) -> None:
        """The next `count` edges never reach the wire, their sequence numbers are used up."""
        self.plc.lose_next_edges += count

    def replay_command(self, back: int = 1) -> None:
        """The transport delivers the last barrier command (or the one `back` before) once more."""
        topic, payload = self._received[-back]
        self.plc.receive(topic, payload, self.now_ms(), datetime.now(UTC))
        self._wake.set()

    def go_offline(self) -> None:
        """Drop off the network without a word; the broker publishes the last will."""
        self._online.clear()
        self._wake.set()

    def come_online(self) -> None:
        """Connect again; edges that happened meanwhile are sent as recovered."""
        self._online.set()
        self._wake.set()

    def now_ms(self) -> float:
        """The PLC's own monotonic time."""
        return (time.monotonic() - self._booted) * 1000

    # -- the network side ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await self._online.wait()
            try:
                await self._session()
            except (aiomqtt.MqttError, OSError):
                await asyncio.sleep(RECONNECT_S)
            finally:
                self.connected.clear()

    def _client(self) -> aiomqtt.Client:
        broker = self._broker
        gone = Publication("status", {"online": False, "boot": self.plc.boot})
        will = aiomqtt.Will(f"{self.root}/status", gone.payload(), qos=1, retain=True)
        return aiomqtt.Client(
            broker.host, broker.port, username=broker.username, password=broker.password, will=will, keepalive=5,
            clean_session=True,
            identifier=f"plc-{self.root.rsplit('/', 1)[1]}-{self.plc.boot}", socket_options=[NO_DELAY], timeout=5,
        )  # fmt: skip

    async def _session(self) -> None:
        async with self._client() as client:
            for topic in COMMAND_TOPICS:
                await client.subscribe(f"{self.root}/{topic}", qos=1)
            await client.subscribe(self.control, qos=1)
            _end_if_cancelled()
            missed = [_as_recovered(late) for late in (*self._backlog, *self.plc.take()) if late.topic == "io/events"]
            self._backlog.clear()
            await self._send(client, [*self.plc.greeting(self.now_ms()), *missed])
            self.connected.set()
            await _until_one_ends(self._receive(client), self._scan(client))
            if not self._online.is_set():
                _cut(client)

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            if message.topic.value == self.control:
                self._controlled(payload)
                continue
            topic = message.topic.value.removeprefix(f"{self.root}/")
            if topic == "barrier/cmd":
                self._received.append((topic, payload))
                del self._received[:-REPLAYABLE]
            self.plc.receive(topic, payload, self.now_ms(), datetime.now(UTC))
            self._wake.set()

    def _controlled(self, payload: bytes) -> None:
        try:
            apply_control(self, payload)
        except WireError:
            self.plc.rejected += 1

    async def _scan(self, client: aiomqtt.Client) -> None:
        while self._online.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SCAN_S):
                    await self._wake.wait()
            self._wake.clear()
            self.plc.tick(self.now_ms())
            await self._send(client, self.plc.take())

    async def _send(self, client: aiomqtt.Client, publications: list[Publication]) -> None:
        """In order; what could not be sent waits for the next connection."""
        waiting = list(publications)
        try:
            while waiting:
                first = waiting[0]
                await client.publish(f"{self.root}/{first.topic}", first.payload(), qos=1, retain=first.retain)
                waiting.pop(0)
                _end_if_cancelled()
        finally:
            self._backlog.extend(publication for publication in waiting if publication.topic == "io/events")


def apply_control(device: SimulatedPlc, payload: bytes) -> None:
    """A message on the control topic: `{"sensor":"l1","v":true}` or `{"fault":NAME}`.

    NAME is stuck, broken, by_hand, lost_edge or well.
    """
    body = parse_object(payload)
    fault = body.get("fault")
    if "sensor" in body:
        if body["sensor"] not in device.plc.levels or not isinstance(body.get("v"), bool):
            raise WireError(f"control: no such sensor or level: {body!r}")
        device.set_sensor(body["sensor"], body["v"])
    elif fault == "well":
        device.stick_arm(False)
        device.break_arm(False)
    elif fault in _FAULTS:
        _FAULTS[fault](device)
    else:
        raise WireError(f"control: unknown request {body!r}")


_FAULTS: dict[object, Callable[[SimulatedPlc], None]] = {
    "stuck": SimulatedPlc.stick_arm,
    "broken": SimulatedPlc.break_arm,
    "by_hand": SimulatedPlc.lift_arm_by_hand,
    "lost_edge": lambda device: device.lose_edges(1),
}


def _as_recovered(publication: Publication) -> Publication:
    return replace(publication, body={**publication.body, "recovered": True})


async def _until_one_ends(*work: Coroutine[Any, Any, None]) -> None:
    """Run all until the first ends; the others are cancelled, its error is raised."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _end_if_cancelled() -> None:
    """asyncio.wait_for, inside aiomqtt, loses a cancellation that meets its result (until Python 3.12)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _cut(client: aiomqtt.Client) -> None:
    """Drop the connection as a pulled cable does: no DISCONNECT, so the broker publishes the will."""
    connection = client._client.socket()
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
