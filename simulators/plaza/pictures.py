"""Pictures of the vehicles for the camera of a lane, drawn ahead of time.

In: vehicles that are coming. Out: `show` at the simulated camera. Drawing takes a tenth of a second of processor time,
so a process of its own does it when a vehicle enters the road, seconds before the camera needs it: a thread would hold
up the field devices by the interpreter's lock. A picture that is not ready in time is shown as soon as it is.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import OrderedDict
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import active_children, get_context
from typing import Final

from anpr.observation import Colour, Layout
from simulators.camera.pictures import render_vehicle
from simulators.camera.server import SimulatedCamera
from simulators.plaza.children import die_with
from simulators.traffic.fleet import Body, Vehicle
from simulators.traffic.plates import Ground

KEPT: Final = 12
"""Pictures kept per lane: more than fit on its road."""

SHAPES: Final = {
    Body.CAR: "car",
    Body.VAN: "van",
    Body.BUS: "bus",
    Body.TRUCK: "truck",
    Body.CONTAINER: "truck",
}


COLOURS: Final[dict[Ground, Colour]] = {
    Ground.WHITE: "white",
    Ground.YELLOW: "yellow",
    Ground.BLUE: "blue",
    Ground.RED: "red",
}


NICENESS: Final = 10
"""Drawing gives way to everything that has to keep time."""


def drawing_process() -> ProcessPoolExecutor:
    """One process that draws; it ends with this one."""
    return ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), initializer=_begin_drawing, initargs=(os.getpid(),)
    )


def stop_drawing(drawing: ProcessPoolExecutor) -> None:
    """End it now: a half-drawn picture is of no use to anybody."""
    drawing.shutdown(wait=False, cancel_futures=True)
    for worker in active_children():
        worker.kill()


def _begin_drawing(parent: int) -> None:
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)


def picture_of(vehicle: Vehicle) -> bytes:
    """JPEG of the vehicle's front with the plate that it really carries."""
    layout: Layout = "two-line" if len(vehicle.plate.lines) == 2 else "one-line"
    colour, shape = COLOURS[vehicle.plate.ground], SHAPES[vehicle.body]
    return render_vehicle(vehicle.plate.text, layout, colour, shape, seed=vehicle.number)


@dataclass
class DrawnCamera:
    """The camera of one lane as the world drives it."""

    camera: SimulatedCamera
    workers: Executor
    _drawn: OrderedDict[int, asyncio.Future[bytes]] = field(default_factory=OrderedDict)
    _wanted: int | None = None

    def expect(self, vehicle: Vehicle) -> None:
        """Have the picture drawn."""
        if vehicle.number in self._drawn:
            self._drawn.move_to_end(vehicle.number)
            return
        loop = asyncio.get_running_loop()
        self._drawn[vehicle.number] = loop.run_in_executor(self.workers, picture_of, vehicle)
        while len(self._drawn) > KEPT:
            self._drawn.popitem(last=False)

    def show(self, vehicle: Vehicle | None) -> None:
        """Show the vehicle, or the empty lane."""
        self._wanted = None if vehicle is None else vehicle.number
        if vehicle is None:
            self.camera.show(None)
            return
        self.expect(vehicle)
        number = vehicle.number
        self._drawn[number].add_done_callback(lambda done: self._ready(number, done))

    def _ready(self, number: int, done: asyncio.Future[bytes]) -> None:
        if self._wanted == number and not done.cancelled() and done.exception() is None:
            self.camera.show(done.result())
