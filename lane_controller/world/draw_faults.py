"""Draws what goes wrong in an episode, and when.

In: the episode's own lots, the parameters, the kinds of faults that are on. Out: plans of faults in order of time.
Never: other lots for the faults that are on, because others are off.
"""

from collections.abc import Collection
from dataclasses import replace
from random import Random

from lane_controller.core.values import Mode, Sensor
from lane_controller.world.parameters import FAULTS, WorldParameters
from lane_controller.world.plan import FaultPlan

SENSORS = (Sensor.L1, Sensor.L2, Sensor.L3, Sensor.LC1, Sensor.LC2)
LASTS_S = {
    "reader_silence": (2.0, 40.0),
    "plc_silence": (0.3, 15.0),
    "power_cut": (2.0, 60.0),
    "list_stale": (120.0, 900.0),
    "sensor_stuck": (130.0, 200.0),
    "arm_stuck": (5.0, 30.0),
    "arm_slow": (60.0, 180.0),
    "arm_broken": (30.0, 90.0),
    "convoy": (20.0, 60.0),
    "emergency": (20.0, 60.0),
    "closed": (10.0, 60.0),
    "manual": (20.0, 60.0),
    "pedestrian": (0.3, 1.0),
}
"""How long each kind lasts, seconds."""

MODES = {"convoy": Mode.CONVOY, "emergency": Mode.EMERGENCY, "closed": Mode.CLOSED, "manual": Mode.MANUAL}


def fault_plans(random: Random, p: WorldParameters, until_s: float, kinds: Collection[str]) -> tuple[FaultPlan, ...]:
    """Every kind as a Poisson process over the episode; kinds that are off draw the same lots."""
    found: list[FaultPlan] = []
    for kind in FAULTS:
        per_s = getattr(p, f"{kind}_per_hour") / 3600
        at_s = random.expovariate(per_s) if per_s else until_s
        while at_s < until_s:
            fault = _fault(random, kind, at_s)
            if kind in kinds:
                found.append(fault)
            at_s += random.expovariate(per_s)
    if random.random() < p.operator_away_share:
        found.append(FaultPlan(0, random.uniform(0, until_s), "operator_away", 300.0))
    found.sort(key=lambda one: one.at_s)
    return tuple(replace(one, number=i) for i, one in enumerate(found, start=1))


def _fault(random: Random, kind: str, at_s: float) -> FaultPlan:
    low, high = LASTS_S.get(kind, (0.0, 0.0))
    value = random.uniform(-1.0, 1.0)
    what = random.choice(SENSORS).value if kind == "sensor_stuck" else ""
    if kind == "pedestrian":
        what = random.choice((Sensor.LC1, Sensor.LC2)).value
    if kind == "arm_stuck":
        what = random.choice(("stuck", "blind"))
    return FaultPlan(0, at_s, kind, random.uniform(low, high), value, what)
