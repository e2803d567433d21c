"""The single values of a scenario file: text, numbers, times, words out of a list.

In: a located document, the path of a value and the value. Out: the value in the type asked for.
Never: a value guessed. What does not fit is a ScenarioError with file, line, field and what would fit.
"""

from datetime import date
from typing import Any

from lane_controller.app.scenario_yaml import Located, Path


def refuse_unknown(doc: Located, path: Path, found: dict[str, Any], known: set[str]) -> None:
    for key in found:
        if key not in known:
            raise doc.complain((*path, key), f"unknown key {key!r}; known here: {', '.join(sorted(known))}")


def map_at(doc: Located, path: Path, found: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise doc.complain(path, f"{path[-1]} must be a mapping, not {found!r}")
    refuse_unknown(doc, path, found, known)
    return found


def text_at(doc: Located, path: Path, found: Any) -> str:
    """Text as it is written: an EPC of digits keeps its zeros."""
    if found is None or isinstance(found, dict | list | bool):
        raise doc.complain(path, f"{path[-1]} must be text, not {found!r}")
    return doc.raws.get(path, str(found))


def number_at(doc: Located, path: Path, found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise doc.complain(path, f"{path[-1]} must be a number, not {found!r}")
    return float(found)


def us_at(doc: Located, path: Path, found: Any) -> int:
    return round(number_at(doc, path, found) * 1_000_000)


def whole_at(doc: Located, path: Path, found: Any) -> int:
    if isinstance(found, bool) or not isinstance(found, int):
        raise doc.complain(path, f"{path[-1]} must be a whole number, not {found!r}")
    return found


def flag_at(doc: Located, path: Path, found: Any) -> bool:
    if not isinstance(found, bool):
        raise doc.complain(path, f"{path[-1]} must be true or false, not {found!r}")
    return found


def one_of(doc: Located, path: Path, found: Any, words: Any) -> str:
    known = [str(word.value) if hasattr(word, "value") else str(word) for word in words]
    if not isinstance(found, str) or found not in known:
        raise doc.complain(path, f"{path[-1]} {found!r} is none of {', '.join(known)}")
    return found


def date_at(doc: Located, path: Path, found: Any) -> date:
    try:
        return date.fromisoformat(str(found))
    except ValueError:
        raise doc.complain(path, f"{path[-1]} must be a date like 2026-06-15, not {found!r}") from None


def hex_at(doc: Located, path: Path, found: Any) -> str:
    text = text_at(doc, path, found).upper()
    if not text or any(c not in "0123456789ABCDEF" for c in text):
        raise doc.complain(path, f"{path[-1]} must be hexadecimal, not {text!r}")
    return text
