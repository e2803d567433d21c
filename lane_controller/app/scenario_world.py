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
from lane_controller.app.scenario_list import TagList
from lane_controller.app.scenario_plc import PLAYED_BY_PLC, Plc
from lane_controller.app.scenario_reader import PLAYED_BY_READER, Reader
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
    Booted,
    CardTapped,
    ClassMeasured,
    ClockStepped,
    Event,
    ModeRequested,
    NeighbourHeard,
    OperatorLoggedIn,
    OperatorLoggedOut,
    PlateRead,
    ReleaseRequested,
    TimerFired,
)
from lane_controller.core.instant import Now
from lane_controller.core.invariants import Checker
from lane_controller.core.lane import start, step
from lane_controller.core.plain import record_from_plain, to_plain
from lane_controller.core.records import Record as DurableRecord
from lane_controller.core.remembered import recover
from lane_controller.core.state import Lane
from lane_controller.core.values import Tariff

DEMONSTRATION_TARIFF = Tariff(1, 0, ((1, 35_000), (2, 50_000), (3, 75_000), (4, 120_000), (5, 180_000)))
BOOT_TAKES_US = 1_000_000
"""The lane is up this long before the first entry; after power on it starts with this on its monotonic clock."""

NOON_US = 5 * 3_600_000_000
"""t = 0 is noon at the plaza (UTC+7), so that `date` is the local date whatever the length of the scenario."""


