"""The PLC of a scenario: sensors, the arm, and the link to the lane computer that may be away.

In: commands of the lane, the entries of the timeline that act on the field. Out: events for the lane computer; the
arm's acts.
Never: an edge lost while the link is away; it waits in the PLC's event log.
"""

from typing import Any, Protocol

from lane_controller.app.scenario_file import Scenario
from lane_controller.core.effects import CommandBarrier
from lane_controller.core.events import (
    BarrierAcked,
    BarrierReported,
    Event,
    PlcOffline,
    PlcOnline,
    SensorChanged,
    SensorLevels,
)
from lane_controller.core.values import Sensor
from lane_controller.world.arm import Arm


class Computer(Protocol):
    """What the PLC is wired to: the lane computer and its time."""

    now_us: int

    def feed(self, event: Event) -> None:
        """An event for the lane."""

    def has_power(self) -> bool:
        """Whether the lane computer runs."""

    def mono_us(self, at_us: int) -> int:
        """A scenario time on the lane's monotonic clock."""

    def arm_arrives(self, at_us: int, generation: int) -> None:
        """The movement `generation` of the arm ends then, unless another begins before."""


class Plc:
    """One PLC with its sensors and its arm; it lives on when the lane computer loses power."""

    def __init__(self, scenario: Scenario, computer: Computer) -> None:
        self.scenario, self.computer = scenario, computer
        self.arm = Arm(scenario.opens_us, scenario.closes_us, self._from_arm)
        self.online = True
        self.physical: dict[Sensor, bool] = dict.fromkeys(Sensor, False)
        self.missed: list[SensorChanged] = []

    def announce(self) -> None:
        """What a lane computer hears that has just come up."""
        if self.online:
            self.computer.feed(PlcOnline())
            self._tell_state()
        else:
            self.computer.feed(PlcOffline())

    def _tell_state(self) -> None:
        self.computer.feed(self.levels())
        self.arm.report(self.computer.now_us)

    def levels(self) -> SensorLevels:
        """What the sensors see now; a curtain that the lane does not have says nothing."""
        curtains = self.scenario.config.curtains
        p = self.physical
        return SensorLevels(
            p[Sensor.L1],
            p[Sensor.L2],
            p[Sensor.L3],
            p[Sensor.LC1] if Sensor.LC1 in curtains else None,
            p[Sensor.LC2] if Sensor.LC2 in curtains else None,
        )

    # ---- the arm ----------------------------------------------------------------------------------------------------

    def command(self, command: CommandBarrier) -> None:
        """A command of the lane; lost while the link is away."""
        word = "close" if command.action.value == "close" else "open"
        if command.action.value != "unlatch":
            self.arm.last[word] = (command, self.computer.now_us)
        if self.online:
            self._to_arm(command, self.computer.now_us)

    def _to_arm(self, command: CommandBarrier, issued_us: int) -> None:
        self.arm.blocked = self.physical[Sensor.L2] or self.physical[Sensor.LC2]
        self.arm.deliver(command, issued_us, self.computer.now_us)
        self._schedule_arm()

    def _schedule_arm(self) -> None:
        at_us = self.arm.arrives_us()
        if at_us is not None:
            self.computer.arm_arrives(at_us, self.arm.generation)

    def _from_arm(self, event: BarrierReported | BarrierAcked) -> None:
        if self.online:
            self.computer.feed(event)

    # ---- the time line ----------------------------------------------------------------------------------------------

    def sensor(self, values: dict[str, Any]) -> None:
        """An edge; while the PLC is away it waits in the PLC's event log."""
        sensor, on, recovered = values["sensor"], values["on"], values["recovered"]
        happened = self.computer.mono_us(values["happened_us"] if recovered else self.computer.now_us)
        self.physical[sensor] = on
        edge = SensorChanged(sensor, on, recovered, happened)
        if self.online:
            self.computer.feed(edge)
        elif self.computer.has_power():
            self.missed.append(SensorChanged(sensor, on, True, happened))

    def link(self, values: dict[str, Any]) -> None:
        """The field IO link; on return come the logged edges, the levels and the arm, then what was queued."""
        if values["online"] == self.online:
            return
        self.online = values["online"]
        if not self.online:
            self.computer.feed(PlcOffline())
            return
        self.computer.feed(PlcOnline())
        for edge in self._logged_edges():
            self.computer.feed(edge)
        self._tell_state()
        if values["replays"] and self.arm.last:
            command, issued_us = self.arm.last.get("open") or self.arm.last["close"]
            self._to_arm(command, issued_us)

    def _logged_edges(self) -> list[SensorChanged]:
        """The PLC's event log, unless the scenario tells itself what comes out of it."""
        told = any(
            e.kind == "sensor" and e.values["recovered"] and e.at_us >= self.computer.now_us
            for e in self.scenario.timeline
        )
        missed, self.missed = self.missed, []
        return [] if told else missed

    def act_on_arm(self, values: dict[str, Any]) -> None:
        """A fault of the arm, a hand on it, or its repair."""
        arm = self.arm
        arm.opens_us = values["opens_us"] or arm.opens_us
        arm.closes_us = values["closes_us"] or arm.closes_us
        if values["fault"] in ("stuck", "broken"):
            arm.fault(values["fault"], self.computer.now_us)
        if values["by_hand"]:
            arm.raise_by_hand(self.computer.now_us)
        if values["ok"]:
            arm.opens_us, arm.closes_us = self.scenario.opens_us, self.scenario.closes_us
            arm.repair(self.computer.now_us)
            self._schedule_arm()

    def redeliver(self, values: dict[str, Any]) -> None:
        """The transport delivers the last such command once more."""
        again = self.arm.last.get(values["last"])
        if again is not None and self.online:
            self._to_arm(*again)


PLAYED_BY_PLC = {"sensor": Plc.sensor, "plc": Plc.link, "arm": Plc.act_on_arm, "redeliver": Plc.redeliver}
"""The entries of the timeline that happen at the PLC, by their kind."""
