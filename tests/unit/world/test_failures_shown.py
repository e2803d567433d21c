"""What a simulated run shows of its failures: every wrong debit, by rows, the worst first, and how to repeat it."""

import pytest

from lane_controller.app.simulate_failure import show_failures
from lane_controller.world.judge import Incident
from lane_controller.world.parameters import FAULTS
from lane_controller.world.tally import SHOWN, Summary, Tally


def episode(index: int, *incidents: Incident) -> Summary:
    return Summary(index, 100, 100, 90, 90, 100, 80, 0, 1, 1, 1, (), (), incidents, "x")


def tally() -> Tally:
    added = Tally(7)
    ghosts = [Incident("ghost", "charged, nobody crossed", us) for us in range(SHOWN["ghost"] + 5)]
    added.add(episode(0, *ghosts))
    added.add(episode(1, Incident("overcharged", "acc-1 paid twice", 5), Incident("wrong_debit", "second", 9)))
    added.add(episode(2, *(Incident("wrong_debit", f"at {us}", us) for us in (30, 10, 20))))
    added.add(episode(3, Incident("invariant", "I2 twice", 4)))
    return added


def test_rows_begin_with_their_first_debit() -> None:
    assert [(index, first.at_us, n) for index, first, n in tally().rows()] == [(1, 9, 1), (2, 10, 3)]
    (_, row) = tally().plain()["wrong_debit_rows"]
    assert (row["episode"], row["debits"], row["cause"]) == (2, 3, "at 10")


def test_no_wrong_debit_is_crowded_out_by_what_costs_nobody_anything() -> None:
    kinds = [incident.kind for _, incident in tally().failures()]
    assert kinds[:6] == ["invariant", "wrong_debit", "wrong_debit", "wrong_debit", "wrong_debit", "overcharged"]
    assert kinds[6:] == ["ghost"] * SHOWN["ghost"]


def test_the_worst_is_told_first_and_with_the_command_that_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    show_failures(tally(), FAULTS, shrinks=False, folder=None)
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("invariant: I2 twice")
    assert told[1] == "  repeat: lane-controller simulate --seed 7 --episode 3"
    assert told[4].startswith("wrong_debit: at 10 (episode 2")
    assert told[4].endswith("and 2 more in the same episode")
    assert told[6].startswith("overcharged: acc-1 paid twice")