@dataclass(slots=True)
class World:
    """One run."""

    scenario: Scenario
    now_us: int = 0
    log: list[tuple[int, Effect]] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    capsule: list[tuple[Event, Now]] = field(default_factory=list)
    plc: Plc = field(init=False)
    tags: TagList = field(init=False)
    reader: Reader = field(init=False)
    checker: Checker = field(init=False)
    lane: Lane | None = None
    boots: int = 0
    booted_us: int = 0
    wall_us: int = 0
    timers: dict[str, int] = field(default_factory=dict)
    heap: list[tuple[int, int, int, Any]] = field(default_factory=list)
    order: Any = field(default_factory=count)
    inbox: deque[Event] = field(default_factory=deque)

    def __post_init__(self) -> None:
        scenario = self.scenario
        self.plc = Plc(scenario, self)
        self.checker = Checker(scenario.config)
        self.tags = TagList(scenario)
        self.reader = Reader(scenario, self.tags, self)

    # ---- time -------------------------------------------------------------------------------------------------------

    def run(self) -> "World":
        """Play the whole time line."""
        first = min([0, *(entry.at_us for entry in self.scenario.timeline)])
        self.now_us = first - BOOT_TAKES_US
        for entry in self.scenario.timeline:
            self._enlist(entry)
        self._boot()
        if self.scenario.operator is not None:
            self.feed(OperatorLoggedIn(self.scenario.operator))
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
                self._play(what)
            case ("arm", generation):
                if generation == self.plc.arm.generation:
                    self.plc.arm.arrive(self.now_us)
            case ("timer", key):
                if self.timers.get(key) == self.now_us:
                    del self.timers[key]
                    self.feed(TimerFired(key))
            case _:
                raise AssertionError(what)

    def _play(self, entry: Entry) -> None:
        if entry.kind in PLAYED_BY_PLC:
            PLAYED_BY_PLC[entry.kind](self.plc, entry.values)
        elif entry.kind in PLAYED_BY_READER:
            PLAYED_BY_READER[entry.kind](self.reader, entry.values)
        else:
            _PLAY[entry.kind](self, entry.values)

    def arm_arrives(self, at_us: int, generation: int) -> None:
        """The movement `generation` of the arm ends then, unless another begins before."""
        self._push(at_us, 1, ("arm", generation))

    def now(self) -> Now:
        """Both clocks of the lane computer."""
        noon = datetime.combine(self.scenario.day, datetime.min.time(), UTC)
        utc_us = (noon - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) + NOON_US
        return Now(self.now_us - self.booted_us + BOOT_TAKES_US, utc_us + self.now_us + self.wall_us)

    def true_utc_us(self) -> int:
        """UTC as it is, whatever the wall clock of the lane computer says."""
        return self.now().utc_us - self.wall_us

    def mono_us(self, at_us: int) -> int:
        """A scenario time on the lane's monotonic clock."""
        return at_us - self.booted_us + BOOT_TAKES_US

    def has_power(self) -> bool:
        """Whether the lane computer runs."""
        return self.lane is not None

    # ---- the lane ---------------------------------------------------------------------------------------------------

    def _boot(self) -> None:
        self.boots += 1
        self.booted_us = self.now_us
        self.checker.since_us = BOOT_TAKES_US - self.booted_us
        self.lane = start(self.scenario.config)
        records: list[DurableRecord] = [record_from_plain(json.loads(line)) for line in self.journal]
        booted = Booted(f"b{self.boots}", self.boots > 1, recover(records), (DEMONSTRATION_TARIFF,))
        self.feed(booted)
        self.feed(self.tags.heartbeat(self.now_us))
        self.reader.announce()
        self.plc.announce()

    def feed(self, event: Event) -> None:
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
                self.plc.command(effect)
            case StartTimer():
                at_us = effect.at_mono_us + self.booted_us - BOOT_TAKES_US
                self.timers[effect.key] = at_us
                self._push(at_us, 2, ("timer", effect.key))
            case CancelTimer():
                self.timers.pop(effect.key, None)
            case ReadLevels():
                self.feed(self.plc.levels())
            case RaiseFlag() | _:
                pass

    # ---- the time line ----------------------------------------------------------------------------------------------

    def plate(self, values: dict[str, Any]) -> None:
        """A plate reading."""
        text = values["text"]
        entry = self.tags.row_of_plate(text)
        self.feed(PlateRead(text, values["confidence"], corrects=values["corrects"], entry=entry))

    def avc(self, values: dict[str, Any]) -> None:
        """A measured class."""
        self.feed(ClassMeasured(values["class"], values["kind"], values["length"]))

    def neighbour(self, values: dict[str, Any]) -> None:
        """What another lane hears."""
        self.feed(NeighbourHeard(values["lane"], values["epc"], values["reads"], values["rssi"], values["vehicle"]))

    def card(self, values: dict[str, Any]) -> None:
        """A card tapped."""
        self.feed(CardTapped(values["uid"], values["role"], values["holder"]))

    def operator(self, values: dict[str, Any]) -> None:
        """The lane operator acts."""
        if values.get("login") is not None:
            self.feed(OperatorLoggedIn(str(values["login"])))
        if values.get("logout"):
            self.feed(OperatorLoggedOut())
        if values.get("release"):
            self.feed(ReleaseRequested(str(values.get("reason", "")), values.get("class")))

    def mode(self, values: dict[str, Any]) -> None:
        """The supervisor changes the mode."""
        self.feed(ModeRequested(values["mode"], "scenario"))

    def tag_list(self, values: dict[str, Any]) -> None:
        """The tag list changes."""
        self.feed(self.tags.change(values, self.now_us))

    def clock_step(self, values: dict[str, Any]) -> None:
        """The wall clock steps."""
        self.wall_us += values["step_us"]
        self.feed(ClockStepped(values["step_us"]))

    def power(self, values: dict[str, Any]) -> None:
        """The lane computer loses or regains power; the PLC lives on."""
        if not values["on"]:
            self.lane = None
            self.timers.clear()
        elif self.lane is None:
            self.plc.missed.clear()
            self._boot()


_PLAY = {
    "plate": World.plate,
    "avc": World.avc,
    "neighbour": World.neighbour,
    "card": World.card,
    "operator": World.operator,
    "mode": World.mode,
    "list": World.tag_list,
    "clock_step": World.clock_step,
    "power": World.power,
}
