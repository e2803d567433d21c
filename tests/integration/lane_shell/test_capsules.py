"""Every passage of every scenario, taken out of a real journal as a capsule, runs to the same bytes again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from lane_controller.app.capsule_export import Place, export
from lane_controller.app.capsule_file import decode, encode
from lane_controller.app.capsule_run import compare
from tests.unit.core.worlds import SCENARIOS, run
from tests.unit.lane_shell.journals import write_journal

PLACE = Place("CM", "CM-01", 1)


def passages_of(path: Path) -> list[str]:
    db = sqlite3.connect(path)
    found = [name for (name,) in db.execute("select distinct passage_id from record where passage_id is not null")]
    db.close()
    return found


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_every_passage_of_a_scenario_comes_out_of_its_capsule(file: Path, tmp_path: Path) -> None:
    world, path = run(file), tmp_path / "CM-01-e1.journal.sqlite3"
    write_journal(world, path)
    for passage_id in passages_of(path):
        capsule = export(path, PLACE, passage_id, world.scenario.config)
        data = encode(capsule)
        assert decode(data) == capsule
        comparison = compare(decode(data))
        assert (passage_id, comparison.difference) == (passage_id, None)
        assert comparison.proved >= 1
