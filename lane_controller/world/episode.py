"""One episode: the plan, the devices and the real core on one agenda, from the first vehicle to the last.

In: a plan, the parameters, optionally a wrong core (tests). Out: `Outcome` with the evidence, the verdicts, a digest of
all that the lane did.
Never: knowledge of the truth on the lane's side, or of the lane's reasons on the road's side.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from lane_controller.core import lane as core
from lane_controller.core.effects import (
    AskPlate,
    CommandBarrier,
    Effect,
    EnterState,
    RaiseFlag,
    ReadLevels,
    Record,
    SetSignal,
)
from lane_controller.core.events import ClockStepped, Event, ListEntryChanged, ListHeartbeat
from lane_controller.core.instant import Now
from lane_controller.core.records import Authorised, Held, PassageClosed, Voided
from lane_controller.core.remembered import recover
from lane_controller.core.values import BarrierAction, Mode, TagEntry
from lane_controller.world.agenda import US, Agenda
from lane_controller.world.camera import Camera
from lane_controller.world.computer import LaneComputer, Recover, Step
from lane_controller.world.faults import Faults
from lane_controller.world.judge import Verdicts, judge
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.places import PLACES
from lane_controller.world.plan import EpisodePlan, Right, VehiclePlan
from lane_controller.world.plc import Plc
from lane_controller.world.radio import Radio
from lane_controller.world.road import Road
from lane_controller.world.staff import Staff
from lane_controller.world.truth import Closed, Crossing, Evidence, Opening
from lane_controller.world.vehicle import Vehicle

LIMIT_US = 3 * 3600 * US
"""Whoever has not left the lane three hours after the start never will."""

CALM_US = 15 * US
HEARTBEAT_S = 30.0
MODE_DOUBT_US = 3 * US
OPENS = (BarrierAction.OPEN, BarrierAction.LATCH_OPEN)
TraceLine = tuple[int, Event, tuple[Effect, ...]]


@dataclass(slots=True)
class Run:
    """What an episode came to."""

    evidence: Evidence
    verdicts: Verdicts
    digest: str
    steps: int
    reads: int
    boots: int
    trace: list[TraceLine] = field(default_factory=list)


class Episode:
    """Builds the world of one plan and lets it run."""

    def __init__(
        self,
        plan: EpisodePlan,
        parameters: WorldParameters,
        step: Step = core.step,
        fold: Recover = recover,
        trace: bool = False,
    ) -> None:
        self.plan, self.parameters = plan, parameters
        self.agenda = Agenda()
        self.table: dict[str, TagEntry] = dict(plan.table)
        self.computer = LaneComputer(self.agenda, plan.config, plan.tariff, step, fold)
        self.plc = Plc(self.agenda, plan.config, parameters, self.computer)
        place = PLACES[plan.config.geometry]
        self.road = Road(self.agenda, place, parameters, self.plc)
        self.radio = Radio(self.agenda, place, parameters, self.computer, self.table)
        self.camera = Camera(self.agenda, parameters, self.computer, self.table, self.road.over_l1)
        self.staff = Staff(self.agenda, self.computer, self.plc, self.road)
        self.evidence = Evidence(plan)
        self.faults = Faults(self)
        self.list_version, self.list_alive = 1, True
        self._authorised: dict[str, Authorised] = {}
        self._topped: set[int] = set()
        self._left = 0
        self._calm_us: int | None = None
        self._hash = sha256()
        self._trace: list[TraceLine] = []
        self._wire(trace)

    def _wire(self, trace: bool) -> None:
        computer, road = self.computer, self.road
        computer.perform = self._perform
        computer.failed = self.plc.computer_down
        road.entered, road.left = self._entered, self._vehicle_left
        road.zone, road.on_l1 = self.radio.zone, self._on_l1
        road.crossed, road.stood = self._crossed, self.staff.stood
        if trace:
            computer.watch = self._traced

    def run(self) -> Run:
        """From power on until every vehicle has left and the lane is calm."""
        for vehicle in self.plan.vehicles:
            self.agenda.at(int(vehicle.at_s * US), self.road.enter, vehicle)
        for passer in self.plan.passers:
            self.agenda.at(int(passer.at_s * US), self.radio.passer, passer)
        self.faults.plan(self.plan.faults)
        self.boot(None)
        self.staff.log_in()
        self.agenda.run(LIMIT_US, self._over)
        return self._result()

    def boot(self, _: Any) -> None:
        """Power for the lane computer."""
        if self.computer.lane is not None:
            return
        self.staff.computer_restarted()
        self.computer.boot()
        self._heartbeat(self.computer.boots)
        self.radio.connect(self.radio.offset_us)
        self.plc.computer_up()

    def _over(self) -> bool:
        if self._left < len(self.plan.vehicles):
            return False
        if self._calm_us is None:
            self._calm_us = self.agenda.now_us
        return self.agenda.now_us - self._calm_us > CALM_US

    def _result(self) -> Run:
        evidence = self.evidence
        evidence.violations += self.computer.checker.violations
        evidence.unfinished = len(self.plan.vehicles) - self._left
        evidence.durable_closed = sum(type(one) is PassageClosed for one in self.computer.journal)
        verdicts = judge(evidence)
        self._hash.update(repr([(i.kind, i.cause, i.at_us) for i in verdicts.incidents]).encode())
        computer = self.computer
        return Run(
            evidence, verdicts, self._hash.hexdigest(), computer.steps, self.radio.reads, computer.boots, self._trace
        )

    # ---- what the lane does -----------------------------------------------------------------------------------------

    def _perform(self, effect: Effect) -> None:
        done = _PERFORMED.get(type(effect))
        if done is not None:
            done(self, effect)

    def _made_durable(self, effect: Record) -> None:
        self.plc.committed()
        self._recorded(effect.record)

    def _flagged(self, effect: RaiseFlag) -> None:
        self._note(f"{effect.flag}:{effect.passage_id}")

    def _entered_state(self, effect: EnterState) -> None:
        self.staff.state = effect.state

    def _note(self, text: str) -> None:
        self._hash.update(f"{self.agenda.now_us}:{text}\n".encode())

    def _recorded(self, record: object) -> None:
        if isinstance(record, PassageClosed):
            self._closed(record)
        elif isinstance(record, Authorised):
            self._authorised[record.passage_id] = record
            self._note(f"A:{record.passage_id}:{record.finding.epc}:{record.finding.fare_vnd}")
        elif isinstance(record, Held):
            self.evidence.held[record.passage_id] = record
            self._note(f"H:{record.passage_id}")
        elif isinstance(record, Voided):
            self._note(f"V:{record.passage_id}:{record.reason}")

    def _closed(self, record: PassageClosed) -> None:
        passage = record.passage
        l3_on = passage.times.l3_on or passage.closed
        l3_us = l3_on.mono_us - self.computer.base_us
        self.evidence.closed.append(Closed(passage, l3_us, self.agenda.now_us))
        f = passage.finding
        self._note(
            f"P:{passage.passage_id}:{passage.seq}:{passage.outcome}:{f.epc}:{f.fare_vnd}:{passage.flags}:{l3_us}"
        )

    def _command(self, command: CommandBarrier) -> None:
        self._note(f"C:{command.cmd_id}:{command.action}:{command.cause}:{command.passage_id}")
        if command.action in OPENS:
            first = self._first()
            topped = first is not None and first.number in self._topped
            authorised = self._authorised.get(command.passage_id or "")
            carded = first is not None and first.card
            opening = Opening(self.agenda.now_us, command.cause, authorised, first, topped, carded)
            self.evidence.openings.append(opening)
        self.plc.send(command)

    def _first(self) -> VehiclePlan | None:
        """The first toll vehicle before the arm; a motorcycle that the lane measures is in nobody's way (R9)."""
        queue = [one.plan for one in self.road.queue()]
        seen = [plan for plan in queue if not (plan.motorcycle and self.plan.config.measures_class)]
        return seen[0] if seen else None

    def _traced(self, event: Event, now: Now, effects: tuple[Effect, ...]) -> None:
        self._trace.append((self.agenda.now_us, event, effects))

    # ---- what happens on the road -----------------------------------------------------------------------------------

    def _entered(self, vehicle: Vehicle) -> None:
        after_s = vehicle.plan.topped_up_after_s
        if after_s is not None and vehicle.plan.tags:
            self.agenda.after(after_s, self._row_changes, vehicle)

    def _row_changes(self, vehicle: Vehicle) -> None:
        """The row of its tag is written anew: topped up, or only a new version."""
        old = self.table.get(vehicle.plan.tags[0].epc)
        if old is None or not self.list_alive:
            return
        self.list_version += 1
        available = old.available_vnd
        if vehicle.plan.right is Right.LOW_BALANCE:
            available += 500_000
            self._topped.add(vehicle.plan.number)
        entry = _renewed(old, available, self.list_version)
        self.table[old.epc] = entry
        self.computer.feed(ListEntryChanged(old.epc, entry, self.list_version))

    def _heartbeat(self, boots: int) -> None:
        """The list tells that it is alive, as long as anything else is to happen."""
        if boots != self.computer.boots or self.computer.lane is None:
            return
        if self.list_alive:
            self.computer.feed(ListHeartbeat(self.list_version, 0))
        if not self.agenda.idle:
            self.agenda.after(HEARTBEAT_S, self._heartbeat, boots)

    def _on_l1(self, vehicle: Vehicle) -> None:
        self.camera.measure(vehicle)
        if vehicle.plan.card:
            self.staff.tap_card(vehicle)

    def _crossed(self, vehicle: Vehicle) -> None:
        staff, now_us = self.staff, self.agenda.now_us
        modes: tuple[Mode, ...] = (staff.mode,)
        if now_us - staff.mode_since_us < MODE_DOUBT_US:
            modes = (staff.mode, staff.mode_before)
        number = vehicle.plan.number
        powered = self.computer.lane is not None
        lifted = number in staff.lifted
        topped = number in self._topped
        self.evidence.crossings.append(Crossing(vehicle.plan, now_us, modes, powered, lifted, topped))

    def _vehicle_left(self, vehicle: Vehicle) -> None:
        self._left += 1

    def clock_steps(self, step_us: int) -> None:
        """The wall clock of the lane computer is set."""
        self.computer.wall_us += step_us
        self.computer.feed(ClockStepped(step_us))


_PERFORMED: dict[type, Callable[[Episode, Any], None]] = {
    Record: Episode._made_durable,
    CommandBarrier: Episode._command,
    RaiseFlag: Episode._flagged,
    EnterState: Episode._entered_state,
    SetSignal: lambda episode, effect: episode.plc.show(effect.aspect),
    AskPlate: lambda episode, effect: episode.camera.ask(effect),
    ReadLevels: lambda episode, effect: episode.plc.read_levels(),
}
"""Who performs what; the others (display, shares) reach nobody in this world."""


def _renewed(old: TagEntry, available_vnd: int, version: int) -> TagEntry:
    return replace(old, available_vnd=available_vnd, list_version=version)


def run_plan(plan: EpisodePlan, parameters: WorldParameters, step: Step = core.step, fold: Recover = recover) -> Run:
    """One episode with the real core, or with a wrong one."""
    return Episode(plan, parameters, step, fold).run()


Runner = Callable[[EpisodePlan], Run]
