"""Two small clients of the broker for `bench.lane_latency`, each a process of its own that does nothing else.

`watch PORT TOPIC…`: a line on standard output for each message: when it arrived, topic, payload.
`bare PORT FILE`: for each line on standard input one append of 2 KB to FILE, fsync, publish; a line: when it began.
Times are `time.perf_counter()`, one clock for all processes of the machine. A client in the benchmark's own process
would measure the simulators beside it.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any, Final

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from lane_controller.app.pace import come_first

BARE_TOPIC: Final = "bench/bare"
RECORD: Final = b"x" * 2_048
"""About what an authorisation is; SQLite writes it in whole pages."""
PAYLOAD: Final = b"x" * 200


def watch(port: int, topics: list[str]) -> None:
    """Until the broker or standard output closes."""

    def arrived(client: Client, userdata: Any, message: MQTTMessage) -> None:
        _say(f"{time.perf_counter()!r} {message.topic} {bytes(message.payload).decode(errors='replace')}")

    client = _connect(port)
    client.on_message = arrived
    client.on_subscribe = lambda *args: _say("ready")
    client.subscribe([(topic, 1) for topic in topics])
    client.loop_forever()


def bare(port: int, file: Path) -> None:
    """Until standard input closes."""
    client = _connect(port)
    with file.open("ab") as log:
        for _ in sys.stdin:
            began = time.perf_counter()
            log.write(RECORD)
            log.flush()
            os.fsync(log.fileno())
            info = client.publish(BARE_TOPIC, PAYLOAD, qos=1)
            _say(repr(began))
            while not info.is_published():
                client.loop(0.1)


def _connect(port: int) -> Client:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port, keepalive=0)
    while not client.is_connected():
        client.loop(0.1)
    sock = client.socket()
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    come_first()  # as the lane does: neither may wait longer than the other
    if sys.argv[1] == "watch":
        watch(int(sys.argv[2]), sys.argv[3:])
    else:
        bare(int(sys.argv[2]), Path(sys.argv[3]))
