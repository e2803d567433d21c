"""The simulated world of a scenario: devices on virtual time around the real lane core.

In: a `Scenario`. Out: `World` after `run`: the effects by instant, the records, the arm's acts, the invariants'
findings.
The lane computer can lose power: its state is dropped, its records survive as JSON through the plain codecs.
Never: the clock of the machine. The same file gives the same bytes every time.
"""

import heapq
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from lane_controller.app.scenario_file import Scenario
from lane_controller.app.scenario_tags import changed_tag
from lane_controller.app.scenario_timeline import Entry
from lane_controller.core.effects import (
    CancelTimer,
    CommandBarrier,
    Effect,
    RaiseFlag,
    ReadLevels,
    Record,
    StartTimer,
)
from lane_controller.core.events import (
    BarrierAcked,
    BarrierReported,
    Booted,
    CardTapped,
    ClassMeasured,
    ClockStepped,
    Event,
    ListEntryChanged,
    ListHeartbeat,
    ModeRequested,
    NeighbourHeard,
    OperatorLoggedIn,
    OperatorLoggedOut,
    PlateRead,
    PlcOffline,
    PlcOnline,
    ReaderConnected,
    ReaderLost,
    ReleaseRequested,
    SensorChanged,
    SensorLevels,
    TagSeen,
    TimerFired,
)
from lane_controller.core.fusion import plates_agree
from lane_controller.core.instant import Now
from lane_controller.core.invariants import Checker
from lane_controller.core.lane import start, step
from lane_controller.core.plain import record_from_plain, to_plain
from lane_controller.core.records import Record as DurableRecord
from lane_controller.core.recovery import recover
from lane_controller.core.state import Lane
from lane_controller.core.values import Sensor, TagEntry, Tariff
from lane_controller.world.arm import Arm

DEMONSTRATION_TARIFF = Tariff(1, 0, ((1, 35_000), (2, 50_000), (3, 75_000), (4, 120_000), (5, 180_000)))
READER = "reader-1"
BOOT_TAKES_US = 1_000_000
"""The lane is up this long before the first entry; after power on it starts with this on its monotonic clock."""

NOON_US = 5 * 3_600_000_000
"""t = 0 is noon at the plaza (UTC+7), so that `date` is the local date whatever the length of the scenario."""

CLOCK_OFFSET_US = 300_000_000
"""One stamp_offset of at least this on all reports of a connection: the reader's clock is wrong, no report is old."""


