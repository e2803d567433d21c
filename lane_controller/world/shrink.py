"""Takes vehicles and faults out of a failing episode as long as it fails, until nothing more can go.

In: a plan and a question (does it still fail?). Out: the smallest plan found.
Never: a plan that does not fail. Vehicles and faults carry their own seeds, so that taking one out leaves the others as
they were.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from lane_controller.world.judge import Incident
from lane_controller.world.parameters import WorldParameters
from lane_controller.world.plan import EpisodePlan

T = TypeVar("T")
Fails = Callable[[EpisodePlan], bool]
ROUNDS_MOST = 400


def same_kind(kind: str, cause: str, run: Callable[[EpisodePlan], Sequence[Incident]]) -> Fails:
    """Fails while an incident of this kind happens; a broken invariant must stay the same one."""
    word = cause.split(" ", 1)[0]

    def fails(plan: EpisodePlan) -> bool:
        return any(one.kind == kind and (kind != "invariant" or one.cause.startswith(word)) for one in run(plan))

    return fails


def shrink(plan: EpisodePlan, fails: Fails) -> EpisodePlan:
    """Delta debugging over faults, neighbours' vehicles and vehicles, until a whole round takes nothing out."""
    budget = [ROUNDS_MOST]
    before = None
    while before != plan and budget[0] > 0:
        before = plan
        for part in ("faults", "passers", "vehicles"):
            plan = replace(plan, **{part: _least(plan, part, fails, budget)})  # type: ignore[arg-type]
    return plan


def _least(plan: EpisodePlan, part: str, fails: Fails, budget: list[int]) -> tuple[object, ...]:
    """Halves first, then smaller pieces (Zeller and Hildebrandt, 2002)."""
    kept: tuple[object, ...] = getattr(plan, part)
    size = len(kept)
    while size >= 1 and budget[0] > 0:
        start, cut = 0, False
        while start < len(kept) and budget[0] > 0:
            fewer = kept[:start] + kept[start + size :]
            budget[0] -= 1
            if (part != "vehicles" or fewer) and fails(replace(plan, **{part: fewer})):  # type: ignore[arg-type]
                kept, cut = fewer, True
            else:
                start += size
        size = size if cut and size < len(kept) else size // 2
    return kept


def words(plan: EpisodePlan, parameters: WorldParameters) -> list[str]:
    """The plan in lines that a person can read."""
    lines = [f"lane {plan.config.geometry.value}, class sensor {'yes' if plan.config.measures_class else 'no'}"]
    for one in plan.vehicles:
        tags = ", ".join(f"{tag.epc} {tag.gain_db:+.1f} dB" for tag in one.tags) or "no tag"
        lines.append(
            f"{one.at_s:9.2f} s vehicle {one.number}: {one.right.value}, {one.manner.value}, "
            f"class {one.vehicle_class}, {one.length_m} m, {one.speed_m_s * 3.6:.1f} km/h, plate {one.plate} "
            f"read as {one.plate_seen.text} ({one.plate_seen.confidence}), {tags}"
        )
    lines += [
        f"{one.at_s:9.2f} s neighbour {one.lane}: {one.tag.epc}, {one.isolation_db:.1f} dB weaker here"
        for one in plan.passers
    ]
    lines += [
        f"{one.at_s:9.2f} s fault {one.kind} for {one.lasts_s:.1f} s {one.what} {one.value:+.3f}" for one in plan.faults
    ]
    return lines
