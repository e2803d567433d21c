"""Every word of an explanation, Vietnamese and English, from explain_words.json.

In: a key and its values. Out: one sentence in one language. An unknown key is a defect and raises KeyError; a word that
comes from data (a flag or verdict of another version) goes through `word`, which falls back to the word itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal

Lang = Literal["vi", "en"]
LANGS: Final[tuple[Lang, ...]] = ("vi", "en")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Key → language → text with {placeholders}."""
    found: dict[str, dict[str, str]] = json.loads(
        files("lane_controller.app").joinpath("explain_words.json").read_text(encoding="utf-8")
    )
    return found


def say(lang: Lang, key: str, **values: object) -> str:
    """The text of `key`."""
    return catalogue()[key][lang].format(**values)


def word(lang: Lang, family: str, name: str) -> str:
    """The text of a word that comes from data; the word itself where there is none."""
    key = f"{family}.{name}"
    return catalogue()[key][lang] if key in catalogue() else name


def vnd(lang: Lang, amount: int) -> str:
    """`35.000 đồng`, `35,000 VND`."""
    return f"{thousands(lang, amount)} {'đồng' if lang == 'vi' else 'VND'}"


def thousands(lang: Lang, number: int) -> str:
    """`35.000`, `35,000`."""
    return f"{number:,}".replace(",", ".") if lang == "vi" else f"{number:,}"


def decimal(lang: Lang, text: str) -> str:
    """`0,90`, `0.90`."""
    return text.replace(".", ",") if lang == "vi" else text


def change(lang: Lang, key: str, values: Mapping[str, str]) -> str:
    """The change that a variant makes (explain_scene.py), in words."""
    shown = dict(values)
    if "vnd" in shown:
        shown["vnd"] = thousands(lang, int(shown["vnd"]))
    if "confidence" in shown:
        shown["confidence"] = decimal(lang, shown["confidence"])
    return say(lang, f"change.{key}", **shown)