@dataclass(slots=True)
class World:
    """One run."""

    scenario: Scenario
    now_us: int = 0
    log: list[tuple[int, Effect]] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    capsule: list[tuple[Event, Now]] = field(default_factory=list)
    arm: Arm = field(init=False)
    checker: Checker = field(init=False)
    lane: Lane | None = None
    boots: int = 0
    booted_us: int = 0
    wall_us: int = 0
    plc_online: bool = True
    reader_up: bool = True
    physical: dict[Sensor, bool] = field(default_factory=lambda: dict.fromkeys(Sensor, False))
    missed: list[SensorChanged] = field(default_factory=list)
    list_version: int = 1
    list_fresh_us: int = 0
    table: dict[str, TagEntry | None] = field(default_factory=dict)
    timers: dict[str, int] = field(default_factory=dict)
    heap: list[tuple[int, int, int, Any]] = field(default_factory=list)
    order: Any = field(default_factory=count)
    inbox: deque[Event] = field(default_factory=deque)

    def __post_init__(self) -> None:
        scenario = self.scenario
        self.arm = Arm(scenario.opens_us, scenario.closes_us, self._from_arm)
        self.checker = Checker(scenario.config)
        self.table = {tag.epc: tag for tag in scenario.tags.values()}
        self.list_fresh_us = -scenario.list_age_us

    # ---- time -------------------------------------------------------------------------------------------------------

    def run(self) -> "World":
        """Play the whole time line."""
        first = min([0, *(entry.at_us for entry in self.scenario.timeline)])
        self.now_us = first - BOOT_TAKES_US
        for entry in self.scenario.timeline:
            self._enlist(entry)
        self._boot()
        if self.scenario.operator is not None:
            self._feed(OperatorLoggedIn(self.scenario.operator))
        while self.heap and self.heap[0][0] <= self.scenario.until_us:
            at_us, _, _, what = heapq.heappop(self.heap)
            self.now_us = max(self.now_us, at_us)
            self._happen(what)
        self.now_us = self.scenario.until_us
        return self

    def _push(self, at_us: int, rank: int, what: Any) -> None:
        """Equal times: the time line first (in file order), then the arm, then timers."""
        heapq.heappush(self.heap, (at_us, rank, next(self.order), what))

    def _enlist(self, entry: Entry) -> None:
        if entry.kind != "tag":
            self._push(entry.at_us, 0, entry)
            return
        reads, over_us = entry.values["reads"], entry.values["over_us"]
        for i in range(reads):
            at_us = entry.at_us + (over_us * i // (reads - 1) if reads > 1 else 0)
            self._push(at_us, 0, entry)

    def _happen(self, what: Any) -> None:
        match what:
            case Entry():
                _PLAY[what.kind](self, what.values)
            case ("arm", generation):
                if generation == self.arm.generation:
                    self.arm.arrive(self.now_us)
            case ("timer", key):
                if self.timers.get(key) == self.now_us:
                    del self.timers[key]
                    self._feed(TimerFired(key))
            case _:
                raise AssertionError(what)

    def now(self) -> Now:
        """Both clocks of the lane computer."""
        noon = datetime.combine(self.scenario.day, datetime.min.time(), UTC)
        utc_us = (noon - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) + NOON_US
        return Now(self.now_us - self.booted_us + BOOT_TAKES_US, utc_us + self.now_us + self.wall_us)

    def _true_utc_us(self) -> int:
        return self.now().utc_us - self.wall_us

    def mono_us(self, at_us: int) -> int:
        """A scenario time on the lane's monotonic clock."""
        return at_us - self.booted_us + BOOT_TAKES_US

    # ---- the lane ---------------------------------------------------------------------------------------------------

    def _boot(self) -> None:
        self.boots += 1
        self.booted_us = self.now_us
        self.lane = start(self.scenario.config)
        records: list[DurableRecord] = [record_from_plain(json.loads(line)) for line in self.journal]
        booted = Booted(f"b{self.boots}", self.boots > 1, recover(records), (DEMONSTRATION_TARIFF,))
        self._feed(booted)
        self._feed(ListHeartbeat(self.list_version, self.now_us - self.list_fresh_us))
        if self.reader_up:
            self._connect_reader()
        if self.plc_online:
            self._feed(PlcOnline())
            self._feed(self._levels())
            self.arm.report(self.now_us)
        else:
            self._feed(PlcOffline())

    def _levels(self) -> SensorLevels:
        curtains = self.scenario.config.curtains
        p = self.physical
        return SensorLevels(
            p[Sensor.L1],
            p[Sensor.L2],
            p[Sensor.L3],
            p[Sensor.LC1] if Sensor.LC1 in curtains else None,
            p[Sensor.LC2] if Sensor.LC2 in curtains else None,
        )

    def _connect_reader(self) -> None:
        self._feed(ReaderConnected(READER, self._true_utc_us() + self._reader_offset_us()))

    def _reader_offset_us(self) -> int:
        """How wrong the reader's own clock is during the connection that begins now (ADR 0010)."""
        offsets = set()
        for entry in self.scenario.timeline:
            if entry.kind == "reader" and entry.at_us > self.now_us:
                break
            if entry.kind == "tag" and entry.at_us >= self.now_us:
                offsets.add(entry.values["stamp_offset_us"])
        only = offsets.pop() if len(offsets) == 1 else 0
        return only if abs(only) >= CLOCK_OFFSET_US else 0

    def _feed(self, event: Event) -> None:
        """One event; what its effects cause comes after all effects of its step."""
        self.inbox.append(event)
        if len(self.inbox) > 1:
            return
        while self.inbox:
            self._step(self.inbox[0])
            self.inbox.popleft()

    def _step(self, event: Event) -> None:
        if self.lane is None:
            return
        now = self.now()
        self.lane, effects = step(self.lane, event, now)
        self.capsule.append((event, now))
        self.checker.see(event, effects, now)
        for effect in effects:
            self.log.append((self.now_us, effect))
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Record():
                self.journal.append(json.dumps(to_plain(effect.record), ensure_ascii=False))
            case CommandBarrier():
                self._command(effect)
            case StartTimer():
                at_us = effect.at_mono_us + self.booted_us - BOOT_TAKES_US
                self.timers[effect.key] = at_us
                self._push(at_us, 2, ("timer", effect.key))
            case CancelTimer():
                self.timers.pop(effect.key, None)
            case ReadLevels():
                self._feed(self._levels())
            case RaiseFlag() | _:
                pass

    # ---- the arm ----------------------------------------------------------------------------------------------------

    def _command(self, command: CommandBarrier) -> None:
        word = "close" if command.action.value == "close" else "open"
        if command.action.value != "unlatch":
            self.arm.last[word] = (command, self.now_us)
        if self.plc_online:
            self._to_arm(command, self.now_us)

    def _to_arm(self, command: CommandBarrier, issued_us: int) -> None:
        self.arm.blocked = self.physical[Sensor.L2] or self.physical[Sensor.LC2]
        self.arm.deliver(command, issued_us, self.now_us)
        self._schedule_arm()

    def _schedule_arm(self) -> None:
        at_us = self.arm.arrives_us()
        if at_us is not None:
            self._push(at_us, 1, ("arm", self.arm.generation))

    def _from_arm(self, event: BarrierReported | BarrierAcked) -> None:
        if self.plc_online:
            self._feed(event)

    # ---- the time line ----------------------------------------------------------------------------------------------

    def tag(self, values: dict[str, Any]) -> None:
        """One read of a tag."""
        if not self.reader_up:
            return
        offset = values["stamp_offset_us"]
        stamp = self._true_utc_us() + offset
        entry = self.table.get(values["epc"])
        self._feed(TagSeen(values["epc"], values["tid"], values["antenna"], values["rssi"], stamp, READER, entry))

    def sensor(self, values: dict[str, Any]) -> None:
        """An edge; while the PLC is away it waits in the PLC's event log."""
        sensor, on, recovered = values["sensor"], values["on"], values["recovered"]
        happened = self.mono_us(values["happened_us"] if recovered else self.now_us)
        self.physical[sensor] = on
        edge = SensorChanged(sensor, on, recovered, happened)
        if self.plc_online:
            self._feed(edge)
        elif self.lane is not None:
            self.missed.append(SensorChanged(sensor, on, True, happened))

    def plate(self, values: dict[str, Any]) -> None:
        """A plate reading."""
        text = values["text"]
        entry = next((t for t in self.table.values() if t and text and plates_agree(text, t.plate)), None)
        self._feed(PlateRead(text, values["confidence"], corrects=values["corrects"], entry=entry))

    def avc(self, values: dict[str, Any]) -> None:
        """A measured class."""
        self._feed(ClassMeasured(values["class"], values["kind"], values["length"]))

    def neighbour(self, values: dict[str, Any]) -> None:
        """What another lane hears."""
        self._feed(NeighbourHeard(values["lane"], values["epc"], values["reads"], values["rssi"], values["vehicle"]))

    def card(self, values: dict[str, Any]) -> None:
        """A card tapped."""
        self._feed(CardTapped(values["uid"], values["role"], values["holder"]))

    def operator(self, values: dict[str, Any]) -> None:
        """The lane operator acts."""
        if values.get("login") is not None:
            self._feed(OperatorLoggedIn(str(values["login"])))
        if values.get("logout"):
            self._feed(OperatorLoggedOut())
        if values.get("release"):
            self._feed(ReleaseRequested(str(values.get("reason", "")), values.get("class")))

    def mode(self, values: dict[str, Any]) -> None:
        """The supervisor changes the mode."""
        self._feed(ModeRequested(values["mode"], "scenario"))

    def tag_list(self, values: dict[str, Any]) -> None:
        """The tag list changes."""
        if "age_us" in values:
            self.list_fresh_us = self.now_us - values["age_us"]
            self._feed(ListHeartbeat(self.list_version, values["age_us"]))
            return
        self.list_version += 1
        self.list_fresh_us = self.now_us
        name = values.get("set") or values["remove"]
        epc = self.scenario.tags[name].epc
        old = self.table.get(epc) or self.scenario.tags[name]
        self.table[epc] = changed_tag(old, values["changes"], self.list_version) if "set" in values else None
        self._feed(ListEntryChanged(epc, self.table[epc], self.list_version))

    def reader(self, values: dict[str, Any]) -> None:
        """The LLRP link."""
        self.reader_up = not values["lost"]
        if values["lost"]:
            self._feed(ReaderLost(READER))
        else:
            self._connect_reader()

    def plc(self, values: dict[str, Any]) -> None:
        """The field IO link; on return come the logged edges, the levels and the arm, then what was queued."""
        if values["online"] == self.plc_online:
            return
        self.plc_online = values["online"]
        if not self.plc_online:
            self._feed(PlcOffline())
            return
        self._feed(PlcOnline())
        for edge in self._logged_edges():
            self._feed(edge)
        self._feed(self._levels())
        self.arm.report(self.now_us)
        if values["replays"] and self.arm.last:
            command, issued_us = self.arm.last.get("open") or self.arm.last["close"]
            self._to_arm(command, issued_us)

    def _logged_edges(self) -> list[SensorChanged]:
        """The PLC's event log, unless the scenario tells itself what comes out of it."""
        told = any(
            e.kind == "sensor" and e.values["recovered"] and e.at_us >= self.now_us for e in self.scenario.timeline
        )
        missed, self.missed = self.missed, []
        return [] if told else missed

    def arm_entry(self, values: dict[str, Any]) -> None:
        """A fault of the arm, a hand on it, or its repair."""
        arm = self.arm
        arm.opens_us = values["opens_us"] or arm.opens_us
        arm.closes_us = values["closes_us"] or arm.closes_us
        if values["fault"] in ("stuck", "broken"):
            arm.fault(values["fault"], self.now_us)
        if values["by_hand"]:
            arm.raise_by_hand(self.now_us)
        if values["ok"]:
            arm.opens_us, arm.closes_us = self.scenario.opens_us, self.scenario.closes_us
            arm.repair(self.now_us)
            self._schedule_arm()

    def redeliver(self, values: dict[str, Any]) -> None:
        """The transport delivers the last such command once more."""
        again = self.arm.last.get(values["last"])
        if again is not None and self.plc_online:
            self._to_arm(*again)

    def clock_step(self, values: dict[str, Any]) -> None:
        """The wall clock steps."""
        self.wall_us += values["step_us"]
        self._feed(ClockStepped(values["step_us"]))

    def power(self, values: dict[str, Any]) -> None:
        """The lane computer loses or regains power; the PLC lives on."""
        if not values["on"]:
            self.lane = None
            self.timers.clear()
        elif self.lane is None:
            self.missed.clear()
            self._boot()


_PLAY = {
    "tag": World.tag,
    "sensor": World.sensor,
    "plate": World.plate,
    "avc": World.avc,
    "neighbour": World.neighbour,
    "card": World.card,
    "operator": World.operator,
    "mode": World.mode,
    "list": World.tag_list,
    "reader": World.reader,
    "plc": World.plc,
    "arm": World.arm_entry,
    "redeliver": World.redeliver,
    "clock_step": World.clock_step,
    "power": World.power,
}
