"""The judge: what the lane did wrong, counted against the ground truth, each with its cause.

In: `Evidence`. Out: `Verdicts`.
Never: a look at the lane's own reasons for deciding whether it was right; they only name the cause afterwards.

A debit is right when the vehicle that crossed in that passage carries a tag of the account, the fare is the registered
class's in the tariff, and no ticket or exemption covers it. Every crossing justifies at most one.
"""

from collections import Counter
from dataclasses import dataclass, field

from lane_controller.contracts.values import Outcome
from lane_controller.core.records import Finding
from lane_controller.core.values import Cause, Mode
from lane_controller.world.plan import EpisodePlan, Right, VehiclePlan
from lane_controller.world.truth import Closed, Crossing, Evidence, Opening

SAME_US = 60_000
"""An edge that was not lost is known to the microsecond; the debounce of LC2 is the largest doubt."""

NEAR_US = 90_000_000
FREE = (Mode.CONVOY, Mode.EMERGENCY)
NEVER_OWING = (Right.CLONED, Right.TICKET, Right.EXEMPT)
PAYING = (Right.GOOD,)
ENTITLED = (Right.GOOD, Right.TICKET, Right.EXEMPT)
MAY_OPEN = (*ENTITLED, Right.WRONG_PLATE, Right.TWO_ACCOUNTS)


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that went wrong. `kind`: wrong_debit, overcharged, missed_debit, wrong_opening, held_good, ghost,
    invariant.
    """

    kind: str
    cause: str
    at_us: int
    vehicle: int | None = None
    passage_id: str | None = None


@dataclass(slots=True)
class Verdicts:
    """Counts and incidents of one episode."""

    passages: int = 0
    crossings: int = 0
    debits: int = 0
    debits_due: int = 0
    opens: int = 0
    good: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)


Pair = tuple[Closed | None, Crossing | None]


def judge(evidence: Evidence) -> Verdicts:
    """Everything that went wrong in one episode."""
    found = Verdicts(passages=len(evidence.closed), crossings=len(evidence.crossings))
    for pair in match(evidence.closed, evidence.crossings, evidence.plan):
        _judge_pair(evidence, pair, found)
    _judge_accounts(evidence, found)
    for opening in evidence.openings:
        _judge_opening(evidence, opening, found)
    found.incidents += [Incident("invariant", text, 0) for text in evidence.violations]
    if evidence.durable_closed < len(evidence.closed):
        lost = len(evidence.closed) - evidence.durable_closed
        found.incidents.append(Incident("invariant", f"I8: {lost} passages are no longer in the journal", 0))
    return found


def match(closed: list[Closed], crossings: list[Crossing], plan: EpisodePlan) -> list[Pair]:
    """Which passage is which crossing: by the instant of L3, then by tag where edges were lost, then by order."""
    left = sorted(crossings, key=lambda one: one.at_us)
    pairs: list[Pair] = []
    open_: list[Closed] = []
    for one in closed:
        same = next((c for c in left if abs(c.at_us - one.l3_us) <= SAME_US), None)
        if same is None:
            open_.append(one)
        else:
            left.remove(same)
            pairs.append((one, same))
    for by in (_same_tag, _nearest):
        rest: list[Closed] = []
        for one in open_:
            other = by(one, left, plan)
            if other is None:
                rest.append(one)
            else:
                left.remove(other)
                pairs.append((one, other))
        open_ = rest
    return [*pairs, *((one, None) for one in open_), *((None, other) for other in left)]


def _same_tag(one: Closed, left: list[Crossing], plan: EpisodePlan) -> Crossing | None:
    epc = one.passage.finding.epc
    near = [c for c in left if abs(c.at_us - one.l3_us) <= NEAR_US and any(t.epc == epc for t in c.vehicle.tags)]
    return min(near, key=lambda c: abs(c.at_us - one.l3_us), default=None)


def _nearest(one: Closed, left: list[Crossing], plan: EpisodePlan) -> Crossing | None:
    """Without a tag to go by: whoever crossed nearest in time. A debit needs its tag."""
    if one.passage.committed:
        return None
    near = [c for c in left if abs(c.at_us - one.l3_us) <= NEAR_US]
    return min(near, key=lambda c: abs(c.at_us - one.l3_us), default=None)


def _judge_pair(evidence: Evidence, pair: Pair, found: Verdicts) -> None:
    closed, crossing = pair
    if closed is not None:
        outcome = closed.passage.outcome.value
        found.outcomes[outcome] = found.outcomes.get(outcome, 0) + 1
        if closed.passage.committed:
            found.debits += 1
            wrong = _wrong_debit(evidence.plan, closed, crossing)
            if wrong is not None:
                _add(evidence, found, "wrong_debit", wrong, pair)
    if crossing is None:
        if closed is not None and not closed.passage.committed:
            _add(evidence, found, "ghost", f"{closed.passage.outcome.value}, nobody crossed", pair)
        return
    if _entitled(crossing):
        found.good += 1
        _judge_held(evidence, pair, found)
    if _due(crossing):
        found.debits_due += 1
        missed = _missed_debit(closed, crossing)
        if missed is not None:
            _add(evidence, found, "missed_debit", missed, pair)


def _add(evidence: Evidence, found: Verdicts, kind: str, cause: str, pair: Pair) -> None:
    closed, crossing = pair
    at_us = crossing.at_us if crossing is not None else closed.l3_us if closed is not None else 0
    faults = evidence.faults_at(at_us)
    cause = f"{cause}; fault: {'+'.join(faults)}" if faults else cause
    vehicle = crossing.vehicle.number if crossing is not None else None
    passage_id = closed.passage.passage_id if closed is not None else None
    found.incidents.append(Incident(kind, cause, at_us, vehicle, passage_id))


# ---- debits ---------------------------------------------------------------------------------------------------------


def _wrong_debit(plan: EpisodePlan, closed: Closed, crossing: Crossing | None) -> str | None:
    finding = closed.passage.finding
    if crossing is None:
        return "charged, nobody crossed"
    vehicle = crossing.vehicle
    if finding.account not in _accounts(plan, vehicle) or vehicle.right is Right.CLONED:
        plate = "plate not read" if finding.plate_read is None else "plate doubted"
        seen = plate if finding.plate_read is None or finding.plate_read != finding.plate_registered else "plate agrees"
        return f"{_whose(plan, finding)} charged to a vehicle that is {vehicle.right.value}, {seen}"
    entry = plan.table[finding.epc or ""]
    if vehicle.right in (Right.TICKET, Right.EXEMPT):
        return f"charged although {vehicle.right.value}"
    if finding.fare_vnd != plan.tariff.fare_vnd(entry.vehicle_class):
        return f"charged {finding.fare_vnd} VND for class {entry.vehicle_class}"
    return None


def _judge_accounts(evidence: Evidence, found: Verdicts) -> None:
    """Debits that no crossing of the account's vehicles pays for, the latest of an account first."""
    owed: Counter[str] = Counter()
    for crossing in evidence.crossings:
        if crossing.vehicle.right not in NEVER_OWING:
            owed.update(_accounts(evidence.plan, crossing.vehicle))
    for closed in sorted(evidence.closed, key=lambda one: one.l3_us):
        account = closed.passage.finding.account
        if not closed.passage.committed or account is None:
            continue
        owed[account] -= 1
        if owed[account] < 0:
            _add(evidence, found, "overcharged", _whose(evidence.plan, closed.passage.finding), (closed, None))


