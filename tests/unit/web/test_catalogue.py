"""Every text of the page exists in Vietnamese and English, and nothing on the page is read as markup."""

from __future__ import annotations

import json
import re

import pytest

from backoffice.web.pages import SECURITY_HEADERS, static_files
from lane_controller.contracts.v1 import DeviceStatusV1, LaneStatusV1
from lane_controller.contracts.values import LaneMode, LaneState, Outcome
from lane_controller.core.values import DisplayCode, Flag

FILES = {name: data.decode() for name, data in static_files().items()}
CATALOGUE: dict[str, dict[str, str]] = json.loads(FILES["catalogue.json"])
SCRIPTS = {name: text for name, text in FILES.items() if name.endswith(".js")}
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_a_text_says_the_same_in_both_languages(key: str) -> None:
    texts = CATALOGUE[key]
    assert set(texts) == {"vi", "en"}
    assert texts["vi"].strip()
    assert texts["en"].strip()
    assert sorted(PLACEHOLDER.findall(texts["vi"])) == sorted(PLACEHOLDER.findall(texts["en"]))


def test_every_text_that_the_page_asks_for_exists() -> None:
    asked = {key for text in SCRIPTS.values() for key in re.findall(r'\btext\("([\w.]+)"', text)}
    asked |= set(re.findall(r'data-(?:text|label)="([\w.]+)"', FILES["index.html"]))
    assert len(asked) > 80
    assert not asked - set(CATALOGUE)


@pytest.mark.parametrize(
    ("family", "words"),
    [
        ("outcome", [one.value for one in Outcome]),
        ("state", [one.value for one in LaneState]),
        ("mode", [one.value for one in LaneMode]),
        ("flag", [one.value for one in Flag]),
        ("display", [one.value for one in DisplayCode]),
        ("barrier", LaneStatusV1.model_json_schema()["properties"]["barrier"]["enum"]),
        ("device", DeviceStatusV1.model_json_schema()["properties"]["name"]["enum"]),
        ("device_state", DeviceStatusV1.model_json_schema()["properties"]["state"]["enum"]),
        ("why", [one.value for one in Outcome]),
        ("command", ["done", "refused", "expired", "duplicate", "no_answer", "failed"]),
    ],
)
def test_every_word_of_the_lane_has_a_text(family: str, words: list[str]) -> None:
    assert words
    assert not [word for word in words if f"{family}.{word}" not in CATALOGUE]


def test_no_script_builds_markup_from_text() -> None:
    forbidden = re.compile(r"\.(innerHTML|outerHTML|insertAdjacentHTML)\b\s*[=(]|document\.write|\beval\(|new Function")
    assert not [name for name, text in SCRIPTS.items() if forbidden.search(text)]


def test_nothing_is_loaded_from_elsewhere() -> None:
    addresses = re.compile(r"""(?:src|href|url|from|import|fetch|EventSource)\s*[=(]?\s*["'`(]\s*(?:https?:)?//""")
    assert not [name for name, text in FILES.items() if addresses.search(text)]
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_the_page_carries_no_style_or_script_of_its_own() -> None:
    assert "style=" not in FILES["index.html"]
    assert not re.search(r"<script(?![^>]*\bsrc=)", FILES["index.html"])
    assert not re.search(r"\son\w+=", FILES["index.html"])
