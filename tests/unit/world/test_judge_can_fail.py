"""The judge of the ground truth is no rubber stamp: cores that do wrong are seen, and the real one is not accused."""

from dataclasses import replace

import pytest

from lane_controller.contracts.values import TagStatus
from lane_controller.core import lane as core
from lane_controller.core.effects import CommandBarrier, Effect, Record
from lane_controller.core.events import Event, TagSeen
from lane_controller.core.instant import Now
from lane_controller.core.records import Durable, PassageClosed
from lane_controller.core.records import Record as DurableRecord
from lane_controller.core.remembered import recover
from lane_controller.core.state import Lane
from lane_controller.core.values import BarrierAction, Cause
from lane_controller.world.computer import Step
from lane_controller.world.episode import run_plan
from lane_controller.world.plan import EpisodePlan, FaultPlan, Right
from tests.unit.world.episodes import P, plan

Stepped = tuple[Lane, tuple[Effect, ...]]


def kinds(step: Step, of: EpisodePlan | None = None) -> list[str]:
    return [one.kind for one in run_plan(of or plan(), P, step).verdicts.incidents]


def changed(effects: tuple[Effect, ...], **finding: object) -> tuple[Effect, ...]:
    """Every charged passage with another finding."""
    return tuple(_with(effect, finding) for effect in effects)


def _with(effect: Effect, finding: dict[str, object]) -> Effect:
    if not isinstance(effect, Record) or not isinstance(effect.record, PassageClosed):
        return effect
    passage = effect.record.passage
    if not passage.committed:
        return effect
    other = replace(passage.finding, **finding)  # type: ignore[arg-type]
    return Record(replace(effect.record, passage=replace(passage, finding=other)))


def test_the_real_core_is_not_accused() -> None:
    run = run_plan(plan(), P)
    assert run.verdicts.incidents == []
    assert run.verdicts.passages == 12
    assert run.verdicts.debits == run.verdicts.debits_due > 5


def test_another_account_is_charged() -> None:
    victim = next(iter(plan().table.values()))

    def step(lane: Lane, event: Event, now: Now) -> Stepped:
        lane, effects = core.step(lane, event, now)
        return lane, changed(effects, epc=victim.epc, account=victim.account)

    found = kinds(step)
    assert found.count("wrong_debit") >= 5
    assert found.count("overcharged") >= 5


def test_everybody_pays_when_the_next_one_crosses() -> None:
    """Each debit is in the wrong passage, and no account paid for a crossing that its vehicle did not make."""
    before: list[dict[str, object]] = [{"epc": None, "account": None}]

    def step(lane: Lane, event: Event, now: Now) -> Stepped:
        lane, effects = core.step(lane, event, now)
        out = []
        for effect in effects:
            if isinstance(effect, Record) and isinstance(effect.record, PassageClosed):
                finding = effect.record.passage.finding
                if effect.record.passage.committed:
                    (effect,) = changed((effect,), **before[0])  # noqa: PLW2901 - the passage with the one ahead's account
                    before[0] = {"epc": finding.epc, "account": finding.account}
            out.append(effect)
        return lane, tuple(out)

    found = kinds(step)
    assert found.count("wrong_debit") >= 5
    assert "overcharged" not in found


def test_a_wrong_amount_is_charged() -> None:
    def step(lane: Lane, event: Event, now: Now) -> Stepped:
        lane, effects = core.step(lane, event, now)
        return lane, changed(effects, fare_vnd=34_000)

    assert kinds(step).count("wrong_debit") >= 5


def test_a_debit_is_forgotten() -> None:
    def step(lane: Lane, event: Event, now: Now) -> Stepped:
        lane, effects = core.step(lane, event, now)
        kept = [e for e in effects if not (isinstance(e, Record) and isinstance(e.record, PassageClosed))]
        return lane, tuple(kept)

    found = kinds(step)
    assert found.count("missed_debit") >= 5
    assert "wrong_debit" not in found


def test_the_arm_opens_for_a_blocked_tag() -> None:
    of = plan()
    first = of.vehicles[0]
    blocked = replace(of.table[first.tags[0].epc], status=TagStatus.BLOCKED)
    blocked_plan = replace(
        of,
        vehicles=(replace(first, right=Right.BLOCKED), *of.vehicles[1:]),
        table={**of.table, blocked.epc: blocked},
    )

    def step(lane: Lane, event: Event, now: Now) -> Stepped:
        if isinstance(event, TagSeen) and event.entry is not None:
            event = replace(event, entry=replace(event.entry, status=TagStatus.ACTIVE))
        return core.step(lane, event, now)

    assert kinds(core.step, blocked_plan) == []
    assert kinds(step, blocked_plan) == ["wrong_opening"]


def test_an_open_without_a_cause_breaks_an_invariant() -> None:
    told = [False]

    def step(lane: Lane, event: Event, now: Now) -> Stepped:
        lane, effects = core.step(lane, event, now)
        if not told[0] and now.mono_us > 20_000_000:
            told[0] = True
            effects = (*effects, CommandBarrier("x-1", BarrierAction.OPEN, Cause.PASSAGE, "nobody", 2000))
        return lane, effects

    assert "invariant" in kinds(step)


def cut(of: EpisodePlan, value: float) -> EpisodePlan:
    """Power fails soon after the fourth vehicle has come, or at its first record."""
    return replace(of, faults=(FaultPlan(1, of.vehicles[3].at_s + 2.0, "power_cut", 12.0, value),))


@pytest.mark.parametrize("value", [-0.5, 0.01, 0.3, 0.9])
def test_a_power_cut_loses_no_debit_of_the_real_core(value: float) -> None:
    run = run_plan(cut(plan(), value), P)
    assert run.boots == 2
    assert not [one for one in run.verdicts.incidents if one.kind in ("wrong_debit", "invariant", "ghost")]


def test_a_record_lost_at_a_power_cut_breaks_an_invariant() -> None:
    def forgetful(records: list[DurableRecord]) -> Durable:
        last = max((i for i, one in enumerate(records) if isinstance(one, PassageClosed)), default=-1)
        return recover(records[:last] if last >= 0 else records)

    found = run_plan(cut(plan(), -0.5), P, fold=forgetful).verdicts.incidents
    assert any(one.kind == "invariant" and one.cause.startswith("I8") for one in found)