def _accounts(plan: EpisodePlan, vehicle: VehiclePlan) -> set[str]:
    return {plan.table[tag.epc].account for tag in vehicle.tags if tag.epc in plan.table}


def _whose(plan: EpisodePlan, finding: Finding) -> str:
    """Whose tag it was that paid."""
    if any(passer.tag.epc == finding.epc for passer in plan.passers):
        return "tag of a neighbour lane"
    owners = [one for one in plan.vehicles if any(tag.epc == finding.epc for tag in one.tags)]
    if any(one.right is Right.CLONED for one in owners):
        return "tag that has been copied"
    return "tag of another vehicle of this lane" if owners else "tag of nobody"


def _due(crossing: Crossing) -> bool:
    """This vehicle owes one charge to its own account."""
    vehicle = crossing.vehicle
    paying = vehicle.right in PAYING or (vehicle.right is Right.LOW_BALANCE and crossing.topped_up)
    return paying and not vehicle.card and not any(mode in FREE for mode in crossing.modes)


def _missed_debit(closed: Closed | None, crossing: Crossing) -> str | None:
    if closed is None:
        return "not recorded, " + ("lane without power" if not crossing.powered else "lane on")
    passage = closed.passage
    if passage.committed or passage.outcome is Outcome.MANUAL:
        return None
    flags = [flag.value for flag in passage.flags if flag.value in EXPLAIN]
    manner = "" if crossing.vehicle.manner.value == "ordinary" else f", driver {crossing.vehicle.manner.value}"
    lifted = ", arm lifted by hand" if crossing.lifted else ""
    return f"{passage.outcome.value} ({' '.join(flags)}{manner}{lifted})"


