"""The radio of one lane: reads of tags in the lobe, strays of neighbour lanes, what neighbours tell, readers that fail.

In: where vehicles are, the tags behind their windscreens, the tag list. Out: `TagSeen`, `NeighbourHeard`,
`ReaderConnected`, `ReaderLost`.
Never: a read that the lobe does not give, or one that is left out to be quick.
"""

from collections.abc import Callable
from random import Random
from statistics import NormalDist

from lane_controller.core.events import NeighbourHeard, ReaderConnected, ReaderLost, TagSeen
from lane_controller.core.evolve import maker
from lane_controller.core.values import TagEntry
from lane_controller.world.agenda import US, Agenda
from lane_controller.world.computer import NOON_UTC_US, LaneComputer
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.places import Place
from lane_controller.world.plan import PasserPlan, Right, TagPlan, VehiclePlan
from lane_controller.world.vehicle import Vehicle

READER = "reader-1"
READER_DELAY_US = 10_000
HELD_MOST = 200
ANSWERS_DB = 15.0
SHARE_EVERY_S = 0.2
CREDIBLE_S = 0.12
SHARED_AGAIN_S = 1.0
L1_SEEN_S = 0.06
PASSER_TAG_M = 1.7
NOISE = tuple(NormalDist().inv_cdf((i + 0.5) / 1024) for i in range(1024))
"""The normal law in 1,024 steps of equal chance."""

_seen, _told = maker(TagSeen), maker(NeighbourHeard)

Late = tuple[TagPlan, int, str | None, int]
"""(tag, dBm, TID, microseconds of the episode)."""


