"""An aiomqtt client that can hand a message to the socket before its caller goes on.

In: topic and payload. Out: bytes on the wire within the call, QoS 1; paho keeps the message until the broker has it.
aiomqtt's own `publish` leaves two turns of the event loop later: one to watch the socket, one to write. An open command
is waited for by a car (docs/adr/0015). Must never happen: a watch on the socket that stays behind and spins the loop.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiomqtt
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.properties import Properties


class PromptClient(aiomqtt.Client):
    """`publish_now` beside everything of aiomqtt; loop thread only."""

    def publish_now(self, topic: str, payload: bytes, properties: Properties | None = None) -> MQTTMessageInfo:
        """Send at QoS 1; `rc` of what is returned tells whether it went to the socket."""
        info = self._client.publish(topic, payload, 1, False, properties)
        self._write()
        return info

    def _on_socket_register_write(self, client: Client, userdata: Any, sock: Any) -> None:
        """Watch the socket at once: aiomqtt does it a turn later, behind our write, and nothing would end it."""
        try:
            asyncio.get_running_loop().add_writer(sock.fileno(), self._write)
        except RuntimeError:  # paho connects in a thread
            super()._on_socket_register_write(client, userdata, sock)

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:  # the connection broke, as aiomqtt treats it
            if not self._disconnected.done():
                self._disconnected.set_exception(error)
