"""What the README promises is there: every file, every command, and no folder of ours that it leaves out."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FOLLOW = README.split("## Follow one vehicle")[1].split("\n## ")[0]
PATHS = sorted(set(re.findall(r"`([a-z_]+(?:/[a-z_0-9]+)+\.py)`", FOLLOW)))
LINKS = sorted(set(re.findall(r"\]\(([^)#]+)\)", README)))
COMMANDS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
TABLE = README.split("one responsibility")[1].split("\n## ")[0]


def _verbs() -> list[tuple[str, str]]:
    """(command, verb) of every row of the table: `lane-controller run`, `replay`, …."""
    found = []
    for row in TABLE.splitlines():
        shown = re.findall(r"`([^`]+)`", row.split("|")[2]) if row.startswith("| ") else []
        command = shown[0].split()[0] if shown else ""
        if command in COMMANDS:
            found += [(command, text.removeprefix(command).split()[0]) for text in shown]
    return found


def test_the_list_names_files_of_every_package_on_the_way() -> None:
    assert {path.split("/")[0] for path in PATHS} == {"rfid", "anpr", "lane_controller", "backoffice", "settlement"}


@pytest.mark.parametrize("path", PATHS)
def test_file_on_the_way_exists(path: str) -> None:
    assert (ROOT / path).is_file(), f"README, Follow one vehicle: no file {path}"


@pytest.mark.parametrize("link", LINKS)
def test_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists(), f"README links to {link}"


@pytest.mark.parametrize("command", COMMANDS)
def test_command_is_in_the_readme_and_teaches_itself(command: str) -> None:
    assert f"`{command} " in README
    helped = subprocess.run(
        [Path(sys.executable).with_name(command), "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "Usage" in helped.stdout


@pytest.mark.parametrize(("command", "verb"), _verbs(), ids=lambda part: part)
def test_every_verb_of_the_table_works(command: str, verb: str) -> None:
    helped = subprocess.run(
        [Path(sys.executable).with_name(command), verb, "--help"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert helped.returncode == 0, helped.stderr