class Radio:
    """One reader and the ether around it."""

    def __init__(
        self,
        agenda: Agenda,
        place: Place,
        parameters: WorldParameters,
        computer: LaneComputer,
        table: dict[str, TagEntry],
    ) -> None:
        self.agenda, self.parameters, self.computer, self.table = agenda, parameters, computer, table
        self.begin, self.end = place.zone
        self.l1 = place.sensors[0][1:]
        self.middle, self.half = (self.begin + self.end) / 2, (self.end - self.begin) / 2
        self.up, self.offset_us, self.holds = False, 0, False
        self._stamp_us = NOON_UTC_US - READER_DELAY_US
        self.held: list[Late] = []
        self.beside: list[tuple[str, int, int]] = []
        self.reads = 0
        self._noise: dict[int, Random] = {}
        self._floor_dbm, self._noise_db = parameters.floor_dbm, parameters.noise_db
        self._peak_dbm = parameters.peak_dbm
        self._peak_db, self._edge_loss_db = parameters.peak_dbm - parameters.floor_dbm, parameters.edge_loss_db
        self._tid_share = parameters.tid_read_share
        self._every_us = US / parameters.reads_per_s

    # ---- the reader -------------------------------------------------------------------------------------------------

    def connect(self, offset_us: int = 0) -> None:
        """A connection; reports that the reader held come with their old stamps."""
        self.up, self.offset_us = True, offset_us
        self._stamp_us = NOON_UTC_US + offset_us - READER_DELAY_US
        self.computer.feed(ReaderConnected(READER, self.computer.true_utc_us() + offset_us))
        for tag, rssi, tid, at_us in self.held:
            stamp_us = NOON_UTC_US + at_us + offset_us
            self.computer.feed(TagSeen(tag.epc, tid, 1, rssi, stamp_us, READER, self.table.get(tag.epc)))
        self.held = []

    def lose(self, holds: bool) -> None:
        """The connection is gone; `holds`: the reader keeps reports for the next one."""
        self.up, self.holds, self.held = False, holds, []
        self.computer.feed(ReaderLost(READER))

    def _tid(self, plan: VehiclePlan, tag: TagPlan) -> str:
        """The chip's own number: that of the list, unless somebody copied the tag or the list does not know it."""
        entry = self.table.get(tag.epc)
        if entry is None or entry.tid is None or plan.right is Right.CLONED:
            return f"E28068{plan.seed:018X}"
        return entry.tid

    def _hear(self, tag: TagPlan, rssi: int, tid: str | None = None) -> None:
        self.reads += 1
        if self.up:
            epc, stamp_us = tag.epc, self.agenda.now_us + self._stamp_us
            self.computer.feed(_seen(epc, tid, 1, rssi, stamp_us, READER, self.table.get(epc)))
        elif self.holds and len(self.held) < HELD_MOST:
            self.held.append((tag, rssi, tid, self.agenda.now_us))

    def strength_dbm(self, gain_db: float, tag_m: float) -> float:
        """A parabola in dB about the middle of the zone."""
        off = (tag_m - self.middle) / self.half
        return self._peak_dbm + gain_db - self._edge_loss_db * off * off

    # ---- vehicles of this lane --------------------------------------------------------------------------------------

    def zone(self, vehicle: Vehicle) -> None:
        """A vehicle's tags came into the zone: the reader asks from now on."""
        plan = vehicle.plan
        if not plan.tags:
            return
        noise = self._noise.get(plan.number)
        if noise is None:
            noise = self._noise[plan.number] = Random(plan.seed)  # noqa: S311 - seeded noise
            self._heard_beside(plan)
        # Not in the loop of `_ask`: whoever told of the vehicle has not yet said what it meets next.
        self.agenda.at(self._read(vehicle, noise.random), self._ask, (vehicle, noise))

    def _ask(self, asked: tuple[Vehicle, Random]) -> None:
        """The reader asks while the vehicle is in the zone; as long as nothing else happens it stays in this loop."""
        vehicle, noise = asked
        agenda, random = self.agenda, noise.random
        while vehicle.in_zone:
            next_us = self._read(vehicle, random)
            if not agenda.passes(next_us):
                agenda.at(next_us, self._ask, asked)
                return

    def _read(self, vehicle: Vehicle, random: Callable[[], float]) -> int:
        """Each tag of the vehicle is read, or missed where it is weak; when the reader asks again."""
        plan, now_us = vehicle.plan, self.agenda.now_us
        off = (vehicle.motion.place(now_us / US) - plan.tag_m - self.middle) / self.half
        loss_db = self._edge_loss_db * off * off
        for tag in plan.tags:
            above_db = self._peak_db + tag.gain_db - loss_db
            if random() * ANSWERS_DB < above_db:
                dbm = round(above_db + self._floor_dbm + NOISE[int(random() * 1024)] * self._noise_db)
                told = self._tid_share > 0 and random() < self._tid_share
                self._hear(tag, dbm, self._tid(plan, tag) if told else None)
        return now_us + int((0.5 + random()) * self._every_us)

    def _heard_beside(self, plan: VehiclePlan) -> None:
        """A neighbour lane hears this vehicle's tag well enough to tell of it."""
        if plan.heard_beside_db is None:
            return
        tag = plan.tags[0]
        dbm = round(self.parameters.peak_dbm + tag.gain_db - plan.heard_beside_db)
        if dbm >= self.computer.config.median_dbm:
            half_way_s = self.half / plan.speed_m_s
            for wait_s in (half_way_s, half_way_s + SHARE_EVERY_S):
                self.agenda.after(wait_s, self._told_of_ours, (tag, dbm))

    def _told_of_ours(self, told: tuple[TagPlan, int]) -> None:
        tag, dbm = told
        lane = self.beside[-1][0] if self.beside else "CM-02"
        self.computer.feed(NeighbourHeard(lane, tag.epc, 5, dbm, self._taken(lane)))

    def _taken(self, lane: str) -> bool:
        """Some vehicle of that neighbour lane is on its L1."""
        now_us = self.agenda.now_us
        for name, on, off in self.beside:  # noqa: SIM110 - any() with a generator takes three times as long
            if on <= now_us <= off and lane == name:
                return True
        return False

    # ---- vehicles of neighbour lanes --------------------------------------------------------------------------------

    def passer(self, plan: PasserPlan) -> None:
        """A vehicle comes into the zone of a neighbour lane: its whole way is worked out at once."""
        way = _Way(self.begin, plan.speed_m_s, plan.stands_s, plan.stands_m - PASSER_TAG_M)
        base_us = self.agenda.now_us
        on, off = way.when(self.l1[0] - PASSER_TAG_M), way.when(self.l1[1] + plan.length_m - PASSER_TAG_M)
        self.beside = [one for one in self.beside if one[2] > base_us - 10 * US]
        if plan.l1_taken:
            self.beside.append((plan.lane, base_us, base_us + int((way.stops_s() + plan.stands_s) * US)))
        self.beside.append((plan.lane, base_us + int(on * US), base_us + int(off * US)))
        self._strays(plan, way)
        leaves = way.when(self.end)
        told_s = CREDIBLE_S
        while told_s < leaves:
            dbm = self._median_dbm(plan, way, told_s)
            if dbm >= self.computer.config.median_dbm:
                self.agenda.after(told_s, self._told, (plan, dbm))
            told_s += SHARE_EVERY_S
        if CREDIBLE_S < on < leaves + SHARED_AGAIN_S:
            # A vehicle on L1: its lane tells at once what it hears of possible tags (core, tags.share_all).
            self.agenda.after(on + L1_SEEN_S, self._told, (plan, self._median_dbm(plan, way, min(on, leaves))))

    def _median_dbm(self, plan: PasserPlan, way: "_Way", told_s: float) -> int:
        """What its own lane hears of it: the median of rf_window, which is the strength in the middle of it."""
        window_s = self.computer.config.rf_window_ms / 1000
        return round(self.strength_dbm(plan.tag.gain_db, way.place((max(0.0, told_s - window_s) + told_s) / 2)))

    def _strays(self, plan: PasserPlan, way: "_Way") -> None:
        p = self.parameters
        gain_db = plan.tag.gain_db - plan.isolation_db
        if p.peak_dbm + gain_db <= p.floor_dbm:
            return
        at_s, leaves = 0.0, way.when(self.end)
        noise = Random(plan.seed)  # noqa: S311 - seeded noise
        random, place, strength_dbm = noise.random, way.place, self.strength_dbm
        floor_dbm, reads_per_s = p.floor_dbm, p.reads_per_s
        while at_s < leaves:
            dbm = strength_dbm(gain_db, place(at_s))
            if random() * ANSWERS_DB < dbm - floor_dbm:
                self.agenda.after(at_s, self._stray, (plan.tag, round(dbm + noise.gauss(0.0, p.noise_db))))
            at_s += (0.5 + random()) / reads_per_s

    def _stray(self, heard: tuple[TagPlan, int]) -> None:
        self._hear(*heard)

    def _told(self, told: tuple[PasserPlan, int]) -> None:
        plan, dbm = told
        self.computer.feed(_told(plan.lane, plan.tag.epc, 20, dbm, self._taken(plan.lane)))


class _Way:
    """Place of a tag over time: a steady pace with one stop."""

    def __init__(self, begin_m: float, speed_m_s: float, stands_s: float, stands_m: float) -> None:
        self.begin_m, self.speed_m_s, self.stands_s, self.stands_m = begin_m, speed_m_s, stands_s, stands_m

    def stops_s(self) -> float:
        """When it comes to stand."""
        return max(0.0, (self.stands_m - self.begin_m) / self.speed_m_s)

    def place(self, t: float) -> float:
        """Metres after t seconds."""
        x = self.begin_m + self.speed_m_s * t
        if self.stands_s <= 0 or x <= self.stands_m:
            return x
        return max(self.stands_m, x - self.speed_m_s * self.stands_s)

    def when(self, x: float) -> float:
        """Seconds until the place is x."""
        at = (x - self.begin_m) / self.speed_m_s
        return at + self.stands_s if self.stands_s > 0 and x > self.stands_m else at
