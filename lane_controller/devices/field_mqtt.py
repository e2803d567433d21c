"""Field devices of one lane over MQTT (aiomqtt).

In: the PLC's topics below `etc/v1/PLAZA/LANE/`. Out: core events through the sink; barrier, signal and display commands
at QoS 1, never retained. A command is sent now or not at all: what cannot go out is dropped and counted, because a late
open is an open for the wrong vehicle. The link is rebuilt for ever; each connection starts from a fresh baseline.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import aiomqtt
from paho.mqtt.client import MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from lane_controller.core.effects import CommandBarrier, SetSignal, ShowDisplay
from lane_controller.devices.edges import EdgeTracker, Handed
from lane_controller.devices.field_wire import (
    LEVELS,
    SUBSCRIPTIONS,
    WireError,
    command_payload,
    display_payload,
    heartbeat_payload,
    parse,
    signal_payload,
)
from lane_controller.devices.ports import Clock, PlcPosition, Reject, Sink
from lane_controller.devices.prompt_mqtt import PromptClient

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 5
TICK_S: Final = 0.05
HEARTBEAT_S: Final = 1.0
RECONNECT_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
IN_FLIGHT_MAX: Final = 8
"""aiomqtt warns above ten; a lane needs two or three."""
NO_DELAY: Final = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
"""Without it a command can wait 40 ms for the acknowledgement of the heartbeat before it."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """How to reach the broker of the field devices."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = None
    version: Literal["3.1.1", "5"] = "3.1.1"


