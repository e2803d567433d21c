"""What moves on the road: whose front is where, when it comes to a sensor or a place, and what it covers there.

In: vehicles with their motions. Out: covered sensors, the radio zone, who is first; what comes of a place is road.py.
Never: a milestone left out, whichever way the vehicle goes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from zlib import crc32

from lane_controller.core.values import Sensor
from lane_controller.world.agenda import US, Agenda
from lane_controller.world.motion import Motion
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.places import LOOK, ON, UNZONE, ZONE, Milestone, Place
from lane_controller.world.plc import Plc
from lane_controller.world.vehicle import Vehicle


class Moving(ABC):
    """All vehicles, the one furthest downstream first."""

    def __init__(self, agenda: Agenda, place: Place, parameters: WorldParameters, plc: Plc) -> None:
        self.agenda, self.layout, self.parameters, self.plc = agenda, place, parameters, plc
        self.vehicles: list[Vehicle] = []
        self.entered: Callable[[Vehicle], None] = lambda vehicle: None
        self.zone: Callable[[Vehicle], None] = lambda vehicle: None
        self.on_l1: Callable[[Vehicle], None] = lambda vehicle: None
        self.on_l2: Callable[[Vehicle], None] = lambda vehicle: None
        self.crossed: Callable[[Vehicle], None] = lambda vehicle: None
        self.stood: Callable[[Vehicle], None] = lambda vehicle: None
        self.left: Callable[[Vehicle], None] = lambda vehicle: None

    def before_arm(self) -> Vehicle | None:
        """The first vehicle whose front has not reached L3 (the next to cross)."""
        return next(iter(self.queue()), None)

    def queue(self) -> list[Vehicle]:
        """All of them, in order."""
        now_us = self.agenda.now_us
        return [one for one in self.vehicles if not one.clear and one.place(now_us)[0] < 2.0]

    def over_l1(self) -> Vehicle | None:
        """The last vehicle that covers L1: what a camera at L1 sees."""
        _, begin, end = self.layout.sensors[0]
        now_us = self.agenda.now_us
        for one in reversed(self.vehicles):
            front = one.place(now_us)[0]
            if front >= begin and front - one.plan.length_m <= end:
                return one
        return None

    def _ahead(self, vehicle: Vehicle) -> Vehicle | None:
        i = self.vehicles.index(vehicle)
        return self.vehicles[i - 1] if i else None

    def behind(self, vehicle: Vehicle) -> Vehicle | None:
        """Who follows."""
        i = self.vehicles.index(vehicle) + 1
        return self.vehicles[i] if i < len(self.vehicles) else None

    def _move(self, vehicle: Vehicle, motion: Motion, backing: bool = False) -> None:
        vehicle.motion, vehicle.backing = motion, backing
        vehicle.turn += 1
        vehicle.stands_since_us = None
        self._next(vehicle)
        end_s, _, end_v, _ = motion.pieces[-1]
        if end_v == 0.0:
            self.agenda.at(int(end_s * US) + 1, self._stands, (vehicle, vehicle.turn))

    def _next(self, vehicle: Vehicle) -> None:
        """Put the next milestone on the agenda."""
        i = vehicle.met - 1 if vehicle.backing else vehicle.met
        if not 0 <= i < len(vehicle.stones):
            return
        stone_m, now_us = vehicle.stones[i][0], self.agenda.now_us
        at_s = vehicle.motion.reaches(stone_m, now_us / US)
        if at_s is not None:
            self.agenda.at(int(at_s * US) + 1, self._meet, (vehicle, vehicle.turn))
        elif vehicle.backing is (vehicle.place(now_us)[0] < stone_m):
            # Two at one place, and the vehicle a hair past it as it was told of the first.
            self.agenda.at(now_us + 1, self._meet, (vehicle, vehicle.turn))

    def _meet(self, due: tuple[Vehicle, int]) -> None:
        vehicle, turn = due
        if turn != vehicle.turn:
            return
        if vehicle.backing:
            vehicle.met -= 1
            self._unmet(vehicle, vehicle.stones[vehicle.met])
        else:
            vehicle.met += 1
            self._met(vehicle, vehicle.stones[vehicle.met - 1])
        if turn == vehicle.turn:
            self._next(vehicle)

    def _met(self, vehicle: Vehicle, stone: Milestone) -> None:
        _, what, sensor = stone
        if sensor is None:
            self._comes_to(what, vehicle)
        elif what is ON:
            self._cover(vehicle, sensor, 1)
            self._on(vehicle, sensor)
        else:
            self._cover(vehicle, sensor, -1)

    def _unmet(self, vehicle: Vehicle, stone: Milestone) -> None:
        _, what, sensor = stone
        if sensor is not None:
            self.plc.cover(sensor, -1 if what is ON else 1)
        elif what is UNZONE:
            self._into_zone(vehicle)
        elif what is ZONE:
            self._out_of_zone(vehicle)
        elif what is LOOK:
            vehicle.looked = False

    def _into_zone(self, vehicle: Vehicle) -> None:
        vehicle.in_zone = True
        self.zone(vehicle)

    def _out_of_zone(self, vehicle: Vehicle) -> None:
        vehicle.in_zone = False

    def _cover(self, vehicle: Vehicle, sensor: Sensor, change: int) -> None:
        """Now and then the contact bounces; which do is the vehicle's own, whoever else is on the road."""
        self.plc.cover(sensor, change)
        share = self.parameters.chatter_share
        if share and crc32(f"{vehicle.plan.seed}/{vehicle.met}".encode()) < share * (1 << 32):
            self.plc.bounce(sensor)

    @abstractmethod
    def _comes_to(self, what: int, vehicle: Vehicle) -> None:
        """Its front, or rear, is at a place that is no sensor."""

    @abstractmethod
    def _on(self, vehicle: Vehicle, sensor: Sensor) -> None:
        """Its front is on a sensor."""

    @abstractmethod
    def _stands(self, due: tuple[Vehicle, int]) -> None:
        """It has come to a stand, if it is still in the same turn."""
