"""`lane-controller replay`: exit statuses, the JSON object, and errors that name file, line and fault."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from lane_controller.app.replay import replay
from tests.unit.core.worlds import named

APP = typer.Typer()
APP.command()(replay)
RUNNER = CliRunner()

GOOD = """\
id: X1
tags:
  A: {epc: "00E2", plate: 20A12345, class: 1, available_vnd: 200000}
timeline:
  - {at: 0.0, sensor: L1, on: true}
until: 1
"""


def test_good_scenario_is_ok_with_status_0() -> None:
    result = RUNNER.invoke(APP, [str(named("S01"))])
    assert (result.exit_code, result.output) == (0, "S01 ok\n")


def test_json_has_the_documented_keys() -> None:
    result = RUNNER.invoke(APP, ["--json", str(named("S01"))])
    found = json.loads(result.output)
    assert set(found) == {
        "scenario",
        "ok",
        "differences",
        "passages",
        "abandoned",
        "charges",
        "barrier",
        "signal",
        "display",
        "flags",
        "state_at_end",
    }
    assert found["barrier"][0] == {"at": 0.3, "command": "open", "cause": "passage"}
    assert set(found["passages"][0]) == {"seq", "outcome", "tag", "epc", "plate", "class", "fare_vnd", "flags"}


def test_difference_is_status_1(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(GOOD + "expect: {charges: 1, state_at_end: FAULT}\n", encoding="utf-8")
    result = RUNNER.invoke(APP, [str(file)])
    assert result.exit_code == 1
    assert result.output == "X1 FAILED charges: expected 1, got 0 (and 1 more)\n"


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("id: [\n", 2, "not YAML"),
        ("[1, 2]\n", 1, "a scenario is a mapping"),
        (GOOD.replace("sensor: L1", "sensor: L9"), 5, "L9"),
        (GOOD.replace("on: true", "on: yes"), 5, "must be true or false"),
        (GOOD.replace("{at: 0.0, ", "{"), 5, "without `at`"),
        (GOOD.replace("sensor: L1", "sensr: L1"), 5, "no device"),
        (GOOD + "expect: {flags: [NO_TAGG]}\n", 7, "NO_TAGG"),
        (GOOD + "expect:\n  passages: [{tag: Z}]\n", 8, "'Z' is not in tags"),
        (GOOD.replace("timeline:", "time_line:"), 4, "unknown key 'time_line'"),
        (GOOD + "config: {tag_weight: 1}\n", 7, "unknown setting 'tag_weight'"),
        (GOOD.replace('"00E2"', "XYZ"), 3, "hexadecimal"),
        (GOOD.replace("until: 1", "until: soon"), 6, "must be a number"),
    ],
)
def test_what_is_not_a_scenario_is_status_2_with_file_and_line(
    tmp_path: Path, text: str, line: int, fault: str
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    result = RUNNER.invoke(APP, [str(file)])
    assert result.exit_code == 2
    assert f"{file}:{line}: " in result.output
    assert fault in result.output


def test_missing_file_is_status_2(tmp_path: Path) -> None:
    result = RUNNER.invoke(APP, [str(tmp_path / "none.yaml"), str(named("S01"))])
    assert result.exit_code == 2
    assert "S01 ok" in result.output


def test_epc_keeps_its_zeros(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    timeline = "  - {at: 0.0, sensor: L1, on: true}\n  - {at: 0.1, tag: A, reads: 5, over: 0.2, rssi: -55}\n"
    text = GOOD.replace('"00E2"', "0012").replace("  - {at: 0.0, sensor: L1, on: true}\n", timeline)
    file.write_text(text + "expect: {no_flags: [UNKNOWN_TAG]}\n", encoding="utf-8")
    assert RUNNER.invoke(APP, [str(file)]).exit_code == 0
