"""Folders, ports, passwords and configuration files of a demonstration plaza."""

from __future__ import annotations

import json
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from backoffice.app import settings as backoffice_settings
from lane_controller.app import settings as lane_settings
from simulators.plaza.broker import read_users
from simulators.plaza.fill import FLEET_SIZE, inhabitants, remember, write_accounts
from simulators.plaza.layout import (
    free_ports,
    lay_out,
    page_port,
    write_backoffice_toml,
    write_lanes_toml,
    write_world_json,
)
from simulators.plaza.ticker import line
from simulators.plaza.world import World


def test_each_program_accepts_the_file_that_is_written_for_it(tmp_path: Path) -> None:
    layout = lay_out(tmp_path / "nơi chứa dữ liệu", 3, 18_080)
    lanes = lane_settings.load(write_lanes_toml(layout))
    office = backoffice_settings.load(write_backoffice_toml(layout))
    drive = {"speed": 2.0, "seed": 1, "fleet_seed": 1, "fleet_size": 100, "list_entries": 90}
    world = World.model_validate(json.loads(write_world_json(layout, drive).read_text(encoding="utf-8")))
    assert [lane.id for lane in lanes.lane] == ["CM-01", "CM-02", "CM-03"] == [place.name for place in world.lanes]
    assert lanes.stream == office.stream
    assert lanes.backoffice == f"http://{office.http.listen}" == world.page
    assert [lane.reader.port for lane in lanes.lane if lane.reader] == [place.reader_port for place in world.lanes]
    assert (lanes.mqtt.host, lanes.mqtt.port) == (world.mqtt.host, world.mqtt.port)


def test_passwords_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first, second = lay_out(tmp_path, 2, 18_080), lay_out(tmp_path, 2, 18_080)
    assert first.passwords == second.passwords
    assert len(set(first.passwords.values())) == 3
    for file in (*first.secrets.iterdir(), write_lanes_toml(first), write_backoffice_toml(first)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(first.secrets.stat().st_mode) == 0o700
    users = read_users(first.secrets / "mqtt-users")
    assert users == {"lane": first.passwords["lane"], "plc": first.passwords["plc"]}


def test_ports_are_free_and_all_different(tmp_path: Path) -> None:
    assert len(set(free_ports(20))) == 20
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert page_port(port) > port
    layout = lay_out(tmp_path, 4, 18_080)
    ports = [layout.ports.database, layout.ports.mqtt, *layout.ports.readers, *layout.ports.cameras]
    assert len(set(ports)) == len(ports) == 10


@pytest.mark.parametrize(("text", "wrong"), [("", "no users"), ("lane:x\nplc\n", "line 2"), (":secret\n", "line 1")])
def test_a_users_file_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "users"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=wrong) as refused:
        read_users(file)
    assert str(file) in str(refused.value)


def test_a_directory_keeps_its_fleet_whatever_seed_comes_later(tmp_path: Path) -> None:
    known = inhabitants(tmp_path, seed=7)
    assert (known.fleet_seed, known.fleet_size, known.on_the_list) == (7, FLEET_SIZE, False)
    remember(tmp_path, replace(known, on_the_list=True, runs=1))
    again = inhabitants(tmp_path, seed=8)
    assert (again.fleet_seed, again.tags, again.on_the_list, again.runs) == (7, known.tags, True, 1)
    assert len(write_accounts(tmp_path, again).read_text(encoding="utf-8").splitlines()) == known.tags + 1


def test_a_damaged_memory_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "plaza.json").write_text('{"fleet_seed": 1', encoding="utf-8")
    with pytest.raises(ValueError, match="--fresh"):
        inhabitants(tmp_path, seed=1)


def test_a_passage_is_one_line_with_local_time_and_money() -> None:
    passage = {
        "passed_at_utc": "2026-03-02T17:30:05Z", "lane": "CM-02", "plate": "", "registered_plate": "20A12345",
        "fare_vnd": 120_000, "flags": ["NO_PLATE"], "vehicle_class": 4, "outcome": "charged", "provider": "VETC",
    }  # fmt: skip
    told = line(passage)
    assert told.startswith("00:30:05 CM-02 (20A12345)")
    assert "120.000 đ" in told
    assert told.endswith("NO_PLATE")
