"""The world around one lane: its road, and the devices that see the road, in real time.

In: arrivals. Out: sensor edges at the simulated PLC, tag reads at the simulated reader, pictures at the simulated
camera. The way back is what a driver sees: the arm and the lamp of the PLC. Nothing here knows the lane controller.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Protocol

from simulators.field_io import SimulatedPlc
from simulators.llrp_reader.reader import SimulatedReader
from simulators.traffic.arrivals import Arrival
from simulators.traffic.fleet import Vehicle
from simulators.traffic.geometry import ONE_STOP
from simulators.traffic.radio import TagRead
from simulators.traffic.road import EdgeSeen, Road, VehicleEntered, VehicleLeft

PULSE_S: Final = 0.02
"""How often the world looks at arm and lamp and moves on."""

OPEN_POSITION: Final = 0.98
"""A driver takes an arm this far up for open."""

CLASSIFIED_MS: Final = 150
"""The classifier needs this long from L1 on; the lane waits at least 250 ms for it (rules.md, evidence_wait)."""

LATE_MS: Final = 500
"""After a pause longer than this (a suspended machine) the world goes on from now instead of catching up."""


class PlateCamera(Protocol):
    """What the world asks of a camera."""

    def expect(self, vehicle: Vehicle) -> None:
        """This vehicle is coming: have its picture ready."""

    def show(self, vehicle: Vehicle | None) -> None:
        """This vehicle, or the empty lane, is in view now."""


@dataclass
class LaneWorld:
    """One lane. `run` until cancelled."""

    name: str
    road: Road
    plc: SimulatedPlc
    reader: SimulatedReader
    camera: PlateCamera
    left: deque[Arrival] = field(default_factory=lambda: deque(maxlen=100))
    _shown: int | None = None
    _to_classify: deque[tuple[int, Vehicle]] = field(default_factory=deque)

    @classmethod
    def at(cls, name: str, seed: int, plc: SimulatedPlc, reader: SimulatedReader, camera: PlateCamera) -> LaneWorld:
        """A one-stop lane with an empty road."""
        return cls(name, Road(ONE_STOP, seed), plc, reader, camera)

    @property
    def queue(self) -> int:
        """Vehicles that wait for room or are on the road."""
        return len(self.road.waiting) + len(self.road.drivers)

    @property
    def class_at_arm(self) -> int | None:
        """Class of the first vehicle that is not through yet, as a person at the lane sees it."""
        waiting = (one for one in self.road.drivers if one.rear_m < 0)
        return next((one.arrival.vehicle.vehicle_class for one in waiting), None)

    def admit(self, arrival: Arrival) -> None:
        """`arrival` drives towards this lane."""
        self.road.add(arrival)

    async def run(self) -> None:
        """Move on in real time."""
        begun = time.monotonic() - self.road.now_ms / 1000
        while True:
            await asyncio.sleep(PULSE_S)
            to_ms = int((time.monotonic() - begun) * 1000)
            if to_ms - self.road.now_ms > LATE_MS:
                begun += (to_ms - self.road.now_ms) / 1000
                continue
            self.move(to_ms)

    def move(self, to_ms: int) -> None:
        """Let the road go on to `to_ms` and the devices see it."""
        arm_open = self.plc.barrier_position >= OPEN_POSITION
        for seen in self.road.advance(to_ms, arm_open, self.plc.signal == "green"):
            match seen:
                case EdgeSeen(at_ms, sensor, active):
                    self.plc.set_sensor(sensor, active)
                    if sensor == "l1" and active:
                        self._begin_to_classify(at_ms)
                case TagRead(_, epc, tid, rssi_dbm):
                    self.reader.observe(epc, rssi_dbm=rssi_dbm, tid=tid)
                case VehicleEntered(_, arrival):
                    self.camera.expect(arrival.vehicle)
                case VehicleLeft(_, arrival):
                    self.left.append(arrival)
        self._classify(to_ms)
        self._look()

    def _begin_to_classify(self, at_ms: int) -> None:
        """The newest vehicle on the road whose front is past the beginning of L1 is the one that came onto it."""
        begin_m = self.road.geometry.sensors["l1"].begin_m
        came = next((one for one in reversed(self.road.drivers) if one.motion.front_m >= begin_m), None)
        if came is not None:
            self._to_classify.append((at_ms + CLASSIFIED_MS, came.arrival.vehicle))

    def _classify(self, now_ms: int) -> None:
        while self._to_classify and self._to_classify[0][0] <= now_ms:
            vehicle = self._to_classify.popleft()[1]
            self.plc.classify(vehicle.class_measured, motorcycle=False, length_m=vehicle.length_m)

    def _look(self) -> None:
        driver = self.road.in_view()
        number = None if driver is None else driver.arrival.number
        if number != self._shown:
            self._shown = number
            self.camera.show(None if driver is None else driver.arrival.vehicle)
