"""Every word of an explanation, Vietnamese and English, from explain_words.json.

In: a key and its values. Out: one sentence in one language. An unknown key is a defect and raises KeyError; a word that
comes from data (a flag or verdict of another version) goes through `word`, which falls back to the word itself.
"""

from __future__ import annotations

import json
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
    return f"{amount:,}".replace(",", ".") + " đồng" if lang == "vi" else f"{amount:,} VND"