class MqttFieldIo:
    """The port `FieldIo` of one lane."""

    def __init__(
        self, settings: MqttSettings, place: tuple[str, str], sink: Sink, clock: Clock, reject: Reject,
        durable: Callable[[], PlcPosition | None] = lambda: None,
    ) -> None:  # fmt: skip
        """`place` is (plaza, lane); `durable` gives the last edge that is on disk, at first that of the run before."""
        self._settings, self._sink, self._clock, self._reject = settings, sink, clock, reject
        self.root = f"etc/v1/{place[0]}/{place[1]}"
        self._durable = durable
        self._tracker = EdgeTracker(durable())
        self._client: PromptClient | None = None
        self._unconfirmed: list[MQTTMessageInfo] = []
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._sending: set[asyncio.Task[None]] = set()
        self._signal: bytes | None = None
        self._display: bytes | None = None
        self._commands = 0
        self._beat = 0
        self.last_error = ""

    # -- effects ------------------------------------------------------------------------------------------------

    def command_barrier(self, command: CommandBarrier) -> None:
        """See the port."""
        self._commands += 1
        payload = command_payload(command, datetime.now(UTC), self._commands)
        if not self._send_now("barrier/cmd", payload, command.ttl_ms):
            self._reject("plc", "command not sent", f"{command.action} {command.cmd_id}: no connection to the broker")

    def set_signal(self, signal: SetSignal) -> None:
        """See the port."""
        self._signal = signal_payload(signal.aspect.value)
        self._send("signal/cmd", self._signal)

    def show_display(self, display: ShowDisplay) -> None:
        """See the port."""
        self._display = display_payload(display.code.value, display.lines)
        self._send("display/cmd", self._display)

    def read_levels(self) -> None:
        """See the port: subscribing again makes the broker send what it retains."""
        self._tracker.collect(self._clock.now().mono_us)
        if self._client is not None:
            self._spawn(self._subscribe_levels(self._client))

    def state(self) -> str:
        """See the port."""
        return "ok" if self._tracker.online else "lost"

    # -- the link -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """See the port."""
        attempt = 0
        while True:
            try:
                async with self._new_client() as client:
                    attempt = 0
                    await self._serve(client)
            except (aiomqtt.MqttError, OSError) as error:
                self._say_why(error)
            finally:
                self._client = None
                self._hand(self._tracker.disconnect())
            await asyncio.sleep(RECONNECT_S[min(attempt, len(RECONNECT_S) - 1)])
            attempt += 1

    def _new_client(self) -> PromptClient:
        settings = self._settings
        five = settings.version == "5"
        return PromptClient(
            settings.host, settings.port, username=settings.username, password=settings.password,
            protocol=aiomqtt.ProtocolVersion.V5 if five else aiomqtt.ProtocolVersion.V311,
            clean_session=None if five else True, keepalive=KEEPALIVE_S, timeout=5.0, socket_options=[NO_DELAY],
            identifier=f"lane-{self.root.rsplit('/', 1)[1]}",
        )  # fmt: skip

    async def _serve(self, client: PromptClient) -> None:
        """One connection, from subscribing to its end."""
        for topic in SUBSCRIPTIONS:
            await client.subscribe(f"{self.root}/{topic}", qos=1)
        _end_if_cancelled()
        self._client, self._unconfirmed = client, []
        for topic, wanted in (("signal/cmd", self._signal), ("display/cmd", self._display)):
            if wanted is not None:
                self._send(topic, wanted)
        beating = asyncio.create_task(self._beat_and_tick())
        try:
            await self._receive(client)
        finally:
            beating.cancel()
            for task in list(self._sending):
                task.cancel()
            await asyncio.gather(beating, *self._sending, return_exceptions=True)

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            now_us = self._clock.now().mono_us
            topic = message.topic.value.removeprefix(f"{self.root}/")
            try:
                parsed = parse(topic, message.payload, message.retain)
            except WireError as error:
                self._reject("plc", error.reason, str(error))
                continue
            self._hand(self._tracker.receive(topic.split("/")[1] if "/" in topic else topic, parsed, now_us))

    async def _beat_and_tick(self) -> None:
        next_beat = 0.0
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() >= next_beat:
                next_beat = loop.time() + HEARTBEAT_S
                self._beat += 1
                self._send("pc/heartbeat", heartbeat_payload(datetime.now(UTC), self._beat, self._durable()))
            self._hand(self._tracker.tick(self._clock.now().mono_us))
            await asyncio.sleep(TICK_S)

    async def _subscribe_levels(self, client: aiomqtt.Client) -> None:
        await client.subscribe(f"{self.root}/{LEVELS}", qos=1)

    def _hand(self, events: Iterable[Handed]) -> None:
        for event, position in events:
            self._sink(event, position)

    # -- sending ------------------------------------------------------------------------------------------------

    def _send(self, topic: str, payload: bytes) -> bool:
        """Start sending; False when there is no connection or it is choked."""
        client = self._client
        if client is None or self._choked(topic):
            return False
        self._spawn(self._publish(client, topic, payload))
        return True

    def _send_now(self, topic: str, payload: bytes, ttl_ms: int) -> bool:
        """On the wire when this returns; False when it is not."""
        client = self._client
        if client is None or self._choked(topic):
            return False
        info = client.publish_now(f"{self.root}/{topic}", payload, self._expiry(ttl_ms))
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        self._unconfirmed.append(info)
        return True

    def _choked(self, topic: str) -> bool:
        """Whether the broker leaves too much unconfirmed already."""
        self._unconfirmed = [info for info in self._unconfirmed if not info.is_published()]
        if not self._slots.locked() and len(self._unconfirmed) < IN_FLIGHT_MAX:
            return False
        self._reject("plc", "broker too slow", f"{topic}: {IN_FLIGHT_MAX} messages wait for the broker")
        return True

    async def _publish(self, client: aiomqtt.Client, topic: str, payload: bytes) -> None:
        async with self._slots:
            await client.publish(f"{self.root}/{topic}", payload, qos=1)

    def _expiry(self, ttl_ms: int) -> Properties | None:
        if self._settings.version != "5":
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = max(1, ttl_ms // 1000)
        return properties

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._reject("plc", "not sent", f"{type(error).__name__}: {error}")

    def _say_why(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        if text != self.last_error:
            self.last_error = text
            log.warning("%s: broker %s:%d: %s", self.root, self._settings.host, self._settings.port, text)


def _end_if_cancelled() -> None:
    """asyncio.wait_for, inside aiomqtt, loses a cancellation that meets its result (until Python 3.12)."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
