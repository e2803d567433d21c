"""Faults happen to the world as planned: reader, PLC, power, clock, list, sensors, arm, modes, people on foot.

In: `FaultPlan`s. Out: changes to the devices, and `Trouble` in the evidence so that the judge can name causes.
Never: a fault that touches the core itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lane_controller.core.events import ListHeartbeat
from lane_controller.core.values import Mode, Sensor
from lane_controller.world.agenda import US
from lane_controller.world.draw_faults import MODES
from lane_controller.world.plan import FaultPlan
from lane_controller.world.truth import Trouble

if TYPE_CHECKING:
    from lane_controller.world.episode import Episode

AFTERMATH_US = 60 * US
"""A fault is named as a possible cause for so long after its end."""

BOOT_S = 2.0
STALE_AGE_US = 700 * US
WRONG_CLOCK_US = 3600 * US
CLOCK_MOST_US = 3600 * US
CUTS = 6


class Faults:
    """Brings faults over one episode."""

    def __init__(self, world: Episode) -> None:
        self._world = world

    def plan(self, faults: Iterable[FaultPlan]) -> None:
        """Put them on the agenda."""
        for fault in faults:
            self._world.agenda.at(int(fault.at_s * US), self._happen, fault)

    def _happen(self, fault: FaultPlan) -> None:
        now_us = self._world.agenda.now_us
        until_us = now_us + int(fault.lasts_s * US) + AFTERMATH_US
        self._world.evidence.troubles.append(Trouble(fault.kind, now_us, until_us))
        if fault.kind in MODES:
            self._mode(fault)
        else:
            _KINDS[fault.kind](self, fault)

    def _later(self, fault: FaultPlan, call: Callable[[Any], None]) -> None:
        self._world.agenda.after(fault.lasts_s, call)

    def reader_silence(self, fault: FaultPlan) -> None:
        """The LLRP link is gone; afterwards the reader's clock may be wrong, and old reports may come."""
        radio = self._world.radio
        if not radio.up:
            return
        radio.lose(holds=fault.value > 1 - 2 * self._world.parameters.held_reports_share)
        offset_us = WRONG_CLOCK_US if abs(fault.value) > 0.5 else 0
        self._later(fault, lambda _: radio.connect(offset_us))

    def edge_lost(self, fault: FaultPlan) -> None:
        """The next edge never reaches anybody."""
        self._world.plc.lose_next += 1

    def plc_silence(self, fault: FaultPlan) -> None:
        """The link to the PLC is gone for a while."""
        plc = self._world.plc
        if not plc.link:
            return
        plc.lose_link()
        self._later(fault, lambda _: plc.find_link())

    def redelivery(self, fault: FaultPlan) -> None:
        """The last command comes again."""
        self._world.plc.redeliver()

    def power_cut(self, fault: FaultPlan) -> None:
        """At this instant, or after the first effects of the next step that records something."""
        computer = self._world.computer
        if computer.lane is None:
            return
        if fault.value > 0:
            computer.cut_after = int(fault.value * CUTS)
        else:
            computer.cut()
        self._later(fault, self._power_on)

    def _power_on(self, _: Any) -> None:
        computer = self._world.computer
        computer.cut_after = None
        if computer.lane is None:
            self._world.agenda.after(BOOT_S, self._world.boot)

    def clock_step(self, fault: FaultPlan) -> None:
        """Somebody sets the clock; small steps are as likely as large ones."""
        self._world.clock_steps(int(CLOCK_MOST_US * fault.value * fault.value * fault.value))

    def list_stale(self, fault: FaultPlan) -> None:
        """No list from the back office for longer than list_stale."""
        world = self._world
        if world.list_alive:
            world.list_alive = False
            world.computer.feed(ListHeartbeat(world.list_version, STALE_AGE_US))
            self._later(fault, self._list_back)

    def _list_back(self, _: Any) -> None:
        self._world.list_alive = True
        self._world.computer.feed(ListHeartbeat(self._world.list_version, 0))

    def sensor_stuck(self, fault: FaultPlan) -> None:
        """On, whatever is over it."""
        self._force(fault, True)

    def pedestrian(self, fault: FaultPlan) -> None:
        """Somebody on foot breaks a curtain."""
        sensor, plc = Sensor(fault.what), self._world.plc
        plc.cover(sensor, 1)
        self._later(fault, lambda _: plc.cover(sensor, -1))

    def _force(self, fault: FaultPlan, on: bool) -> None:
        sensor, plc = Sensor(fault.what), self._world.plc
        if sensor not in plc.forced:
            plc.force(sensor, on)
            self._later(fault, lambda _: plc.force(sensor, None))

    def arm_stuck(self, fault: FaultPlan) -> None:
        """It does not move, or its limit switches say nothing."""
        plc, agenda = self._world.plc, self._world.agenda
        arm = plc.arm
        if arm.stuck or arm.broken or arm.blind:
            return
        if fault.what == "blind":
            arm.blind = True
            arm.report(agenda.now_us)
            self._later(fault, self._sees)
        else:
            plc.change_arm(lambda arm: arm.fault("stuck", agenda.now_us))
            self._later(fault, self._repair)

    def _sees(self, _: Any) -> None:
        self._world.plc.arm.blind = False
        self._world.plc.arm.report(self._world.agenda.now_us)

    def _repair(self, _: Any) -> None:
        self._world.plc.change_arm(lambda arm: arm.repair(self._world.agenda.now_us))

    def arm_slow(self, fault: FaultPlan) -> None:
        """A cold motor."""
        arm = self._world.plc.arm
        was_us = arm.opens_us
        arm.opens_us = int((2.75 + 1.25 * fault.value) * US)
        self._later(fault, lambda _: setattr(arm, "opens_us", was_us))

    def arm_broken(self, fault: FaultPlan) -> None:
        """The boom is off its hinge."""
        agenda = self._world.agenda
        if not self._world.plc.arm.broken:
            self._world.plc.change_arm(lambda arm: arm.fault("broken", agenda.now_us))
            self._later(fault, self._repair)

    def arm_by_hand(self, fault: FaultPlan) -> None:
        """Somebody lifts it."""
        arm, agenda = self._world.plc.arm, self._world.agenda
        if not arm.broken and not arm.stuck:
            self._world.plc.change_arm(lambda arm: arm.raise_by_hand(agenda.now_us))

    def _mode(self, fault: FaultPlan) -> None:
        staff = self._world.staff
        if staff.mode is Mode.AUTO:
            staff.ask_mode(MODES[fault.kind])
            self._later(fault, lambda _: staff.ask_mode(Mode.AUTO))

    def operator_away(self, fault: FaultPlan) -> None:
        """The operator is away."""
        staff = self._world.staff
        staff.log_out()
        self._later(fault, lambda _: staff.log_in())


_KINDS: dict[str, Callable[[Faults, FaultPlan], None]] = {
    "reader_silence": Faults.reader_silence,
    "edge_lost": Faults.edge_lost,
    "plc_silence": Faults.plc_silence,
    "redelivery": Faults.redelivery,
    "power_cut": Faults.power_cut,
    "clock_step": Faults.clock_step,
    "list_stale": Faults.list_stale,
    "sensor_stuck": Faults.sensor_stuck,
    "pedestrian": Faults.pedestrian,
    "arm_stuck": Faults.arm_stuck,
    "arm_slow": Faults.arm_slow,
    "arm_broken": Faults.arm_broken,
    "arm_by_hand": Faults.arm_by_hand,
    "operator_away": Faults.operator_away,
}
