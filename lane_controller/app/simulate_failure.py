"""Failures of a simulated run: how to repeat each, the smallest plan that shows it, and a scenario file of it.

In: incidents with their episodes. Out: lines on stderr, scenario files that `lane-controller replay` runs.
Never: a scenario file that claims to show what it does not: each is run once, and the line says what came of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from lane_controller.app.scenario_yaml import ScenarioError
from lane_controller.app.simulate_scenario import scenario_text, shows
from lane_controller.app.simulate_trace import trace_lines
from lane_controller.world.draw import draw
from lane_controller.world.episode import Episode, run_plan
from lane_controller.world.judge import Incident
from lane_controller.world.parameters import FAULTS, WorldParameters
from lane_controller.world.plan import EpisodePlan
from lane_controller.world.shrink import same_kind, shrink, words
from lane_controller.world.tally import SHOWN, Tally

LISTED = 40


def show_failures(tally: Tally, faults: Sequence[str], *, shrinks: bool, folder: Path | None) -> None:
    """The command that repeats each failure; the first of the worst kind is made small."""
    failures = tally.failures()
    listed = [(index, first, n - 1) for index, first, n in tally.rows()]
    listed += [(index, incident, 0) for index, incident in failures if incident.kind != "wrong_debit"]
    listed.sort(key=lambda item: list(SHOWN).index(item[1].kind))
    for index, incident, more in listed[:LISTED]:
        where = f"episode {index}, {incident.at_us / 1e6:.3f} s, vehicle {incident.vehicle}, {incident.passage_id}"
        after = f", and {more} more in the same episode" if more else ""
        _tell(f"{incident.kind}: {incident.cause} ({where}){after}")
        _tell(f"  repeat: {command(tally.seed, index, faults)}")
    if failures and shrinks:
        index, incident = failures[0]
        make_small(tally.seed, index, list(faults), incident, folder)


def command(seed: int, index: int, faults: Sequence[str]) -> str:
    """The one command that repeats an episode."""
    text = "" if list(faults) == list(FAULTS) else f" --faults {','.join(faults) or 'none'}"
    return f"lane-controller simulate --seed {seed} --episode {index}{text}"


def repeat(seed: int, index: int, faults: list[str], *, trace: bool, shrinks: bool, folder: Path | None) -> int:
    """One episode again, with its incidents; returns the exit status."""
    parameters = WorldParameters()
    world = Episode(draw(seed, index, parameters, faults), parameters, trace=trace)
    run = world.run()
    if trace:
        print("\n".join(trace_lines(run)))
    print(f"episode {index} of seed {seed}: {run.verdicts.passages} passages, digest {run.digest}")
    for incident in run.verdicts.incidents:
        print(f"{incident.at_us / 1e6:10.3f} s  {incident.kind}: {incident.cause} ({incident.passage_id})")
    worst = list(SHOWN)
    failures = [one for one in run.verdicts.incidents if one.kind in worst]
    if failures and shrinks:
        first = min(failures, key=lambda one: (worst.index(one.kind), one.at_us))
        make_small(seed, index, faults, first, folder)
    return 1 if run.evidence.violations else 0


def make_small(seed: int, index: int, faults: list[str], incident: Incident, folder: Path | None) -> EpisodePlan:
    """Shrink one failure, say what is left, and write it as a scenario."""
    parameters = WorldParameters()
    fails = same_kind(incident.kind, incident.cause, lambda plan: run_plan(plan, parameters).verdicts.incidents)
    plan = shrink(draw(seed, index, parameters, faults), fails)
    _tell(f"smallest plan that shows {incident.kind} (episode {index}):")
    for line in words(plan, parameters):
        _tell(f"  {line}")
    _write(plan, parameters, incident, f"sim-{seed}-{index}-{incident.kind}", folder)
    return plan


def _write(plan: EpisodePlan, parameters: WorldParameters, incident: Incident, name: str, folder: Path | None) -> None:
    text, missing = scenario_text(plan, parameters, name, incident)
    file = (folder or Path.cwd()) / f"{name}.yaml"
    try:
        file.write_text(text, encoding="utf-8")
        shown = shows(file)
    except (OSError, ScenarioError) as error:
        _tell(f"scenario not written: {error}")
        return
    doubt = f"; not in it: {', '.join(missing)}" if missing else ""
    _tell(f"{'shows it' if shown else 'does NOT show it, use --trace'}: lane-controller replay {file}{doubt}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr)
