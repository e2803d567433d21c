"""docs/lane-simulation.md shows the table of parameters that the world uses; each has a unit and a source."""

from dataclasses import fields

import pytest

from lane_controller.app.simulation_page import BEGIN, END, PAGE, markdown, with_table
from lane_controller.world.parameters import FAULTS, WorldParameters, table
from tests.unit.world.episodes import P


def test_the_page_is_current() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert markdown() in text, "run: python -m lane_controller.app.simulation_page"
    assert "| world | passages | wrong debits |" in text.partition(END)[2], "the results of the runs are gone"


def test_every_parameter_has_unit_and_source() -> None:
    assert all(unit and source for _, _, unit, source in table())
    assert len(table()) == len(fields(WorldParameters))
    assert "power_cut" in FAULTS
    assert "vehicles" not in FAULTS


def test_only_the_table_is_written_anew() -> None:
    assert with_table(f"head\n{BEGIN}\nold table\n{END}\nresults\n") == f"head\n{markdown()}\nresults\n"
    with pytest.raises(ValueError, match="both marks"):
        with_table("no marks")


def test_a_sweep_changes_what_it_says_and_nothing_else() -> None:
    other = P.scaled(stray=10, plates=5, untagged=0.1)
    changed = {f.name for f in fields(P) if getattr(P, f.name) != getattr(other, f.name)}
    names = {"stray_factor", "plate_none_share", "plate_wrong_share", "plate_unsure_share", "untagged_share"}
    assert changed == names
