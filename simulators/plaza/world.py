"""The command `simulators world`: vehicles and devices of a whole plaza in one process.

In: the file that `simulators plaza` writes: where devices listen, how to drive. Out: readers, PLCs and cameras on their
real wires, moved by the traffic; a simulated operator. Traffic begins when every lane is ready to decide.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import httpx
import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulators.camera.server import SimulatedCamera
from simulators.field_io import Broker, SimulatedPlc
from simulators.llrp_reader.reader import SimulatedReader
from simulators.plaza.lane_world import LaneWorld
from simulators.plaza.operator import Operator
from simulators.plaza.pictures import DrawnCamera, drawing_process, stop_drawing
from simulators.traffic.arrivals import Arrival, arrivals
from simulators.traffic.fleet import make_fleet

log = logging.getLogger(__name__)

QUEUE_FULL: Final = 4
"""A driver who sees this many vehicles before him takes the lane with the shortest queue."""

PLAZA_FULL: Final = 8
"""With this many in every lane, drivers take another road: real queues have an end too."""

CAMERA_HZ: Final = 8.0
READY_EVERY_S: Final = 0.3
CANCEL_EVERY_S: Final = 1.0


class Place(BaseModel):
    """Where the devices of one lane listen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    reader_port: int
    camera_port: int


class Mqtt(BaseModel):
    """The broker, as the PLCs know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str
    port: int
    username: str
    password: str


class World(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plaza: str
    page: str
    mqtt: Mqtt
    lanes: Annotated[tuple[Place, ...], Field(min_length=1)]
    speed: Annotated[float, Field(gt=0, le=20)]
    seed: int
    fleet_seed: int
    fleet_size: Annotated[int, Field(ge=20)]
    list_entries: Annotated[int, Field(ge=0, description="tags that a lane must know before traffic begins")]


def world(config: Annotated[Path, typer.Option(help="File that `simulators plaza` wrote (tệp cấu hình).")]) -> None:
    """Vehicles, readers, PLCs, cameras and an operator of a demonstration plaza (xe và thiết bị mô phỏng).

    Example: simulators world --config data/run/world.json
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = World.model_validate(json.loads(config.read_text(encoding="utf-8")))
        asyncio.run(_until_stopped(settings))
    except (OSError, ValidationError, json.JSONDecodeError) as error:
        typer.echo(f"{config}: {error}", err=True)
        raise typer.Exit(2) from error


async def _until_stopped(settings: World) -> None:
    work, told = asyncio.create_task(_run(settings)), asyncio.Event()
    work.add_done_callback(lambda _: told.set())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()
    while not work.done():
        # More than once: wait_for of Python 3.11 may lose a cancellation that meets a result (gh-86296).
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.wait({work}, timeout=CANCEL_EVERY_S)
    with suppress(asyncio.CancelledError):
        work.result()


async def _run(settings: World) -> None:
    page = httpx.AsyncClient(base_url=settings.page, timeout=5.0)
    async with page, _lane_worlds(settings) as lanes, asyncio.TaskGroup() as tasks:
        for lane in lanes:
            tasks.create_task(lane.plc.run())
            tasks.create_task(lane.run())
        await _lanes_ready(page, settings)
        log.info("every lane is ready; traffic begins")
        at_arm = {lane.name: lane for lane in lanes}
        operator = Operator(page, Random(f"operator-{settings.seed}"), lambda name: at_arm[name].class_at_arm)
        tasks.create_task(operator.run())
        tasks.create_task(_send_traffic(settings, lanes))


@asynccontextmanager
async def _lane_worlds(settings: World) -> AsyncIterator[list[LaneWorld]]:
    mqtt = settings.mqtt
    broker = Broker(mqtt.host, mqtt.port, mqtt.username, mqtt.password)
    drawing = drawing_process()
    async with AsyncExitStack() as devices:
        devices.callback(stop_drawing, drawing)
        lanes = []
        for number, place in enumerate(settings.lanes):
            reader = await devices.enter_async_context(SimulatedReader(port=place.reader_port))
            camera = SimulatedCamera(port=place.camera_port, rate_hz=CAMERA_HZ)
            await camera.start()
            devices.push_async_callback(camera.close)
            plc = SimulatedPlc(settings.plaza, place.name, broker)
            seed = settings.seed * 100 + number
            lanes.append(LaneWorld.at(place.name, seed, plc, reader, DrawnCamera(camera, drawing)))
        yield lanes


async def _lanes_ready(page: httpx.AsyncClient, settings: World) -> None:
    """Return when every lane decides by itself, knows a tariff and has the whole tag list."""
    while True:
        await asyncio.sleep(READY_EVERY_S)
        with suppress(httpx.HTTPError, ValueError):
            picture = (await page.get("/live/snapshot")).raise_for_status().json()
            if _all_ready(picture["lanes"], settings):
                return


def _all_ready(lanes: Sequence[dict[str, Any]], settings: World) -> bool:
    names = {lane["lane"] for lane in lanes if not lane["stale"] and _decides(lane["status"], settings.list_entries)}
    return names >= {place.name for place in settings.lanes}


def _decides(status: dict[str, Any], list_entries: int) -> bool:
    known = bool(status["list_version"] >= list_entries and status["tariff_version"] >= 1)
    return known and status["state"] == "AUTO" and status["barrier"] == "closed"


async def _send_traffic(settings: World, lanes: Sequence[LaneWorld]) -> None:
    fleet = make_fleet(settings.fleet_seed, settings.fleet_size)
    begun, turned_away = time.monotonic(), 0
    for arrival in arrivals(settings.seed, fleet, len(lanes), settings.speed):
        begun -= arrival.at_ms / 1000 if arrival.number == 1 else 0  # the first vehicle comes at once
        await asyncio.sleep(max(0.0, begun + arrival.at_ms / 1000 - time.monotonic()))
        lane = _chosen(lanes, arrival)
        if lane is None:
            turned_away += 1
            log.info("the plaza is full; %d vehicles took another road so far", turned_away)
            continue
        lane.admit(arrival)


def _chosen(lanes: Sequence[LaneWorld], arrival: Arrival) -> LaneWorld | None:
    """The lane that the driver takes; None when every lane is full."""
    wanted = lanes[arrival.lane]
    if wanted.queue >= QUEUE_FULL:
        wanted = min(lanes, key=lambda lane: lane.queue)
    return None if wanted.queue >= PLAZA_FULL else wanted
