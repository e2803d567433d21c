"""Draws the plan of an episode from a seed and the table of parameters.

In: (seed, index), parameters, the kinds of faults that are on. Out: an `EpisodePlan`; the same input, the same plan.
Never: a draw that depends on how the episode runs, or on another episode.
"""

from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from math import log10
from random import Random

from lane_controller.core.config import CURTAINS, Geometry, LaneConfig, configure
from lane_controller.core.values import Tariff
from lane_controller.world.draw_faults import fault_plans
from lane_controller.world.draw_marks import Marks
from lane_controller.world.parameters import FAULTS, WorldParameters
from lane_controller.world.places import PLACES, STOP_LINE_M
from lane_controller.world.plan import (
    EpisodePlan,
    Manner,
    PasserPlan,
    Right,
    TagPlan,
    VehiclePlan,
)

VEHICLES = 100
"""Vehicles of one episode: one lane for about twenty minutes of its peak hour."""

TARIFF = Tariff(1, 0, ((1, 35_000), (2, 50_000), (3, 75_000), (4, 120_000), (5, 180_000)))
LENGTHS_M = {1: (3.8, 5.2), 2: (5.8, 7.2), 3: (8.2, 12.0), 4: (9.0, 12.2), 5: (13.0, 16.5)}
HEAVY_WEIGHTS = (8, 5, 4, 3)
"""Classes 2 to 5 among the rest (traffic, fleet)."""

TAG_M = {1: 1.7, 2: 1.4, 3: 1.0, 4: 1.0, 5: 1.0}


def seed_of(seed: int, index: int) -> int:
    """The seed of one episode."""
    return int.from_bytes(sha256(f"{seed}/{index}".encode()).digest()[:8])


def draw(seed: int, index: int, p: WorldParameters, faults: Collection[str] = FAULTS) -> EpisodePlan:
    """The plan of episode `index` of a run."""
    own = seed_of(seed, index)
    random = Random(own)  # noqa: S311 - seeded traffic is the point
    config = _config(random, p)
    lots = _Lots(random, p, config, index)
    vehicles = lots.vehicles()
    until_s = vehicles[-1].at_s + 30.0
    passers = lots.passers(until_s)
    plans = fault_plans(random, p, until_s, faults)
    return EpisodePlan(index, own, config, TARIFF, lots.marks.table, vehicles, passers, plans)


def _config(random: Random, p: WorldParameters) -> LaneConfig:
    geometry = Geometry.G2 if random.random() < p.g2_share else Geometry.G1
    measures_class = random.random() < p.measures_class_share
    without = p.without_curtains_share > 0 and random.random() < p.without_curtains_share
    return configure(geometry, measures_class=measures_class, curtains=frozenset(() if without else CURTAINS))


