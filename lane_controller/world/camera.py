"""The plate camera and the class sensor of the simulated world.

In: `AskPlate` of the core, vehicles that come onto L1. Out: `PlateRead` and `ClassMeasured` of the vehicle that is
really there, when the recogniser is ready.
Never: a plate of a vehicle that the camera could not see.
"""

from collections.abc import Callable

from lane_controller.core.effects import AskPlate
from lane_controller.core.events import ClassMeasured, PlateRead
from lane_controller.core.values import TagEntry, VehicleKind
from lane_controller.world.agenda import Agenda
from lane_controller.world.computer import LaneComputer
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.vehicle import Vehicle

LATE_US = 1_000_000
"""Frames up to so long after the instant asked for show the same (devices/camera.py)."""

KEPT_US = 4_000_000
"""Those kept for three seconds (anpr/frames.py), and again so long before: of an older instant there is no frame."""


class Camera:
    """Looks at L1. `over_l1`: the vehicle that it sees there."""

    def __init__(
        self,
        agenda: Agenda,
        parameters: WorldParameters,
        computer: LaneComputer,
        table: dict[str, TagEntry],
        over_l1: Callable[[], Vehicle | None],
    ) -> None:
        self.agenda, self.parameters, self.computer, self.over_l1 = agenda, parameters, computer, over_l1
        self._table = table
        self._came: list[tuple[int, Vehicle]] = []
        self._by_plate = {entry.plate: entry.epc for entry in table.values() if entry.plate is not None}

    def ask(self, asked: AskPlate) -> None:
        """Frames of that instant, if kept; the reading comes when the recogniser is done, to the run that asked."""
        vehicle, boots = self._on_frames_of(asked.l1_on_mono_us - self.computer.base_us), self.computer.boots
        if vehicle is None:
            self.agenda.after(
                self.parameters.plate_delay_s, self._answer, (boots, PlateRead(None, 0.0, track=asked.track))
            )
            return
        seen = vehicle.plan.plate_seen
        vehicle.tracks.add(asked.track)
        frames = (f"{vehicle.plan.number:064x}",)
        reading = PlateRead(seen.text, seen.confidence, frames=frames, entry=self._entry(seen.text), track=asked.track)
        self.agenda.after(seen.after_s, self._answer, (boots, reading))
        if seen.corrected_to is not None:
            entry = self._entry(seen.corrected_to)
            again = PlateRead(seen.corrected_to, 0.97, (), True, frames, entry, asked.track)
            self.agenda.after(seen.corrected_after_s, self._answer, (boots, again))

    def _on_frames_of(self, at_us: int) -> Vehicle | None:
        """Who was over L1 then."""
        late_us = self.agenda.now_us - at_us
        if late_us <= LATE_US:
            return self.over_l1()
        if late_us > KEPT_US:
            return None
        return next((one for came_us, one in reversed(self._came) if came_us <= at_us), None)

    def _entry(self, text: str | None) -> TagEntry | None:
        epc = self._by_plate.get(text) if text is not None else None
        return self._table.get(epc) if epc is not None else None

    def _answer(self, answer: tuple[int, PlateRead]) -> None:
        boots, reading = answer
        if boots == self.computer.boots:
            self.computer.feed(reading)

    def measure(self, vehicle: Vehicle) -> None:
        """A vehicle came onto L1: the class sensor says what it is."""
        self._came = [*self._came[-3:], (self.agenda.now_us, vehicle)]
        if self.computer.config.measures_class:
            self.agenda.after(self.parameters.class_delay_s, self._measured, vehicle)

    def _measured(self, vehicle: Vehicle) -> None:
        plan = vehicle.plan
        if self.over_l1() is not vehicle or (plan.class_seen is None and not plan.motorcycle):
            return
        kind = VehicleKind.MOTORCYCLE if plan.motorcycle else VehicleKind.FOUR_WHEEL
        self.computer.feed(ClassMeasured(plan.class_seen, kind, round(plan.length_m, 1)))
