"""A broken configuration file is refused as a whole, and the text says where and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from lane_controller.app import main
from lane_controller.app.main import app
from lane_controller.app.settings import SettingsError, load

GOOD = """
plaza = "CM"
data_dir = "data"
stream = "sqlite:///tmp/s.sqlite3"
[mqtt]
host = "127.0.0.1"
[[lane]]
id = "CM-01"
[[lane]]
id = "CM-02"
epoch = 2
geometry = "G2"
curtains = ["LC2"]
plate_fallback = "allow"
reader = {host = "10.0.0.5", antennas = [1, 2]}
rules = {tag_wait_ms = 700}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lanes.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_gives_the_core_its_configuration(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GOOD))
    first, second = (table.core_config() for table in settings.chosen([]))
    assert (first.lane, first.tag_wait_ms, first.evidence_wait_ms) == ("CM-01", 1_500, 400)
    assert (second.lane, second.tag_wait_ms, second.evidence_wait_ms) == ("CM-02", 700, 250)
    assert [sensor.value for sensor in second.curtains] == ["LC2"]
    assert [table.id for table in settings.chosen(["CM-02"])] == ["CM-02"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('plaza = "CM"', "", ["field plaza", "is missing; add it"]),
        ('plaza = "CM"', 'plaza = "cm"', ["field plaza", "found 'cm'"]),
        ('plaza = "CM"', 'plaza = "CM"\nport = 3', ["field port", "remove it or correct its spelling"]),
        ("[mqtt]", "[mqtt]\nport = 70000", ["[mqtt] field port", "65535", "found 70000"]),
        ('host = "127.0.0.1"', "", ["[mqtt] field host", "is missing"]),
        ("epoch = 2", "epoch = 0", ["[[lane]] number 2 (CM-02) field epoch", "found 0"]),
        ('id = "CM-02"', 'id = "CM-01"', ["lane CM-01 is configured twice"]),
        ('"G2"', '"G3"', ["[[lane]] number 2 (CM-02) field geometry", "'G1' or 'G2'"]),
        ('["LC2"]', '["L2"]', ["[[lane]] number 2 (CM-02) field curtains", '"LC1" and "LC2"']),
        ("tag_wait_ms", "tag_weight_ms", ["[[lane]] number 2 (CM-02)", "unknown lane setting tag_weight_ms"]),
        ("antennas = [1, 2]", 'antennas = "all"', ["(CM-02) field reader.antennas", "found 'all'"]),
        ("sqlite:", "redis:", ["field stream", "sqlite|kafka"]),
        ('data_dir = "data"', 'data_dir = "data', ["not TOML", "line 3"]),
    ],
)
def test_a_broken_file_is_refused_with_place_and_remedy(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(SettingsError) as refused:
        load(path)
    text = str(refused.value)
    assert str(path) in text
    for word in words:
        assert word in text


@pytest.mark.parametrize("command", ["run", "verify"])
def test_the_commands_end_with_status_2(tmp_path: Path, command: str) -> None:
    main._mount([command])
    broken = written(tmp_path, GOOD.replace("epoch = 2", "epoch = -1"))
    done = CliRunner().invoke(app, [command, "--config", str(broken)])
    assert done.exit_code == 2
    assert "(CM-02) field epoch" in done.output
    done = CliRunner().invoke(app, [command, "--config", str(tmp_path / "none.toml")])
    assert done.exit_code == 2
    assert "No such file" in done.output
    done = CliRunner().invoke(app, [command, "--config", str(written(tmp_path, GOOD)), "--lane", "CM-09"])
    assert done.exit_code == 2
    assert "it has CM-01, CM-02" in done.output


def test_a_stream_that_is_no_dsn_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("sqlite:///tmp/s.sqlite3", "sqlite://relative"))
    done = CliRunner().invoke(app, ["run", "--config", str(path)])
    assert done.exit_code == 2
    assert "field stream" in done.output
    assert "three slashes" in done.output