EXPLAIN = (
    "TAILGATE",
    "RUN_THROUGH",
    "CLOSE_FOLLOWING",
    "SEPARATION_FAIL",
    "REVERSED_UNDER_BOOM",
    "NO_TAG",
    "PLATE_MISMATCH",
    "CLASS_MISMATCH_MAJOR",
    "MULTI_TAG_AMBIGUOUS",
    "LOW_BALANCE",
    "UNKNOWN_TAG",
    "OFFLINE_UNKNOWN",
    "STRAY_REJECTED",
    "CROSS_READ",
    "BARRIER_OPEN_TIMEOUT",
)
"""Flags that tell a cause; the others would only scatter one cause over many lines."""


# ---- held and opened ------------------------------------------------------------------------------------------------


def _entitled(crossing: Crossing) -> bool:
    right = crossing.vehicle.right
    return right in ENTITLED or (right is Right.LOW_BALANCE and crossing.topped_up)


def _judge_held(evidence: Evidence, pair: Pair, found: Verdicts) -> None:
    """A vehicle that was entitled to pass was held, or passed only by the operator's hand."""
    closed, crossing = pair
    if closed is None or crossing is None or crossing.vehicle.right is Right.LOW_BALANCE:
        return
    held = evidence.held.get(closed.passage.passage_id)
    if held is None and closed.passage.outcome is not Outcome.MANUAL:
        return
    flags = held.flags if held is not None else closed.passage.flags
    causes: list[str] = [flag.value for flag in flags if flag.value in HOLDS] or ["authorisation came to nothing"]
    _add(evidence, found, "held_good", " ".join(causes) + _why(crossing.vehicle, causes), pair)


HOLDS = (
    "NO_TAG",
    "PLATE_MISMATCH",
    "CLASS_MISMATCH_MAJOR",
    "MULTI_TAG_AMBIGUOUS",
    "LOW_BALANCE",
    "BLACKLIST",
    "UNKNOWN_TAG",
    "OFFLINE_UNKNOWN",
    "CLONE_SUSPECT",
    "TID_MISMATCH",
)


def _why(vehicle: VehiclePlan, causes: list[str]) -> str:
    """What in the world made the lane hold it."""
    if "NO_TAG" in causes and vehicle.tags and max(tag.gain_db for tag in vehicle.tags) < -8:
        return ", windscreen shields"
    seen = vehicle.plate_seen.text
    if "PLATE_MISMATCH" in causes:
        return ", plate misread" if seen != vehicle.plate else ", tag of another vehicle"
    return ""


def _judge_opening(evidence: Evidence, opening: Opening, found: Verdicts) -> None:
    """The arm was opened for a vehicle: had it, standing first, a right to it?"""
    found.opens += 1
    if opening.cause is not Cause.PASSAGE or opening.authorised is None:
        return
    wrong = _wrong_opening(evidence.plan, opening)
    if wrong is None:
        return
    faults = evidence.faults_at(opening.at_us)
    cause = f"{wrong}; fault: {'+'.join(faults)}" if faults else wrong
    vehicle = opening.first.number if opening.first is not None else None
    found.incidents.append(Incident("wrong_opening", cause, opening.at_us, vehicle, opening.authorised.passage_id))


def _wrong_opening(plan: EpisodePlan, opening: Opening) -> str | None:
    first, authorised = opening.first, opening.authorised
    assert authorised is not None  # noqa: S101 - the caller looked
    finding = authorised.finding
    if first is None:
        return "nobody before the arm"
    if finding.outcome is Outcome.EXEMPT and (finding.reason or "").startswith("priority card"):
        return None if opening.carded else f"card of another for a vehicle that is {first.right.value}"
    if not any(tag.epc == finding.epc for tag in first.tags) or first.right is Right.CLONED:
        return f"{_whose(plan, finding)} opened for a vehicle that is {first.right.value}"
    if first.right in MAY_OPEN or (first.right is Right.LOW_BALANCE and opening.topped_up):
        return None
    return f"opened for a vehicle that is {first.right.value}"
