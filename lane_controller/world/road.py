"""The road of one lane: drivers who approach, stop at the line, follow arm and signal, cross, or behave badly.

In: vehicle plans, the arm as it stands and the signal as it shines. Out: covered sensors, radio zone, truth of who
crossed when (moving.py).
Never: a vehicle through a closed arm (except one that rams it), or one that jumps.
"""

from collections.abc import Callable
from typing import Any

from lane_controller.core.values import L1, L2, Aspect, Sensor
from lane_controller.world import motion as mv
from lane_controller.world.agenda import US, Agenda
from lane_controller.world.motion import Motion
from lane_controller.world.moving import Moving
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.places import (
    ARM,
    BEFORE_ARM_M,
    CLEAR,
    CROSSED,
    GONE,
    LOOK,
    STOP_LINE_M,
    UNZONE,
    ZONE,
    Place,
    milestones,
)
from lane_controller.world.plan import Manner, VehiclePlan
from lane_controller.world.plc import Plc
from lane_controller.world.vehicle import Vehicle

OPEN_ENOUGH = 0.95
RAM_BELOW = 0.5
HARD_M_S2 = 6.0
RETRY_S = 0.7
HESITATES_AT_M = -0.4
FOLLOWS_S = 0.4
SQUEEZES_S = 3.0
CLINGS_M = 0.8
"""Nobody drives nearer to the one ahead."""

REHUNG_S = 60.0
"""A boom that was driven off its hinge is back on it; until then nobody drives on."""

CLING_AGAIN_S = 0.25


