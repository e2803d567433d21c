"""Explanations: what is told is what was recorded and published; what would have changed it is what the core says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lane_controller.app.capsule_export import Place, export
from lane_controller.app.explain_report import explain
from lane_controller.app.explain_text import page
from lane_controller.app.explain_words import LANGS, catalogue
from lane_controller.app.scenario_file import load
from lane_controller.app.scenario_timeline import Entry
from lane_controller.app.scenario_world import World
from lane_controller.contracts.values import Outcome
from lane_controller.core.records import StageTimes
from lane_controller.core.values import Flag
from tests.integration.lane_shell.test_capsules import passages_of
from tests.unit.core.worlds import SCENARIOS, named, run
from tests.unit.lane_shell.journals import write_journal

PLACE = Place("CM", "CM-01", 1)


def explained(world: World, folder: Path, passage: int = 1) -> dict[str, Any]:
    path = folder / "CM-01-e1.journal.sqlite3"
    write_journal(world, path)
    return explain(export(path, PLACE, f"CM-01-e1-{passage:06d}", world.scenario.config))


def changes(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Change → what would have come of it."""
    return {one["change"]: one["then"] for one in report["changes"]}


# ---- the changes, one after the other: scenario, passage, change, what it would have led to --------------------------

CASES = [
    ("S01", 1, "balance_short", "held", ["LOW_BALANCE"]),
    ("S01", 1, "tag_blocked", "held", ["BLACKLIST"]),
    ("S01", 1, "plate_other", "held", ["PLATE_MISMATCH"]),
    ("S01", 1, "tag_absent", "held", ["NO_TAG"]),
    ("S01", 1, "class_far", "held", ["CLASS_MISMATCH_MAJOR"]),
    ("S01", 1, "card_tapped", "authorised", []),
    ("S30", 1, "balance_enough", "authorised", []),
    ("R13a", 2, "balance_enough", "authorised", []),
    ("S29", 1, "tag_active", "authorised", []),
    ("S35", 1, "class_equal", "authorised", []),
    ("S36", 1, "plate_less_sure", "authorised", []),
    ("S36", 1, "plate_absent", "authorised", []),
    ("S36", 1, "plate_agrees", "authorised", []),
    ("S64", 1, "plate_surer", "held", ["PLATE_MISMATCH"]),
    ("S63", 1, "no_ticket", "authorised", []),
    ("S14", 1, "no_release", "waits", None),
    ("R02b", 1, "plate_surer", "authorised", []),
    ("T02", 1, "tag_once_more", "authorised", []),
    ("T02", 1, "tag_louder", "authorised", []),
    ("R07b", 1, "tid_unread", "authorised", []),
    ("R10c", 1, "plate_agrees", "authorised", []),
    ("R10c", 1, "tag_absent", "authorised", []),
    ("R12a", 1, "card_absent", "waits", None),
    ("S61", 1, "mode_auto", "held", ["NO_TAG"]),
]


@pytest.mark.parametrize(("scenario_id", "passage", "change", "kind", "reasons"), CASES)
def test_a_change_that_matters_is_told(
    scenario_id: str, passage: int, change: str, kind: str, reasons: list[str] | None, tmp_path: Path
) -> None:
    found = changes(explained(run(named(scenario_id)), tmp_path, passage))
    assert found[change]["kind"] == kind
    if reasons is not None:
        assert found[change]["reasons"] == reasons


def test_a_neighbour_that_heard_nothing_gives_the_tag_back(tmp_path: Path) -> None:
    scenario = load(named("T08"))
    plate = [replace(e, values={**e.values, "text": None}) if e.kind == "plate" else e for e in scenario.timeline]
    report = explained(World(replace(scenario, timeline=plate)).run(), tmp_path)
    assert [one["reasons"] for one in report["decisions"]] == [["NO_TAG"]]
    assert changes(report)["neighbour_silent"]["kind"] == "authorised"


def test_a_held_vehicle_that_drives_on_is_told_as_held_once(tmp_path: Path) -> None:
    """Its record is written again as it leaves L1; nothing was decided by that."""
    report = explained(run(named("R14d")), tmp_path)
    assert [one["kind"] for one in report["decisions"]] == ["held", "authorised", "passed"]


def test_a_fresh_list_is_told_where_it_matters(tmp_path: Path) -> None:
    report = explained(run(named("R05b")), tmp_path)
    fresh = next(one for one in report["no_change"] if one["change"] == "list_fresh")
    assert fresh["but"]["reasons"] == ["UNKNOWN_TAG"], "still held, for another reason"


def test_a_change_that_does_not_matter_is_told_as_such(tmp_path: Path) -> None:
    report = explained(run(named("S01")), tmp_path)
    assert {"list_stale", "plate_less_sure"} <= {one["change"] for one in report["no_change"]}
    assert not {one["change"] for one in report["changes"]} & {one["change"] for one in report["no_change"]}


# ---- the truth of a counterfactual: play that world, and see --------------------------------------------------------


def with_balance(available_vnd: int) -> World:
    scenario = load(named("S01"))
    tags = {name: replace(tag, available_vnd=available_vnd) for name, tag in scenario.tags.items()}
    return World(replace(scenario, tags=tags)).run()


