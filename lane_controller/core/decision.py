"""Rules R2–R5, R7, R10–R13, R15 on the evidence of one vehicle: what it owes, and what holds it.

In: `Facts`, everything the rules may look at. Out: `Verdict`: the finding, the flags of every rule that spoke, the
holds.
Never: an effect, a time wait (deciding.py waits), or a hold overruled by a pass.
"""

from dataclasses import dataclass

from lane_controller.contracts.values import Outcome, TagStatus
from lane_controller.core.config import LaneConfig, PlateFallback
from lane_controller.core.events import CardTapped, ClassMeasured, PlateRead
from lane_controller.core.evolve import evolve, quick
from lane_controller.core.plates import plates_agree
from lane_controller.core.records import Finding
from lane_controller.core.state import HeardTag
from lane_controller.core.values import Candidate, Flag, TagEntry, Tariff

NO_TARIFF = "NO_TARIFF"
"""Hold without a flag of its own: the lane knows no fare for the class."""

BY_CARD = "priority card"
"""The reason of an exemption by a card begins so, whatever tag is heard besides."""

LIFTED_BY_CARD = frozenset({Flag.NO_TAG, Flag.LOW_BALANCE, Flag.PLATE_MISMATCH})


@quick
@dataclass(frozen=True, slots=True)
class Facts:
    """Evidence of one vehicle at its decision. `own_vnd`, `repeated` are keyed by EPC; `listed` is best score first."""

    cfg: LaneConfig
    listed: tuple[HeardTag, ...]
    unlisted: tuple[HeardTag, ...]
    plate: PlateRead | None
    measured: ClassMeasured | None
    card: CardTapped | None
    tariff: Tariff | None
    list_stale: bool
    list_version: int | None
    own_vnd: dict[str, int]
    repeated: frozenset[str]
    local_date: str
    candidates: tuple[Candidate, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Verdict:
    """`holds` empty: the vehicle may pass with `finding`. `epcs`: tags that are bound by this."""

    finding: Finding
    flags: tuple[Flag, ...]
    holds: tuple[str, ...]
    epcs: tuple[str, ...]


def judge(facts: Facts) -> Verdict:
    """Apply the rules. Every finding raises its flag; any hold wins."""
    base = _base(facts)
    if facts.listed:
        verdict = _by_tag(facts, base)
    elif facts.unlisted:
        verdict = _unknown(facts, base)
    else:
        verdict = _without_tag(facts, base)
    if verdict.holds:
        # EXEMPT is of a passage that is exempt; a held vehicle may yet be released for its fare.
        verdict = evolve(verdict, flags=tuple(flag for flag in verdict.flags if flag is not Flag.EXEMPT))
    return evolve(verdict, finding=evolve(verdict.finding, would_change=_would_change(facts, verdict)))


def _would_change(facts: Facts, verdict: Verdict) -> tuple[str, ...]:
    """What would have given another outcome: for a hold what lifts it, for a pass how much was left."""
    if verdict.holds:
        return tuple(f"without {hold}" for hold in dict.fromkeys(str(hold) for hold in verdict.holds))
    finding = verdict.finding
    found = []
    if finding.outcome is Outcome.CHARGED and finding.epc is not None:
        entries = [tag.entry for tag in facts.listed if tag.entry and tag.epc == finding.epc]
        left = [entry.available_vnd - facts.own_vnd.get(entry.epc, 0) - finding.fare_vnd for entry in entries]
        found += [f"R13: {vnd + 1} VND less available" for vnd in left]
    if finding.plate_registered is not None and facts.card is None:
        found.append(f"R4: another plate read with {facts.cfg.plate_sure:.2f} or more")
    if finding.class_registered is not None:
        found.append(f"R3: measured class two or more away from {finding.class_registered}")
    return tuple(found)


def _base(facts: Facts) -> Finding:
    plate, measured = facts.plate, facts.measured
    return Finding(
        outcome=Outcome.CHARGED,
        plate_read=plate.text if plate else None,
        plate_confidence=plate.confidence if plate else None,
        class_measured=measured.vehicle_class if measured else None,
        tariff_version=facts.tariff.version if facts.tariff else None,
        list_version=facts.list_version,
        offline=facts.list_stale,
        candidates=facts.candidates,
    )


def _by_tag(facts: Facts, base: Finding) -> Verdict:
    tag, flags, holds, rules = _choose(facts)
    epcs = tuple(t.epc for t in facts.listed)
    assert tag.entry is not None  # noqa: S101 - `listed` holds only tags with an entry
    verdict = _by_entry(facts, base, tag.entry, tag.tid)
    return evolve(
        verdict,
        finding=evolve(verdict.finding, rules=(*rules, *verdict.finding.rules)),
        flags=(*flags, *verdict.flags),
        holds=(*holds, *verdict.holds),
        epcs=epcs,
    )


def _choose(facts: Facts) -> tuple[HeardTag, tuple[Flag, ...], tuple[str, ...], tuple[str, ...]]:
    """R10: which of several credible listed tags is the vehicle's."""
    tags = facts.listed
    if len(tags) == 1:
        return tags[0], (), (), ()
    agreeing = [tag for tag in tags if tag.entry and _plate_is(facts, tag.entry)]
    if len({tag.entry.account for tag in tags if tag.entry}) == 1:
        return (agreeing or list(tags))[0], (Flag.MULTI_TAG,), (), ("R10",)
    if len(agreeing) == 1:
        return agreeing[0], (Flag.MULTI_TAG,), (), ("R10",)
    return tags[0], (Flag.MULTI_TAG_AMBIGUOUS,), (Flag.MULTI_TAG_AMBIGUOUS,), ("R10",)


def _plate_is(facts: Facts, entry: TagEntry) -> bool:
    plate = facts.plate
    return plate is not None and plate.confidence >= facts.cfg.plate_sure and plates_agree(plate.text, entry.plate)


def _unknown(facts: Facts, base: Finding) -> Verdict:
    """R5: a credible tag that is on no list."""
    flag = Flag.OFFLINE_UNKNOWN if facts.list_stale else Flag.UNKNOWN_TAG
    tag = facts.unlisted[0]
    finding = evolve(base, epc=tag.epc, tid=tag.tid, rules=("R5",))
    return Verdict(finding, (flag,), (flag,), (tag.epc,))


def _without_tag(facts: Facts, base: Finding) -> Verdict:
    """R2 and R12: a card, a plate that may be charged, or hold."""
    if facts.card is not None:
        return _exempt_by_card(facts, evolve(base, rules=("R2",)), (), ())
    plate = facts.plate
    entry = plate.entry if plate else None
    sure = plate is not None and plate.text is not None and plate.confidence >= facts.cfg.plate_charge
    if facts.cfg.plate_fallback is PlateFallback.ALLOW and sure and entry is not None:
        verdict = _by_entry(facts, base, entry, None)
        if not verdict.holds:
            finding = evolve(verdict.finding, rules=("R2", *verdict.finding.rules))
            return evolve(verdict, finding=finding, flags=(Flag.PLATE_CHARGE, *verdict.flags))
        held = tuple(dict.fromkeys((Flag.NO_TAG, *verdict.flags)))
        return evolve(verdict, flags=held, holds=(Flag.NO_TAG, *verdict.holds))
    return Verdict(evolve(base, rules=("R2",)), (Flag.NO_TAG,), (Flag.NO_TAG,), ())


def _by_entry(facts: Facts, base: Finding, entry: TagEntry, tid: str | None) -> Verdict:
    """The rules about one row of the list."""
    flags: list[Flag] = []
    rules: list[str] = ["R1"]
    holds: list[str] = []
    _identity(entry, tid, flags, holds, rules)
    _class(facts, entry, flags, holds, rules)
    _plate(facts, entry, flags, holds, rules)
    if facts.list_stale:
        flags.append(Flag.OFFLINE_DECISION)
        rules.append("R5")
    if entry.epc in facts.repeated:
        flags.append(Flag.REPEAT)
        rules.append("R15")
    finding = evolve(
        base,
        epc=entry.epc,
        tid=tid or entry.tid,
        account=entry.account,
        provider=entry.provider,
        plate_registered=entry.plate,
        class_registered=entry.vehicle_class,
        class_charged=entry.vehicle_class,
        entry_version=entry.list_version,
    )
    finding = _fare(facts, entry, finding, flags, holds, rules)
    finding = evolve(finding, rules=tuple(rules))
    if facts.card is not None:
        return _exempt_by_card(facts, finding, tuple(flags), tuple(holds))
    return Verdict(finding, tuple(flags), tuple(holds), ())


def _identity(entry: TagEntry, tid: str | None, flags: list[Flag], holds: list[str], rules: list[str]) -> None:
    """R7 and the blocked half of R13."""
    for found, flag, rule in (
        (entry.status is TagStatus.SUSPECT, Flag.CLONE_SUSPECT, "R7"),
        (tid is not None and entry.tid is not None and tid != entry.tid, Flag.TID_MISMATCH, "R7"),
        (entry.status is TagStatus.BLOCKED, Flag.BLACKLIST, "R13"),
    ):
        if found:
            flags.append(flag)
            holds.append(flag)
            rules.append(rule)


def _class(facts: Facts, entry: TagEntry, flags: list[Flag], holds: list[str], rules: list[str]) -> None:
    """R3."""
    measured = facts.measured.vehicle_class if facts.measured else None
    if measured is None or measured == entry.vehicle_class:
        return
    rules.append("R3")
    if abs(measured - entry.vehicle_class) == 1:
        flags.append(Flag.CLASS_MISMATCH)
    else:
        flags.append(Flag.CLASS_MISMATCH_MAJOR)
        holds.append(Flag.CLASS_MISMATCH_MAJOR)


def _plate(facts: Facts, entry: TagEntry, flags: list[Flag], holds: list[str], rules: list[str]) -> None:
    """R4."""
    plate = facts.plate
    if plate is None or plate.text is None:
        flags.append(Flag.NO_PLATE)
        rules.append("R4")
    elif entry.plate is not None and not plates_agree(plate.text, entry.plate):
        rules.append("R4")
        if plate.confidence >= facts.cfg.plate_sure:
            flags.append(Flag.PLATE_MISMATCH)
            holds.append(Flag.PLATE_MISMATCH)
        else:
            flags.append(Flag.PLATE_DOUBT)


def _fare(
    facts: Facts, entry: TagEntry, finding: Finding, flags: list[Flag], holds: list[str], rules: list[str]
) -> Finding:
    """R12 exempt status, R11 ticket, else the fare of the registered class against R13's balance."""
    if entry.status is TagStatus.EXEMPT:
        flags.append(Flag.EXEMPT)
        rules.append("R12")
        return evolve(finding, outcome=Outcome.EXEMPT, reason=entry.exempt_reason or "exempt tag")
    ticket = entry.ticket
    if ticket is not None and ticket.valid_from <= facts.local_date <= ticket.valid_to:
        rules.append("R11")
        return evolve(finding, outcome=Outcome.TICKET, ticket_no=ticket.no)
    fare = facts.tariff.fare_vnd(entry.vehicle_class) if facts.tariff else None
    if fare is None:
        holds.append(NO_TARIFF)
        return finding
    if entry.available_vnd - facts.own_vnd.get(entry.epc, 0) < fare:
        flags.append(Flag.LOW_BALANCE)
        holds.append(Flag.LOW_BALANCE)
        rules.append("R13")
    return evolve(finding, fare_vnd=fare)


def _exempt_by_card(facts: Facts, finding: Finding, flags: tuple[Flag, ...], holds: tuple[str, ...]) -> Verdict:
    """R12: a priority card lifts NO_TAG, LOW_BALANCE and PLATE_MISMATCH, nothing else."""
    assert facts.card is not None  # noqa: S101 - callers checked
    left = tuple(hold for hold in holds if hold not in LIFTED_BY_CARD and hold != NO_TARIFF)
    kept = tuple(flag for flag in flags if flag not in LIFTED_BY_CARD and flag is not Flag.EXEMPT)
    reason = f"{BY_CARD} {facts.card.holder or facts.card.uid}"
    exempt = evolve(
        finding, outcome=Outcome.EXEMPT, fare_vnd=0, ticket_no=None, reason=reason, rules=(*finding.rules, "R12")
    )
    return Verdict(exempt, (*kept, Flag.EXEMPT), left, ())
