"""The PLC of the simulated world: sensors in, arm and signal out, a log of edges, safety of its own, a link that fails.

In: what covers the sensors, commands of the lane computer, faults. Out: events for the computer in the order that the
field wire gives them (devices/edges.py), a word to the drivers when arm or signal change.
Never: an arm that closes on a vehicle; an edge that is neither delivered, logged nor told of as lost.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lane_controller.core.config import CURTAINS, LaneConfig
from lane_controller.core.effects import CommandBarrier
from lane_controller.core.events import (
    BarrierAcked,
    BarrierReported,
    EdgeLost,
    PlcOffline,
    PlcOnline,
    SensorChanged,
    SensorLevels,
)
from lane_controller.core.evolve import maker
from lane_controller.core.values import L2, LC2, Aspect, BarrierAction, Sensor
from lane_controller.world.agenda import US, Agenda
from lane_controller.world.arm import Arm
from lane_controller.world.computer import LaneComputer
from lane_controller.world.edge_log import Edge, EdgeLog, without_arrival
from lane_controller.world.parameters import WorldParameters

SILENT_S = 3.0
SETTLE_S = 0.2
EDGE_GRACE_S = 0.15
SAFE_CLOSE_S = 2.0
"""As devices/edges.py and simulators/field_io have them."""

BOUNCE_S = 0.003
_changed = maker(SensorChanged)


class Plc:
    """One PLC with its wire to the computer. `told`: called when arm or signal may have changed for a driver."""

    def __init__(self, agenda: Agenda, config: LaneConfig, parameters: WorldParameters, computer: LaneComputer) -> None:
        self.agenda, self.config, self.parameters, self.computer = agenda, config, parameters, computer
        opens_us, closes_us = int(parameters.opens_s * US), int(parameters.closes_s * US)
        self.arm = Arm(opens_us, closes_us, self._from_arm, inertia_us=int(parameters.inertia_s * US))
        self.covered = dict.fromkeys(Sensor, 0)
        self.levels = dict.fromkeys(Sensor, False)
        self.forced: dict[Sensor, bool] = {}
        self._absent = frozenset(CURTAINS) - config.curtains
        self.signal = Aspect.RED
        self.told: Callable[[], None] = lambda: None
        self.link, self.online, self.lose_next = True, False, 0
        self.edges = EdgeLog()
        self.last: tuple[CommandBarrier, int] | None = None
        self._started = False
        self._returned_us = 0
        self._clear_since_us: int | None = 0
        self._watching, self._retained = False, False
        self._edge_us = int(parameters.edge_delay_s * US)
        self._wired_us = 0

    # ---- sensors ----------------------------------------------------------------------------------------------------

    def cover(self, sensor: Sensor, change: int) -> None:
        """A body comes over the sensor (+1) or leaves it (-1)."""
        self.covered[sensor] += change
        if sensor not in self.forced and sensor not in self._absent:
            self.level(sensor, self.covered[sensor] > 0)

    def bounce(self, sensor: Sensor) -> None:
        """The contact that has just changed springs back once before it rests."""
        if sensor in self._absent:
            return
        self.agenda.after(BOUNCE_S, self._spring, (sensor, not self.levels[sensor]))
        self.agenda.after(2 * BOUNCE_S, self._spring, (sensor, None))

    def _spring(self, to: tuple[Sensor, bool | None]) -> None:
        sensor, on = to
        if sensor not in self.forced:
            self.level(sensor, self.covered[sensor] > 0 if on is None else on)

    def force(self, sensor: Sensor, on: bool | None) -> None:
        """The sensor says this whatever is over it; None: it is well again."""
        if sensor in self._absent:
            return
        if on is None:
            self.forced.pop(sensor, None)
            self.level(sensor, self.covered[sensor] > 0)
        else:
            self.forced[sensor] = on
            self.level(sensor, on)

    def level(self, sensor: Sensor, on: bool) -> None:
        """The wire changes."""
        if self.levels[sensor] is on:
            return
        self.levels[sensor] = on
        now_us = self.agenda.now_us
        self._clear_since_us = None if any(self.levels.values()) else now_us
        if on and sensor in (L2, LC2):
            self._keep_safe()
        if self.lose_next:
            self.lose_next -= 1
            self.agenda.after(EDGE_GRACE_S, self._tell_lost)
            return
        edge = self.edges.add(sensor, on, now_us)
        if self.link and self.online:
            arrives_us = now_us + self._edge_us
            self._wired_us = arrives_us if arrives_us > self._wired_us else self._wired_us
            self.agenda.at(self._wired_us, self._deliver, edge)

    def _keep_safe(self) -> None:
        """The PLC itself opens an arm that closes on somebody."""
        if self.arm.target == 0.0 and self.arm.openness(self.agenda.now_us) > 0.0:
            self.arm.turn(1.0, self.agenda.now_us)
            self._follow_arm()

    def _deliver(self, edge: Edge) -> None:
        if self.link and self.online and self.edges.is_new(edge):
            self._hand(edge, recovered=False)

    def _hand(self, edge: Edge, recovered: bool) -> None:
        """To a computer that has power; one that lost it over the last edge of the log has heard no more of it."""
        if not self.online:
            return
        _, sensor, on, at_us = edge
        self.edges.handed(edge, self.agenda.now_us)
        self.computer.feed(_changed(sensor, on, recovered, at_us + self.computer.base_us))

    def _tell_lost(self, _: Any) -> None:
        if self.link and self.online:
            self.computer.feed(EdgeLost())

    def read_levels(self) -> None:
        """The computer asks for levels and arm."""
        self.agenda.after(SETTLE_S, self._answer_levels)

    def _answer_levels(self, _: Any) -> None:
        if self.link and self.online:
            self.computer.feed(self._levels({}))
            self._tell_arm()

    def _levels(self, before: dict[Sensor, bool]) -> SensorLevels:
        """`before`: levels that the edges still to be told (after a start of the computer) begin from."""
        now = {**self.levels, **before}
        curtains = self.config.curtains
        lc1 = now[Sensor.LC1] if Sensor.LC1 in curtains else None
        lc2 = now[Sensor.LC2] if Sensor.LC2 in curtains else None
        return SensorLevels(now[Sensor.L1], now[Sensor.L2], now[Sensor.L3], lc1, lc2, past=bool(before))

    # ---- the link ---------------------------------------------------------------------------------------------------

    def computer_up(self) -> None:
        """The computer runs: it finds the PLC, or learns that it is away."""
        self._started = False
        if self.link:
            self._returned_us = self.agenda.now_us
            self.agenda.after(SETTLE_S, self._settle, self.computer.boots)
        else:
            self.agenda.after(0.01, self._offline_at_boot, self.computer.boots)

    def _offline_at_boot(self, boots: int) -> None:
        if boots == self.computer.boots and not self.online:
            self.computer.feed(PlcOffline())

    def computer_down(self) -> None:
        """The computer lost power: what it had on disk of the edges is what counts (edge_log.py)."""
        self.edges.forget_unwritten(self.agenda.now_us)
        self.online = False
        self._watch_soon()

    def committed(self) -> None:
        """A record is on disk, and with it every edge before."""
        self.edges.write_down()

    def lose_link(self) -> None:
        """Nothing passes either way; the computer believes it after three seconds."""
        self.link = False
        self.agenda.after(SILENT_S, self._believe_offline)
        self._watch_soon()

    def _believe_offline(self, _: Any) -> None:
        if not self.link and self.online:
            self.online = False
            self.computer.feed(PlcOffline())

    def find_link(self) -> None:
        """The wire works again: what waited in it, or, after a longer silence, the log and then the levels."""
        self.link = True
        if self.online:
            for edge in self.edges.missed():
                self._hand(edge, recovered=False)
            self.arm.report(self.agenda.now_us)
            return
        self._returned_us = self.agenda.now_us
        self.agenda.after(SETTLE_S, self._settle, self.computer.boots)

    def _settle(self, boots: int) -> None:
        if not self.link or boots != self.computer.boots or self.computer.lane is None:
            return
        announced = not self.online
        self.online = True
        if announced:
            self.computer.feed(PlcOnline())
        missed = self.edges.missed()
        if announced and not self._started and missed:
            self.computer.feed(self._levels({edge[1]: not edge[2] for edge in reversed(missed)}))
            self._tell_arm()
            missed = without_arrival(missed)
        for edge in missed:
            self._hand(edge, recovered=edge[3] < self._returned_us)
        if not self.online:
            return
        self.edges.handed_all(self.agenda.now_us)
        if announced:
            still = not self._started and not missed and self.computer.boots > 1
            self._started = True
            self.computer.feed(replace(self._levels({}), still=still))
        self._tell_arm()

    # ---- the arm ----------------------------------------------------------------------------------------------------

    def send(self, command: CommandBarrier) -> None:
        """The computer publishes a command."""
        self.last = (command, self.agenda.now_us)
        self.agenda.after(self.parameters.command_delay_s, self._receive, self.last)

    def redeliver(self) -> None:
        """The transport delivers the last command once more."""
        if self.last is not None:
            self._receive(self.last)

    def _receive(self, sent: tuple[CommandBarrier, int]) -> None:
        if not self.link:
            return
        self.arm.blocked = self.levels[Sensor.L2] or self.levels[Sensor.LC2]
        self.arm.deliver(sent[0], sent[1], self.agenda.now_us)
        if sent[0].action is not BarrierAction.UNLATCH:
            self._follow_arm()

    def show(self, aspect: Aspect) -> None:
        """The computer sets the signal."""
        self.agenda.after(self.parameters.command_delay_s, self._light, aspect)

    def _light(self, aspect: Aspect) -> None:
        if self.link:
            self.signal = aspect
            self.told()

    def _tell_arm(self) -> None:
        """The retained state of the arm, with a baseline: at once."""
        self._retained = True
        self.arm.report(self.agenda.now_us)
        self._retained = False

    def _from_arm(self, event: BarrierReported | BarrierAcked) -> None:
        if self._retained:
            self._report(event)
            return
        self.agenda.at(self.agenda.now_us + self._edge_us, self._report, event)

    def _report(self, event: BarrierReported | BarrierAcked) -> None:
        if self.link and self.online:
            self.computer.feed(event)

    def _follow_arm(self) -> None:
        at_us = self.arm.arrives_us()
        if at_us is not None:
            self.agenda.at(at_us, self._arrived, self.arm.generation)

    def _arrived(self, generation: int) -> None:
        if generation == self.arm.generation:
            self.arm.arrive(self.agenda.now_us)
            self.told()

    def change_arm(self, change: Callable[[Arm], None]) -> None:
        """A fault, a hand or a repair."""
        change(self.arm)
        self._follow_arm()
        self.told()

    # ---- without the computer ---------------------------------------------------------------------------------------

    def _watch_soon(self) -> None:
        if not self._watching:
            self._watching = True
            self.agenda.after(SILENT_S, self._watch)

    def _watch(self, _: Any) -> None:
        """The local safe rule while no heartbeat comes: red, and closed when all is clear."""
        if self.link and self.computer.lane is not None:
            self._watching = False
            return
        self.signal = Aspect.RED
        clear = self._clear_since_us
        now_us = self.agenda.now_us
        if not self.arm.latched and clear is not None and now_us - clear >= SAFE_CLOSE_S * US:
            self.arm.turn(0.0, now_us)
            self._follow_arm()
        self.agenda.after(0.5, self._watch)