class Road(Moving):
    """The vehicles and their drivers."""

    def __init__(self, agenda: Agenda, place: Place, parameters: WorldParameters, plc: Plc) -> None:
        super().__init__(agenda, place, parameters, plc)
        plc.told = self.look_again

    # ---- coming and going -------------------------------------------------------------------------------------------

    def enter(self, plan: VehiclePlan) -> None:
        """A vehicle comes to the entry, and waits outside while there is no room."""
        now_us = self.agenda.now_us
        last = self.vehicles[-1] if self.vehicles else None
        x, v = self.layout.entry_m, plan.speed_m_s
        room_m = x + v * v / (2 * self.parameters.braking_m_s2) + plan.gap_m + 1.0
        if last is not None and (last.place(now_us)[0] - last.plan.length_m < room_m or last.backing):
            self.agenda.after(RETRY_S, self.enter, plan)
            return
        wanted = v if last is None or last.clear else min(v, last.wanted_m_s)
        look_m = STOP_LINE_M - wanted * wanted / (2 * self.parameters.braking_m_s2) - 0.5
        arm_m = BEFORE_ARM_M - wanted * wanted / (2 * HARD_M_S2)
        stones = milestones(self.layout, plan, look_m, arm_m)
        vehicle = Vehicle(plan, stones, mv.standing(now_us / US, x), wanted, STOP_LINE_M, manner=plan.manner)
        self.vehicles.append(vehicle)
        self.entered(vehicle)
        vehicle.stop_m = self._stop_of(vehicle)
        self._move(vehicle, self._to_stop(vehicle, x, wanted))

    def _rates(self, vehicle: Vehicle) -> tuple[float, float, float]:
        return vehicle.wanted_m_s, self.parameters.acceleration_m_s2, self.parameters.braking_m_s2

    def _to_stop(self, vehicle: Vehicle, x: float, v: float) -> Motion:
        return mv.stopping(self.agenda.now_us / US, x, v, vehicle.stop_m, self._rates(vehicle))

    def _stop_of(self, vehicle: Vehicle) -> float:
        ahead = self._ahead(vehicle)
        if ahead is None or ahead.clear:
            return STOP_LINE_M
        if ahead.committed and ahead.stop_m >= 0:
            return STOP_LINE_M
        return min(STOP_LINE_M, ahead.stop_m - _room(ahead, vehicle))

    def _gone(self, vehicle: Vehicle) -> None:
        behind = self.behind(vehicle)
        self.vehicles.remove(vehicle)
        vehicle.turn += 1
        self.left(vehicle)
        if behind is not None:
            self._follow_soon(behind, FOLLOWS_S)

    # ---- on the way -------------------------------------------------------------------------------------------------

    def _comes_to(self, what: int, vehicle: Vehicle) -> None:
        _MET[what](self, vehicle)

    def _look(self, vehicle: Vehicle) -> None:
        """The driver looks at signal and arm."""
        vehicle.looked = True
        self._consider((vehicle, None))

    def _on(self, vehicle: Vehicle, sensor: Sensor) -> None:
        if sensor is L1 and len(vehicle.tracks) == 0:
            self.on_l1(vehicle)
        if sensor is L1 and vehicle.manner is Manner.TURNS_BACK:
            self._halt(vehicle, self.layout.l1_m + 1.0)
        elif sensor is L2:
            self.on_l2(vehicle)
            if vehicle.manner is Manner.HESITATES:
                self._halt(vehicle, HESITATES_AT_M)

    def _halt(self, vehicle: Vehicle, at_m: float) -> None:
        """Stops as hard as it must; who follows sees it."""
        x, v = vehicle.place(self.agenda.now_us)
        vehicle.stop_m = max(x, at_m)
        self._move(vehicle, self._to_stop(vehicle, x, v))
        behind = self.behind(vehicle)
        if behind is not None:
            self._follow((behind, None))

    def _at_arm(self, vehicle: Vehicle) -> None:
        if vehicle.manner is Manner.RAM:
            self.agenda.after(0.3, self._ram)
        elif vehicle.committed and not vehicle.plan.motorcycle and not self._passable():
            self._halt(vehicle, BEFORE_ARM_M)

    def _ram(self, _: Any) -> None:
        if self.plc.arm.openness(self.agenda.now_us) < RAM_BELOW:
            self.plc.change_arm(lambda arm: arm.fault("broken", self.agenda.now_us))
            self.agenda.after(REHUNG_S, self._rehang)

    def _rehang(self, _: Any) -> None:
        self.plc.change_arm(lambda arm: arm.repair(self.agenda.now_us))

    def _clear(self, vehicle: Vehicle) -> None:
        vehicle.clear = True
        behind = self.behind(vehicle)
        if behind is not None:
            self._follow_soon(behind, FOLLOWS_S)
            self.agenda.after(behind.plan.reaction_s, self._consider, (behind, None))

    # ---- what drivers make up their minds to ------------------------------------------------------------------------

    def look_again(self) -> None:
        """Arm or signal changed: the first driver who waits thinks about it."""
        for one in self.vehicles:
            if one.looked and (not one.committed or one.stop_m < 0):
                self.agenda.after(one.plan.reaction_s, self._consider, (one, None))
                return

    def _passable(self) -> bool:
        arm = self.plc.arm
        return arm.target == 1.0 and arm.openness(self.agenda.now_us) >= OPEN_ENOUGH

    def _consider(self, who: tuple[Vehicle, None]) -> None:
        vehicle = who[0]
        if vehicle not in self.vehicles or not vehicle.looked or vehicle.backing or self._turns_aside(vehicle):
            return
        if vehicle.committed:
            if vehicle.stop_m == BEFORE_ARM_M and self._passable():
                self._go(vehicle)
            return
        ahead = self._ahead(vehicle)
        close = vehicle.manner is Manner.CLOSE and ahead is not None and self._can_cling(vehicle, ahead)
        free = self._passable() and self.plc.signal is Aspect.GREEN and (ahead is None or ahead.clear)
        if close or free or (vehicle.manner is Manner.RAM and (ahead is None or ahead.clear)):
            self._go(vehicle)

    def _can_cling(self, vehicle: Vehicle, ahead: Vehicle) -> bool:
        """A close follower goes with the vehicle ahead as soon as that is no slower than itself."""
        if not ahead.committed or ahead.clear or not self._passable():
            return False
        now_us = self.agenda.now_us
        (x, v), (ahead_x, ahead_v) = vehicle.place(now_us), ahead.place(now_us)
        if ahead.stop_m >= 0 and ahead_v >= v and ahead_x - ahead.plan.length_m - x >= CLINGS_M:
            return True
        self.agenda.after(CLING_AGAIN_S, self._consider, (vehicle, None))
        return False

    def _go(self, vehicle: Vehicle) -> None:
        vehicle.committed, vehicle.stop_m = True, 0.0
        x, v = vehicle.place(self.agenda.now_us)
        ahead = self._ahead(vehicle)
        wanted = vehicle.wanted_m_s if ahead is None or ahead.clear else min(vehicle.wanted_m_s, ahead.wanted_m_s)
        self._move(vehicle, mv.going(self.agenda.now_us / US, x, v, wanted, self.parameters.acceleration_m_s2))
        behind = self.behind(vehicle)
        if behind is not None:
            self._follow_soon(behind, behind.plan.reaction_s)
            if behind.manner is Manner.CLOSE:
                self.agenda.after(FOLLOWS_S, self._consider, (behind, None))

    def _follow_soon(self, vehicle: Vehicle, wait_s: float) -> None:
        self.agenda.after(wait_s, self._follow, (vehicle, None))

    def _follow(self, who: tuple[Vehicle, None]) -> None:
        """The vehicle ahead moved on or stopped: so does this one."""
        vehicle = who[0]
        if vehicle not in self.vehicles or vehicle.backing:
            return
        if vehicle.committed and vehicle.manner is not Manner.CLOSE:
            return
        stop_m = self._stop_of(vehicle)
        ahead = self._ahead(vehicle)
        if vehicle.committed and (ahead is None or ahead.clear or ahead.stop_m >= 0):
            return
        x, v = vehicle.place(self.agenda.now_us)
        if abs(stop_m - vehicle.stop_m) < 0.05 or (stop_m < x and v == 0.0):
            return
        motion = mv.stopping(self.agenda.now_us / US, x, v, max(x, stop_m), self._rates(vehicle))
        if stop_m > vehicle.stop_m and ahead is not None and self._runs_up(motion, ahead):
            self._follow_soon(vehicle, CLING_AGAIN_S)
            return
        vehicle.committed = False
        vehicle.stop_m = max(x, stop_m)
        self._move(vehicle, motion)
        behind = self.behind(vehicle)
        if behind is not None:
            self._follow_soon(behind, behind.plan.reaction_s)

    def _runs_up(self, motion: Motion, ahead: Vehicle) -> bool:
        """Who ahead has just set off is still too slow for whoever comes on so."""
        lag_m = mv.nearest(ahead.motion, motion, self.agenda.now_us / US)
        return lag_m - ahead.plan.length_m < CLINGS_M

    def _stands(self, due: tuple[Vehicle, int]) -> None:
        vehicle, turn = due
        if turn != vehicle.turn or vehicle not in self.vehicles:
            return
        if vehicle.backing:
            self._stands_back(vehicle)
            return
        vehicle.stands_since_us = self.agenda.now_us
        if vehicle.manner is Manner.TURNS_BACK and vehicle.met:
            vehicle.manner = Manner.ORDINARY
            if self.back_out(vehicle):
                return
            vehicle.stop_m = self._stop_of(vehicle)
            self._move(vehicle, self._to_stop(vehicle, *vehicle.place(self.agenda.now_us)))
        elif vehicle.manner is Manner.HESITATES and vehicle.committed and vehicle.stop_m == HESITATES_AT_M:
            self._back_to_line(vehicle)
        else:
            self.agenda.after(vehicle.plan.reaction_s, self._consider, (vehicle, None))
            if self._turns_aside(vehicle) and vehicle.stop_m == STOP_LINE_M:
                self._gone(vehicle)
                return
            if vehicle.plan.motorcycle:
                self.agenda.after(SQUEEZES_S, self._squeeze, vehicle)
            self.stood(vehicle)

    def _turns_aside(self, vehicle: Vehicle) -> bool:
        """A motorcycle that the lane told so (R9) leaves sideways at the line."""
        return vehicle.plan.motorcycle and self.plc.config.measures_class

    def _squeeze(self, vehicle: Vehicle) -> None:
        """A motorcycle drives round the end of the arm."""
        if vehicle not in self.vehicles or self._turns_aside(vehicle):
            return
        ahead = self._ahead(vehicle)
        if ahead is None or ahead.clear:
            self.wave_through(vehicle)

    def _stands_back(self, vehicle: Vehicle) -> None:
        if vehicle.met == 0:
            self._gone(vehicle)
            return
        vehicle.backing, vehicle.committed = False, False
        vehicle.stop_m = vehicle.place(self.agenda.now_us)[0]
        vehicle.stands_since_us = self.agenda.now_us
        self.agenda.after(vehicle.plan.reaction_s, self._consider, (vehicle, None))
        self.stood(vehicle)

    def _back_to_line(self, vehicle: Vehicle) -> None:
        vehicle.manner = Manner.ORDINARY
        behind = self.behind(vehicle)
        to = STOP_LINE_M
        if behind is not None:
            comes_m = max(behind.place(self.agenda.now_us)[0], behind.stop_m)
            to = max(to, comes_m + vehicle.plan.length_m + 0.8)
        x, _ = vehicle.place(self.agenda.now_us)
        vehicle.stop_m = min(x - 0.1, to)
        self._move(vehicle, mv.backing(self.agenda.now_us / US, x, vehicle.stop_m), backing=True)

    def wave_through(self, vehicle: Vehicle) -> None:
        """Staff wave a vehicle on, whatever the signal says."""
        if not vehicle.backing and (not vehicle.committed or vehicle.stop_m < 0):
            self._go(vehicle)

    def back_out(self, vehicle: Vehicle) -> bool:
        """The vehicle leaves upstream, if nobody stands behind it."""
        if self.behind(vehicle) is not None:
            return False
        x, _ = vehicle.place(self.agenda.now_us)
        end = self.layout.entry_m - 1.0
        vehicle.committed = False
        vehicle.stop_m = end
        self._move(vehicle, mv.backing(self.agenda.now_us / US, x, end), backing=True)
        return True


_MET: dict[int, Callable[[Road, Vehicle], None]] = {
    ZONE: Road._into_zone,
    UNZONE: Road._out_of_zone,
    LOOK: Road._look,
    ARM: Road._at_arm,
    CROSSED: lambda road, vehicle: road.crossed(vehicle),
    CLEAR: Road._clear,
    GONE: Road._gone,
}
"""What comes of a milestone that is no sensor."""


def _room(ahead: Vehicle, vehicle: Vehicle) -> float:
    """From the front of one standing vehicle to the front of the next."""
    return ahead.plan.length_m + vehicle.plan.gap_m