class _Lots:
    """Draws the parts of one plan, in order."""

    def __init__(self, random: Random, p: WorldParameters, config: LaneConfig, index: int) -> None:
        self.random, self.p, self.config = random, p, config
        self.marks = Marks(random, p, index)
        self._good: list[VehiclePlan] = []

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    # ---- vehicles ---------------------------------------------------------------------------------------------------

    def vehicles(self) -> tuple[VehiclePlan, ...]:
        """In the order in which they come."""
        found: list[VehiclePlan] = []
        at_s = 5.0
        for number in range(1, VEHICLES + 1):
            at_s += max(self.p.headway_min_s, self.random.expovariate(self.p.vehicles_per_hour / 3600))
            if len(found) > 10 and self._chance(self.p.returns_share):
                found.append(self._again(found, number, at_s))
            else:
                found.append(self._vehicle(number, at_s))
        return tuple(found)

    def _again(self, found: list[VehiclePlan], number: int, at_s: float) -> VehiclePlan:
        old = self.random.choice(found[:-5])
        new = self._vehicle(number, at_s)
        same = ("right", "vehicle_class", "length_m", "tag_m", "plate", "tags", "high_bed", "card")
        changes = {name: getattr(old, name) for name in same}
        seen = self.marks.seen(old.plate)
        return replace(new, **changes, plate_seen=seen, manner=Manner.ORDINARY, class_seen=old.class_seen)

    def _vehicle(self, number: int, at_s: float) -> VehiclePlan:
        random, p = self.random, self.p
        right = self._right()
        vehicle_class = 1 if right in (Right.EXEMPT, Right.MOTORCYCLE) else self._class()
        plate = self.marks.plate()
        low, high = (1.9, 2.2) if right is Right.MOTORCYCLE else LENGTHS_M[vehicle_class]
        mean = p.speed_g2_kmh if self.config.geometry is Geometry.G2 else p.speed_g1_kmh
        speed = mean * min(1.4, max(0.55, random.gauss(1.0, p.speed_sd))) / 3.6
        manner = self._manner(right)
        close = manner is Manner.CLOSE
        vehicle = VehiclePlan(
            number=number,
            at_s=at_s,
            right=right,
            manner=manner,
            vehicle_class=vehicle_class,
            length_m=round(random.uniform(low, high), 2),
            tag_m=TAG_M[vehicle_class],
            speed_m_s=speed,
            gap_m=p.close_gap_m * random.uniform(0.7, 1.2) if close else p.gap_m * random.uniform(0.8, 1.2),
            reaction_s=p.reaction_s * random.uniform(0.6, 1.4),
            plate=plate,
            tags=self._tags_of(right, vehicle_class, plate),
            plate_seen=self.marks.seen(plate),
            class_seen=None if right is Right.MOTORCYCLE else self._class_seen(vehicle_class),
            seed=random.getrandbits(32),
            high_bed=vehicle_class >= 4 and self._chance(p.trailer_share),
            card=self._chance(p.priority_card_share) or (right is Right.NO_TAG and self._chance(0.05)),
            operator_s=p.operator_s * random.uniform(0.5, 2.0),
            heard_beside_db=random.gauss(p.isolation_db - self._stray_db(), p.isolation_sd_db),
            topped_up_after_s=self._change(right),
        )
        if right is Right.GOOD:
            self._good.append(vehicle)
        return vehicle

    def _right(self) -> Right:
        p, lot = self.p, self.random.random()
        for right, share in (
            (Right.NO_TAG, p.untagged_share),
            (Right.LOW_BALANCE, p.low_balance_share),
            (Right.BLOCKED, p.blocked_share),
            (Right.SUSPECT, p.suspect_share),
            (Right.UNKNOWN, p.unknown_share),
            (Right.EXEMPT, p.exempt_share),
            (Right.TICKET, p.ticket_share),
            (Right.WRONG_PLATE, p.wrong_plate_share),
            (Right.TWO_ACCOUNTS, p.two_tags_share / 2),
            (Right.CLONED, p.cloned_share if self._good else 0.0),
            (Right.MOTORCYCLE, p.motorcycle_share),
        ):
            lot -= share
            if lot < 0:
                return right
        return Right.GOOD

    def _manner(self, right: Right) -> Manner:
        p, lot = self.p, self.random.random()
        if right is Right.MOTORCYCLE:
            return Manner.ORDINARY
        for manner, share in (
            (Manner.CLOSE, p.close_follower_share),
            (Manner.RAM, p.ram_share),
            (Manner.HESITATES, p.hesitate_share),
            (Manner.TURNS_BACK, p.turn_back_share),
            (Manner.REFUSES, p.refuse_share),
        ):
            lot -= share
            if lot < 0:
                return manner
        return Manner.ORDINARY

    def _class(self) -> int:
        if self._chance(self.p.class_1_share):
            return 1
        return self.random.choices((2, 3, 4, 5), HEAVY_WEIGHTS)[0]

    def _class_seen(self, vehicle_class: int) -> int:
        lot = self.random.random()
        off = 2 if lot < self.p.class_off_two_share else 1 if lot < self.p.class_off_one_share else 0
        up = vehicle_class + off <= 5 and (vehicle_class - off < 1 or self._chance(0.5))
        return vehicle_class + off if up else vehicle_class - off

    def _change(self, right: Right) -> float | None:
        """When the row of the tag changes: somebody tops up at the arm, or the list is written anew."""
        topped_up = right is Right.LOW_BALANCE and self._chance(0.2)
        if topped_up or self._chance(self.p.list_change_share):
            return self.random.uniform(1.0, 20.0)
        return None

    # ---- tags -------------------------------------------------------------------------------------------------------

    def _tags_of(self, right: Right, vehicle_class: int, plate: str) -> tuple[TagPlan, ...]:
        if right in (Right.NO_TAG, Right.MOTORCYCLE):
            return ()
        if right is Right.CLONED:
            return (TagPlan(self.random.choice(self._good).tags[0].epc, self.marks.gain_db()),)
        first = self.marks.tag(right, vehicle_class, plate, None)
        if right is Right.TWO_ACCOUNTS:
            return first, self.marks.tag(right, vehicle_class, plate, None)
        if right is Right.GOOD and self._chance(self.p.two_tags_share / 2):
            return first, self.marks.tag(right, vehicle_class, plate, self.marks.table[first.epc].account)
        return (first,)

    # ---- neighbours -------------------------------------------------------------------------------------------------

    def _stray_db(self) -> float:
        return 10 * log10(self.p.stray_factor)

    def passers(self, until_s: float) -> tuple[PasserPlan, ...]:
        """Vehicles of the neighbour lanes that carry a tag, in the order in which they come into the zone."""
        lanes = ["CM-02", "CM-00"] if self._chance(self.p.inner_lane_share) else ["CM-02"]
        found: list[PasserPlan] = []
        for lane in lanes:
            at_s = 0.0
            while True:
                at_s += max(self.p.headway_min_s, self.random.expovariate(self.p.vehicles_per_hour / 3600))
                if at_s > until_s:
                    break
                if not self._chance(self.p.untagged_share):
                    found.append(self._passer(lane, at_s))
        found.sort(key=lambda one: one.at_s)
        return tuple(replace(one, number=i) for i, one in enumerate(found, start=1))

    def _passer(self, lane: str, at_s: float) -> PasserPlan:
        random, p = self.random, self.p
        vehicle_class = self._class()
        mean = p.speed_g2_kmh if self.config.geometry is Geometry.G2 else p.speed_g1_kmh
        stands = self._chance(p.beside_stands_share)
        stands_m, l1_taken = self._queue_beside() if stands else (STOP_LINE_M, False)
        return PasserPlan(
            number=0,
            at_s=at_s,
            lane=lane,
            speed_m_s=mean * min(1.4, max(0.55, random.gauss(1.0, p.speed_sd))) / 3.6,
            stands_s=random.uniform(2.0, 15.0) if stands else 0.0,
            stands_m=stands_m,
            l1_taken=l1_taken,
            length_m=random.uniform(*LENGTHS_M[vehicle_class]),
            tag=self.marks.tag(Right.GOOD, vehicle_class, self.marks.plate(), None),
            isolation_db=random.gauss(p.isolation_db - self._stray_db(), p.isolation_sd_db),
            seed=random.getrandbits(32),
        )

    def _queue_beside(self) -> tuple[float, bool]:
        """Where the front of a vehicle stands, at the stop line or behind others, and whether one of them is on L1."""
        (_, begin_m, end_m), *_ = PLACES[self.config.geometry].sensors
        front_m, taken = STOP_LINE_M, False
        while self._chance(self.p.beside_behind_share):
            rear_m = front_m - self.random.uniform(*LENGTHS_M[self._class()])
            taken = taken or (rear_m < end_m and front_m > begin_m)
            front_m = rear_m - self.p.gap_m * self.random.uniform(0.8, 1.2)
        return front_m, taken
