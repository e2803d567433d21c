"""The vehicles that use the plaza: what they are, whose account they charge, and what is wrong with a few of them.

In: a seed and a number. Out: a fleet; the same seed gives the same fleet. Tag codes are opaque bytes by design: they
carry a demonstration prefix, never a provider's real numbering. Nobody in the fleet exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from simulators.traffic.plates import Ground, Plate, army_plate, civil_plate, other_plate

PROVIDERS: Final = ("VETC", "VDTC")
PROVIDER_PREFIX: Final = {"VETC": "DE0100", "VDTC": "DE0200"}
"""First bytes of a simulated EPC; no published numbering of the two providers is known."""


class Kind(StrEnum):
    """What is remarkable about a vehicle."""

    GOOD = "good"
    NO_TAG = "no_tag"
    LOW_BALANCE = "low_balance"
    BLOCKED = "blocked"
    WRONG_PLATE = "wrong_plate"
    MONTHLY = "monthly"
    EXEMPT = "exempt"


KIND_WEIGHTS: Final = {
    Kind.GOOD: 840,
    Kind.MONTHLY: 60,
    Kind.NO_TAG: 30,
    Kind.LOW_BALANCE: 25,
    Kind.EXEMPT: 20,
    Kind.WRONG_PLATE: 15,
    Kind.BLOCKED: 10,
}
"""Parts of a thousand; an assumption, generous to the unusual so that a short demonstration shows it."""


class Body(StrEnum):
    """Shape of a vehicle, for cameras and for the place of the tag."""

    CAR = "car"
    VAN = "van"
    BUS = "bus"
    TRUCK = "truck"
    CONTAINER = "container"


@dataclass(frozen=True, slots=True)
class Build:
    """Bodies and lengths of one vehicle class."""

    bodies: tuple[Body, ...]
    length_min_m: float
    length_max_m: float


CLASS_WEIGHTS: Final = {1: 80, 2: 8, 3: 5, 4: 4, 5: 3}
"""Per cent of passages by class (nhóm xe); about 80 % light vehicles (domain facts 4.3)."""

BUILDS: Final = {
    1: Build((Body.CAR, Body.CAR, Body.CAR, Body.VAN), 3.8, 5.2),
    2: Build((Body.VAN, Body.TRUCK), 5.8, 7.2),
    3: Build((Body.BUS, Body.TRUCK), 8.2, 12.0),
    4: Build((Body.TRUCK, Body.CONTAINER), 9.0, 12.2),
    5: Build((Body.TRUCK, Body.CONTAINER), 13.0, 16.5),
}

TAG_BEHIND_FRONT_M: Final = {Body.CAR: 1.7, Body.VAN: 1.4, Body.BUS: 1.0, Body.TRUCK: 1.0, Body.CONTAINER: 1.0}
"""Distance of the tag from the bumper (lane hardware, section 5)."""

EXEMPT_REASONS: Final = {
    Ground.WHITE: "Xe cứu thương",
    Ground.BLUE: "Xe chuyên dùng công an",
    Ground.RED: "Xe chuyên dùng quốc phòng",
}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag: upper-case hex EPC and TID, and how well it answers (dB against an ordinary one)."""

    epc: str
    tid: str
    gain_db: float


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle of the fleet. `plate` is on the bumper, `registered_plate` on the tag list."""

    number: int
    kind: Kind
    body: Body
    vehicle_class: int
    class_measured: int
    length_m: float
    plate: Plate
    registered_plate: str
    provider: str
    account: str
    available_vnd: int
    tag: Tag | None
    exempt_reason: str | None
    colour: str

    @property
    def tag_behind_front_m(self) -> float:
        """Where the tag sits, in metres behind the bumper."""
        return TAG_BEHIND_FRONT_M[self.body]


COLOURS: Final = ("white", "white", "silver", "black", "grey", "red", "blue")


def make_fleet(seed: int, size: int) -> tuple[Vehicle, ...]:
    """`size` vehicles, all kinds among them when size ≥ 200; plates, accounts and tags are unique."""
    random = Random(f"fleet-{seed}")
    taken: list[str] = []
    fleet = []
    for number, kind in enumerate(_kinds(random, size), start=1):
        vehicle = _vehicle(random, number, kind, taken)
        taken += [vehicle.plate.text, vehicle.registered_plate]
        fleet.append(vehicle)
    return tuple(fleet)


def _kinds(random: Random, size: int) -> list[Kind]:
    """Kinds in the proportions of KIND_WEIGHTS, exactly as far as `size` allows, in random order."""
    total = sum(KIND_WEIGHTS.values())
    kinds = [kind for kind, weight in KIND_WEIGHTS.items() for _ in range(weight * size // total)]
    kinds += [Kind.GOOD] * (size - len(kinds))
    random.shuffle(kinds)
    return kinds


def _vehicle(random: Random, number: int, kind: Kind, taken: list[str]) -> Vehicle:
    vehicle_class = 1 if kind is Kind.EXEMPT else random.choices(list(CLASS_WEIGHTS), list(CLASS_WEIGHTS.values()))[0]
    build = BUILDS[vehicle_class]
    body = Body.VAN if kind is Kind.EXEMPT else random.choice(build.bodies)
    plate = _new_plate(random, kind, body, taken)
    registered = other_plate(random, plate, [*taken, plate.text]).text if kind is Kind.WRONG_PLATE else plate.text
    provider = random.choice(PROVIDERS)
    return Vehicle(
        number=number,
        kind=kind,
        body=body,
        vehicle_class=vehicle_class,
        class_measured=_measured(random, vehicle_class),
        length_m=round(random.uniform(build.length_min_m, build.length_max_m), 1),
        plate=plate,
        registered_plate=registered,
        provider=provider,
        account=f"{provider}-{number:07d}",
        available_vnd=_balance(random, kind),
        tag=None if kind is Kind.NO_TAG else _tag(random, provider, number),
        exempt_reason=EXEMPT_REASONS[plate.ground] if kind is Kind.EXEMPT else None,
        colour=random.choice(COLOURS),
    )


def _new_plate(random: Random, kind: Kind, body: Body, taken: list[str]) -> Plate:
    while True:
        plate = _any_plate(random, kind, body)
        if plate.text not in taken:
            return plate


def _any_plate(random: Random, kind: Kind, body: Body) -> Plate:
    two_lines = random.random() < 0.35
    if kind is Kind.EXEMPT:
        ground = random.choice((Ground.WHITE, Ground.BLUE, Ground.RED))
        return army_plate(random, two_lines) if ground is Ground.RED else civil_plate(random, ground, two_lines)
    business = random.random() < (0.12 if body is Body.CAR else 0.85)
    return civil_plate(random, Ground.YELLOW if business else Ground.WHITE, two_lines)


def _measured(random: Random, vehicle_class: int) -> int:
    """The class that a camera would measure: right in 98 of 100 cases, else one off."""
    if random.random() >= 0.02:
        return vehicle_class
    return vehicle_class + (1 if vehicle_class == 1 or (vehicle_class < 5 and random.random() < 0.5) else -1)


def _balance(random: Random, kind: Kind) -> int:
    if kind is Kind.LOW_BALANCE:
        return random.randrange(0, 30) * 1_000
    return random.randrange(400, 5_000) * 1_000


def _tag(random: Random, provider: str, number: int) -> Tag:
    """EPC of 96 bits, one in fifty of 128; TID of 96 bits with the class identifier E2 (ISO/IEC 15963)."""
    width = 26 if random.random() < 0.02 else 18
    epc = f"{PROVIDER_PREFIX[provider]}{number:0{width}X}"
    return Tag(epc, f"E28011{random.getrandbits(40):010X}{number:08X}", gain_db=round(random.gauss(0, 1.5), 1))
