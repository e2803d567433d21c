"""The command `simulators plc`: one process that is the PLC of one or several lanes.

In: a broker's address and lane names. Out: the MQTT wire of each PLC until a signal ends it. Sensors are moved by the
control topic `sim/v1/PLAZA/LANE/set`.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from simulators.field_io.arm import Arm
from simulators.field_io.device import Broker, SimulatedPlc

app = typer.Typer(help="Simulated roadside PLCs over MQTT (PLC mô phỏng).", no_args_is_help=True)


@app.callback()
def plc() -> None:
    """Simulated roadside PLCs over MQTT (PLC mô phỏng)."""


@app.command("run")
def run(
    lane: Annotated[list[str], typer.Option("--lane", help="lane such as CM-01; may be given several times (làn)")],
    plaza: Annotated[str, typer.Option(help="plaza code (mã trạm)")] = "CM",
    broker: Annotated[str, typer.Option(help="MQTT broker as HOST:PORT")] = "127.0.0.1:1883",
    opens_in_ms: Annotated[float, typer.Option(help="travel time of the arm, up")] = 900.0,
    closes_in_ms: Annotated[float, typer.Option(help="travel time of the arm, down")] = 1200.0,
    username: Annotated[str | None, typer.Option(envvar="MQTT_USERNAME")] = None,
    password: Annotated[str | None, typer.Option(envvar="MQTT_PASSWORD")] = None,
) -> None:
    """Be the PLC of each LANE until interrupted.

    Move a sensor:  mosquitto_pub -t sim/v1/CM/CM-01/set -m '{"sensor":"l1","v":true}'
    Break things:   mosquitto_pub -t sim/v1/CM/CM-01/set -m '{"fault":"stuck"}'   (well, broken, by_hand, lost_edge)
    """

    host, _, port = broker.rpartition(":")
    if not host or not port.isdigit():
        raise typer.BadParameter(f"{broker!r} is not HOST:PORT", param_hint="--broker")
    where = Broker(host, int(port), username, password)
    devices = [SimulatedPlc(plaza, name, where, arm=Arm(opens_in_ms, closes_in_ms)) for name in lane]
    asyncio.run(_serve([device.run() for device in devices]))


async def _serve(work: list[Coroutine[Any, Any, None]]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    tasks = [asyncio.ensure_future(one) for one in work]
    await ended.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