def test_the_balance_that_would_change_it_is_exact(tmp_path: Path) -> None:
    """The record's own would_change and the run agree: one VND less, and the vehicle is held."""
    report = explained(run(named("S01")), tmp_path)
    (told,) = [text for text in report["would_change"] if text.startswith("R13: ")]
    scenario = load(named("S01"))
    (tag,) = scenario.tags.values()
    less = int(told.split()[1])
    for available_vnd, kind in ((tag.available_vnd - less + 1, "authorised"), (tag.available_vnd - less, "held")):
        other = explained(with_balance(available_vnd), tmp_path / kind)
        assert other["decisions"][0]["kind"] == kind
    assert changes(report)["balance_short"]["reasons"] == ["LOW_BALANCE"]


def test_what_the_record_says_would_change_it_is_what_the_run_says(tmp_path: Path) -> None:
    """`would_change` of the record is written at the decision; the explanation computes it: they must not differ."""
    kinds = {"R13: ": {"balance_short"}, "R4: ": {"plate_other", "plate_surer"}, "R3: ": {"class_far"}}
    seen = set()
    for file in (file for file in SCENARIOS if file.name.startswith(("S", "R03", "R04", "R11", "R13"))):
        world, path = run(file), tmp_path / file.stem / "CM-01-e1.journal.sqlite3"
        write_journal(world, path)
        for passage_id in passages_of(path):
            report = explain(export(path, PLACE, passage_id, world.scenario.config))
            if not report["decisions"] or report["decisions"][0]["kind"] != "authorised":
                continue
            if {"CLOSE_FOLLOWING", "SEPARATION_FAIL"} & {flag["id"] for flag in report["flags"]}:
                # Bumper to bumper: told apart, and decided, by the very evidence that would be another.
                continue
            for start, keys in kinds.items():
                if any(text.startswith(start) for text in report["would_change"]):
                    seen.add(start)
                    assert keys & set(changes(report)), (file.stem, passage_id, start)
    assert seen == set(kinds)


def test_what_nobody_could_have_told_in_time_is_not_told_as_changing_nothing(tmp_path: Path) -> None:
    """S82: the third car is parted from the second and decided in one step."""
    report = explained(run(named("S82")), tmp_path, 3)
    tried = {one["change"] for one in (*report["changes"], *report["no_change"])}
    assert {"plate_other", "balance_short"} <= set(changes(report))
    assert not tried & {"class_far", "card_tapped"}


def test_a_plate_read_below_090_in_truth_is_what_was_computed(tmp_path: Path) -> None:
    """S36 is held for a plate of 0.9x; the world in which it was read with 0.89 ends as the explanation says."""
    scenario = load(named("S36"))
    then = changes(explained(World(scenario).run(), tmp_path))["plate_less_sure"]
    doubt = [
        Entry(e.at_us, e.kind, {**e.values, "confidence": 0.89}) if e.kind == "plate" else e for e in scenario.timeline
    ]
    real = explained(World(replace(scenario, timeline=doubt)).run(), tmp_path / "real")["decisions"][0]
    assert {k: then[k] for k in ("kind", "outcome", "fare_vnd", "epc")} == {
        k: real[k] for k in ("kind", "outcome", "fare_vnd", "epc")
    }


# ---- agreement with what was published ------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario_id", ["S01", "S04", "S42", "R10b", "P02", "S63", "S14", "R06a"])
def test_it_says_what_the_published_explanation_says(scenario_id: str, tmp_path: Path) -> None:
    """The live page shows the explanation of the message; the command must tell the same."""
    world, path = run(named(scenario_id)), tmp_path / "CM-01-e1.journal.sqlite3"
    write_journal(world, path)
    for passage_id in passages_of(path):
        capsule = export(path, PLACE, passage_id, world.scenario.config)
        report = explain(capsule)
        messages = [json.loads(one.message) for one in capsule.records if one.message is not None]
        message = next((one for one in messages if one["passage_id"] == passage_id), None)
        assert report["proof"]["published_disagrees"] == []
        if message is None:
            continue
        told = message["explanation"]
        assert [rule["id"] for rule in report["rules"]] == list(dict.fromkeys(told["rules"]))
        assert report["evidence"]["candidates"] == told["candidates"]
        assert report["would_change"] == told["would_change"]
        assert report["trace"] == told["trace"]
        assert set(report["times"]) - {"closed"} == set(told["times"])
        assert [flag["id"] for flag in report["flags"]] == message["flags"]
        assert (report["outcome"], report["fare_vnd"]) == (message["outcome"], message["fare_vnd"])


# ---- words ----------------------------------------------------------------------------------------------------------


def test_every_flag_rule_outcome_and_stage_has_its_words() -> None:
    words = catalogue()
    wanted = {f"flag.{flag.value}" for flag in Flag} | {f"rule.R{n}" for n in range(1, 17)}
    wanted |= {f"outcome.{outcome.value}" for outcome in Outcome} | {f"time.{name}" for name in StageTimes.__slots__}
    assert not wanted - set(words)
    for key, texts in words.items():
        assert set(texts) == set(LANGS), key
        assert all(texts.values()), key


def test_both_languages_tell_the_same_numbers(tmp_path: Path) -> None:
    report = explained(run(named("S30")), tmp_path)
    vietnamese, english = page(report, "vi"), page(report, "en")
    assert "35.000" in vietnamese
    assert "35,000" in english
    assert vietnamese.count("\n") == english.count("\n")
