"""The people at the lane: an operator who releases who stands, helps where the machine is at a loss, and a supervisor.

In: vehicles that stand at the line, the lane's state. Out: releases, modes, cards, a hand at the arm.
Never: a release for a vehicle that the operator cannot see standing first in the lane.
"""

from lane_controller.contracts.values import LaneState
from lane_controller.core.events import (
    CardTapped,
    ModeRequested,
    OperatorLoggedIn,
    OperatorLoggedOut,
    ReleaseRequested,
)
from lane_controller.core.values import CardRole, Mode, Sensor
from lane_controller.world.agenda import Agenda
from lane_controller.world.computer import LaneComputer
from lane_controller.world.plan import Manner
from lane_controller.world.plc import Plc
from lane_controller.world.road import Road
from lane_controller.world.vehicle import Vehicle

AGAIN_S = 5.0
PATIENCE = 3
"""So many releases in vain, then the operator lifts the arm by hand."""

CARD_S = 1.0
LOWER_S = 5.0


class Staff:
    """Operator and supervisor of one lane. `mode`: what the supervisor asked for last."""

    def __init__(self, agenda: Agenda, computer: LaneComputer, plc: Plc, road: Road) -> None:
        self.agenda, self.computer, self.plc, self.road = agenda, computer, plc, road
        self.here = True
        self.mode = Mode.AUTO
        self.mode_since_us = 0
        self.mode_before = Mode.AUTO
        self.state = LaneState.AUTO
        self.tries: dict[int, int] = {}
        self.lifted: set[int] = set()
        self.holding = False

    def log_in(self) -> None:
        """Operator OP-1 begins, or comes back."""
        self.here = True
        self.computer.feed(OperatorLoggedIn("OP-1"))

    def log_out(self) -> None:
        """The operator is away."""
        self.here = False
        self.computer.feed(OperatorLoggedOut())

    def ask_mode(self, mode: Mode) -> None:
        """The supervisor changes the mode."""
        if mode is not self.mode:
            self.mode_before, self.mode, self.mode_since_us = self.mode, mode, self.agenda.now_us
        self.computer.feed(ModeRequested(mode, "SUP-1"))

    def computer_restarted(self) -> None:
        """Latched modes end with a restart (ADR 0010): the supervisor finds the lane in AUTO."""
        if self.mode in (Mode.CONVOY, Mode.EMERGENCY):
            self.mode_before, self.mode, self.mode_since_us = self.mode, Mode.AUTO, self.agenda.now_us

    def tap_card(self, vehicle: Vehicle) -> None:
        """A driver with a priority card on L1."""
        self.agenda.after(CARD_S, self._tap, vehicle)

    def _tap(self, vehicle: Vehicle) -> None:
        self.computer.feed(CardTapped(f"PC{vehicle.plan.number:06d}", CardRole.PRIORITY, "Xe ưu tiên"))

    def stood(self, vehicle: Vehicle) -> None:
        """A vehicle stands: the operator looks at it after a while."""
        self.agenda.after(vehicle.plan.operator_s, self._look, (vehicle, vehicle.turn))

    def _look(self, due: tuple[Vehicle, int]) -> None:
        vehicle, turn = due
        if turn != vehicle.turn or self.road.before_arm() is not vehicle:
            if turn == vehicle.turn and vehicle in self.road.vehicles:
                self.agenda.after(AGAIN_S, self._look, due)
            return
        if vehicle.manner is Manner.REFUSES:
            vehicle.manner = Manner.ORDINARY
            if self.road.back_out(vehicle):
                return
        if self.mode is not Mode.CLOSED and self.here:
            self._help(vehicle)
        self.agenda.after(AGAIN_S, self._look, due)

    def _help(self, vehicle: Vehicle) -> None:
        number = vehicle.plan.number
        self.tries[number] = tries = self.tries.get(number, 0) + 1
        if self.state is LaneState.FAULT:
            self._repair()
        arm = self.plc.arm
        if tries <= PATIENCE or arm.broken or (arm.stuck and not self.holding):
            vehicle_class = None if vehicle.plan.motorcycle else vehicle.plan.vehicle_class
            self.computer.feed(ReleaseRequested("xe đứng chờ", vehicle_class))
            return
        self._lift(vehicle)

    def _lift(self, vehicle: Vehicle) -> None:
        """Hold the arm up by hand and wave the vehicle through."""
        if self.holding:
            self.road.wave_through(vehicle)
            return
        self.holding = True
        self.lifted.add(vehicle.plan.number)
        self.plc.change_arm(lambda arm: arm.raise_by_hand(self.agenda.now_us))
        self.plc.change_arm(lambda arm: arm.fault("stuck", self.agenda.now_us))
        self.road.wave_through(vehicle)
        self.agenda.after(LOWER_S, self._lower, vehicle)

    def _lower(self, vehicle: Vehicle) -> None:
        """Let it down when the vehicle is gone and nobody is under it."""
        levels = self.plc.levels
        gone = vehicle.clear or vehicle not in self.road.vehicles
        if not gone or levels[Sensor.L2] or levels[Sensor.LC2] or levels[Sensor.L3]:
            self.agenda.after(1.0, self._lower, vehicle)
            return
        self.holding = False
        self.plc.change_arm(lambda arm: arm.lower_by_hand(self.agenda.now_us))

    def _repair(self) -> None:
        """The arm is well again: the supervisor ends the fault."""
        arm = self.plc.arm
        if not arm.stuck and not arm.broken and not arm.blind:
            self.ask_mode(Mode.AUTO)
